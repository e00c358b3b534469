"""Whatever changes an assessment takes its row first, and reads it as the one before left it (PostgreSQL).

SQLite lets one writer in at a time, so there is nothing to lock there.
"""

from __future__ import annotations

import io
import re
import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from portal.db import db
from portal.errors import Invalid
from portal.services import suppliers
from portal.services.assessments import answers, reviewing, sending
from portal.services.evidence import attaching, keeping
from portal.services.evidence.attaching import Upload
from tests import make
from tests.scopes import acting, later, trying
from tests.statements import counted

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def open_case(house) -> make.Sent:
    case = make.answered(house)
    make.attached(case, "P11-01")
    return case


@pytest.fixture(scope="module")
def reviewed(house) -> make.Sent:
    case = make.submitted(house)
    make.judged(case)
    return case


def locked(statements: list[str]) -> str:
    """Return the table of the first row that was taken for changing."""
    first = next((found for found in statements if "FOR UPDATE" in found), "")
    return re.search(r"FROM (\w+)", first)[1] if first else ""


def save() -> None:
    answers.save(question_id="P11-01", raw={"value": "no", "comment": ""}, version=1)


def withdraw_file() -> None:
    keeping.withdraw(evidence_id=answers.room().evidence["P11-01"][0].id, reason="Wrong version")


def attach_file() -> None:
    attaching.attach(question_id="P11-01", uploads=[Upload("a.pdf", io.BytesIO(make.PDF + b"%"))])


@pytest.mark.parametrize("act", [save, withdraw_file, attach_file])
def test_what_the_supplier_changes_is_locked_first(open_case, act):
    with trying(open_case), counted(db.engine) as statements:
        act()
    assert locked(statements) == "assessment"


def test_signing_locks_what_is_signed(house):
    case = make.answered(house)
    make.signer(case)
    with house.app.app_context(), counted(db.engine) as statements:
        make.submit(case)
    assert "assessment" in {locked([found]) for found in statements}


def judge(row) -> None:
    given = {"outcome": "gap", "level": "", "remark": "Second thoughts", "version": 1, "reason": "Looked again"}
    reviewing.give_verdict(assessment=row, question_id="P11-01", **given)


def send_back(row) -> None:
    with pytest.raises(Invalid):
        reviewing.return_to_supplier(assessment=row, due_on=make.today(), today=make.today())


@pytest.mark.parametrize("act", [judge, send_back])
def test_what_the_reviewer_changes_is_locked_first(reviewed, act):
    with trying(reviewed.sponsor):
        row = reviewing.get(reviewed.assessment_id)
        with counted(db.engine) as statements:
            act(row)
    assert locked(statements) == "assessment"


def test_closing_locks_what_is_rated(house):
    case = make.submitted(house)
    make.judged(case)
    with house.app.app_context(), counted(db.engine) as statements:
        make.close(case)
    assert "assessment" in {locked([found]) for found in statements}


def test_sending_locks_the_supplier(house):
    supplier_id, due = make.supplier(house), make.today() + timedelta(days=9)
    with trying(house):
        row = suppliers.get(supplier_id)
        given = {"supplier": row, "key": make.KEY, "contact": row.contacts[0], "due_on": due, "today": make.today()}
        with counted(db.engine) as statements:
            sending.send(assessment_id=uuid4(), **given)
    assert locked(statements) == "supplier"


def test_changing_a_profile_locks_the_supplier(house):
    supplier_id = make.supplier(house)
    with trying(house):
        row = suppliers.get(supplier_id)
        given = {"legal_name": row.legal_name, "services": "Vials", "factors": {}, "reason": ""}
        with counted(db.engine) as statements:
            suppliers.change(supplier=row, version=row.version, **given)
    assert locked(statements) == "supplier"


def test_mailing_again_locks_the_invite(house):
    case = make.sent(house)
    with later(minutes=2), trying(house):
        row = reviewing.get(case.assessment_id)
        with counted(db.engine) as statements:
            sending.mail_again(assessment=row)
    assert locked(statements) == "invite"


def test_a_row_that_was_read_before_is_read_anew_under_its_lock(house):
    case = make.sent(house)
    with trying(house):
        row = reviewing.get(case.assessment_id)
        assert row.state == "sent"
        other = threading.Thread(target=withdraw, args=(case,))
        other.start()
        other.join()
        assert reviewing.get(case.assessment_id, lock=True).state == "withdrawn" == row.state


def withdraw(case: make.Sent) -> None:
    with acting(case.sponsor):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason="Wrong contact")
