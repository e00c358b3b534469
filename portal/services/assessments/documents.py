"""What an assessment was sent with: questionnaire, rubric and method, frozen by digest."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from sqlalchemy import select

from portal import manifest, tenancy
from portal.db import db
from portal.models.assessments import Assessment, FrozenDocument
from questionnaires import load
from questionnaires.definition import Questionnaire
from scoring import rubric
from scoring.method import Method, load_method
from scoring.rubric import Rubric, load_rubric


def freeze(questionnaire: Questionnaire) -> tuple[FrozenDocument, FrozenDocument, FrozenDocument]:
    """Return the frozen questionnaire, rubric and method, storing what this sponsor does not hold yet."""
    weights = rubric.rubric(questionnaire.key)
    method = rubric.method(weights.method)
    body = load.source(questionnaire.key, questionnaire.version)
    return (
        _frozen("questionnaire", questionnaire.key, questionnaire.version, body),
        _frozen("rubric", weights.key, weights.version, weights.source),
        _frozen("method", method.id, method.id.rsplit("-", 1)[-1], method.source),
    )


def _frozen(kind: str, key: str, version: str, body: str) -> FrozenDocument:
    digest = manifest.text_digest(body)
    row = db.session.scalar(select(FrozenDocument).where(FrozenDocument.digest == digest))
    if row is None:
        row = FrozenDocument(kind=kind, key=key, version=version, digest=digest, body=body)
        db.session.add(row)
        db.session.flush()
    return row


def questionnaire(assessment: Assessment) -> Questionnaire:
    """Return the questionnaire as it was when sent."""
    return _questionnaire(assessment.questionnaire_id)


def weights(assessment: Assessment) -> tuple[Rubric, Method]:
    """Return rubric and method as they were when the questionnaire was sent."""
    return _rubric(assessment.rubric_id), _method(assessment.method_id)


# A frozen document never changes, and its id comes from an assessment that the scope may see: what was once
# parsed may be kept under that id.
@lru_cache(maxsize=256)
def _questionnaire(document_id: UUID) -> Questionnaire:
    return load.load(_body(document_id))


@lru_cache(maxsize=256)
def _rubric(document_id: UUID) -> Rubric:
    return load_rubric(_body(document_id))


@lru_cache(maxsize=256)
def _method(document_id: UUID) -> Method:
    return load_method(_body(document_id))


def _body(document_id: UUID) -> str:
    return tenancy.fetch(FrozenDocument, document_id).body
