"""What an assessment was sent with: questionnaire, rubric and method, frozen by digest."""

from __future__ import annotations

from functools import lru_cache

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
    return _parsed_questionnaire(tenancy.fetch(FrozenDocument, assessment.questionnaire_id).body)


def weights(assessment: Assessment) -> tuple[Rubric, Method]:
    """Return rubric and method as they were when the questionnaire was sent."""
    frozen = [tenancy.fetch(FrozenDocument, row_id) for row_id in (assessment.rubric_id, assessment.method_id)]
    return _parsed_rubric(frozen[0].body), _parsed_method(frozen[1].body)


# Parsing is pure and a body never changes, so a parsed document may be kept by its text.
_parsed_questionnaire = lru_cache(maxsize=64)(load.load)
_parsed_rubric = lru_cache(maxsize=64)(load_rubric)
_parsed_method = lru_cache(maxsize=8)(load_method)
