"""Reading the audit trail and verifying what the portal holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal import audit, manifest
from portal.audit import Damage
from portal.db import db
from portal.models.assessments import Assessment, FrozenDocument, Rating, Submission
from portal.models.audit import AuditEntry
from portal.models.evidence import Evidence
from portal.services import signatures
from portal.services.assessments import answers, reviewing, submitting
from portal.store import Damaged, store

PAGE = 50


@dataclass(frozen=True, slots=True)
class TrailPage:
    """One page of the trail, newest first."""

    rows: Sequence[AuditEntry]
    page: int
    more: bool


def trail(*, supplier_id: UUID | None, page: int) -> TrailPage:
    """Return a page of the tenant's trail, or of one supplier's."""
    statement = select(AuditEntry).order_by(AuditEntry.number.desc())
    if supplier_id is not None:
        statement = statement.where(_about(supplier_id))
    rows = db.session.scalars(statement.limit(PAGE + 1).offset((page - 1) * PAGE)).all()
    return TrailPage(rows[:PAGE], page, len(rows) > PAGE)


def of_supplier(supplier_id: UUID) -> Sequence[AuditEntry]:
    """Return every entry about a supplier and its assessments, oldest first."""
    return db.session.scalars(select(AuditEntry).where(_about(supplier_id)).order_by(AuditEntry.number)).all()


def _about(supplier_id: UUID) -> Any:
    own = select(Assessment.id).where(Assessment.supplier_id == supplier_id)
    return (AuditEntry.supplier_id == supplier_id) | AuditEntry.assessment_id.in_(own)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was recomputed, and every damage that was found."""

    entries: int
    signatures: int
    files: int
    documents: int
    damages: Sequence[Damage]


def verify() -> Verified:
    """Recompute the chain, the signatures, the frozen documents and the evidence of the scope's tenant."""
    entries, damages = audit.verify()
    contents: dict[UUID, str] = {}
    for check in (_submissions, _ratings):
        found, broken = check()
        contents.update(found)
        damages += broken
    damages += signatures.verify(contents)
    documents, broken = _documents()
    files, lost = _files()
    return Verified(entries, signatures.count(), files, documents, [*damages, *broken, *lost])


def _submissions() -> tuple[dict[UUID, str], list[Damage]]:
    digests, damages = {}, []
    newest: dict[UUID, Submission] = {}
    for row in db.session.scalars(select(Submission).order_by(Submission.number)):
        digests[row.id] = manifest.text_digest(row.content)
        newest[row.assessment_id] = row
        if row.digest != digests[row.id]:
            damages.append(Damage(f"submission {row.id}", "its content was altered"))
    for row in newest.values():
        damages += _present_answers(row)
    return digests, damages


def _present_answers(row: Submission) -> list[Damage]:
    """Compare a submission with the answers as they stand, unless the supplier may be changing them."""
    assessment = db.session.scalars(select(Assessment).where(Assessment.id == row.assessment_id)).one()
    if assessment.state == "returned":
        return []
    room = answers.view(assessment)
    signed = {item["question"]: item for item in manifest.parsed(row.content)["answers"]}
    present = {item["question"]: item for item in manifest.plain(submitting.content(room))["answers"]}
    return [
        Damage(f"answer {key} of assessment {assessment.id}", "differs from what was signed")
        for key in sorted(signed.keys() | present.keys())
        if signed.get(key) != present.get(key)
    ]


def _ratings() -> tuple[dict[UUID, str], list[Damage]]:
    digests, damages = {}, []
    for row in db.session.scalars(select(Rating)):
        digests[row.id] = reviewing.content_digest(row)
        if not reviewing.recomputes(row):
            damages.append(Damage(f"rating {row.id}", "its input does not give its result"))
    return digests, damages


def _documents() -> tuple[int, list[Damage]]:
    rows = db.session.scalars(select(FrozenDocument)).all()
    damages = [
        Damage(f"{row.kind} {row.key} {row.version}", "its text was altered")
        for row in rows
        if manifest.text_digest(row.body) != row.digest
    ]
    return len(rows), damages


def _files() -> tuple[int, list[Damage]]:
    digests, damages = {row.digest: row for row in db.session.scalars(select(Evidence))}, []
    for digest, row in digests.items():
        try:
            store().check(digest)
        except Damaged as error:
            damages.append(Damage(f"evidence {row.name} ({digest[:16]}) of question {row.question_id}", str(error)))
    return len(digests), damages
