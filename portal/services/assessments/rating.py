"""Rating: answers and verdicts become the input of SRM-1.0; the arithmetic itself is in scoring/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal import manifest
from portal.db import db
from portal.errors import Conflict
from portal.models.assessments import Answer, Assessment, Rating, Verdict
from portal.models.suppliers import EXPOSURE, IMPACT, Supplier
from portal.services.assessments import documents
from portal.services.assessments.answers import Room
from questionnaires.definition import Question
from scoring import document, explain, score
from scoring.rubric import Rubric

# The supplier's word in the questionnaire -> the method's word.
ANSWERS = {"implemented": "implemented", "partial": "partial", "planned": "planned", "no": "no"}
CLAIMED = frozenset({"implemented", "partial"})


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating with its input and the sentences that explain it."""

    input: dict[str, Any]
    result: score.Rating
    lines: tuple[explain.Line, ...]
    domain_titles: Mapping[str, str]

    @property
    def drivers(self) -> tuple[str, ...]:
        """Return the named reasons in plain sentences."""
        return explain.driver_sentences(self.result, self.domain_titles)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return how the result came about, step by step."""
        return explain.result_sentences(self.result)


def rate(room: Room) -> Rated | None:
    """Rate an assessment as it stands; nothing while a risk factor of the supplier is missing."""
    rubric, method = documents.weights(room.assessment)
    entered = _signed(room.assessment) or _entered(room, rubric)
    if entered is None:
        return None
    read = document.read(entered)
    result = score.rate(read, method)
    return Rated(entered, result, explain.lines(read, result), rubric.domains)


def _signed(assessment: Assessment) -> dict[str, Any] | None:
    """Return the input that was signed at closing: what the profile says later must not change that rating."""
    statement = select(Rating.input).where(Rating.assessment_id == assessment.id).order_by(Rating.computed_at.desc())
    found = db.session.scalar(statement.limit(1)) if assessment.state == "closed" else None
    return manifest.parsed(found) if found else None


def _entered(room: Room, rubric: Rubric) -> dict[str, Any] | None:
    supplier = room.assessment.supplier
    if any(getattr(supplier, name) is None for name in (*IMPACT, *EXPOSURE)):
        return None
    return case(room, supplier, rubric)


def must_rate(room: Room) -> Rated:
    """Rate an assessment; raise Conflict while the supplier's risk factors are not all set."""
    rated = rate(room)
    if rated is None:
        raise Conflict("The supplier's seven risk factors are not all set. Set them in the profile first.")
    return rated


def case(room: Room, supplier: Supplier, rubric: Rubric) -> dict[str, Any]:
    """Return the method's input document: only what is in scope, each question with its answer and evidence."""
    questions = [_question(question, rubric, room) for question in room.visible if question.id in rubric.questions]
    asked = {question["domain"] for question in questions}
    return {
        "impact": [getattr(supplier, name) for name in IMPACT],
        "exposure": [getattr(supplier, name) for name in EXPOSURE],
        # A domain that scoping has emptied has no weight: the method refuses one without a question.
        "domain_weights": {domain: weight for domain, weight in rubric.domain_weights.items() if domain in asked},
        "questions": questions,
    }


def _question(question: Question, rubric: Rubric, room: Room) -> dict[str, str]:
    placed = rubric.questions[question.id]
    answer, verdict = room.answers.get(question.id), room.verdicts.get(question.id)
    supplied = any(file.withdrawn_at is None for file in room.evidence.get(question.id, ()))
    return {
        "id": question.id,
        "domain": placed.domain,
        "class": placed.deficiency,
        "answer": _counted(answer, verdict),
        "evidence": _level(verdict, supplied=supplied),
    }


def _counted(answer: Answer | None, verdict: Verdict | None) -> str:
    outcome = verdict.outcome if verdict else "pending"
    if answer is None:
        return "unanswered"
    if answer.value == "not_applicable":
        # SRM-1.0 step 7: the reason counts only once the sponsor's QA accepted it; refused, it is a gap.
        return {"accepted": "na_accepted", "gap": "no"}.get(outcome, "na_pending")
    if outcome == "gap" and answer.value in CLAIMED:
        return "no"
    return ANSWERS[answer.value]


def _level(verdict: Verdict | None, *, supplied: bool) -> str:
    if verdict is not None and verdict.outcome == "accepted" and verdict.level:
        return verdict.level
    return "E1" if supplied else "E0"
