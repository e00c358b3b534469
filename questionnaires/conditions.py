"""Decide whether a question is shown, from the answers to questions before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from questionnaires.document import Fault
from questionnaires.shape import Check, each, identifier, record, text

Condition = Mapping[str, Any]
Answers = Mapping[str, str]


class Operator(NamedTuple):
    """Hold what a condition with this operator must look like, and when it is true."""

    form: Check
    holds: Callable[[Condition, Answers], bool]


class Comparison(NamedTuple):
    """Hold one look at an earlier answer, wherever it stands inside a condition."""

    place: str
    question: str
    values: tuple[str, ...]


def holds(condition: Condition, answers: Answers) -> bool:
    """Say whether a condition that `load` accepted is true; an unanswered question is equal to nothing."""
    return OPERATORS[_named(condition)[0]].holds(condition, answers)


def check(value: object, place: str) -> Iterator[Fault]:
    """Yield every fault in the form of a condition."""
    named = _named(value)
    if len(named) == 1:
        yield from OPERATORS[named[0]].form(value, place)
    else:
        yield Fault(place, f"must be a condition with exactly one of {', '.join(OPERATORS)}")


def comparisons(value: object, place: str) -> Iterator[Comparison]:
    """Walk over the comparisons in a condition, passing over parts whose form is wrong."""
    if not isinstance(value, dict):
        return
    if isinstance(value.get("question"), str):
        values = [value.get("is"), *_listed(value.get("in"))]
        yield Comparison(place, value["question"], tuple(item for item in values if isinstance(item, str)))
    yield from comparisons(value.get("not"), f"{place}.not")
    for name in ("all", "any"):
        for index, inner in enumerate(_listed(value.get(name))):
            yield from comparisons(inner, f"{place}.{name}[{index}]")


def _named(value: object) -> list[str]:
    return [name for name in OPERATORS if isinstance(value, Mapping) and name in value]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _is(condition: Condition, answers: Answers) -> bool:
    return bool(answers.get(condition["question"]) == condition["is"])


def _in(condition: Condition, answers: Answers) -> bool:
    return answers.get(condition["question"]) in condition["in"]


def _all(condition: Condition, answers: Answers) -> bool:
    return all(holds(inner, answers) for inner in condition["all"])


def _any(condition: Condition, answers: Answers) -> bool:
    return any(holds(inner, answers) for inner in condition["any"])


def _not(condition: Condition, answers: Answers) -> bool:
    return not holds(condition["not"], answers)


OPERATORS: Mapping[str, Operator] = {
    "is": Operator(record({"question": identifier, "is": text}), _is),
    "in": Operator(record({"question": identifier, "in": each(text)}), _in),
    "all": Operator(record({"all": each(check)}), _all),
    "any": Operator(record({"any": each(check)}), _any),
    "not": Operator(record({"not": check}), _not),
}
