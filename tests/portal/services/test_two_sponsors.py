"""One person of the manufacturer, asked by two sponsors: one identity, two rooms, and neither learns of the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from portal.models.accounts import Person
from portal.models.signatures import Acknowledgement, Confirmation, Signature
from portal.services import suppliers
from portal.services.assessments import introductions, reviewing, sending
from tests import make
from tests.scopes import acting, rows

IDENTITY = {"printed_name": "Marta Conti", "title": "Head of IT", "password": make.PASSWORD}


@dataclass(frozen=True)
class Rooms:
    """The two assessments, asked of one mailbox; the first sponsor knows the person, the second does not yet."""

    first: make.Sent
    second: make.Sent


def asked(sponsor: make.Sponsor, email: str, how: str) -> make.Sent:
    supplier_id = make.supplier(sponsor, f"Supplier canary{uuid4().hex[:10]}")
    with acting(sponsor):
        row = suppliers.get(supplier_id)
        contact = suppliers.add_contact(supplier=row, name="Marta Conti", email=email, position="Head of IT")
        assessment, invite = sending.send(
            assessment_id=uuid4(), supplier=row, key=make.KEY, contact=contact, how=how,
            due_on=make.today() + timedelta(days=28), today=make.today(),
        )  # fmt: skip
        case = make.Sent(sponsor, supplier_id, assessment.id, invite.id, email)
    make.answer_all(case, {"P11-01": ("partial", f"Said to canary{sponsor.id.hex}")})
    return case


@pytest.fixture
def both(sponsor, other) -> Rooms:
    email = f"marta-{uuid4().hex[:12]}@cmo.example"
    return Rooms(asked(sponsor, email, "Met in person"), asked(other, email, ""))


def signing(case: make.Sent, client: FlaskClient) -> dict[str, str]:
    digest = re.search(r'name="shown_digest"[^>]*value="([^"]*)"', client.get("/answering/submit").text)[1]
    shown = {"shown_digest": digest, "meaning": "authored", "acknowledged": "y"}
    return {"email": case.email, "password": make.PASSWORD, **shown}


def test_11_100_b_each_sponsor_confirms_the_one_identity_for_itself(both, inbox):
    """The word of one sponsor lets nobody sign for another one: a confirmation and an acknowledgement for each."""
    client = make.visitor(both.first, inbox)
    assert client.post("/answering/identity", data=IDENTITY).status_code == 302
    assert client.post("/answering/submit", data=signing(both.first, client)).location == "/answering/receipt"
    client = make.visitor(both.second, inbox)
    page = client.get("/answering/submit").text
    assert "Your identity is not confirmed yet" in page and "Choose a password" not in page
    with acting(both.second.sponsor):
        row = reviewing.get(both.second.assessment_id)
        introductions.confirm_identity(assessment=row, invite_id=both.second.invite_id, how="Seen in a video call")
    assert client.post("/answering/submit", data=signing(both.second, client)).location == "/answering/receipt"
    for case in (both.first, both.second):
        (person,) = rows(case.sponsor, Person, email=case.email)
        for model in (Confirmation, Acknowledgement, Signature):
            assert len(rows(case.sponsor, model, person_id=person.id)) == 1, model


def seen_by(case: make.Sent, client: FlaskClient) -> str:
    """Return all that a sponsor, and the person in that sponsor's room, is shown and mailed."""
    office = case.sponsor.client("admin")
    pages = [f"/assessments/{case.assessment_id}", f"/suppliers/{case.supplier_id}", "/suppliers/", "/audit",
             f"/assessments/{case.assessment_id}/review", f"/suppliers/{case.supplier_id}/dossier/"]  # fmt: skip
    room = [
        "/answering/scope",
        "/answering/validation",
        "/answering/submit",
        "/answering/colleagues",
        "/answering/receipt",
    ]
    texts = [office.get(page, follow_redirects=True).text for page in pages]
    texts += [client.get(page, follow_redirects=True).text for page in room]
    return "\n".join([*texts, str([vars(row) for row in rows(case.sponsor, Confirmation)])])


def test_11_30_neither_sponsor_nor_room_shows_anything_of_the_other(both, inbox):
    """One identity stands behind two rooms, and no page, trail or file of one names the other (open systems)."""
    client = make.visitor(both.first, inbox)
    client.post("/answering/identity", data=IDENTITY)
    assert client.post("/answering/submit", data=signing(both.first, client)).status_code == 302
    words = [(case.sponsor.name, f"canary{case.sponsor.id.hex}", name_of(case)) for case in (both.first, both.second)]
    first = seen_by(both.first, client)
    second = seen_by(both.second, make.visitor(both.second, inbox))
    for own, others, text in ((words[0], words[1], first), (words[1], words[0], second)):
        assert all(word in text for word in own)
        assert not [word for word in others if word in text]


def name_of(case: make.Sent) -> str:
    with acting(case.sponsor):
        return suppliers.get(case.supplier_id).legal_name


def test_the_visit_of_one_sponsor_opens_nothing_of_the_other(both, inbox):
    client = make.visitor(both.first, inbox)
    evidence = make.attached(both.second, "P11-01")
    assert client.get(f"/answering/evidence/{evidence}").status_code == 404
    assert client.post(f"/answering/colleagues/{both.second.invite_id}/withdraw").status_code == 404
