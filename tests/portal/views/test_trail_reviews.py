"""The periodic review of the trail: what a period holds, under signature, and never by the doer alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal import audit, manifest
from portal.db import now, today
from portal.models.audit import ReviewMark
from portal.models.signatures import Signature
from portal.services.audit import marks
from portal.services.verification import whole
from tests import make, scopes


def shown(client: FlaskClient, address: str = "/audit/review") -> dict[str, str]:
    """Return the hidden fields of the page's form."""
    page = client.get(address).text
    names = ("shown_digest", "last", "from_on", "until_on")
    found = {name: re.search(rf'name="{name}"[^>]* value="([^"]*)"', page) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def review(sponsor: make.Sponsor, role: str = "qa", client: FlaskClient | None = None, **changes: str) -> Any:
    """Look at what is proposed and sign it."""
    client = client or sponsor.client(role)
    form = {
        **shown(client), "meaning": "reviewed", "remark": "Looked at refusals.", "email": sponsor.emails[role],
        "password": make.PASSWORD, "acknowledged": "y", **changes,
    }  # fmt: skip
    return client.post("/audit/review", data=form)


def said(sponsor: make.Sponsor) -> list[dict[str, Any]]:
    found = sorted(scopes.rows(sponsor, ReviewMark), key=lambda row: row.at)
    return [manifest.parsed(row.content) for row in found]


def test_annex_11_9_a_period_of_the_trail_is_reviewed_under_signature(sponsor):
    """A mark names days, entries, the end of the chain and what was found, and its signature binds all of it."""
    make.supplier(sponsor)
    answer = review(sponsor)
    assert answer.status_code == 302, answer.text
    (row,), (signature,) = scopes.rows(sponsor, ReviewMark), scopes.rows(sponsor, Signature)
    (content,) = said(sponsor)
    last = next(entry for entry, _ in scopes.entries(sponsor) if entry.number == content["last"])
    assert (content["first"], content["entries"], content["head"]) == (1, content["last"], last.digest)
    assert (content["remark"], row.remark) == ("Looked at refusals.", "Looked at refusals.")
    assert (signature.record_type, signature.record_id, signature.record_digest) == ("ReviewMark", row.id, row.digest)
    assert row.digest == manifest.text_digest(row.content)
    assert signature.meaning == "I reviewed the audit trail of this period"
    page = sponsor.client("approver").get("/audit/review").text
    assert signature.printed_name in page
    assert "I reviewed the audit trail of this period" in page
    with scopes.reading(sponsor):
        assert whole.verify().damages == []


def test_annex_11_9_nobody_reviews_his_own_entries(sponsor):
    """The reviewer's own entries are counted in the mark and stay open until somebody else signs one."""
    make.supplier(sponsor)
    with scopes.reading(sponsor):
        before = len(audit.entries(actor_id=sponsor.persons["qa"]))
    assert review(sponsor, "qa").status_code == 302
    first = said(sponsor)[0]
    assert before <= first["not_reviewed_by_another"] < first["entries"]
    assert first["taken_over"] == []
    page = sponsor.client("approver").get("/audit/review").text
    assert f"{first['not_reviewed_by_another']} entries of " in page
    assert review(sponsor, "approver").status_code == 302
    (taken,) = said(sponsor)[1]["taken_over"]
    assert (taken[0], taken[4]) == (str(sponsor.persons["qa"]), first["not_reviewed_by_another"])
    with scopes.reading(sponsor):
        assert sponsor.persons["qa"] not in {left.person_id for left in marks.left_open()}


def test_the_next_days_begin_after_the_last_mark_and_end_yesterday(sponsor):
    review(sponsor)
    with scopes.at(now() + timedelta(days=3)):
        make.supplier(sponsor)
    with scopes.at(now() + timedelta(days=9)), scopes.reading(sponsor):
        assert marks.proposed(today()) == (today() - timedelta(days=9), today() - timedelta(days=1))


def test_what_is_signed_is_what_was_shown(sponsor):
    make.supplier(sponsor)
    answer = review(sponsor, shown_digest="0" * 64)
    assert answer.status_code == 409
    assert "nothing was signed" in answer.text
    assert "Looked at refusals." in answer.text
    assert scopes.rows(sponsor, ReviewMark) == []


def test_what_happens_after_the_page_was_shown_is_not_in_the_mark(sponsor):
    client = sponsor.client("qa")
    form = shown(client)
    make.supplier(sponsor)
    assert review(sponsor, client=client, **form).status_code == 302
    assert str(said(sponsor)[0]["last"]) == form["last"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "is not right"),
        ({"from_on": "2030-01-01"}, "Choose a first day"),
        ({"from_on": "x"}, "Not a valid date"),
        ({"last": "-1"}, "form is incomplete"),
        ({"meaning": "read"}, "Not a valid choice"),
        ({"from_on": "2001-01-01", "until_on": "2001-01-02"}, "There is no entry in these days"),
    ],
)
def test_a_review_that_cannot_be_signed_says_why_and_keeps_the_remark(sponsor, changes, words):
    answer = review(sponsor, **changes)
    assert answer.status_code == 422
    assert words in answer.text
    assert scopes.rows(sponsor, ReviewMark) == []


@pytest.mark.parametrize("asked", ["from=2030-01-01", "from=2001-01-01&until=2000-01-01", "until=9999-12-31", "from=x"])
def test_days_that_are_none_are_refused_in_words(sponsor, asked):
    page = sponsor.client("qa").get(f"/audit/review?{asked}")
    assert page.status_code == 200
    assert "Choose a first day" in page.text or "Sign the review" in page.text


@pytest.mark.parametrize(
    ("ranges", "taken", "left"),
    [
        ([(1, 10)], [], [(1, 10)]),
        ([(1, 10)], [(1, 10)], []),
        ([(1, 10)], [(4, 6)], [(1, 3), (7, 10)]),
        ([(1, 10)], [(0, 4), (9, 20)], [(5, 8)]),
        ([(1, 3), (8, 9)], [(3, 8)], [(1, 2), (9, 9)]),
    ],
)
def test_what_others_reviewed_is_taken_away_from_what_is_open(ranges, taken, left):
    assert sorted(marks.without(ranges, taken)) == left


def test_an_altered_mark_is_named(sponsor):
    review(sponsor)
    with scopes.reading(sponsor):
        (row, _, _) = marks.signed()[0]
        altered = ReviewMark(content=row.content + " ", digest=row.digest)
        assert list(whole._mark(altered)) == ["its content was altered"]
