"""Submitting: what is missing is said question by question; what is complete is read, signed and closed to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from portal import manifest, outbox, tenancy
from portal.db import db, now
from portal.errors import Forbidden, Invalid
from portal.manifest import Difference
from portal.models.accounts import Person
from portal.models.assessments import Assessment, Invite, Submission, Visit
from portal.models.signatures import Signature
from portal.services import signatures
from portal.services.accounts import people
from portal.services.assessments import answers, introductions, moves
from portal.services.assessments.answers import Room
from questionnaires.definition import Questionnaire


def identify(*, visit_id: UUID, printed_name: str, title: str, password: str) -> Person:
    """Create the signing identity of the mailbox that this visit proved, and bind the visit to it.

    Raises Conflict if the mailbox has one already, Invalid for a weak password (11.100(a), 11.300(a)).
    """
    refuse_part()
    visit = tenancy.fetch(Visit, visit_id)
    invite = tenancy.fetch(Invite, visit.invite_id)
    person = people.create_person(email=invite.email, printed_name=printed_name, title=title, password=password)
    db.session.flush()
    visit.person_id = person.id
    introductions.take_word(visit, person.id)
    return person


def refuse_part() -> None:
    """Raise Forbidden for whoever was asked for single sections: he answers, and another one signs (11.10(g))."""
    if tenancy.scope().sections is not None:
        raise Forbidden("You were asked for single sections. Whoever was asked for all of them signs.")


def content(room: Room) -> dict[str, Any]:
    """Return what a submission says, as plain values: every visible question, its answer and its evidence."""
    asked = room.questionnaire
    return {
        "questionnaire": {"key": asked.key, "version": asked.version, "digest": asked.digest},
        "assessment": room.assessment.id,
        "answers": [
            {
                "question": question.id,
                "value": room.answers[question.id].value,
                "comment": room.answers[question.id].comment,
                "evidence": [
                    {"name": file.name, "sha256": file.digest, "size": file.size}
                    for file in room.evidence.get(question.id, ())
                    if file.withdrawn_at is None
                ],
            }
            for question in room.visible
            if question.id in room.answers
        ],
    }


def digest_of(said: Mapping[str, Any]) -> str:
    """Return the digest of a submission's content: what the page shows, and what the signature covers."""
    return manifest.digest(said)


def changes(asked: Questionnaire, shown: str, shown_digest: str, said: Mapping[str, Any]) -> list[Difference]:
    """Return what was changed since a content was shown for signing; nothing if it is not the one of that digest."""
    if not manifest.same(manifest.text_digest(shown), shown_digest):
        return []
    return list(manifest.differences(_lines(asked, manifest.parsed(shown)), _lines(asked, said)))


def _lines(asked: Questionnaire, said: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Write a content in the words of the page: question -> answer, comment and files."""
    labels = {question.id: {item.value: item.label for item in question.choices} for question in asked.questions}
    return {
        answer["question"]: {
            "Answer": labels[answer["question"]].get(answer["value"], answer["value"]),
            "Comment": answer["comment"],
            "Files": ", ".join(f"{file['name']} ({file['sha256'][:12]})" for file in answer["evidence"]),
        }
        for answer in said["answers"]
    }


def submit(*, credential: signatures.Credential, meaning: str, shown_digest: str) -> Signature:
    """Sign the answers and submit them, in one transaction.

    Raises Invalid naming what is missing or wrong, Conflict if anything changed since it was shown (409) or the
    state forbids it (11.10(f)).
    """
    refuse_part()
    confirmed = signatures.confirm(credential)
    # The lock decides between signing and a colleague's late answer: one of them comes first.
    assessment = tenancy.fetch(Assessment, answers.own_id(), lock=True)
    found = answers.view(assessment)
    if not found.progress.complete:
        count = len(found.progress.missing)
        raise Invalid(f"{count} question{'s are' if count > 1 else ' is'} still open. Answer them first.")
    moves.check(assessment, "submit")
    said = content(found)
    submission = Submission(
        assessment_id=assessment.id, number=latest_number(assessment) + 1,
        content=manifest.canonical(said).decode(), digest=digest_of(said), submitted_at=now(),
    )  # fmt: skip
    # Signing comes first: where it is refused, nothing has moved, and the page can be shown again.
    signature = signatures.sign(
        record=submission, assessment_id=assessment.id, by=confirmed, meaning=meaning,
        content_digest=submission.digest, shown_digest=shown_digest, last_change=found.last_change,
    )  # fmt: skip
    db.session.add(submission)
    moves.make(assessment, "submit")
    assessment.submitted_at = submission.submitted_at
    db.session.flush()
    _reopen_verdicts(found)
    # A respondent sees nothing of the supplier beyond this assessment, so the portal itself settles the rest.
    outbox.later("settle_supplier", assessment.supplier_id)
    return signature


def manifested(assessment: Assessment) -> list[dict[str, Any]]:
    """Return the signatures of an assessment as every readable form shows them, with what each one stands on.

    A signature stays with the submission that it was given for, and is superseded once another submission follows.
    """
    statement = select(Submission.id, Submission.number).where(Submission.assessment_id == assessment.id)
    numbers = {row.id: row.number for row in db.session.execute(statement)}
    newest = max(numbers.values(), default=0)
    return [
        {**signatures.shown(row), **_standing(numbers.get(row.record_id), newest)}
        for row in signatures.of_assessment(assessment.id)
    ]


def _standing(number: int | None, newest: int) -> dict[str, Any]:
    if number is None:
        return {"on": "Rating", "superseded": ""}
    return {"on": f"Submission {number}", "superseded": f"Submission {newest}" if number < newest else ""}


def latest(assessment: Assessment) -> Submission | None:
    """Return the newest submission, which is what a review is about."""
    statement = select(Submission).where(Submission.assessment_id == assessment.id)
    return db.session.scalars(statement.order_by(Submission.number.desc())).first()


def latest_number(assessment: Assessment) -> int:
    """Return the number of the newest submission; 0 while there is none."""
    statement = select(func.max(Submission.number)).where(Submission.assessment_id == assessment.id)
    return db.session.scalar(statement) or 0


def _reopen_verdicts(found: Room) -> None:
    """Ask for a new verdict on what was sent back and has now been answered again."""
    for verdict in found.verdicts.values():
        if verdict.outcome == "question_back":
            verdict.outcome = "pending"
