"""Rows -> one plain structure: all that a supplier's dossier says, before anybody decides how it looks.

The JSON that is handed out is this structure; the PDF is laid out from it and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal import manifest
from portal.audit import told
from portal.models.assessments import Answer, Assessment, Submission, Verdict
from portal.models.audit import AuditEntry
from portal.models.evidence import Evidence
from portal.models.suppliers import FACTORS, Supplier
from questionnaires import lifecycle
from questionnaires.definition import Question, Questionnaire
from scoring.risk import Inherent

FORMAT = "supplier-dossier/1"
# When and by whom it was taken is no part of what it says: PDF and JSON of the same record bear one digest.
TAKING = frozenset({"issued_at", "issued_by"})


@dataclass(frozen=True, slots=True)
class Part:
    """One assessment with everything that belongs to it."""

    assessment: Assessment
    questionnaire: Questionnaire
    visible: Sequence[Question]
    answers: Mapping[str, Answer]
    evidence: Sequence[Evidence]
    verdicts: Mapping[str, Verdict]
    submissions: Sequence[Submission]
    signatures: Sequence[Mapping[str, Any]]
    rating: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a dossier is made from."""

    sponsor: str
    supplier: Supplier
    inherent: Inherent | None
    parts: Sequence[Part]
    trail: Sequence[AuditEntry]
    trail_left_out: int
    issued_at: datetime
    issued_by: str
    version: str


def structure(bundle: Bundle) -> dict[str, Any]:
    """Return the dossier as plain values, with the digest of all that it says."""
    content = {
        "format": FORMAT,
        "portal_version": bundle.version,
        "sponsor": bundle.sponsor,
        "issued_at": written(bundle.issued_at),
        "issued_by": bundle.issued_by,
        "supplier": _supplier(bundle),
        "assessments": [_assessment(part) for part in bundle.parts],
        "audit_trail": [_entry(entry) for entry in bundle.trail],
        "audit_trail_left_out": bundle.trail_left_out,
    }
    said = {name: value for name, value in content.items() if name not in TAKING}
    return {**content, "digest": manifest.digest(said)}


def written(moment: datetime | None) -> str:
    """Write a moment with its zone and offset, the same in page, PDF and JSON (11.50(a)(2))."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC (+00:00)") if moment else ""


def _supplier(bundle: Bundle) -> dict[str, Any]:
    supplier, inherent = bundle.supplier, bundle.inherent
    return {
        "id": str(supplier.id),
        "legal_name": supplier.legal_name,
        "services": supplier.services,
        "status": supplier.status,
        "rating": supplier.rating,
        "tier": supplier.tier,
        "inherent": supplier.inherent,
        "inherent_reason": inherent.reason if inherent else "",
        "factors": {name: getattr(supplier, name) for name in FACTORS},
        "sites": [{"name": site.name, "country": site.country, "services": site.services} for site in supplier.sites],
        "contacts": [
            {"name": contact.name, "email": contact.email, "position": contact.position}
            for contact in supplier.contacts
        ],
    }


def _assessment(part: Part) -> dict[str, Any]:
    assessment, asked = part.assessment, part.questionnaire
    return {
        "id": str(assessment.id),
        "title": assessment.title,
        "questionnaire": {
            "key": asked.key, "version": asked.version, "edition": asked.edition, "digest": asked.digest,
        },
        "state": assessment.state,
        "state_label": lifecycle.STATE_LABELS[assessment.state],
        "sent_at": written(assessment.sent_at),
        "sent_by": assessment.sent_by,
        "due_on": assessment.due_on.isoformat(),
        "submitted_at": written(assessment.submitted_at),
        "closed_at": written(assessment.closed_at),
        "sections": _sections(part),
        "evidence": [_file(file) for file in part.evidence],
        "submissions": [
            {"number": row.number, "at": written(row.submitted_at), "digest": row.digest} for row in part.submissions
        ],
        "signatures": [dict(signature) for signature in part.signatures],
        # What is not signed and submitted is nobody's statement yet, and a rating of it would mislead.
        "rating": part.rating if assessment.submitted_at else None,
    }  # fmt: skip


def _sections(part: Part) -> list[dict[str, Any]]:
    shown = {question.id for question in part.visible}
    sections = [
        {
            "id": section.id,
            "title": section.title,
            "questions": [_question(part, question) for question in section.questions if question.id in shown],
        }
        for section in part.questionnaire.sections
    ]
    return [section for section in sections if section["questions"]]


def _question(part: Part, question: Question) -> dict[str, Any]:
    answer, verdict = part.answers.get(question.id), part.verdicts.get(question.id)
    labels = {choice.value: choice.label for choice in question.choices}
    return {
        "id": question.id,
        "text": question.text,
        "type": question.type,
        "references": list(question.references),
        "answer": answer.value if answer else "unanswered",
        "answer_label": labels.get(answer.value, answer.value) if answer else "Unanswered",
        "comment": answer.comment if answer else "",
        "answered_by": answer.saved_by if answer else "",
        "verdict": verdict.outcome if verdict else "",
        "level": verdict.level if verdict else "",
        "remark": verdict.remark if verdict else "",
        "verdict_by": verdict.by if verdict else "",
        "evidence": [file.digest for file in _under(part.evidence, question) if file.withdrawn_at is None],
    }


def _under(files: Iterable[Evidence], question: Question) -> Iterable[Evidence]:
    return (file for file in files if file.question_id == question.id)


def _file(file: Evidence) -> dict[str, Any]:
    return {
        "question": file.question_id,
        "name": file.name,
        "size": file.size,
        "sha256": file.digest,
        "media_type": file.media_type,
        "uploaded_at": written(file.uploaded_at),
        "uploaded_by": file.uploaded_by,
        "withdrawn_at": written(file.withdrawn_at),
        "withdrawn_because": file.withdrawn_because,
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": written(entry.at),
        "who": entry.actor_name,
        "role": entry.actor_role,
        "action": entry.action,
        "record": entry.record_type,
        "record_id": str(entry.record_id or ""),
        "changes": told(entry),
        "reason": entry.reason,
        "digest": entry.digest,
    }
