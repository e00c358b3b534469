"""Say what a questionnaire is made of, once its document has been read and found without fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold one answer that may be picked: the value that is stored and the label that is shown."""

    value: str
    label: str


CHOICES: Mapping[str, tuple[Choice, ...]] = {
    "control": (
        Choice("implemented", "Implemented"),
        Choice("partial", "Partly implemented"),
        Choice("planned", "Planned"),
        Choice("no", "No"),
        Choice("not_applicable", "Not applicable"),
    ),
    "yes_no": (Choice("yes", "Yes"), Choice("no", "No")),
}


@dataclass(frozen=True, slots=True)
class Question:
    """Hold one question; its id is stable for ever, so that years can be compared."""

    id: str
    text: str
    guidance: str
    evidence: str
    references: tuple[str, ...]
    type: str
    domain: str = ""
    show_if: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Give the answers that may be picked, in the order in which they are shown."""
        return CHOICES[self.type]


@dataclass(frozen=True, slots=True)
class Section:
    """Hold the questions that are shown together under one title."""

    id: str
    title: str
    intro: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Hold one version of a set of questions; `minutes` is the time a respondent should plan for it."""

    key: str
    version: str
    title: str
    subtitle: str
    regulations: tuple[str, ...]
    edition: str
    intro: str
    minutes: int
    sections: tuple[Section, ...]
    digest: str

    @property
    def questions(self) -> Iterator[Question]:
        """Walk over all questions in the order in which they are asked."""
        return chain.from_iterable(section.questions for section in self.sections)

    def question(self, id: str) -> Question:
        """Give the question with this id; KeyError when the set has none."""
        for question in self.questions:
            if question.id == id:
                return question
        raise KeyError(f"{self.key} {self.version} has no question {id!r}")
