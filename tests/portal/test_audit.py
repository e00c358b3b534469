"""The audit trail: exactly one entry for each change, in the change's own transaction, and never changed again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from portal import audit, manifest, tenancy
from portal.audit import BulkRefused
from portal.db import db, now
from portal.errors import Unwritten
from portal.models.accounts import Membership, Person, SignIn, Tenant
from portal.models.audit import AuditEntry
from portal.models.suppliers import Site, Supplier
from portal.services.accounts import passwords
from portal.services.verification import whole
from portal.services.verification.walking import Damage
from tests import make, scopes

PERMANENT = ("audit_entry", "submission", "rating", "signature", "frozen_document")
WRITERS, CHANGES = 4, 25


def test_a_created_record_has_one_entry_with_each_of_its_values(app, sponsor):
    supplier_id = make.supplier(sponsor, "Fill & Finish S.p.A.")
    entry = only(sponsor, record_id=supplier_id)
    with reading(sponsor):
        row = tenancy.fetch(Supplier, supplier_id)
        said = {key: getattr(row, key) for key, _ in audit.tracked(Supplier) if getattr(row, key) is not None}
    assert (entry.action, entry.record_type, entry.supplier_id) == ("created", "Supplier", supplier_id)
    assert audit.told(entry) == {key: [None, manifest.plain(value)] for key, value in said.items()}


def test_a_change_has_one_entry_that_says_who_when_where_and_why(app, sponsor):
    supplier_id, before = make.supplier(sponsor), now()
    scope = sponsor.scope("qa")
    with app.app_context(), tenancy.scoped(scope):
        row = tenancy.fetch(Supplier, supplier_id)
        row.services, row.impact_data = "Vials", 2
        audit.because("  Scope was reduced.  ")
    entry = only(sponsor, record_id=supplier_id, action="changed")
    assert audit.told(entry) == {"services": ["Sterile fill and finish", "Vials"], "impact_data": [4, 2]}
    who = (entry.actor_kind, entry.actor_id, entry.actor_name, entry.actor_role)
    assert who == ("staff", sponsor.persons["qa"], f"Qa of {sponsor.name}", "qa")
    assert (entry.origin, entry.request_id) == ("127.0.0.1", scope.request_id)
    assert entry.reason == "Scope was reduced."
    assert before <= entry.at <= now()
    assert entry.at.utcoffset() == timedelta(0)


def test_a_reason_ends_with_its_transaction(app, sponsor):
    supplier_id = make.supplier(sponsor)
    with app.app_context():
        tenancy.enter(sponsor.scope())
        audit.because("First.")
        for services in ("Vials", "Syringes"):
            tenancy.fetch(Supplier, supplier_id).services = services
            db.session.commit()
    assert [entry.reason for entry in trail(sponsor, record_id=supplier_id, action="changed")] == ["First.", ""]


def test_a_deleted_record_leaves_its_last_values(app, sponsor):
    site_id = new_site(sponsor)
    with app.app_context():
        tenancy.enter(sponsor.scope())
        row = tenancy.fetch(Site, site_id)
        db.session.expire(row, ["name"])
        db.session.delete(row)
        if db.engine.dialect.name == "postgresql":
            with pytest.raises(DBAPIError, match="permission denied"):
                db.session.commit()
            return
        db.session.commit()
    told = audit.told(only(sponsor, record_id=site_id, action="deleted"))
    assert told.pop("supplier_id")[1] is None
    assert told == {"name": ["Plant Ferrara", None], "country": ["Italy", None], "services": ["Vials", None]}


def _same(row: Site) -> None:
    row.name = str(row.name)


def _there_and_back(row: Site) -> None:
    row.name, row.name = "Elsewhere", "Plant Ferrara"


def _read(row: Site) -> None:
    assert row.name


@pytest.mark.parametrize("deed", [_same, _there_and_back, _read])
def test_there_is_no_entry_without_a_change(app, sponsor, deed):
    site_id = new_site(sponsor)
    before = len(trail(sponsor))
    with app.app_context(), tenancy.scoped(sponsor.scope()):
        deed(tenancy.fetch(Site, site_id))
    assert len(trail(sponsor)) == before


def test_what_is_only_noted_in_passing_has_no_entry(app, sponsor):
    sponsor.client("qa")
    before = len(trail(sponsor))
    with app.app_context(), tenancy.scoped(sponsor.scope()):
        db.session.scalars(select(SignIn)).one().seen_at = now()
    assert len(trail(sponsor)) == before


def test_an_expired_attribute_keeps_its_old_value(app, sponsor):
    site_id = new_site(sponsor)
    with app.app_context(), tenancy.scoped(sponsor.scope()):
        row = tenancy.fetch(Site, site_id)
        db.session.expire(row)
        row.name = "Elsewhere"
    assert audit.told(only(sponsor, record_id=site_id, action="changed")) == {"name": ["Plant Ferrara", "Elsewhere"]}


def test_a_secrets_change_is_on_record_and_its_value_is_not(app, sponsor):
    person_id = sponsor.persons["qa"]
    with app.app_context(), tenancy.scoped(sponsor.scope()):
        person = db.session.get_one(Person, person_id)
        hashes = [person.password_hash, passwords.hashed("another seven green bottles")]
        person.password_hash = hashes[1]
    created, changed = trail(sponsor, record_id=person_id)
    assert audit.told(created)["password_hash"] == [None, "•"]
    assert audit.told(changed) == {"password_hash": ["•", "•"]}
    assert not [entry for entry in trail(sponsor) for value in hashes if value in entry.changes]


@pytest.mark.parametrize("target", [Supplier, Membership, Person, Person.__table__])
@pytest.mark.parametrize("verb", [insert, update, delete])
def test_a_bulk_statement_is_refused(app, sponsor, target, verb):
    with app.app_context():
        tenancy.enter(sponsor.scope())
        with pytest.raises(BulkRefused):
            db.session.execute(verb(target))


def test_a_savepoint_is_refused(app, sponsor):
    with app.app_context():
        tenancy.enter(sponsor.scope())
        with pytest.raises(RuntimeError, match="savepoint"):
            db.session.begin_nested()


def test_parallel_writers_make_one_chain_without_gaps(app, sponsor):
    suppliers = [make.supplier(sponsor) for _ in range(WRITERS)]
    before, faults = len(trail(sponsor)), []

    def write(supplier_id: UUID) -> None:
        try:
            with app.app_context():
                for number in range(CHANGES):
                    with tenancy.scoped(sponsor.scope()):
                        tenancy.fetch(Supplier, supplier_id).services = f"Change {number}"
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=[supplier_id]) for supplier_id in suppliers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    numbers = [entry.number for entry in trail(sponsor)]
    assert numbers == list(range(1, before + WRITERS * CHANGES + 1))
    assert damages(sponsor) == []


def test_a_rollback_leaves_no_entry(app, sponsor):
    before = len(trail(sponsor))
    with app.app_context(), tenancy.scoped(sponsor.scope()):
        db.session.add(Supplier(legal_name="Never", created_at=now()))
        audit.record("test.undone")
        db.session.flush()
        db.session.rollback()
        audit.record("test.done")
    assert [entry.action for entry in trail(sponsor)][before:] == ["test.done"]


def test_an_entry_that_cannot_be_written_undoes_the_change(app, sponsor, owner):
    supplier_id, before = make.supplier(sponsor), len(trail(sponsor))
    with refusing_entries(owner), app.app_context(), pytest.raises(Unwritten), tenancy.scoped(sponsor.scope()):
        tenancy.fetch(Supplier, supplier_id).services = "changed"
        audit.because("fail")
    with reading(sponsor):
        assert tenancy.fetch(Supplier, supplier_id).services == "Sterile fill and finish"
    assert len(trail(sponsor)) == before


def test_an_event_that_is_recorded_now_outlives_what_is_undone(app, sponsor):
    supplier_id = make.supplier(sponsor)
    with app.app_context():
        tenancy.enter(sponsor.scope(writes=False))
        audit.record_now("access.refused", tenancy.fetch(Supplier, supplier_id), permission="audit.view")
        assert tenancy.scope().writes is False
        tenancy.enter(sponsor.scope())
        tenancy.fetch(Supplier, supplier_id).services = "changed"
        audit.record_now("access.refused", permission="audit.view")
        db.session.rollback()
    with reading(sponsor):
        assert tenancy.fetch(Supplier, supplier_id).services == "Sterile fill and finish"
    about, alone = trail(sponsor, action="access.refused")
    assert (about.record_id, alone.record_id) == (supplier_id, None)
    assert audit.told(alone) == {"permission": [None, "audit.view"]}


def test_11_10_e_entries_keep_their_order_when_the_clock_is_set_back_and_that_is_an_entry(app, sponsor):
    """A clock that goes back by more than a minute leaves an entry with both times; numbers give the order."""
    make.supplier(sponsor)
    last = trail(sponsor)[-1]
    with scopes.at(now() - timedelta(hours=1)):
        make.supplier(sponsor)
        make.supplier(sponsor)
    (moved,) = trail(sponsor, action="clock.moved_back")
    assert moved.number == last.number + 1
    assert audit.told(moved) == {
        "last_entry": [None, manifest.stamp(last.at)], "now": [None, manifest.stamp(moved.at)],
    }  # fmt: skip
    assert damages(sponsor) == []


def test_11_10_k_a_changed_setting_of_a_sponsor_is_an_entry_with_old_and_new(app, sponsor):
    """Who changed a sponsor's settings, when, and from what to what, stands in its trail like any other change."""
    with scopes.acting(sponsor, "admin"):
        db.session.get_one(Tenant, sponsor.id).second_factor = "required"
    entry = only(sponsor, record_type="Tenant", action="changed")
    assert audit.told(entry) == {"second_factor": ["offered", "required"]}
    assert entry.actor_id == sponsor.persons["admin"]


def test_clocks_that_differ_by_seconds_leave_no_entry(app, sponsor):
    with scopes.at(now() - timedelta(seconds=50)):
        make.supplier(sponsor)
    assert trail(sponsor, action="clock.moved_back") == []


@pytest.mark.parametrize("zone", ["Pacific/Chatham", "Asia/Kathmandu"])
def test_the_time_zone_of_the_machine_does_not_matter(app, sponsor, zone, live_in):
    live_in(zone)
    at = only(sponsor, record_id=make.supplier(sponsor)).at
    assert at.utcoffset() == timedelta(0)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    live_in("UTC")
    assert damages(sponsor) == []


@pytest.fixture
def live_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Move the process, and each new connection to PostgreSQL, to another time zone."""

    def settle() -> None:
        time.tzset()
        with app.app_context():
            db.engine.dispose()

    def move(zone: str) -> None:
        for name in ("TZ", "PGTZ"):
            monkeypatch.setenv(name, zone)
        settle()

    yield move
    monkeypatch.undo()
    settle()


@contextmanager
def refusing_entries(owner: Connection) -> Iterator[None]:
    """Let the database refuse each entry whose reason is 'fail'."""
    drop, when = "DROP TRIGGER refuse_entry", "WHEN (NEW.reason = 'fail')"
    if owner.dialect.name == "postgresql":
        made, drop = f"FOR EACH ROW {when} EXECUTE FUNCTION portal_refuse()", f"{drop} ON audit_entry"
    else:
        made = f"{when} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    owner.execute(text(f"CREATE TRIGGER refuse_entry BEFORE INSERT ON audit_entry {made}"))
    owner.commit()
    try:
        yield
    finally:
        owner.execute(text(drop))
        owner.commit()


@contextmanager
def reading(sponsor: make.Sponsor) -> Iterator[None]:
    with sponsor.app.app_context():
        tenancy.enter(sponsor.scope(writes=False))
        yield


def trail(sponsor: make.Sponsor, **where: Any) -> list[AuditEntry]:
    with reading(sponsor):
        return list(audit.entries(**where))


def only(sponsor: make.Sponsor, **where: Any) -> AuditEntry:
    (entry,) = trail(sponsor, **where)
    return entry


def damages(sponsor: make.Sponsor) -> list[Damage]:
    with reading(sponsor):
        return list(whole.verify().damages)


def new_site(sponsor: make.Sponsor) -> UUID:
    supplier_id = make.supplier(sponsor)
    with reading(sponsor):
        return db.session.scalars(select(Site.id).where(Site.supplier_id == supplier_id)).one()
