"""A condition is true or false for any set of answers, and an unanswered question is equal to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from questionnaires.conditions import OPERATORS, check, comparisons, holds

YES = {"question": "A", "is": "yes"}
NO = {"question": "A", "is": "no"}
EITHER = {"question": "B", "in": ["planned", "no"]}


@pytest.mark.parametrize(
    ("condition", "answers", "expected"),
    [
        (YES, {"A": "yes"}, True),
        (YES, {"A": "no"}, False),
        (YES, {}, False),
        (EITHER, {"B": "no"}, True),
        (EITHER, {"B": "planned"}, True),
        (EITHER, {"B": "implemented"}, False),
        (EITHER, {}, False),
        ({"all": [YES, EITHER]}, {"A": "yes", "B": "no"}, True),
        ({"all": [YES, EITHER]}, {"A": "yes"}, False),
        ({"any": [YES, EITHER]}, {"B": "no"}, True),
        ({"any": [YES, EITHER]}, {"A": "no", "B": "implemented"}, False),
        ({"not": YES}, {"A": "no"}, True),
        ({"not": YES}, {"A": "yes"}, False),
        ({"not": YES}, {}, True),
        ({"not": {"any": [NO, {"all": [YES, EITHER]}]}}, {"A": "yes", "B": "no"}, False),
        ({"not": {"any": [NO, {"all": [YES, EITHER]}]}}, {"A": "yes"}, True),
    ],
)
def test_a_condition_is_decided_by_the_answers(
    condition: dict[str, Any], answers: dict[str, str], expected: bool
) -> None:
    assert holds(condition, answers) is expected


def test_every_operator_has_a_name_and_no_others_exist() -> None:
    assert set(OPERATORS) == {"is", "in", "all", "any", "not"}


@pytest.mark.parametrize("value", [None, "yes", [], {}, {"question": "A"}, YES | {"in": ["no"]}, {"xor": [YES]}])
def test_anything_but_one_operator_is_no_condition(value: object) -> None:
    [fault] = check(value, "show_if")
    assert str(fault) == "show_if: must be a condition with exactly one of is, in, all, any, not"


def test_comparisons_are_found_at_any_depth_with_their_places() -> None:
    found = list(comparisons({"all": [YES, {"not": {"any": [EITHER]}}]}, "here"))
    assert found == [("here.all[0]", "A", ("yes",)), ("here.all[1].not.any[0]", "B", ("planned", "no"))]


@pytest.mark.parametrize("value", [None, 3, [YES], {"all": YES}, {"any": [1]}, {"question": 3, "is": "yes"}])
def test_comparisons_pass_over_what_is_no_condition(value: object) -> None:
    assert list(comparisons(value, "here")) == []
