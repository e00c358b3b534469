"""Reading the audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from portal import audit
from portal.db import db
from portal.models.assessments import Assessment
from portal.models.audit import AuditEntry

PAGE = 50


@dataclass(frozen=True, slots=True)
class TrailPage:
    """One page of the trail, newest first."""

    rows: Sequence[AuditEntry]
    page: int
    more: bool
    made: Mapping[UUID, Mapping[str, list[Any]]]


def trail(*, supplier_id: UUID | None, page: int) -> TrailPage:
    """Return a page of the tenant's trail, or of one supplier's."""
    statement = select(AuditEntry).order_by(AuditEntry.number.desc())
    if supplier_id is not None:
        statement = statement.where(_about(supplier_id))
    rows = db.session.scalars(statement.limit(PAGE + 1).offset((page - 1) * PAGE)).all()
    return TrailPage(rows[:PAGE], page, len(rows) > PAGE, _made(rows[:PAGE]))


def _made(rows: Sequence[AuditEntry]) -> dict[UUID, dict[str, list[Any]]]:
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


def _about(supplier_id: UUID) -> Any:
    own = select(Assessment.id).where(Assessment.supplier_id == supplier_id)
    return (AuditEntry.supplier_id == supplier_id) | AuditEntry.assessment_id.in_(own)
