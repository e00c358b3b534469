"""Answering: each answer is saved by itself, and two people on one question never overwrite each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import tenancy
from portal.db import db, now
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.models.assessments import Answer, Assessment, Verdict
from portal.models.evidence import Evidence
from portal.services.assessments import documents, moves
from portal.services.audit import reasons
from questionnaires import answers, lifecycle, progress
from questionnaires.definition import Question, Questionnaire, Section

WHY = "Say in a few words why you change what you submitted."


@dataclass(frozen=True, slots=True)
class Room:
    """All that the answering screen shows, read in a constant number of statements."""

    assessment: Assessment
    questionnaire: Questionnaire
    visible: tuple[Question, ...]
    progress: progress.Progress
    answers: Mapping[str, Answer]
    evidence: Mapping[str, Sequence[Evidence]]
    verdicts: Mapping[str, Verdict]
    editable: frozenset[str]

    @property
    def open(self) -> bool:
        """Tell whether anything may still be changed, if not by everybody."""
        return lifecycle.allowed(self.assessment.state, "answer")

    @property
    def last_change(self) -> datetime:
        """Return when an answer, a file or a verdict was last changed: nothing is signed at an earlier time."""
        files = [file for group in self.evidence.values() for file in group]
        return max(
            self.assessment.sent_at,
            *(row.saved_at for row in self.answers.values()),
            *(file.withdrawn_at or file.uploaded_at for file in files),
            *(row.at for row in self.verdicts.values()),
        )


def room(*, lock: bool = False) -> Room:
    """Return the room of the respondent's own assessment; `lock` before changing what it shows."""
    return view(tenancy.fetch(Assessment, own_id(), lock=lock))


def view(assessment: Assessment) -> Room:
    """Return answers, evidence and verdicts of an assessment with its questionnaire."""
    evidence: dict[str, list[Evidence]] = {}
    for file in sorted(_rows(Evidence, assessment), key=lambda file: (file.uploaded_at, file.name)):
        evidence.setdefault(file.question_id, []).append(file)
    return _assembled(
        assessment,
        documents.questionnaire(assessment),
        {row.question_id: row for row in _rows(Answer, assessment)},
        evidence,
        {row.question_id: row for row in _rows(Verdict, assessment)},
    )


def _for_saving(assessment: Assessment) -> Room:
    """Return the room, before submission without files and verdicts: an answer is saved with every pause in typing."""
    if assessment.state == "returned":
        return view(assessment)
    rows = {row.question_id: row for row in _rows(Answer, assessment)}
    return _assembled(assessment, documents.questionnaire(assessment), rows, {}, {})


def _assembled(
    assessment: Assessment,
    asked: Questionnaire,
    rows: Mapping[str, Answer],
    evidence: Mapping[str, Sequence[Evidence]],
    verdicts: Mapping[str, Verdict],
) -> Room:
    found = progress.progress(asked, typed(rows))
    editable = _editable(assessment, found.shown, rows, verdicts) & _delegated(asked)
    return Room(assessment, asked, found.shown, found, rows, evidence, verdicts, editable)


def _delegated(asked: Questionnaire) -> frozenset[str]:
    """Return the questions of the sections that the present actor was asked for: all, unless some were named."""
    named = tenancy.scope().sections
    own = [section for section in asked.sections if named is None or section.id in named]
    return frozenset(question.id for section in own for question in section.questions)


def typed(rows: Mapping[str, Answer]) -> dict[str, answers.Answer]:
    """Return rows as the questionnaire's own answers."""
    return {question_id: answers.Answer(row.value, row.comment) for question_id, row in rows.items()}


def _editable(
    assessment: Assessment, shown: Sequence[Question], rows: Mapping[str, Answer], verdicts: Mapping[str, Verdict]
) -> frozenset[str]:
    """Return the questions that may be changed now: all before submission, the named ones after a return."""
    if assessment.state in {"sent", "answering"}:
        return frozenset(question.id for question in shown)
    if assessment.state != "returned":
        return frozenset()
    back = {question_id for question_id, row in verdicts.items() if row.outcome == "question_back"}
    # A changed answer may bring up a question that was not asked before.
    return frozenset(question.id for question in shown if question.id in back or question.id not in rows)


def section_of(room: Room, section_id: str) -> Section:
    """Return a section by its id; raise NotFound otherwise."""
    for section in room.questionnaire.sections:
        if section.id == section_id:
            return section
    raise NotFound


def next_section(room: Room) -> Section:
    """Return where to go on: the section of the first open question that may be changed."""
    todo = [question for question in room.progress.missing if question.id in room.editable]
    back = [question for question in room.visible if question.id in room.editable]
    goal = (todo or back or list(room.visible))[0]
    return next(section for section in room.questionnaire.sections if goal in section.questions)


@dataclass(frozen=True, slots=True)
class Saved:
    """An answer that was saved, and the room as it is now; reshaped: other questions are shown than before."""

    row: Answer
    room: Room
    reshaped: bool


def save(*, question_id: str, raw: Mapping[str, str], version: int, reason: str = "") -> Saved:
    """Save one answer if nobody saved another since `version` (0: there was none).

    Raises Invalid for what is no answer, or what changes a submitted one without a reason; Conflict with both texts
    for a newer one, Conflict by state.
    """
    before = _for_saving(tenancy.fetch(Assessment, own_id(), lock=True))
    question = editable_question(before, question_id)
    given = answers.read(question, raw)
    if isinstance(given, answers.Problem):
        raise Invalid(given.text, field=given.field)
    row = before.answers.get(question_id)
    present = row.version if row else 0
    if present != version and not _says(row, given):
        raise _conflict(question, row, given)
    if not _says(row, given):
        if needs_reason(before, question_id):
            reasons.demand(reason, WHY)
        row = _write(before.assessment, question_id, row, given)
    if row is None:
        raise NotFound
    rows = {**before.answers, question_id: row}
    after = _assembled(before.assessment, before.questionnaire, rows, before.evidence, before.verdicts)
    return Saved(row, after, reshaped=after.visible != before.visible)


def needs_reason(found: Room, question_id: str) -> bool:
    """Tell whether an answer was submitted before, so that its change needs a reason."""
    verdict = found.verdicts.get(question_id)
    return found.assessment.state == "returned" and verdict is not None and verdict.outcome == "question_back"


def editable_question(found: Room, question_id: str) -> Question:
    """Return a question that may be changed now; raise NotFound or Conflict otherwise (11.10(f))."""
    for question in found.visible:
        if question.id == question_id:
            if question_id not in found.editable:
                moves.check(found.assessment, "answer")
                if question_id not in _delegated(found.questionnaire):
                    raise Forbidden("You were asked for other sections. This one you can read.")
                raise Conflict("This answer was accepted as it is. Only the questions that were sent back are open.")
            return question
    raise NotFound


def _says(row: Answer | None, given: answers.Answer) -> bool:
    return row is not None and (row.value, row.comment) == (given.value, given.comment)


def _write(assessment: Assessment, question_id: str, row: Answer | None, given: answers.Answer) -> Answer:
    if row is None:
        row = Answer(assessment_id=assessment.id, question_id=question_id, value="")
        db.session.add(row)
    row.value, row.comment = given.value, given.comment
    row.saved_at, row.saved_by = now(), tenancy.scope().actor.name
    state = moves.after(assessment.state, "answer")
    if state != assessment.state:
        assessment.state = state
    db.session.flush()
    return row


def _conflict(question: Question, row: Answer | None, given: answers.Answer) -> Conflict:
    labels = {choice.value: choice.label for choice in question.choices}
    theirs: dict[str, Any] = {"value": "", "label": "No answer", "comment": "", "by": "", "at": ""}
    if row is not None:
        theirs = {
            "value": row.value, "label": labels.get(row.value, row.value), "comment": row.comment,
            "by": row.saved_by, "at": row.saved_at.strftime("%Y-%m-%d %H:%M UTC"),
        }  # fmt: skip
    yours = {"value": given.value, "label": labels[given.value], "comment": given.comment}
    return Conflict(
        "Another answer was saved after you opened this question. Compare both and choose.",
        yours=yours, theirs=theirs, version=row.version if row else 0,
    )  # fmt: skip


def _rows(model: type[Any], assessment: Assessment) -> Sequence[Any]:
    return db.session.scalars(select(model).where(model.assessment_id == assessment.id)).all()


def own_id() -> Any:
    """Return the only assessment that a respondent reaches; raise NotFound for anybody else."""
    found = tenancy.scope().assessment_id
    if found is None:
        raise NotFound
    return found
