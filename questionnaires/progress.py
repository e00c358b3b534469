"""Say which questions are shown, which of them are still open, and whether all are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from questionnaires.answers import Answer
from questionnaires.conditions import holds
from questionnaires.definition import Question, Questionnaire


@dataclass(frozen=True, slots=True)
class Progress:
    """Hold what is shown and how far the answering has come; `sections` gives (answered, total) by section id."""

    shown: tuple[Question, ...]
    total: int
    answered: int
    missing: tuple[Question, ...]
    sections: Mapping[str, tuple[int, int]] = field(hash=False)

    @property
    def complete(self) -> bool:
        """Say whether every question that is shown has an answer."""
        return not self.missing


def visible(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> tuple[Question, ...]:
    """Give the questions that are shown; an answer to a question that is itself hidden counts for nothing."""
    shown: list[Question] = []
    given: dict[str, str] = {}
    for question in questionnaire.questions:
        if question.show_if is None or holds(question.show_if, given):
            shown.append(question)
            if question.id in answers:
                given[question.id] = answers[question.id].value
    return tuple(shown)


def progress(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> Progress:
    """Count the answers to the questions that are shown, in all and by section."""
    shown = visible(questionnaire, answers)
    missing = tuple(question for question in shown if question.id not in answers)
    shown_ids, missing_ids = ({question.id for question in group} for group in (shown, missing))
    sections = {}
    for section in questionnaire.sections:
        ids = shown_ids.intersection(question.id for question in section.questions)
        sections[section.id] = (len(ids - missing_ids), len(ids))
    return Progress(shown, len(shown), len(shown) - len(missing), missing, sections)
