"""Roles x acts x states of an assessment: the written matrix is in force, and every cell of it is tried (H002)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal import access, tenancy
from portal.access import CMO_ROLES, REFUSED_BY_ROLE, REFUSED_BY_STATE, STAFF_ROLES
from portal.db import db
from portal.models.assessments import Answer, Assessment, MailedCode, Verdict
from portal.models.suppliers import Supplier
from portal.services.assessments import reviewing, sending
from questionnaires import lifecycle
from tests import make, scopes
from tests.house.source import refuse
from tests.make import Sent, Sponsor
from tests.portal.foreign import kept_for
from tests.services import Inbox

MATRIX = Path(__file__).with_name("state_matrix.csv")
REGENERATE = "Read the difference. If it is meant: portal matrix --states > tests/portal/state_matrix.csv"
CELLS = list(access.states())
# A draft is no record yet: sending makes it one.
STORED = [state for state in lifecycle.STATES if state != "drafted"]
TRIED = [cell for cell in CELLS if (cell[1] == "send") == (cell[2] == "drafted")]
QUESTION = "P11-01"
DUE = make.today() + timedelta(days=20)
STATUS = {REFUSED_BY_ROLE: 403, REFUSED_BY_STATE: 409}


def test_the_written_matrix_is_the_one_in_force():
    with MATRIX.open(encoding="utf-8", newline="") as source:
        header, *written = csv.reader(source)
    assert header == list(access.STATE_COLUMNS)
    assert [tuple(row) for row in written] == CELLS, REGENERATE


def test_every_verb_of_an_assessment_needs_exactly_one_permission():
    assert sorted(access.moves()) == sorted(lifecycle.VERBS)
    assert {verb for cell in CELLS for verb in [cell[1]] if cell[3] in lifecycle.STATES} == set(lifecycle.VERBS)


def test_11_10_d_every_refusal_of_the_matrix_is_one(house, inbox):
    """Each role tries each act that it may not do, in each state: 403 with one entry, or 409, and nothing changes."""
    stage = Stage(house, inbox)
    stage.set()
    before = kept(house)
    refuse(
        [
            f"{role} {verb} while {state}: {fault}"
            for role, verb, state, outcome in TRIED
            if outcome not in lifecycle.STATES
            for fault in stage.faults(role, verb, state, outcome)
        ],
        "A refusal is not what the matrix says",
    )
    assert kept(house) == before, "something has changed"


@pytest.mark.parametrize("cell", [cell for cell in TRIED if cell[3] in lifecycle.STATES], ids="-".join)
def test_11_10_f_what_the_matrix_allows_leads_to_its_state(house, inbox, cell):
    """Every act that a role may do in a state leads to the state that the table of steps names."""
    role, verb, state, outcome = cell
    case = make.sent(house)
    clients = {role: house.client(role)} if role in STAFF_ROLES else visitors(case, inbox)
    bring(case, state, verb)
    answer = ACTS[verb](clients[role], case, role)
    assert answer.status_code == 302, answer.text
    assert {row.state for row in scopes.rows(house, Assessment, supplier_id=case.supplier_id)} >= {outcome}


@dataclass
class Stage:
    """An assessment in each state, and everybody who might act on it."""

    house: Sponsor
    inbox: Inbox
    staff: dict[str, FlaskClient] = field(default_factory=dict)
    cases: dict[str, Sent] = field(default_factory=dict)
    guests: dict[str, dict[str, FlaskClient]] = field(default_factory=dict)

    def set(self) -> None:
        """Bring one assessment to each state; the manufacturer's people came in while it was open."""
        self.staff = {role: self.house.client(role) for role in STAFF_ROLES}
        for state in STORED:
            case = self.cases[state] = make.sent(self.house)
            make.open_to_auditor(self.house, case.supplier_id)
            self.guests[state] = visitors(case, self.inbox)
            bring(case, state, "")
        self.cases["drafted"] = self.cases["sent"]

    def faults(self, role: str, verb: str, state: str, outcome: str) -> Iterator[str]:
        """Yield what is wrong with the answer to somebody who may not do this now."""
        client = self.staff.get(role) or self.guests[state][role]
        before = self._refusals()
        answer = ACTS[verb](client, self.cases[state], role)
        # At the manufacturer's door the link itself is dead after a withdrawal, whoever holds it.
        dead = state == "withdrawn" and role in CMO_ROLES
        if not (_as_usual(answer, outcome) or answer.status_code == (410 if dead else STATUS[outcome])):
            yield str(answer.status_code)
        if self._refusals() - before != (outcome == REFUSED_BY_ROLE and not dead):
            yield "not one entry"

    def _refusals(self) -> int:
        found = scopes.entries(self.house, action="access.refused")
        return sum(told["method"] == "POST" for _, told in found)


def _as_usual(answer: TestResponse, outcome: str) -> bool:
    """Tell whether a page says it in a better way: what is still missing, or the receipt of the first submission."""
    missing = answer.status_code == 422 and "still open" in answer.text
    return outcome == REFUSED_BY_STATE and (missing or answer.headers.get("Location") == "/answering/receipt")


def visitors(case: Sent, inbox: Inbox) -> dict[str, FlaskClient]:
    """Return the browsers of a respondent, who has no signing identity, and of the signer."""
    respondent = make.visitor(case, inbox)
    with scopes.tampering(case.sponsor):
        for code in db.session.scalars(select(MailedCode).where(MailedCode.invite_id == case.invite_id)):
            code.asked_at -= timedelta(minutes=5)
    make.signer(case)
    return {"respondent": respondent, "signer": make.visitor(case, inbox)}


def bring(case: Sent, state: str, verb: str) -> None:
    """Bring an assessment that was sent to a state, in which a verb is possible if the state allows it."""
    if state == "withdrawn":
        with scopes.acting(case.sponsor):
            sending.withdraw(assessment=reviewing.get(case.assessment_id), reason="Sent to the wrong site")
    if state in {"answering", "submitted", "in_review", "returned", "closed"}:
        make.answer_all(case, {})
    if state in {"submitted", "in_review", "returned", "closed"}:
        if "id" not in case.signer:
            make.signer(case)
        make.submit(case)
    if state in {"in_review", "returned", "closed"}:
        asks = state == "returned" or verb == "return"
        make.judged(case, asked_back if asks else None)
    if state == "returned":
        with scopes.acting(case.sponsor):
            assessment = reviewing.get(case.assessment_id)
            reviewing.return_to_supplier(assessment=assessment, due_on=DUE, today=make.today())
    if state == "closed":
        make.close(case)


def asked_back(question_id: str, answer: str) -> tuple[str, str, str]:
    """Send one question back and judge the others as usual."""
    if question_id == QUESTION:
        return "question_back", "", "Which systems are meant?"
    return make.usual_verdict(question_id, answer)


def send(client: FlaskClient, case: Sent, _role: str) -> TestResponse:
    with scopes.reading(case.sponsor):
        contact = tenancy.fetch(Supplier, case.supplier_id).contacts[0].id
    data = {"id": str(uuid4()), "contact": str(contact), "due_on": str(DUE)}
    return client.post(f"/suppliers/{case.supplier_id}/send/{make.KEY}", data=data)


def withdraw(client: FlaskClient, case: Sent, _role: str) -> TestResponse:
    return client.post(f"/assessments/{case.assessment_id}/withdraw", data={"reason": "Sent to the wrong site"})


def judge(client: FlaskClient, case: Sent, _role: str) -> TestResponse:
    data = {"outcome": "gap", "level": "", "remark": "Not in place", "reason": "Read again"}
    data["version"] = last(case, Verdict)
    return client.post(f"/assessments/{case.assessment_id}/verdicts/{QUESTION}", data=data)


def send_back(client: FlaskClient, case: Sent, _role: str) -> TestResponse:
    return client.post(f"/assessments/{case.assessment_id}/return", data={"due_on": str(DUE)})


def close(client: FlaskClient, case: Sent, role: str) -> TestResponse:
    path = f"/assessments/{case.assessment_id}/close"
    return client.post(path, data=signing(client.get(path).text, "reviewed") | {"email": case.sponsor.emails[role]})


def answer(client: FlaskClient, case: Sent, _role: str) -> TestResponse:
    data = {"value": "no", "comment": "", "version": last(case, Answer), "reason": "It was read wrongly"}
    return client.post(f"/answering/answers/{QUESTION}", data=data)


def submit(client: FlaskClient, case: Sent, _role: str) -> TestResponse:
    path = "/answering/submit"
    return client.post(path, data=signing(client.get(path).text, "authored") | {"email": case.email})


def last(case: Sent, model: type[Answer] | type[Verdict]) -> str:
    """Return the version that a form would carry which changes what is there on the question."""
    found = scopes.rows(case.sponsor, model, assessment_id=case.assessment_id, question_id=QUESTION)
    return str(found[0].version if found else 0)


def signing(page: str, blind: str) -> dict[str, str]:
    """Return what a person gives who signs what a page shows; a page that shows nothing to sign is signed blindly."""
    shown = re.search(r'name="shown_digest"[^>]*value="([0-9a-f]{64})"', page)
    meaning = re.search(r'name="meaning"[^>]*value="(\w+)"', page)
    return {
        "shown_digest": shown[1] if shown else "0" * 64, "meaning": meaning[1] if meaning else blind,
        "password": make.PASSWORD, "acknowledged": "y",
    }  # fmt: skip


ACTS: Mapping[str, Callable[[FlaskClient, Sent, str], TestResponse]] = {
    "send": send, "withdraw": withdraw, "judge": judge, "return": send_back, "close": close, "answer": answer,
    "submit": submit,
}  # fmt: skip


def kept(house: Sponsor) -> Mapping[str, list[str]]:
    """Return all that is kept, but for the trail itself and for who is there."""
    passing = {"audit_entry", "audit_head", "sign_in", "visit"}
    return {name: rows for name, rows in kept_for(house).items() if name not in passing}
