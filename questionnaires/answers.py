"""Read what a respondent sent into an answer, or into a problem that tells him what to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from questionnaires.definition import CHOICES, Question
from questionnaires.shape import forbidden_character

__all__ = ["CHOICES", "COMMENT_MAX", "NEEDS_REASON", "REASON_MIN", "Answer", "Problem", "read"]

# Threat: a "not applicable" without its reason is a gap that nobody looked at.
NEEDS_REASON = frozenset({"not_applicable"})
REASON_MIN = 10
COMMENT_MAX = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold one answer: the value of the chosen choice, and the comment or reason given with it."""

    value: str
    comment: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Hold why something is not an answer, and the field to change."""

    field: str
    text: str


def read(question: Question, raw: Mapping[str, object]) -> Answer | Problem:
    """Read the fields `value` and `comment` as an answer to the question, or say what is wrong with them."""
    value, comment = raw.get("value", ""), raw.get("comment", "")
    if not isinstance(value, str):
        return Problem("value", "The answer must be text.")
    if not isinstance(comment, str):
        return Problem("comment", "The comment must be text.")
    answer = Answer(value.strip(), _tidy(comment))
    return _choice_problem(question, answer) or _comment_problem(answer) or answer


def _tidy(comment: str) -> str:
    """Trim the comment and write each line end as one newline: browsers send two characters for it."""
    return comment.replace("\r\n", "\n").replace("\r", "\n").strip()


def _choice_problem(question: Question, answer: Answer) -> Problem | None:
    if answer.value in {choice.value for choice in question.choices}:
        return None
    names = ", ".join(f"{choice.label} ({choice.value})" for choice in question.choices)
    return Problem("value", f"Choose one of: {names}.")


def _comment_problem(answer: Answer) -> Problem | None:
    if len(answer.comment) > COMMENT_MAX:
        return Problem("comment", f"The comment may have {COMMENT_MAX} characters; it has {len(answer.comment)}.")
    if character := forbidden_character(answer.comment):
        return Problem("comment", f"The comment holds the character {character}, which may not be in a text.")
    if answer.value in NEEDS_REASON and len(" ".join(answer.comment.split())) < REASON_MIN:
        return Problem("comment", f"Say why this does not apply, in at least {REASON_MIN} characters.")
    return None
