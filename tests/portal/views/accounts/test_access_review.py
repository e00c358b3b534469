"""The review of access: who can do what, as a page and a file, and signed."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from portal import access
from portal.access import STAFF_ROLES
from portal.models.audit import ReviewMark
from portal.models.signatures import Signature
from portal.views.pages import ROLE_NAMES
from tests import make
from tests.scopes import entries, later, rows

SHOWN = re.compile(r'name="shown_digest"[^>]*value="([0-9a-f]{64})"')


def signs(client, sponsor: make.Sponsor, *, role: str = "admin", **other: str):
    """Sign what the page shows."""
    shown = SHOWN.search(client.get("/people/review").text)
    form = {"shown_digest": shown[1] if shown else "0" * 64, "meaning": "access", "remark": "All as it should be"}
    form |= {"email": sponsor.emails[role], "password": make.PASSWORD, "acknowledged": "y"}
    return client.post("/people/review", data=form | other)


def test_11_300_b_the_report_names_everybody_with_role_since_when_and_last_use(sponsor):
    """People, roles with what they may do, open invitations and what auditors see stand in one report."""
    sponsor.client("qa")
    make.invited(sponsor)
    make.open_to_auditor(sponsor, make.supplier(sponsor, "Ferrara Vials"))
    page = sponsor.client("admin").get("/people/review").text
    for role in STAFF_ROLES:
        assert sponsor.emails[role] in page
        assert ROLE_NAMES[role] in page
    assert "Nora Lind" in page
    assert "Ferrara Vials" in page
    assert "Close a review under signature" in page
    assert page.count("Unused") == len(STAFF_ROLES) - 2
    assert all(text in page.replace("&#39;", "'") for name, text in access.meanings().items() if access.may("qa", name))


def test_the_file_has_a_line_for_each_person_and_taking_it_is_on_record(sponsor):
    answer = sponsor.client("admin").get("/people/review/people.csv")
    header, *lines = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")))
    assert header[:3] == ["name", "address", "role"]
    assert sorted(line[1] for line in lines) == sorted(sponsor.emails.values())
    assert {line[5] for line in lines if line[2] == "viewer"} == {"never"}
    assert len(entries(sponsor, action="people.exported")) == 1


def test_11_300_b_a_review_is_signed_by_an_administrator_and_says_what_was_shown(sponsor):
    """The mark holds the whole report and is bound to its digest by a signature."""
    client = sponsor.client("admin")
    assert signs(client, sponsor).status_code == 302
    row = rows(sponsor, ReviewMark, kind="access")[0]
    said = json.loads(row.content)
    assert {line[1] for line in said["people"]} == set(sponsor.emails.values())
    assert said["remark"] == "All as it should be"
    given = rows(sponsor, Signature, record_id=row.id)[0]
    assert (given.record_digest, given.meaning) == (row.digest, "I reviewed who may do what, and what is open to whom")
    assert "All as it should be" in client.get("/people/review").text


def test_what_changed_since_it_was_shown_is_not_signed(sponsor):
    client = sponsor.client("admin")
    shown = SHOWN.search(client.get("/people/review").text)[1]
    make.invited(sponsor)
    answer = signs(client, sponsor, shown_digest=shown)
    assert answer.status_code == 409
    assert not rows(sponsor, ReviewMark)


@pytest.mark.parametrize(
    ("wrong", "status"), [({"password": "not the right one at all"}, 422), ({"meaning": "reviewed"}, 422)]
)
def test_a_wrong_credential_or_meaning_signs_nothing(sponsor, wrong, status):
    assert signs(sponsor.client("admin"), sponsor, **wrong).status_code == status
    assert not rows(sponsor, ReviewMark)


def test_an_auditor_reads_the_report_and_signs_nothing(sponsor):
    make.open_to_auditor(sponsor, make.supplier(sponsor))
    client = sponsor.client("auditor")
    page = client.get("/people/review")
    assert page.status_code == 200
    assert "Sign the review" not in page.text
    assert signs(client, sponsor, role="auditor").status_code == 403
    assert sponsor.client("viewer").get("/people/review").status_code == 403


def test_the_next_review_goes_on_from_the_last(sponsor):
    signs(sponsor.client("admin"), sponsor)
    with later(days=30):
        signs(sponsor.client("admin"), sponsor)
    first, second = sorted(rows(sponsor, ReviewMark), key=lambda row: row.at)
    assert second.from_on == first.until_on
