"""Why something is changed: asked for wherever what was submitted, decided or sent is changed later (Annex 11 9)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from portal import audit
from portal.db import db
from portal.errors import Invalid
from portal.models.audit import AuditEntry

SHORTEST = 5


def demand(reason: str, ask: str) -> None:
    """State why the present request changes something; raise Invalid, with what to say, for a reason that is none."""
    told = reason.strip()
    # "....." and "xxxxx" say nothing.
    if len(told) < SHORTEST or len(set(told.casefold())) == 1:
        raise Invalid(ask, field="reason")
    audit.because(told)


def of_answers(assessment_id: UUID) -> Mapping[UUID, str]:
    """Return why answers of an assessment were changed, by the answer's id: of each the newest reason."""
    statement = select(AuditEntry.record_id, AuditEntry.reason).where(
        AuditEntry.assessment_id == assessment_id, AuditEntry.record_type == "Answer",
        AuditEntry.action == "changed", AuditEntry.reason != "",
    )  # fmt: skip
    rows = db.session.execute(statement.order_by(AuditEntry.number))
    return {answer_id: reason for answer_id, reason in rows if answer_id is not None}
