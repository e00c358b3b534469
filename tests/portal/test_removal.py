"""What is taken away is gone at the next request, on every process and in the jobs that wait (H007 to H009)."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app, outbox, tenancy
from portal.db import db, now
from portal.jobs import JOBS
from portal.models.accounts import Membership
from portal.models.outbox import OutboxRow
from portal.services.assessments import reviewing, sending
from tests import make, scopes
from tests.make import Sponsor
from tests.portal import foreign
from tests.portal.foreign import Foreign


@pytest.fixture(scope="module")
def second(app: Flask, settings) -> Iterator[Flask]:
    """Another process of the same installation."""
    found = create_app(settings)
    found.config["WTF_CSRF_ENABLED"] = False
    yield found
    with found.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def theirs(app: Flask, inbox) -> Foreign:
    return foreign.build(app, inbox)


def elsewhere(client: FlaskClient, second: Flask) -> FlaskClient:
    """Return the same browser, led to the other process."""
    other = second.test_client()
    held = client.get_cookie("portal_staff")
    assert held is not None
    other.set_cookie("portal_staff", held.value)
    return other


def end(sponsor: Sponsor, role: str) -> None:
    with scopes.tampering(sponsor):
        tenancy.fetch(Membership, make.membership(sponsor, role)).ended_at = now()


def become(sponsor: Sponsor, role: str, new: str) -> None:
    member = make.membership(sponsor, role)
    with scopes.tampering(sponsor):
        tenancy.fetch(Membership, member).role = new


def test_11_10_d_whoever_is_removed_is_out_at_the_next_click_on_every_process(sponsor, second):
    """A membership that ends while a page is open ends at the next request, whichever process answers it."""
    client = sponsor.client("qa")
    there = elsewhere(client, second)
    assert [each.get("/suppliers/").status_code for each in (client, there)] == [200, 200]
    end(sponsor, "qa")
    for each in (client, there):
        assert each.get("/suppliers/").headers["Location"].startswith("/sign-in")
        assert each.post("/suppliers/new", data={"legal_name": "Too late"}).headers["Location"].startswith("/sign-in")


def test_11_10_g_a_role_that_was_changed_holds_at_the_next_click_on_every_process(sponsor, second):
    """The right to act is looked up at each request: a page that is still open gives none."""
    case = make.sent(sponsor)
    client = sponsor.client("qa")
    there = elsewhere(client, second)
    become(sponsor, "qa", "viewer")
    for each in (client, there):
        assert each.get(f"/assessments/{case.assessment_id}").status_code == 200
        assert each.post(f"/assessments/{case.assessment_id}/withdraw", data={"reason": "No more"}).status_code == 403


def test_what_was_sent_stays_sent_though_the_sender_is_gone(app, sponsor, inbox):
    """Sending was done while the sender had the right, and the record says so; the mail only carries it out."""
    case = make.sent(sponsor)
    end(sponsor, "qa")
    make.do_jobs(app)
    assert len(inbox.to(case.email)) == 1


def test_a_job_that_waits_looks_again_whether_it_may(app, sponsor, inbox):
    case = make.sent(sponsor)
    with scopes.acting(sponsor):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason="Sent to the wrong site")
    make.do_jobs(app)
    assert inbox.to(case.email) == []


def test_a_person_who_goes_over_to_another_supplier_takes_nothing_along(app, sponsor, inbox):
    """The link that was sent for one supplier opens nothing once its questionnaire was given to another."""
    case = make.answered(sponsor)
    visitor = make.visitor(case, inbox)
    link = make.link(case)
    with scopes.acting(sponsor):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason="It goes to the other site")
    other = make.sent(sponsor)
    assert visitor.get("/answering").status_code == 410
    assert app.test_client().post(link).status_code == 410
    assert other.supplier_id != case.supplier_id
    assert sponsor.client().get(f"/assessments/{case.assessment_id}/review").status_code == 200


@pytest.mark.parametrize("job", JOBS)
def test_11_10_g_a_job_with_ids_of_another_sponsor_does_nothing(app, house, inbox, theirs, job):
    """Every background job, given every id of another sponsor, changes nothing there and sends nothing."""
    before, mails = theirs.rows(), len(inbox.messages)
    for subject_id in theirs.ids.values():
        with app.app_context():
            outbox.perform(waiting(house, job, subject_id))
    assert theirs.rows() == before
    assert len(inbox.messages) == mails


def waiting(house: Sponsor, job: str, subject_id: UUID) -> UUID:
    """Put a job into the outbox as if it were ours, and return its row."""
    with scopes.tampering(house):
        row = OutboxRow(for_tenant=house.id, job=job, subject_id=subject_id, made_at=now(), due_at=now())
        db.session.add(row)
        return row.id
