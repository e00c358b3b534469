"""What cannot be put on record does not happen (H038), and no log tells what a person typed."""
# these tests name the tables themselves

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, event, text

from portal import access, tenancy
from portal.db import db, now
from portal.models.accounts import Person
from tests import make
from tests.portal.foreign import kept_for

JSON = {"Accept": "application/json"}
ADDRESS, ANSWER = "/answering/answers/P11-01", {"version": "0", "value": "no", "comment": "Not yet"}


@contextmanager
def changed(owner: Connection, change: str, back: str) -> Iterator[None]:
    owner.execute(text(change))
    owner.commit()
    try:
        yield
    finally:
        owner.execute(text(back))
        owner.commit()


@contextmanager
def trigger(table: str, owner: Connection, _engine: Engine | None = None) -> Iterator[None]:
    """Refuse whatever is written into a table."""
    on_postgresql = owner.dialect.name == "postgresql"
    refuse = (
        "FOR EACH ROW EXECUTE FUNCTION portal_refuse()"
        if on_postgresql
        else "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    verb = "INSERT" if table == "audit_entry" else "UPDATE"
    made = f"CREATE TRIGGER refuse_all BEFORE {verb} ON {table} {refuse}"
    with changed(owner, made, f"DROP TRIGGER refuse_all{f' ON {table}' if on_postgresql else ''}"):
        yield


@contextmanager
def no_right(right: str, owner: Connection, _engine: Engine) -> Iterator[None]:
    """Take a right from the application's role, which is named after the owner's."""
    role = str(owner.scalar(text("SELECT current_user"))).removesuffix("_owner") + "_app"
    with changed(owner, f"REVOKE {right} FROM {role}", f"GRANT {right} TO {role}"):
        yield


@contextmanager
def read_only(_what: str, owner: Connection, engine: Engine) -> Iterator[None]:
    """Let the application's next connections read alone, as on a standby or a file system that was mounted so."""
    only = "SET default_transaction_read_only = on" if owner.dialect.name == "postgresql" else "PRAGMA query_only = ON"

    def restrict(connection, _record) -> None:
        connection.cursor().execute(only)
        if owner.dialect.name == "postgresql":
            connection.commit()

    event.listen(engine, "connect", restrict)
    engine.dispose()
    try:
        yield
    finally:
        event.remove(engine, "connect", restrict)
        engine.dispose()


REFUSALS = [
    (trigger, "audit_entry"),
    (trigger, "audit_head"),
    pytest.param(no_right, "INSERT ON audit_entry", marks=pytest.mark.postgresql),
    pytest.param(no_right, "UPDATE ON audit_head", marks=pytest.mark.postgresql),
    (read_only, ""),
]


@pytest.mark.parametrize(("refusal", "what"), REFUSALS, ids=lambda value: getattr(value, "__name__", value))
def test_what_cannot_be_put_on_record_is_undone_and_may_be_tried_again(app, house, inbox, owner, refusal, what):
    client = make.visitor(make.sent(house), inbox)
    before = kept_for(house)
    with app.app_context():
        engine = db.engine
    with refusal(what, owner, engine):
        for headers in ({}, JSON):
            answer = client.post(ADDRESS, data=ANSWER, headers=headers)
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
            assert "othing was saved" in answer.text
    assert kept_for(house) == before
    assert client.post(ADDRESS, data=ANSWER).status_code == 302


def test_a_file_is_not_handed_out_unless_that_can_be_put_on_record(house, owner):
    case = make.sent(house)
    address, client = f"/evidence/{make.attached(case, 'P11-01')}", house.client()
    with trigger("audit_entry", owner):
        answer = client.get(address)
        assert answer.status_code == 503 and make.PDF not in answer.data
    assert client.get(address, buffered=True).data == make.PDF


def test_why_it_cannot_be_written_stands_in_the_log(house, owner, inbox, caplog):
    client = make.visitor(make.sent(house), inbox)
    with trigger("audit_entry", owner):
        client.post(ADDRESS, data=ANSWER)
    assert "the audit trail was not written at answering.save" in caplog.text
    assert re.search("this record is permanent|the disk is full", caplog.text)


def test_what_the_database_says_of_a_row_that_is_there_stands_in_no_log(app, house, monkeypatch, caplog):
    """PostgreSQL's details quote the row: Key (email)=(anna.berg@example.com) already exists."""
    taken = house.emails["qa"]

    def double() -> str:
        tenancy.enter(house.scope())
        db.session.add(Person(email=taken, printed_name="A name", password_hash="", created_at=now()))
        db.session.flush()
        return ""

    monkeypatch.setitem(app.view_functions, "accounts.sign_in", access.public("test")(double))
    caplog.set_level(logging.DEBUG)
    assert app.test_client().get("/sign-in").status_code == 409
    assert "refused by the database" in caplog.text and "IntegrityError" in caplog.text
    assert taken not in caplog.text
