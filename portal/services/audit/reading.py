"""Reading the audit trail, page by page or as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select

from portal import audit, tenancy
from portal.db import db
from portal.models.assessments import Assessment
from portal.models.audit import AuditEntry, AuditHead

PAGE = 50
BATCH = 1000
# What an entry carries into a file: all that its digest covers, and what chains it to the one before.
CARRIED = (*audit.COVERED, "previous", "digest")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: whose, about what, of which kind, from when until when; one supplier's or assessment's alone."""

    person: str = ""
    record_id: UUID | None = None
    kind: str = ""
    action: str = ""
    from_on: date | None = None
    until_on: date | None = None
    supplier_id: UUID | None = None
    assessment_id: UUID | None = None

    def said(self) -> dict[str, Any]:
        """Return what is asked for, by name, without what is left open."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class TrailPage:
    """One page of the trail, newest first; newer and older: the numbers from which the neighbours go on."""

    rows: Sequence[AuditEntry]
    newer: int | None
    older: int | None
    made: Mapping[UUID, Mapping[str, list[Any]]]


def find(wanted: Wanted, *, before: int | None = None, after: int | None = None) -> TrailPage:
    """Return the page that ends before a number, or begins after one; the newest page without either."""
    statement = select(AuditEntry).where(*fitting(wanted)).limit(PAGE + 1)
    if after is not None:
        statement = statement.where(AuditEntry.number > after).order_by(AuditEntry.number)
    else:
        beyond = [AuditEntry.number < before] if before is not None else []
        statement = statement.where(*beyond).order_by(AuditEntry.number.desc())
    found = db.session.scalars(statement).all()
    rows, more = found[:PAGE], len(found) > PAGE
    if after is not None:
        rows = rows[::-1]
    newer = rows and (more if after is not None else before is not None)
    older = rows and (more or after is not None)
    return TrailPage(rows, rows[0].number if newer else None, rows[-1].number if older else None, made(rows))


def made(rows: Sequence[Any]) -> dict[UUID, dict[str, list[Any]]]:
    """Return what the records of some entries were created as: an entry alone does not name what it changed."""
    wanted = {row_id for row in rows for row_id in (row.record_id, row.supplier_id, row.assessment_id) if row_id}
    statement = select(AuditEntry).where(AuditEntry.record_id.in_(wanted), AuditEntry.action == "created")
    return {row.record_id: audit.told(row) for row in db.session.scalars(statement) if row.record_id}


def of_supplier(supplier_id: UUID, *, but: str, most: int) -> tuple[Sequence[AuditEntry], int]:
    """Return the newest entries about a supplier, oldest first, and how many earlier ones are left out."""
    about = (_about(supplier_id), AuditEntry.action != but)
    total = db.session.scalar(select(func.count()).select_from(AuditEntry).where(*about)) or 0
    statement = select(AuditEntry).where(*about).order_by(AuditEntry.number.desc()).limit(most)
    rows = db.session.scalars(statement).all()
    return rows[::-1], total - len(rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some entries, and what their records were created as."""

    rows: Sequence[Any]
    made: Mapping[UUID, Mapping[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Export:
    """The entries that fit, as of one moment: how many, the head of the chain then, and the entries themselves."""

    tenant_id: UUID
    count: int
    head: Mapping[str, Any]
    batches: Iterator[Batch]


def export(wanted: Wanted, *, form: str) -> Export:
    """Count what fits, leave an entry of who takes it, and return it in batches, oldest first."""
    head = db.session.execute(select(AuditHead.number, AuditHead.digest, AuditHead.seal)).one()
    conditions = (*fitting(wanted), AuditEntry.number <= head.number)
    count = db.session.scalar(select(func.count()).select_from(AuditEntry).where(*conditions)) or 0
    told = "; ".join(f"{name} {value}" for name, value in wanted.said().items())
    audit.record_now("audit.exported", form=form, entries=count, until=head.number, filter=told)
    scope = tenancy.scope()
    return Export(scope.tenant_id, count, dict(head._mapping), _batches(scope, conditions))


def _batches(scope: tenancy.Scope, conditions: Sequence[ColumnElement[bool]]) -> Iterator[Batch]:
    """Yield a batch at a time, and hold the database only while one is read: its reader may be slow."""
    columns, last = [getattr(AuditEntry, name) for name in CARRIED], 0
    while True:
        # The request's own session ended with its view.
        tenancy.enter(scope)
        statement = select(*columns).where(*conditions, AuditEntry.number > last).order_by(AuditEntry.number)
        rows = db.session.execute(statement.limit(BATCH)).all()
        batch = Batch(rows, made(rows))
        tenancy.leave()
        if not rows:
            return
        last = rows[-1].number
        yield batch


def fitting(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions of what is wanted."""
    given: list[tuple[Any, Any]] = [
        (wanted.person, lambda: _named(wanted.person)),
        (wanted.record_id, lambda: _names(wanted.record_id)),
        (wanted.kind, lambda: AuditEntry.record_type == wanted.kind),
        (wanted.action, lambda: AuditEntry.action == wanted.action),
        (wanted.from_on, lambda: AuditEntry.at >= _moment(wanted.from_on, time.min)),
        (wanted.until_on, lambda: AuditEntry.at <= _moment(wanted.until_on, time.max)),
        (wanted.supplier_id, lambda: _about(wanted.supplier_id)),
        (wanted.assessment_id, lambda: AuditEntry.assessment_id == wanted.assessment_id),
    ]
    return [condition() for value, condition in given if value]


def _named(person: str) -> ColumnElement[bool]:
    """Match a part of the name; what is typed is literal, wildcards included."""
    # No text holds a NUL, and PostgreSQL would refuse to look for it.
    return false() if "\0" in person else AuditEntry.actor_name.icontains(person, autoescape=True)


def _names(record_id: UUID | None) -> ColumnElement[bool]:
    """Match a record as what was changed, as who did it, or as what the entry belongs to."""
    columns = (AuditEntry.record_id, AuditEntry.actor_id, AuditEntry.assessment_id)
    return or_(_about(record_id), *(column == record_id for column in columns))


def _about(supplier_id: UUID | None) -> ColumnElement[bool]:
    own = select(Assessment.id).where(Assessment.supplier_id == supplier_id)
    return (AuditEntry.supplier_id == supplier_id) | AuditEntry.assessment_id.in_(own)


def _moment(day: date | None, of_day: time) -> datetime:
    return datetime.combine(day or date.min, of_day, UTC)
