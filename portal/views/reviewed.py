"""Shape an assessment's answers for the reviewer: section by section, each with its evidence and its verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import url_for

from portal.models.assessments import OUTCOMES
from portal.models.evidence import Evidence
from portal.services.assessments import reviewing
from portal.services.assessments.answers import Room
from portal.services.assessments.rating import CLAIMED
from portal.services.audit import reasons
from portal.views.pages import moment, size
from questionnaires.definition import Question

FILTERS: Mapping[str, tuple[str, Callable[[dict[str, Any]], bool]]] = {
    "all": ("All", lambda _item: True),
    "undecided": ("Undecided", lambda item: not item["decided"]),
    "gaps": ("Gaps and “no”", lambda item: item["outcome"] == "gap" or item["value"] in {"no", "planned"}),
    "na": ("Not applicable", lambda item: item["value"] == "not_applicable"),
}


def filter_of(wanted: str | None) -> str:
    """Return a filter that exists."""
    return wanted if wanted is not None and wanted in FILTERS else "all"


def sections(room: Room, classes: Mapping[str, str], wanted: str = "all") -> list[dict[str, Any]]:
    """Return the sections with control questions: their items, those that a filter shows, how many are decided."""
    open_ids = {question.id for question in reviewing.undecided(room)}
    why, found = reasons.of_answers(room.assessment.id), []
    for section in room.questionnaire.sections:
        asked = [question for question in section.questions if question in room.visible and question.type == "control"]
        if asked:
            items = [_item(room, question, classes.get(question.id, ""), open_ids, why) for question in asked]
            shown = list(filter(FILTERS[wanted][1], items))
            found.append(
                {"id": section.id, "title": section.title, "href": _href(room, section.id, here=bool(shown)),
                 "items": items, "shown": shown, "answered": sum(item["decided"] for item in items),
                 "total": len(items)}
            )  # fmt: skip
    return found


def _href(room: Room, section_id: str, *, here: bool) -> str:
    """Return where a section is: on this page, or, where the filter hides all of it, on the unfiltered one."""
    anchor = f"section-{section_id}"
    return f"#{anchor}" if here else url_for("review.show", assessment_id=room.assessment.id, _anchor=anchor)


def tabs(found: list[dict[str, Any]], wanted: str, assessment_id: UUID) -> list[dict[str, Any]]:
    """Return the filters with what each would show."""
    items = [item for section in found for item in section["items"]]
    return [
        {
            "label": label,
            "count": sum(map(fits, items)),
            "active": key == wanted,
            "href": url_for("review.show", assessment_id=assessment_id, show=key),
        }
        for key, (label, fits) in FILTERS.items()
    ]


def scope(room: Room) -> list[tuple[str, str, str]]:
    """Return question, answer and comment of each scoping question, which need no verdict."""
    asked = [question for question in room.visible if question.type != "control"]
    return [(question.text, *_said(room, question)) for question in asked]


def _said(room: Room, question: Question) -> tuple[str, str]:
    answer = room.answers.get(question.id)
    if answer is None:
        return "Not answered", ""
    return {choice.value: choice.label for choice in question.choices}[answer.value], answer.comment


def _item(
    room: Room, question: Question, deficiency: str, open_ids: set[str], why: Mapping[UUID, str]
) -> dict[str, Any]:
    answer, verdict = room.answers.get(question.id), room.verdicts.get(question.id)
    label, comment = _said(room, question)
    return {
        "q": question,
        "class_name": deficiency,
        "value": answer.value if answer else "unanswered",
        "label": label,
        "comment": comment,
        "by": answer.saved_by if answer else "",
        "at": moment(answer.saved_at) if answer else "",
        "claimed": answer is not None and answer.value in CLAIMED,
        "files": [_file(file) for file in room.evidence.get(question.id, ())],
        "why": why.get(answer.id, "") if answer else "",
        "changed": reviewing.needs_reason(verdict),
        "verdict": verdict,
        "outcome": verdict.outcome if verdict else "",
        "decided": question.id not in open_ids,
    }


def _file(file: Evidence) -> dict[str, Any]:
    withdrawn = file.withdrawn_at is not None
    return {
        "name": file.name,
        "href": url_for("evidence.download", evidence_id=file.id),
        "size": size(file.size),
        "digest": file.digest,
        "by": file.uploaded_by,
        "at": moment(file.uploaded_at),
        "state": "withdrawn" if withdrawn else "current",
        "note": f"Withdrawn by {file.withdrawn_by}: {file.withdrawn_because}" if withdrawn else "",
    }


def counts(room: Room) -> dict[str, int]:
    """Count the verdicts on what is visible, by outcome."""
    given = [room.verdicts[question.id].outcome for question in room.visible if question.id in room.verdicts]
    return {outcome: given.count(outcome) for outcome in OUTCOMES}


def following(room: Room, question_id: str) -> str:
    """Return the next undecided question after one, from the start again where there is none behind it."""
    order = [question.id for question in room.visible]
    open_ids = [question.id for question in reviewing.undecided(room)]
    behind = [other for other in open_ids if order.index(other) > order.index(question_id)]
    return (behind or open_ids or [""])[0]
