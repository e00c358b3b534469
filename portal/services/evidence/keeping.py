"""Files that are attached: listed, opened, withdrawn with a reason. None is ever destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from portal import audit, tenancy
from portal.db import db, now
from portal.models.assessments import Assessment
from portal.models.evidence import Evidence
from portal.services.assessments import answers
from portal.services.audit import reasons
from portal.store import store


def withdraw(*, evidence_id: UUID, reason: str) -> Evidence:
    """Mark a file as withdrawn, with the reason; it stays in the store and in the dossier.

    Raises Invalid without a reason; once it is withdrawn, the first reason stands.
    """
    found = answers.room(lock=True)
    row = tenancy.fetch(Evidence, evidence_id)
    answers.editable_question(found, row.question_id)
    if row.withdrawn_at is not None:
        return row
    reasons.demand(reason, "Say in a few words why this file is withdrawn.")
    row.withdrawn_at, row.withdrawn_by = now(), tenancy.scope().actor.name
    row.withdrawn_because = reason.strip()
    return row


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was checked and is ready to be handed out."""

    name: str
    size: int
    media_type: str
    digest: str
    chunks: Iterator[bytes]


def open_file(*, evidence_id: UUID) -> Opened:
    """Return a file with its checked bytes, and leave an entry of who looked; raise Damaged if they do not fit."""
    row = tenancy.fetch(Evidence, evidence_id)
    opened = Opened(row.name, row.size, row.media_type, row.digest, store().read(row.digest))
    # In a transaction of its own: the long way of the bytes to the reader must not hold the database.
    audit.record_now("evidence.opened", row, name=row.name, size=row.size, sha256=row.digest)
    return opened


def of_assessment(assessment: Assessment) -> list[Evidence]:
    """Return every file of an assessment, withdrawn ones too, oldest first."""
    statement = select(Evidence).where(Evidence.assessment_id == assessment.id)
    return list(db.session.scalars(statement.order_by(Evidence.uploaded_at, Evidence.name)))


def digests() -> set[str]:
    """Return what the store must keep for the scope's sponsor, withdrawn files too."""
    return set(db.session.scalars(select(Evidence.digest)))
