"""Reviewing: a verdict for each answer, questions back to the supplier, and closing under signature."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select

from portal import mail, manifest, outbox, tenancy
from portal.db import db, now
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.manifest import Difference
from portal.models.assessments import OUTCOMES, Assessment, Rating, Verdict
from portal.services import signatures, suppliers
from portal.services.assessments import answers, documents, moves, rating, sending, submitting
from portal.services.assessments.answers import Room
from portal.services.audit import reasons
from portal.services.signatures import Confirmed, Credential
from questionnaires.definition import Question
from scoring import document, score
from scoring.canonical import canonical

LEVELS = {
    "E0": "E0 asserted only (60 %)",
    "E1": "E1 supplied, not reviewed, or expired (70 %)",
    "E2": "E2 reviewed and current (85 %)",
    "E3": "E3 independent and in scope (95 %)",
    "E4": "E4 verified by own audit (100 %)",
}
SHORTEST_REMARK = 5
SIGNED = ("assessment", "submission", "as_of", "method", "input", "result")


def get(assessment_id: UUID, *, lock: bool = False) -> Assessment:
    """Return an assessment of the present sponsor, raise NotFound otherwise; `lock` before changing what it holds."""
    return tenancy.fetch(Assessment, assessment_id, lock=lock)


def give_verdict(
    *, assessment: Assessment, question_id: str, outcome: str, level: str, remark: str, version: int,
    reason: str = "",
) -> Verdict:  # fmt: skip
    """Give or change the verdict on one answer; the first one starts the review.

    Raises Conflict by state or when somebody else gave one meanwhile, Invalid for a verdict that cannot be, and for a
    changed one without a reason.
    """
    assessment = get(assessment.id, lock=True)
    found = answers.view(assessment)
    question = _question(found, question_id)
    moves.check(assessment, "judge")
    _check(found, question, outcome, level, remark)
    verdict = found.verdicts.get(question_id)
    if (verdict.version if verdict else 0) != version:
        raise _conflict(verdict, {"label": OUTCOMES[outcome], "comment": remark.strip()})
    given = outcome, level if outcome == "accepted" else "", remark.strip()
    if verdict is not None and (verdict.outcome, verdict.level, verdict.remark) == given:
        return verdict
    if needs_reason(verdict):
        reasons.demand(reason, "Say in a few words why you change a verdict that was given.")
    moves.make(assessment, "judge")
    if verdict is None:
        verdict = Verdict(assessment_id=assessment.id, question_id=question_id)
        db.session.add(verdict)
    verdict.outcome, verdict.level, verdict.remark = given
    verdict.by, verdict.at = tenancy.scope().actor.name, now()
    db.session.flush()
    return verdict


def needs_reason(verdict: Verdict | None) -> bool:
    """Tell whether a verdict was given before, so that its change needs a reason: on a new answer it is a new one."""
    return verdict is not None and verdict.outcome in OUTCOMES


def _question(found: Room, question_id: str) -> Question:
    for question in found.visible:
        if question.id == question_id and question.type == "control":
            return question
    raise NotFound


def _check(found: Room, question: Question, outcome: str, level: str, remark: str) -> None:
    if outcome not in OUTCOMES:
        raise Invalid("Choose a verdict: accepted, gap, or question back.", field="outcome")
    answer = found.answers[question.id].value
    if outcome == "accepted" and answer in rating.CLAIMED and level not in LEVELS:
        raise Invalid("Say how well the evidence proves it: E0 to E4.", field="level")
    if outcome == "accepted" and answer in {"no", "planned"}:
        raise Invalid("The supplier says that this is not in place. The verdict is a gap.", field="outcome")
    if outcome == "accepted" and answer == "not_applicable" and _is_critical(found, question):
        # SRM-1.0 step 7: critical questions leave only by scoping.
        raise Invalid("A critical question cannot be waived as not applicable. Ask back, or call it a gap.")
    if outcome != "accepted" and len(remark.strip()) < SHORTEST_REMARK:
        raise Invalid("Say in a few words what is missing; the supplier reads it.", field="remark")


def _conflict(verdict: Verdict | None, yours: dict[str, str]) -> Conflict:
    theirs = {"label": "No verdict", "comment": ""}
    if verdict is not None:
        theirs = {
            "label": OUTCOMES.get(verdict.outcome, "No verdict"), "comment": verdict.remark, "by": verdict.by,
            "at": verdict.at.strftime("%Y-%m-%d %H:%M UTC"),
        }  # fmt: skip
    text = "Somebody else gave a verdict on this answer meanwhile. Compare both, then open the review again."
    return Conflict(text, yours=yours, theirs=theirs)


def _is_critical(found: Room, question: Question) -> bool:
    weights, method = documents.weights(found.assessment)
    return weights.questions[question.id].deficiency == method.gate_class


def undecided(found: Room) -> Sequence[Question]:
    """Return the answers that still need a verdict."""
    settled = {key for key, row in found.verdicts.items() if row.outcome in {"accepted", "gap"}}
    return [item for item in found.visible if item.type == "control" and item.id not in settled]


def sent_back(found: Room) -> Sequence[Question]:
    """Return the questions that go back to the supplier."""
    back = {key for key, row in found.verdicts.items() if row.outcome == "question_back"}
    return [question for question in found.visible if question.id in back]


def return_to_supplier(*, assessment: Assessment, due_on: date, today: date) -> Assessment:
    """Send the named questions back; the signed submission stays as it is, a new one will follow it."""
    assessment = get(assessment.id, lock=True)
    moves.check(assessment, "return")
    if not sent_back(answers.view(assessment)):
        raise Invalid("No question is marked as 'question back'.")
    if not today < due_on <= today + sending.LONGEST_LIFE:
        raise Invalid("Choose a due date after today, within 90 days.")
    moves.make(assessment, "return")
    assessment.due_on = due_on
    for invite in sending.invites_of(assessment):
        invite.expires_at = max(invite.expires_at, sending.end_of_life(due_on))
    suppliers.settle(assessment.supplier)
    if mail.configured():
        outbox.later("mail_returned", sending.invite_of(assessment).id)
    return assessment


def close(
    *, assessment_id: UUID, credential: Credential | Confirmed, meaning: str, shown_digest: str, today: date
) -> Rating:
    """Close the review: the rating becomes final, under the reviewer's signature, in one transaction."""
    confirmed = signatures.confirm(credential)
    # The lock decides between closing and a colleague's late verdict: one of them comes first.
    assessment = get(assessment_id, lock=True)
    moves.check(assessment, "close")
    if any(row.person_id == confirmed.person_id for row in signatures.of_assessment(assessment.id)):
        raise Forbidden("You signed these answers yourself. Somebody else has to close the review.")
    found = answers.view(assessment)
    if left := undecided(found):
        raise Conflict(f"{len(left)} answers still need a verdict, or a reply from the supplier.")
    row = rating_row(found, today)
    # Signing comes first: where it is refused, nothing has moved, and the page can be shown again.
    signatures.sign(
        record=row, assessment_id=assessment.id, by=confirmed, meaning=meaning,
        content_digest=content_digest(row), shown_digest=shown_digest, last_change=found.last_change,
    )  # fmt: skip
    moves.make(assessment, "close")
    assessment.closed_at = now()
    db.session.add(row)
    db.session.flush()
    suppliers.settle(assessment.supplier)
    return row


def rating_row(found: Room, today: date) -> Rating:
    """Return the rating of a room as a row that holds its own input."""
    rated = rating.must_rate(found)
    result = rated.result.document()
    return Rating(
        assessment_id=found.assessment.id, method=rated.result.method.id, as_of=today,
        submission_number=submitting.latest_number(found.assessment), input=rated.result.case.canonical(),
        input_digest=rated.result.case.digest, result=canonical(result),
        final=rated.result.final, status=rated.result.status, computed_at=now(),
    )  # fmt: skip


def content(row: Rating) -> str:
    """Return what a reviewer signs, in its one form: what was rated, by which method, from which input, to what."""
    signed = (row.assessment_id, row.submission_number, row.as_of, row.method, row.input, row.result)
    return manifest.canonical(dict(zip(SIGNED, signed, strict=True))).decode()


def content_digest(row: Rating) -> str:
    """Return the digest of what a reviewer signs."""
    return manifest.text_digest(content(row))


def changes(shown: str, shown_digest: str, row: Rating) -> list[Difference]:
    """Return what was changed since a rating was shown for signing; nothing if it is not the one of that digest."""
    if not manifest.same(manifest.text_digest(shown), shown_digest):
        return []
    return list(manifest.differences(_lines(shown), _lines(content(row))))


def _lines(text: str) -> dict[str, dict[str, str]]:
    """Write what is signed in words: how each answer counts, and what follows."""
    said = manifest.parsed(text)
    counted = {
        item["id"]: {"Counts as": f"{item['answer'].replace('_', ' ')}, evidence {item['evidence']}"}
        for item in manifest.parsed(said["input"])["questions"]
    }
    result = manifest.parsed(said["result"])
    rated = {
        "Result": f"{result['final']} {result['final_name']}" if "final" in result else "Not rated",
        "As of": said["as_of"],
        "Answers": f"Submission {said['submission']}",
    }
    return {**counted, "Rating": rated}


def final_rating(assessment: Assessment) -> Rating | None:
    """Return the rating that was signed when the review was closed, if it was."""
    statement = select(Rating).where(Rating.assessment_id == assessment.id).order_by(Rating.computed_at.desc())
    return db.session.scalars(statement).first()


def recomputes(row: Rating) -> bool:
    """Tell whether the stored input, by the method that was frozen at sending, still gives the stored result."""
    assessment = tenancy.fetch(Assessment, row.assessment_id)
    _, method = documents.weights(assessment)
    case = document.read(manifest.parsed(row.input))
    result = score.rate(case, method)
    again = (case.digest, canonical(result.document()), result.final, result.status)
    return again == (row.input_digest, row.result, row.final, row.status)
