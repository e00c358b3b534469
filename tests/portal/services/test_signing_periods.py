"""Periods of signing: both components at the first signature, the password within it, and when it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from portal import tenancy
from portal.db import now
from portal.errors import Invalid
from portal.models.accounts import SignIn
from portal.models.assessments import Rating, Visit
from portal.models.signatures import Signature
from portal.services import signatures
from portal.services.assessments import answers, reviewing
from portal.services.signatures import BOTH, FURTHER, Credential
from portal.tenancy import Scope
from tests import make
from tests.scopes import acting, at, entries, rows

ASKED_FOR = "Enter your address, too"


@dataclass(frozen=True)
class Door:
    """A person who came in by one of the doors, and the scope of the stay."""

    sponsor: make.Sponsor
    scope: Scope
    email: str
    start: datetime

    def sign(
        self,
        minute: float,
        *,
        address: bool,
        password: str = make.PASSWORD,
        meaning: str = "reviewed",
        **changes: object,
    ) -> str:
        """Sign so many minutes after the stay began; return which components were proved."""
        credential = Credential(self.email if address else "", password)
        moment, scope = at(self.start + timedelta(minutes=minute)), replace(self.scope, **changes)
        with self.sponsor.app.app_context(), moment, tenancy.scoped(scope):
            return signatures.sign(
                record=Rating(id=uuid4()), assessment_id=None, by=signatures.confirm(credential),
                meaning=meaning, content_digest="a" * 64, shown_digest="a" * 64,
            ).components  # fmt: skip


def stay_of(case: make.Sponsor, model: type, **where: UUID) -> UUID:
    return max(rows(case, model, **where), key=lambda row: row.started_at).id


@pytest.fixture(params=["staff", "cmo"])
def door(request: pytest.FixtureRequest, house: make.Sponsor, inbox) -> Iterator[Door]:
    if request.param == "staff":
        house.client("qa")
        stay = stay_of(house, SignIn, membership_id=make.membership(house, "qa"))
        yield Door(house, replace(house.scope("qa"), stay_id=stay), house.emails["qa"], now())
        return
    case = make.sent(house)
    make.signer(case)
    make.visitor(case, inbox)
    stay = stay_of(house, Visit, assessment_id=case.assessment_id)
    # What is signed here stands on no assessment, so the scope of the visit is taken without its narrowing.
    yield Door(house, replace(case.scope(), stay_id=stay, assessment_id=None), case.email, now())


# Minute and whether the address is given, and what is proved; nothing: it is refused.
@pytest.mark.parametrize(
    "steps",
    [
        [(0, False, None), (0, True, BOTH)],
        [(0, True, BOTH), *[(minute, False, FURTHER) for minute in (0, 1, 2, 3, 4)]],
        [(0, True, BOTH), (15, False, FURTHER), (30, False, FURTHER)],
        [(0, True, BOTH), (15.1, False, None), (15.2, True, BOTH), (30, False, FURTHER)],
        [(0, True, BOTH), (15, False, FURTHER), (30, False, FURTHER), (45, False, FURTHER), (60, False, FURTHER),
         (60.1, False, None), (60.2, True, BOTH)],
        [(0, True, BOTH), (10, True, BOTH), (25, False, FURTHER), (40, False, FURTHER), (55, False, FURTHER),
         (69, False, FURTHER), (70.1, False, None)],
        [(5, True, BOTH), (4, False, None)],
    ],
)  # fmt: skip
def test_11_200_a_1_both_components_begin_a_period_and_the_password_goes_on_in_it(door, steps):
    """The first signature of a period takes both components, further ones the password; it ends by itself (H030)."""
    for minute, address, proved in steps:
        if proved is None:
            with pytest.raises(Invalid, match=ASKED_FOR):
                door.sign(minute, address=address)
        else:
            assert door.sign(minute, address=address) == proved, minute


def test_11_200_a_1_another_network_address_or_stay_ends_the_period(door):
    """A change of session or of network address asks for both components again (H030)."""
    assert door.sign(0, address=True) == BOTH
    with pytest.raises(Invalid, match=ASKED_FOR):
        door.sign(1, address=False, origin="198.51.100.7")
    with pytest.raises(Invalid, match=ASKED_FOR):
        door.sign(1, address=False, stay_id=None)
    assert door.sign(2, address=False) == FURTHER
    # Signing elsewhere begins no period there, and ends the one that was.
    assert door.sign(3, address=True, origin="198.51.100.7") == BOTH
    for origin in ("198.51.100.7", "127.0.0.1"):
        with pytest.raises(Invalid, match=ASKED_FOR):
            door.sign(4, address=False, origin=origin)
    assert door.sign(5, address=True) == BOTH


def test_11_200_a_1_signing_in_is_no_signature_and_begins_no_period(door):
    """Right after signing in, and after a wrong try, both components are asked for (H029)."""
    with pytest.raises(Invalid, match=ASKED_FOR):
        door.sign(0, address=False)
    with pytest.raises(Invalid, match=re.escape(signatures.WRONG)):
        door.sign(0, address=True, password="seven green bottles falling")
    with pytest.raises(Invalid, match=ASKED_FOR):
        door.sign(0, address=False)


def test_within_a_period_a_wrong_password_and_a_wrong_address_sign_nothing(door):
    assert door.sign(0, address=True) == BOTH
    before = len(entries(door.sponsor, action="signature.refused", actor_id=door.scope.actor.id))
    with pytest.raises(Invalid, match=re.escape(signatures.WRONG)):
        door.sign(1, address=False, password="seven green bottles falling")
    with pytest.raises(Invalid, match=re.escape(signatures.WRONG)):
        replace(door, email="somebody@else.example").sign(1, address=True)
    assert len(entries(door.sponsor, action="signature.refused", actor_id=door.scope.actor.id)) == before + 2


def test_what_is_refused_begins_no_period(door):
    with pytest.raises(Invalid, match="Choose what your signature means"):
        door.sign(0, address=True, meaning="authored")
    with pytest.raises(Invalid, match=ASKED_FOR):
        door.sign(0, address=False)


def field(page: str, name: str) -> str | None:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else None


def sign(client: FlaskClient, address: str, *, email: str | None, meaning: str) -> FlaskClient:
    page = client.get(address).text
    assert ('name="email"' in page) == bool(email)
    form = {"password": make.PASSWORD, "meaning": meaning, "shown_digest": field(page, "shown_digest")}
    return client.post(address, data={**form, **({"email": email} if email else {})})


def test_the_pages_of_staff_ask_for_the_address_only_when_it_is_needed(house):
    cases = [make.submitted(house) for _ in range(2)]
    for case in cases:
        make.judged(case)
    client = house.client("qa")
    for case, email in zip(cases, (house.emails["qa"], None), strict=True):
        answer = sign(client, f"/assessments/{case.assessment_id}/close", email=email, meaning="reviewed")
        assert answer.location == f"/assessments/{case.assessment_id}"
    proved = [rows(house, Signature, assessment_id=case.assessment_id, meaning=MEANING)[0] for case in cases]
    assert [row.components for row in proved] == [BOTH, FURTHER]


MEANING = signatures.MEANINGS["Rating"]["reviewed"]


def test_the_pages_of_the_manufacturer_ask_for_the_address_only_when_it_is_needed(house, inbox):
    case = make.answered(house)
    make.signer(case)
    client = make.visitor(case, inbox)
    first = sign(client, "/answering/submit", email=case.email, meaning="authored")
    assert first.location == "/answering/receipt"
    send_back(case)
    with acting(case):
        answers.save(question_id="P11-01", raw={"value": "no", "comment": "None yet"}, version=1, reason="Looked again")
    again = sign(client, "/answering/submit", email=None, meaning="authored")
    assert again.location == "/answering/receipt"
    signed = sorted(rows(house, Signature, assessment_id=case.assessment_id), key=lambda row: row.at)
    assert [row.components for row in signed] == [BOTH, FURTHER]


def send_back(case: make.Sent) -> None:
    with acting(case.sponsor):
        row = reviewing.get(case.assessment_id)
        reviewing.give_verdict(
            assessment=row, question_id="P11-01", outcome="question_back", level="", remark="Which one?", version=0
        )
        due = make.today() + timedelta(days=9)
        reviewing.return_to_supplier(assessment=row, due_on=due, today=make.today())
