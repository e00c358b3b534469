"""What the respondent's pages show of a room: plain data for the macros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, url_for

from portal.db import now
from portal.errors import PortalError
from portal.models.assessments import Assessment
from portal.models.evidence import Evidence
from portal.services.assessments import answers, colleagues
from portal.services.assessments.answers import Room
from portal.views import pages
from questionnaires.definition import Question, Questionnaire, Section

REVIEW = {"submitted": "Waiting for review", "in_review": "In review", "returned": "Sent back to you"}


@dataclass(frozen=True, slots=True)
class Refused:
    """What a person typed or attached that could not be kept, and why; the page shows both again."""

    question_id: str
    error: PortalError
    typed: Mapping[str, str] | None = None


def bar(room: Room) -> dict[str, Any]:
    """Return what the head of each page says: who asks whom, until when, and how far it has come."""
    who = g.respondent
    answered, total = tally(room)
    saved = max((row.saved_at for row in room.answers.values()), default=None)
    return {
        "sponsor": who.tenant_name, "supplier": who.supplier_name, "subject": who.title, "person": who.name,
        "due": pages.day(who.due_on), "days_left": (who.due_on - now().date()).days if room.open else None,
        "answered": answered, "total": total if room.open else 0, "saved": when(saved),
        "sign_out": url_for("visits.leave"),
    }  # fmt: skip


def tally(room: Room, section: Section | None = None) -> tuple[int, int]:
    """Return (done, to do) of a room or a section: its questions, or after a return those that came back."""
    if room.assessment.state != "returned":
        return room.progress.sections[section.id] if section else (room.progress.answered, room.progress.total)
    back = [item for item in sent_back(room) if section is None or item in section.questions]
    return sum(answered_again(room, item) for item in back), len(back)


def sent_back(room: Room) -> list[Question]:
    """Return the questions that the reviewer sent back, while they are open."""
    return [item for item in room.visible if room.assessment.state == "returned" and item.id in room.editable]


def answered_again(room: Room, question: Question) -> bool:
    """Tell whether an answer or its files changed after the question was sent back."""
    if question.id not in room.answers or question.id not in room.verdicts:
        return question.id in room.answers
    since = room.verdicts[question.id].at
    files = room.evidence.get(question.id, ())
    changes = [moment for row in files for moment in (row.uploaded_at, row.withdrawn_at) if moment]
    return any(moment > since for moment in (room.answers[question.id].saved_at, *changes))


def shown(room: Room, section: Section) -> list[Question]:
    """Return the questions of a section that the answers so far call for."""
    return [question for question in section.questions if question in room.visible]


def sections(room: Room) -> list[Section]:
    """Return the sections that ask anything at all."""
    return [section for section in room.questionnaire.sections if shown(room, section)]


def navigation(room: Room) -> list[dict[str, Any]]:
    """Return the list of sections with how far each has come."""
    helpers = colleagues.by_section(colleagues.of(room.assessment))
    return [_entry(room, section, helpers) for section in sections(room)]


def _entry(room: Room, section: Section, helpers: Mapping[str, str]) -> dict[str, Any]:
    answered, total = tally(room, section)
    return {
        "id": section.id, "title": section.title, "href": url_for("answering.section", section_id=section.id),
        "answered": answered, "total": total, "note": "" if total else "nothing sent back",
        "by": helpers.get(section.id, ""),
    }  # fmt: skip


def missing(room: Room) -> list[dict[str, Any]]:
    """Return the open questions, section by section."""
    rows = [
        {"section": section, "questions": [item for item in section.questions if item in room.progress.missing]}
        for section in room.questionnaire.sections
    ]
    return [row for row in rows if row["questions"]]


def neighbours(room: Room, section: Section) -> tuple[Section | None, Section | None]:
    """Return the sections before and after one; after a return, among those that came back."""
    row = [item for item in sections(room) if tally(room, item)[1]]
    if section not in row:
        return None, None
    place = row.index(section)
    return (row[place - 1] if place else None), (row[place + 1] if place + 1 < len(row) else None)


def cards(room: Room, section: Section, refused: Refused | None = None) -> list[dict[str, Any]]:
    """Return the questions of a section, each with all that its card shows."""
    return [_card(room, question, refused) for question in shown(room, section)]


def _card(room: Room, question: Question, refused: Refused | None) -> dict[str, Any]:
    row, back = room.answers.get(question.id), question in sent_back(room)
    here = refused if refused and refused.question_id == question.id else None
    return {
        "q": {"id": question.id, "text": question.text, "references": question.references},
        "guidance": question.guidance, "evidence": question.evidence, "choices": question.choices,
        "label": label(question, row.value if row else ""), "kind": kind(question, row.value if row else ""),
        "answer": (here and here.typed) or row, "version": _version(row.version if row else 0, here),
        "saved": when(row.saved_at) if row else "", "by": row.saved_by if row else "",
        "files": files(room, question.id), "open": question.id in room.editable,
        "reasoned": answers.needs_reason(room, question.id),
        "back": back, "again": back and answered_again(room, question),
        "remark": room.verdicts.get(question.id) if back else None,
        "problem": _problem(here) if here and here.typed else None,
        "file_problem": _problem(here) if here and not here.typed else None,
    }  # fmt: skip


def _version(present: int, refused: Refused | None) -> int:
    # Whoever has read both texts and saves again means to replace the other one.
    return int(refused.error.details.get("version", present)) if refused else present


def _problem(refused: Refused) -> dict[str, str]:
    """Return what is wrong, with the other person's text where there is one: nobody replaces it unread."""
    error, theirs = refused.error, refused.error.details.get("theirs")
    text = error.text
    if theirs and theirs["by"]:
        comment = f" “{theirs['comment']}”" if theirs["comment"] else ""
        text = (
            f"{theirs['by']} saved this at {theirs['at']}: {theirs['label']}.{comment} "
            "Your own answer is above. Save it again to replace theirs, or open the section anew to keep theirs."
        )
    return {"title": error.title, "text": text}


def kind(question: Question, value: str) -> str:
    """Return the colour of an answer: a scoping question has no good and no bad one."""
    return value if question.type == "control" and value else "quiet"


def label(question: Question, value: str) -> str:
    """Return an answer in the words in which it was offered."""
    return next((choice.label for choice in question.choices if choice.value == value), "Not answered")


def files(room: Room, question_id: str) -> list[dict[str, Any]]:
    """Return the files of a question as the list shows them, withdrawn ones last."""
    rows = sorted(room.evidence.get(question_id, ()), key=lambda row: row.withdrawn_at is not None)
    return [_file(row, question_id in room.editable) for row in rows]


def _file(row: Evidence, editable: bool) -> dict[str, Any]:
    gone = row.withdrawn_at is not None
    why = f"Withdrawn by {row.withdrawn_by}, {pages.moment(row.withdrawn_at)}: {row.withdrawn_because}"
    address = url_for("answering.withdraw_evidence", evidence_id=row.id)
    return {
        "id": row.id, "name": row.name, "size": pages.size(row.size), "digest": row.digest, "by": row.uploaded_by,
        "at": pages.moment(row.uploaded_at), "href": url_for("answering.open_evidence", evidence_id=row.id),
        "state": "withdrawn" if gone else "current", "note": why if gone else "",
        "withdraw": address if editable and not gone else "",
    }  # fmt: skip


def said(asked: Questionnaire, content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a submission says, section by section: nothing but the content that its digest covers."""
    given = {answer["question"]: answer for answer in content["answers"]}
    parts = [
        (section.title, [_said(item, given[item.id]) for item in section.questions if item.id in given])
        for section in asked.sections
    ]
    return [{"title": title, "answers": rows} for title, rows in parts if rows]


def _said(question: Question, answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"q": question, "kind": kind(question, answer["value"]), "label": label(question, answer["value"]), **answer}


def figures(content: Mapping[str, Any]) -> dict[str, int]:
    """Count what a submission holds."""
    given: Sequence[Mapping[str, Any]] = content["answers"]
    files = [file for answer in given for file in answer["evidence"]]
    return {
        "answers": len(given), "files": len(files), "bytes": sum(file["size"] for file in files),
        "not_applicable": sum(answer["value"] == "not_applicable" for answer in given),
        "comments": sum(bool(answer["comment"]) for answer in given),
    }  # fmt: skip


def stages(assessment: Assessment) -> list[dict[str, Any]]:
    """Return the stages of an assessment as its respondent lives through them."""
    steps = [
        ("Asked", assessment.sent_at),
        ("Answering", assessment.opened_at),
        ("Signed and submitted", assessment.submitted_at),
        (REVIEW.get(assessment.state, "Review"), None),
        ("Closed", assessment.closed_at),
    ]
    here = {"submitted": 3, "in_review": 3, "returned": 3, "closed": 5}.get(assessment.state, 1)
    return [
        {"label": text, "at": pages.day(moment) if number < here else None,
         "state": "done" if number < here else "now" if number == here else "todo"}
        for number, (text, moment) in enumerate(steps)
    ]  # fmt: skip


def when(value: datetime | None) -> str:
    """Write when something was saved: the time of today, or the day and time of before."""
    if value is None:
        return ""
    return pages.clock(value) if value.date() == now().date() else pages.moment(value)
