"""Turn a document into a questionnaire, or list every fault that keeps it from being one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from questionnaires import conditions, shape
from questionnaires.definition import CHOICES, Question, Questionnaire, Section
from questionnaires.document import Fault, Faulty, parse, refuse_large, shelf

__all__ = ["Fault", "Faulty", "canonical", "digest", "library", "load", "released", "source"]

_EVERY_QUESTION: Mapping[str, shape.Check] = {
    "id": shape.identifier,
    "type": shape.one_of(CHOICES),
    "text": shape.text,
    "guidance": shape.text,
    "evidence": shape.text,
    "references": shape.each(shape.text),
    "show_if": conditions.check,
}
_CONTROL = {**_EVERY_QUESTION, "domain": shape.identifier}
# A yes or no sets the scope: it is not rated, so it has no domain, and there may be nothing to show for it.
_QUESTIONS: Mapping[str, shape.Check] = {
    "control": shape.record(_CONTROL, optional={"show_if"}),
    "yes_no": shape.record(_EVERY_QUESTION, optional={"show_if", "guidance", "evidence", "references"}),
}
_QUESTION_OF_UNKNOWN_TYPE = shape.record(_CONTROL, optional=_CONTROL.keys() - {"id", "type", "text"})


def _question_form(value: object, place: str) -> Iterator[Fault]:
    name = value.get("type") if isinstance(value, dict) else None
    known = _QUESTIONS.get(name) if isinstance(name, str) else None
    return (known or _QUESTION_OF_UNKNOWN_TYPE)(value, place)


_SECTION = shape.record(
    {
        "id": shape.identifier,
        "title": shape.text,
        "intro": shape.text,
        "questions": shape.each(_question_form),
    }
)
_FORM = shape.record(
    {
        "key": shape.identifier,
        "version": shape.version,
        "title": shape.text,
        "subtitle": shape.text,
        "regulations": shape.each(shape.identifier),
        "edition": shape.text,
        "intro": shape.text,
        "minutes": shape.whole(1, 9999),
        "sections": shape.each(_SECTION),
    }
)


def load(text: str) -> Questionnaire:
    """Read a questionnaire from YAML or JSON; Faulty with all faults when it has any."""
    document = _faultless(text)
    sections = tuple(_section(raw) for raw in document["sections"])
    regulations = tuple(document["regulations"])
    return Questionnaire(
        **{**document, "sections": sections, "regulations": regulations}, digest=_sha256(_dump(document))
    )


def canonical(text: str) -> str:
    """Give the frozen form of a document, which is stored with an assessment; Faulty when it has faults.

    JSON with sorted keys and without blanks, texts trimmed, so that the layout of the source leaves no mark.
    """
    return _dump(_faultless(text))


def digest(text: str) -> str:
    """Give the SHA-256 of a document's canonical form, in hexadecimal; Faulty when it has faults."""
    return _sha256(canonical(text))


def library() -> tuple[Questionnaire, ...]:
    """Give all released sets, sorted by key, the newest version of each first."""
    return tuple(questionnaire for questionnaire, _ in _released())


def released(key: str, version: str | None = None) -> Questionnaire:
    """Give a released set, the newest version unless one is named; KeyError when there is none."""
    return _find(key, version)[0]


def source(key: str, version: str) -> str:
    """Give the canonical text of a released set; KeyError when there is none."""
    return _find(key, version)[1]


def _find(key: str, version: str | None) -> tuple[Questionnaire, str]:
    for questionnaire, frozen in _released():
        if questionnaire.key == key and version in (None, questionnaire.version):
            return questionnaire, frozen
    known = ", ".join(f"{each.key} {each.version}" for each in library()) or "nothing"
    raise KeyError(f"There is no questionnaire {key} {version or ''}".rstrip() + f"; the library holds {known}.")


@cache
def _released() -> tuple[tuple[Questionnaire, str], ...]:
    frozen = [canonical(text) for text in shelf("questionnaires").values()]
    found = [(load(text), text) for text in frozen]
    newest_first = sorted(found, key=lambda pair: _version_number(pair[0]), reverse=True)
    return tuple(sorted(newest_first, key=lambda pair: pair[0].key))


def _version_number(questionnaire: Questionnaire) -> tuple[int, ...]:
    return tuple(int(part) for part in questionnaire.version.split("."))


def _section(raw: Mapping[str, Any]) -> Section:
    return Section(**{**raw, "questions": tuple(_question(each) for each in raw["questions"])})


def _question(raw: Mapping[str, Any]) -> Question:
    blank = {"guidance": "", "evidence": ""}
    return Question(**{**blank, **raw, "references": tuple(raw.get("references", ()))})


def _faultless(text: str) -> dict[str, Any]:
    document, faults = parse(text)
    faults += _FORM(document, "")
    faults += _repeated(_placed(document, "sections"))
    faults += _repeated(_placed_questions(document))
    faults += _condition_faults(document)
    if faults:
        raise Faulty(faults)
    trimmed: dict[str, Any] = _trimmed(document)
    refuse_large(_dump(trimmed))  # quotes and line ends take more room in the frozen form
    return trimmed


def _placed(value: object, key: str, place: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Walk over the mappings in a list inside a mapping, with their places, passing over what is wrong."""
    entries = value.get(key) if isinstance(value, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield f"{place}{key}[{index}]", entry


def _placed_questions(document: object) -> Iterator[tuple[str, dict[str, object]]]:
    for place, section in _placed(document, "sections"):
        yield from _placed(section, "questions", f"{place}.")


def _repeated(placed: Iterable[tuple[str, Mapping[str, object]]]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for place, entry in placed:
        id = entry.get("id")
        if isinstance(id, str) and first.setdefault(id, place) != place:
            yield Fault(f"{place}.id", f"{id!r} is already used at {first[id]}")


def _condition_faults(document: object) -> Iterator[Fault]:
    types = {str(question.get("id")): question.get("type") for _, question in _placed_questions(document)}
    earlier: set[str] = set()
    for place, question in _placed_questions(document):
        for comparison in conditions.comparisons(question.get("show_if"), f"{place}.show_if"):
            yield from _comparison_faults(comparison, types, earlier)
        earlier.add(str(question.get("id")))


def _comparison_faults(
    comparison: conditions.Comparison, types: Mapping[str, object], earlier: set[str]
) -> Iterator[Fault]:
    place, name, values = comparison
    if name not in types:
        yield Fault(place, f"names the unknown question {name!r}")
    elif name not in earlier:
        yield Fault(place, f"names the question {name!r}, which does not come before this one")
    choices = [choice.value for choice in CHOICES.get(str(types.get(name)), ())]
    for value in values:
        if choices and value not in choices:
            yield Fault(place, f"{value!r} is no answer to {name!r}; its answers are {', '.join(choices)}")


def _trimmed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _trimmed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_trimmed(inner) for inner in value]
    return value.strip() if isinstance(value, str) else value


def _dump(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
