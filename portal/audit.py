"""The audit trail, written by the session itself (11.10(e), Annex 11 9).

A flush listener notes who, which row, old -> new and why; just before the commit the notes become entries of
the tenant's chain, in the same transaction. The head of the chain is locked last and held shortly. Each entry
carries the digest of the one before; the head is sealed with a key that is not in the database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import event, insert, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from portal import manifest, tenancy
from portal.config import Config
from portal.db import Base, db, now
from portal.errors import Unwritten
from portal.models.audit import AuditEntry, AuditHead

START = "0" * 64
# Stands in the trail for a secret: its change is on record, its value never is.
HIDDEN = "•"
# Clocks of several machines differ by seconds; a clock that goes back by more was set back (H088).
STRAY = timedelta(minutes=1)
# What an entry's digest covers, beside its tenant and the digest before it.
COVERED = (
    "id", "number", "at", "actor_kind", "actor_id", "actor_name", "actor_role", "origin", "request_id", "action",
    "record_type", "record_id", "supplier_id", "assessment_id", "changes", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """What one flush or one event adds to the trail."""

    action: str
    record_type: str
    record_id: UUID | None
    supplier_id: UUID | None = None
    assessment_id: UUID | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


class BulkRefused(RuntimeError):
    """A bulk update or delete would go round the trail: always a bug."""


def because(reason: str) -> None:
    """State why the present request changes what it changes; it stands in each of its entries."""
    db.session().info["reason"] = reason.strip()


def record(action: str, row: Base | None = None, **changes: Any) -> None:
    """Add an event that changes no row (a download, a refusal) to the trail of this transaction."""
    _notes(db.session()).append(_event_note(action, row, changes))


def record_now(action: str, row: Base | None = None, **changes: Any) -> None:
    """Write an event in a transaction of its own, for what fails, and undo the present one."""
    if db.session().info.get("nothing_taken"):
        return
    note, scope = _event_note(action, row, changes), tenancy.scope()
    with tenancy.scoped(replace(scope, writes=True)) as session:
        _notes(session).append(note)
    tenancy.enter(scope)


def nothing_taken() -> None:
    """State that the present request only asks about a thing (HEAD): nobody gets it, so no entry says so."""
    db.session().info["nothing_taken"] = True


def entries(**where: Any) -> Sequence[AuditEntry]:
    """Return the entries of the scope's tenant, oldest first, filtered by equal fields."""
    return db.session.scalars(select(AuditEntry).filter_by(**where).order_by(AuditEntry.number)).all()


def _event_note(action: str, row: Base | None, changes: Mapping[str, Any]) -> Note:
    told = {key: [None, value] for key, value in changes.items()}
    if row is None:
        return Note(action, "", None, changes=told)
    return Note(action, type(row).__name__, row.id, *_belongs(row), changes=told)


def _belongs(row: Base) -> tuple[UUID | None, UUID | None]:
    """Return supplier and assessment that a row belongs to, so that their trails can be shown together."""
    own = type(row).__name__
    supplier = row.id if own == "Supplier" else getattr(row, "supplier_id", None)
    assessment = row.id if own == "Assessment" else getattr(row, "assessment_id", None)
    return supplier, assessment


def _notes(session: Session) -> list[Note]:
    notes: list[Note] = session.info.setdefault("notes", [])
    return notes


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _keep_old_values(_class: type, _key: str, attribute: Any) -> None:
    """Ask for the old value on each change: an expired attribute would otherwise lose it."""
    if hasattr(attribute.property, "columns"):
        event.listen(attribute, "set", _no_change, active_history=True)


def _no_change(_target: Base, _value: Any, _old: Any, _initiator: Any) -> None:
    return None


@event.listens_for(db.session, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    """Refuse what the flush listener would not see."""
    if (state.is_insert or state.is_update or state.is_delete) and _touches_audited(state):
        raise BulkRefused("change rows one by one: a bulk statement leaves no audit trail")


def _touches_audited(state: ORMExecuteState) -> bool:
    target = state.statement.table.name  # type: ignore[attr-defined]  # of an INSERT, UPDATE or DELETE
    models = (mapper.class_ for mapper in Base.registry.mappers)
    return any(model.__tablename__ == target and audited(model) for model in models)


@event.listens_for(db.session, "after_transaction_create")
def _refuse_savepoint(_session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        raise RuntimeError("no savepoints: what one undoes would still stand in the trail")


@event.listens_for(db.session, "before_flush")
def _read_doomed(session: Session, _context: object, _instances: object) -> None:
    """Read what is about to be deleted and was expired: afterwards nobody can."""
    for row in session.deleted:
        for key, _ in tracked(type(row)):
            getattr(row, key)


@event.listens_for(db.session, "after_flush")
def _note_flush(session: Session, _context: object) -> None:
    for action, rows in (("created", session.new), ("changed", session.dirty), ("deleted", session.deleted)):
        for row in rows:
            if audited(type(row)) and (changes := dict(_changes(row, action))):
                _notes(session).append(Note(action, type(row).__name__, row.id, *_belongs(row), changes=changes))


def audited(model: type[Base]) -> bool:
    """Tell whether changes of a table's rows go into the trail."""
    return getattr(model, "__audited__", True)


def tracked(model: type[Base]) -> Iterator[tuple[str, bool]]:
    """Yield the name of each field that the trail follows, and whether its value is a secret."""
    for attribute in inspect(model).column_attrs:
        column = attribute.columns[0]
        if not column.primary_key and not column.info.get("untracked"):
            yield attribute.key, bool(column.info.get("secret"))


def _changes(row: Base, action: str) -> Iterator[tuple[str, list[Any]]]:
    for key, secret in tracked(type(row)):
        history = inspect(row).attrs[key].history
        old, new = (side[0] if side else None for side in (history.deleted, history.added))
        if action == "deleted":
            old, new = history.unchanged[0] if history.unchanged else old, None
        if old == new or (action == "changed" and not history.has_changes()):
            continue
        yield key, [HIDDEN if secret and side is not None else side for side in (old, new)]


@event.listens_for(db.session, "before_commit")
def _write(session: Session) -> None:
    session.flush()
    if notes := _notes(session):
        try:
            _chain(session, notes)
        except DBAPIError as error:
            raise Unwritten from error
        notes.clear()


def _chain(session: Session, notes: Sequence[Note]) -> None:
    scope, reason = tenancy.of(session), session.info.pop("reason", "")
    head = _head(session, scope.tenant_id)
    at = now()
    rows = []
    for note in (*_moved_back(head, at), *notes):
        row = _entry(note, scope, at, reason, head)
        rows.append(row)
        head.number, head.digest = row["number"], row["digest"]
    head.at = at
    head.seal = seal_of(scope.tenant_id, head.number, head.digest)
    session.execute(insert(AuditEntry), rows)
    session.flush()


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("notes", None)
    session.info.pop("reason", None)


def _head(session: Session, tenant_id: UUID) -> AuditHead:
    head = session.scalar(select(AuditHead).with_for_update().execution_options(populate_existing=True))
    if head is None:
        head = AuditHead(tenant_id=tenant_id)
        session.add(head)
    return head


def _moved_back(head: AuditHead, at: datetime) -> Iterator[Note]:
    """Note a clock that was set back: the order of entries is that of their numbers, whatever their times say."""
    if head.at is not None and at < head.at - STRAY:
        yield _event_note("clock.moved_back", None, {"last_entry": head.at, "now": at})


def _entry(note: Note, scope: tenancy.Scope, at: datetime, reason: str, head: AuditHead) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": uuid4(),
        "number": head.number + 1,
        "at": at,
        "actor_kind": scope.actor.kind,
        "actor_id": scope.actor.id,
        "actor_name": scope.actor.name,
        "actor_role": scope.actor.role,
        "origin": scope.origin,
        "request_id": scope.request_id,
        "action": note.action,
        "record_type": note.record_type,
        "record_id": note.record_id,
        "supplier_id": note.supplier_id,
        "assessment_id": note.assessment_id,
        "changes": manifest.canonical(note.changes).decode(),
        "reason": reason,
        "previous": head.digest,
        "tenant_id": scope.tenant_id,
    }
    return {**row, "digest": digest_of(row)}


def digest_of(row: Mapping[str, Any]) -> str:
    """Return the digest of an entry: its tenant, the digest before it, and all that it says."""
    return manifest.digest([row["tenant_id"], row["previous"], [row[name] for name in COVERED]])


def seal_of(tenant_id: UUID, number: int, digest: str) -> str:
    """Return the seal of the head of a chain."""
    return manifest.seal(key(), str(tenant_id), str(number), digest)


def key() -> bytes:
    """Return the installation's sealing key, which is kept outside the database."""
    config: Config = current_app.extensions["portal.config"]
    return config.audit_key.encode()


def told(entry: AuditEntry) -> dict[str, list[Any]]:
    """Return the changes of an entry: field -> [old, new]."""
    changes: dict[str, list[Any]] = json.loads(entry.changes)
    return changes
