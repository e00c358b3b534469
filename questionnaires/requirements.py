"""Hold regulations as data, and compare what they require with what a questionnaire asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from questionnaires import shape
from questionnaires.definition import Questionnaire
from questionnaires.document import Fault, Faulty, parse, shelf

_CITATION = "21 CFR "


@dataclass(frozen=True, slots=True)
class Requirement:
    """Hold one paragraph; `requirement` says that it obliges, `core` that no checklist may leave it out."""

    id: str
    title: str
    own_words: str
    requirement: bool
    core: bool
    subpart: str
    parent: str

    @property
    def citation(self) -> str:
        """Give the paragraph as questions refer to it, such as 21 CFR 11.10(a)."""
        return f"{_CITATION}{self.id}"


@dataclass(frozen=True, slots=True)
class Regulation:
    """Hold one edition of a regulation and its paragraphs in their order."""

    key: str
    title: str
    edition: str
    status: str
    source: str
    effective: str
    requirements: tuple[Requirement, ...]


_ROW = {
    "id": shape.text,
    "title": shape.text,
    "own_words": shape.text,
    "requirement": shape.flag,
    "core": shape.flag,
    "subpart": shape.text,
    "parent": shape.text_or_empty,
}
_FORM = shape.record(
    {
        "key": shape.identifier,
        **dict.fromkeys(("title", "edition", "status", "source", "effective"), shape.text),
        "requirements": shape.each(shape.record(_ROW, optional={"parent"})),
    }
)


@cache
def regulation(key: str) -> Regulation:
    """Give a regulation of the library; KeyError when there is none, Faulty when its document has faults."""
    texts = shelf("regulations")
    if key not in texts:
        raise KeyError(f"There is no regulation {key}; the library holds {', '.join(sorted(texts))}.")
    return load_regulation(texts[key])


def load_regulation(text: str) -> Regulation:
    """Read a regulation from YAML or JSON; Faulty with all faults when it has any."""
    document, faults = parse(text)
    faults += _FORM(document, "")
    rows = document.get("requirements") if isinstance(document, dict) else None
    faults += _row_faults(rows if isinstance(rows, list) else [])
    if faults:
        raise Faulty(faults)
    return Regulation(**{**document, "requirements": tuple(_requirement(row) for row in document["requirements"])})


def uncovered(questionnaire: Questionnaire, regulation: Regulation) -> tuple[Requirement, ...]:
    """Give the obliging paragraphs that no control question refers to; a yes or no shows no control."""
    covered = {
        reference
        for question in questionnaire.questions
        if question.type == "control"
        for reference in question.references
    }
    return tuple(row for row in regulation.requirements if row.requirement and row.citation not in covered)


def unknown_references(questionnaire: Questionnaire, regulation: Regulation) -> tuple[str, ...]:
    """Give the references that the regulation does not have, each once, in the order of the questions."""
    known = {row.citation for row in regulation.requirements}
    references = dict.fromkeys(reference for each in questionnaire.questions for reference in each.references)
    return tuple(reference for reference in references if reference not in known)


def _requirement(raw: Mapping[str, Any]) -> Requirement:
    return Requirement(**{"parent": "", **raw})


def _row_faults(rows: list[Any]) -> Iterator[Fault]:
    """Yield a fault for each id used twice and each parent that does not stand above its paragraph."""
    seen: set[str] = set()
    for index, row in enumerate(rows):
        id, parent = (str(row.get(key, "")) if isinstance(row, dict) else "" for key in ("id", "parent"))
        if id and id in seen:
            yield Fault(f"requirements[{index}].id", f"{id!r} is already used above")
        if parent and parent not in seen:
            yield Fault(f"requirements[{index}].parent", f"{parent!r} does not stand above")
        seen.add(id)
