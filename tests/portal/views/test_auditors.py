"""Auditors read what was opened to them, while it is open; each look is on record (11.10(d), H020)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal import tenancy
from portal.db import db, today
from portal.models.accounts import AuditorGrant
from portal.models.evidence import Evidence
from portal.models.suppliers import Supplier
from portal.tenancy import AssessmentOwned, OneSupplier, Reach, SupplierOwned, Told
from tests import make, scopes
from tests.make import Sent, Sponsor
from tests.portal.foreign import OWNED

DAYS = 7
NARROWED = (AssessmentOwned, OneSupplier, SupplierOwned, Told)


@pytest.fixture(scope="module")
def opened(house) -> Sent:
    """A reviewed assessment whose supplier is open to the auditor."""
    case = make.answered(house)
    make.attached(case, "P11-01")
    make.signer(case)
    make.submit(case)
    make.judged(case)
    make.close(case)
    make.open_to_auditor(house, case.supplier_id, days=DAYS)
    return case


@pytest.fixture(scope="module")
def closed(house) -> Sent:
    """An assessment whose supplier is not open to the auditor."""
    return make.answered(house)


@pytest.fixture
def auditor(house, opened) -> FlaskClient:
    return house.client("auditor")


def pages(case: Sent) -> list[str]:
    """Return the addresses of everything that a supplier's pages lead to."""
    supplier, assessment = f"/suppliers/{case.supplier_id}", f"/assessments/{case.assessment_id}"
    return [
        supplier, f"{supplier}/audit", f"{supplier}/dossier/", f"{supplier}/dossier/dossier.json",
        assessment, f"{assessment}/review", f"{assessment}/rating", f"{assessment}/print.pdf",
    ]  # fmt: skip


def files(case: Sent) -> list[str]:
    return [f"/evidence/{row.id}" for row in scopes.rows(case.sponsor, Evidence, assessment_id=case.assessment_id)]


def member(house: Sponsor) -> dict[str, object]:
    days = {"from_on": str(today()), "until_on": str(today() + timedelta(days=DAYS))}
    return {"auditor": str(make.membership(house, "auditor")), **days}


def test_11_10_d_an_auditor_opens_every_page_of_an_open_supplier_and_no_page_of_another(auditor, opened, closed):
    """An auditor reads the suppliers that were opened to him, with all that belongs to them, and no other."""
    make.attached(closed, "P11-01")
    assert files(opened)
    assert files(closed)
    assert {path: auditor.get(path).status_code for path in pages(opened) + files(opened)} == dict.fromkeys(
        pages(opened) + files(opened), 200
    )
    assert {path: auditor.get(path).status_code for path in pages(closed) + files(closed)} == dict.fromkeys(
        pages(closed) + files(closed), 404
    )


def test_lists_show_what_is_open_alone(auditor, house, opened, closed):
    with scopes.reading(house):
        own, foreign = (tenancy.fetch(Supplier, case.supplier_id).legal_name for case in (opened, closed))
    for path in ("/suppliers/", "/suppliers/?sort=sites", "/audit"):
        page = auditor.get(path).text
        assert own in page
        assert foreign not in page
    assert auditor.get(f"/suppliers/?text={foreign}").text.count("<tr>") == 0


@pytest.mark.parametrize("model", [model for model in OWNED if issubclass(model, NARROWED)])
def test_every_statement_of_an_auditor_stays_within_reach(house, opened, closed, model):
    with scopes.reading(house):
        everything = set(db.session.scalars(select(model.id)))
        reach = Reach((opened.supplier_id,), (opened.assessment_id,))
        tenancy.enter(replace(house.scope("auditor", writes=False), reach=reach))
        found = db.session.scalars(select(model)).all()
        for row in found:
            about = {getattr(row, name, None) for name in ("id", "supplier_id", "assessment_id")}
            assert about & {opened.supplier_id, opened.assessment_id}
        assert db.session.scalar(select(func.count()).select_from(aliased(model))) == len(found) <= len(everything)


def test_an_auditor_writes_nothing(auditor, opened):
    supplier = f"/suppliers/{opened.supplier_id}"
    for path in (f"{supplier}/contacts", f"{supplier}/auditors", f"/assessments/{opened.assessment_id}/close"):
        assert auditor.post(path, data={"name": "A name"}).status_code == 403


def test_11_10_d_each_page_and_file_that_an_auditor_looks_at_is_on_record(auditor, house, opened):
    """Each look of an auditor leaves an entry, each download one more with its size and digest."""
    taken = [*pages(opened)[:4], *files(opened)]
    before = len(seen(house))
    for path in taken:
        auditor.get(path)
        auditor.head(path)
    assert seen(house)[before:] == taken
    downloads = scopes.entries(house, action="evidence.opened", actor_role="auditor")
    assert downloads[-1][1]["sha256"]
    assert scopes.entries(house, action="dossier.issued", actor_role="auditor")[-1][1]["bytes"] > 0


def test_11_10_d_access_ends_with_the_last_day_to_the_second(app, sponsor):
    """One second after the last day every page answers 410; a download that runs may end."""
    case = make.answered(sponsor)
    path = f"/evidence/{make.attached(case, 'P11-01')}"
    make.open_to_auditor(sponsor, case.supplier_id, days=0)
    client = sponsor.client("auditor")
    midnight = datetime.combine(today() + timedelta(days=1), time(), UTC)
    with scopes.at(midnight - timedelta(seconds=1)):
        client = sponsor.client("auditor")
        running = client.get(path)
        assert client.get("/suppliers/").status_code == 200
    with scopes.at(midnight + timedelta(seconds=1)):
        assert b"".join(running.iter_encoded()) == make.PDF
        for page in ("/suppliers/", path, *pages(case)):
            assert client.get(page).status_code == 410
        assert f"Your access ended on {midnight.date() - timedelta(days=1)}" in client.get("/suppliers/").text
        assert client.post("/sign-out").status_code == 302


def test_nothing_is_open_before_the_first_day_and_to_whom_nothing_was_opened(sponsor):
    case = make.sent(sponsor)
    client = sponsor.client("auditor")
    assert "No supplier is open to you" in client.get("/suppliers/").text
    later = member(sponsor) | {"from_on": str(today() + timedelta(days=1))}
    path = f"/suppliers/{case.supplier_id}"
    assert sponsor.client("admin").post(f"{path}/auditors", data=later).status_code == 302
    assert client.get(path).status_code == 404
    with scopes.later(days=1):
        assert sponsor.client("auditor").get(path).status_code == 200


def test_annex_11_12_an_auditors_access_is_given_and_ended_at_once_and_both_are_on_record(sponsor):
    """Giving and ending of access are entries with who and when, and act at the auditor's next click."""
    path = f"/suppliers/{make.sent(sponsor).supplier_id}"
    admin, auditor = sponsor.client("admin"), sponsor.client("auditor")
    assert admin.post(f"{path}/auditors", data=member(sponsor)).status_code == 302
    assert auditor.get(path).status_code == 200
    (grant,) = scopes.rows(sponsor, AuditorGrant)
    assert f"Auditor of {sponsor.name}" in admin.get(path).text
    assert admin.post(f"{path}/auditors/{grant.id}/end").status_code == 302
    assert auditor.get(path).status_code == 410
    assert admin.post(f"{path}/auditors/{grant.id}/end").status_code == 409
    trail = scopes.entries(sponsor, record_type="AuditorGrant")
    assert [(row.action, row.actor_id) for row, _ in trail] == [
        (action, sponsor.persons["admin"]) for action in ("created", "changed")
    ]


def test_a_grant_is_ended_on_its_own_suppliers_page_alone(sponsor):
    case, other = make.sent(sponsor), make.supplier(sponsor)
    grant = make.open_to_auditor(sponsor, case.supplier_id)
    assert sponsor.client("admin").post(f"/suppliers/{other}/auditors/{grant}/end").status_code == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until_on": str(today() - timedelta(days=1))}, "is not over yet"),
        ({"from_on": str(today() + timedelta(days=90))}, "is not over yet"),
        ({"from_on": ""}, "Choose the first day."),
        ({"auditor": str(uuid4())}, "Not a valid choice."),
        ({}, "End that first."),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_what_is_wrong(house, opened, change, said):
    answer = house.client("admin").post(f"/suppliers/{opened.supplier_id}/auditors", data=member(house) | change)
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize("role", ["qa", "approver", "viewer"])
def test_nobody_but_an_administrator_sees_or_gives_access(house, opened, role):
    client, path = house.client(role), f"/suppliers/{opened.supplier_id}"
    assert 'id="auditors"' not in client.get(path).text
    assert client.post(f"{path}/auditors", data=member(house)).status_code == 403


def seen(house: Sponsor) -> list[str]:
    return [told["address"] for _, told in scopes.entries(house, action="auditor.viewed")]
