"""Verification finds whatever was changed past the portal, by whoever owns the database, and says where and what."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Column, Connection, Uuid, select, text

from portal import database, tenancy
from portal.db import db
from portal.models.evidence import Evidence
from portal.services.assessments import documents
from portal.services.verification import whole
from portal.services.verification.chain import Chain
from portal.store import store
from tests import make
from tests.portal.services.vandalism import (
    ENTRY,
    SIGNATURE,
    TABLES,
    VANDALISM,
    Vandal,
    break_a_questionnaire,
    change_a_questionnaire,
)

PERMANENT = ("audit_entry", "submission", "rating", "signature", "frozen_document")
ROUNDS, FLIPS_A_ROUND = 20, 10


@pytest.fixture(scope="module")
def case(app: Flask) -> make.Sent:
    """An assessment that went all the way, with a file."""
    case = make.answered(make.sponsor(app))
    make.attached(case, "P11-05")
    make.signer(case)
    make.submit(case)
    make.judged(case)
    make.close(case)
    return case


@pytest.fixture
def small(sponsor: make.Sponsor) -> make.Sponsor:
    """A sponsor with a short trail."""
    make.supplier(sponsor)
    return sponsor


@pytest.fixture
def owner(database_urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """The owner of the tables, with the guards off; the portal sees what the owner does, and all is undone."""
    engine = database.owner_engine(database_urls[1])
    with engine.connect() as connection:
        connection.begin()
        for table in PERMANENT:
            disarm(connection, table)
        monkeypatch.setattr(db.session.session_factory.class_, "get_bind", lambda *_args, **_options: connection)
        # The portal works in a savepoint here, whose moment is the owner's own.
        monkeypatch.setattr(whole, "_at_one_moment", lambda: None)
        connection.begin_nested()
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.fixture
def fresh() -> Iterator[None]:
    """Read each frozen document anew, as another process would."""
    cached = [value for value in vars(documents).values() if hasattr(value, "cache_clear")]
    for item in cached:
        item.cache_clear()
    yield
    for item in cached:
        item.cache_clear()


def disarm(connection: Connection, table: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    for verb in ("update", "delete", "insert"):
        connection.execute(text(f"DROP TRIGGER {table}_no_{verb}"))


def found(sponsor: make.Sponsor) -> whole.Verified:
    with sponsor.app.app_context():
        tenancy.enter(sponsor.scope(writes=False))
        return whole.verify()


def test_what_nobody_touched_is_counted_and_fits(app, case):
    verified = found(case.sponsor)
    assert verified.damages == []
    assert (verified.signatures, verified.files, verified.documents) == (2, 1, 3)
    assert verified.head.startswith(f"{verified.entries}:")


@pytest.mark.postgresql
def test_what_others_write_meanwhile_is_no_damage(app, small, monkeypatch):
    end = Chain.end

    def meanwhile(chain: Chain) -> Any:
        other = threading.Thread(target=make.supplier, args=[small])
        other.start()
        other.join()
        return end(chain)

    monkeypatch.setattr(Chain, "end", meanwhile)
    assert found(small).damages == []


@pytest.mark.parametrize("deed", VANDALISM, ids=lambda deed: deed.__name__)
def test_each_damage_is_named_with_its_place_and_kind(owner, case, deed):
    expected = deed(Vandal(owner, case.sponsor))
    damages = found(case.sponsor).damages
    for place, kind in expected:
        assert [item for item in damages if place in item.place and kind in item.kind], (place, kind, damages)


@pytest.mark.parametrize("deed", [change_a_questionnaire, break_a_questionnaire], ids=lambda deed: deed.__name__)
def test_an_altered_document_is_named_even_where_nothing_can_be_read_by_it(fresh, owner, case, deed):
    test_each_damage_is_named_with_its_place_and_kind(owner, case, deed)


@pytest.mark.parametrize(
    ("part", "value"),
    [("meaning", "I saw it"), ("printed_name", "Somebody"), ("title", "CEO"), ("components", "password"), ("at", None)],
)
def test_each_part_of_a_signature_is_bound_to_it(owner, case, part, value):
    vandal = Vandal(owner, case.sponsor)
    (row,) = vandal.rows(SIGNATURE, record_type="Submission")
    vandal.change(SIGNATURE, {"id": row["id"]}, **{part: value or row["at"] + timedelta(microseconds=1)})
    assert {item.kind for item in found(case.sponsor).damages if f"signature {row['id']}" in item.place} == {
        "name, time, meaning or what it is bound to was altered",
        f"{part} differs from what the trail says",
    }


@pytest.mark.parametrize(
    ("change", "kind"),
    [(lambda data: data[:-1] + b"X", "bytes were altered"), (lambda _: None, "missing from the store")],
)
def test_a_changed_or_lost_file_is_named(app, case, change, kind):
    with app.app_context():
        tenancy.enter(case.sponsor.scope(writes=False))
        digest = db.session.scalars(select(Evidence.digest)).one()
        path = store().path(digest)
    data = path.read_bytes()
    path.unlink()
    try:
        if (changed := change(data)) is not None:
            path.write_bytes(changed)
        (damage,) = found(case.sponsor).damages
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(data)
    assert damage.place == f"evidence validation.pdf ({digest[:16]}) of question P11-05"
    assert kind in damage.kind


def test_11_10_a_every_flip_in_the_content_of_an_entry_is_found(app, small, owner):
    """Verification names the entry for each of many random changes of one value, made past the portal."""
    chance, vandal = random.Random(20), Vandal(owner, small)  # the same flips each time
    entries = vandal.entries()
    for _ in range(ROUNDS):
        with owner.begin_nested() as flips:
            places = [flip(vandal, chance, entry) for entry in chance.sample(entries, FLIPS_A_ROUND)]
            altered = [damage.place for damage in found(small).damages if damage.kind == "content was altered"]
            flips.rollback()
        assert [place for place in places if not any(named.startswith(place) for named in altered)] == []
    assert found(small).damages == []


def flip(vandal: Vandal, chance: random.Random, entry: dict[str, Any]) -> str:
    """Change one value of an entry and return how verification must name it."""
    name = chance.choice([name for name in ENTRY.c.keys() if name != "tenant_id"])  # noqa: SIM118  # not a mapping
    value = flipped(chance, entry[name], ENTRY.c[name])
    vandal.change(ENTRY, {"number": entry["number"]}, **{name: value})
    return f"entry {value if name == 'number' else entry['number']} ("


def flipped(chance: random.Random, value: Any, column: Column[Any]) -> Any:
    """Return another value of a column: of a text, the same with one character changed."""
    if isinstance(value, str) and value:
        place = chance.randrange(len(value))
        other = chance.choice([sign for sign in "0123456789abcdef \n{}Äé" if sign != value[place]])
        return value[:place] + other + value[place + 1 :]
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chance.choice([-1, 1, 10**6, 3_600_000_000]))
    if isinstance(value, int):
        return value + 1000 + chance.randrange(1000)
    return uuid4() if isinstance(column.type, Uuid) else "x"


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("audit_entry", "at", "'yesterday'"),
        ("audit_entry", "actor_id", "'nobody'"),
        ("audit_entry", "reason", "CAST(x'ff' AS TEXT)"),
        ("audit_entry", "reason", "x'ff'"),
        ("audit_entry", "number", "'seven'"),
        ("audit_entry", "changes", "'{'"),
        ("signature", "at", "'yesterday'"),
        ("signature", "record_id", "'nobody'"),
        ("rating", "input", "'{'"),
        ("supplier", "impact_data", "'much'"),
    ],
)
def test_a_value_that_can_no_longer_be_read_is_named_with_its_record(case, owner, table, column, value):
    if owner.dialect.name != "sqlite":
        pytest.skip("needs --database sqlite, whose columns take anything")
    owner.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    row = Vandal(owner, case.sponsor).rows(TABLES[table])[-1]
    owner.execute(
        text(f"UPDATE {table} SET {column} = {value} WHERE id = :id"), {"id": row["id"].hex}
    )  # from the list above
    named = (str(row["id"]), row["id"].hex, f"entry {row.get('number')} (", "entry seven (")
    assert [damage for damage in found(case.sponsor).damages if any(name in damage.place for name in named)]
