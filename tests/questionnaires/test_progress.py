"""Progress counts the questions that are shown, and only those."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questionnaires.answers import Answer
from questionnaires.definition import CHOICES, Question, Questionnaire, Section
from questionnaires.progress import progress, visible


def question(id: str, type: str = "control", show_if: dict[str, object] | None = None) -> Question:
    return Question(id, "Text?", "", "", (), type, show_if=show_if)


SCOPE = Section(
    "scope",
    "Scope",
    "",
    (question("A", "yes_no"), question("B", "yes_no", {"question": "A", "is": "yes"})),
)
CONTROLS = Section(
    "controls",
    "Controls",
    "",
    (question("C"), question("D", show_if={"question": "B", "is": "yes"})),
)
SET = Questionnaire("small", "1.0", "Small", "", ("21cfr11",), "", "", 5, (SCOPE, CONTROLS), "")


def answers(**values: str) -> dict[str, Answer]:
    return {id: Answer(value, "") for id, value in values.items()}


def ids(questions: tuple[Question, ...]) -> str:
    return "".join(question.id for question in questions)


CASES = [
    # answers, shown, missing, scope, controls
    ({}, "AC", "AC", (0, 1), (0, 1)),
    ({"A": "no"}, "AC", "C", (1, 1), (0, 1)),
    ({"A": "yes"}, "ABC", "BC", (1, 2), (0, 1)),
    ({"A": "yes", "B": "yes", "C": "no"}, "ABCD", "D", (2, 2), (1, 2)),
    ({"A": "yes", "B": "yes", "C": "no", "D": "partial"}, "ABCD", "", (2, 2), (2, 2)),
    ({"A": "no", "B": "yes", "C": "no", "D": "partial"}, "AC", "", (1, 1), (1, 1)),
    ({"B": "yes", "D": "no"}, "AC", "AC", (0, 1), (0, 1)),
    ({"A": "no", "Z": "yes"}, "AC", "C", (1, 1), (0, 1)),
]


@pytest.mark.parametrize(("given_answers", "shown", "missing", "scope", "controls"), CASES)
def test_progress_follows_the_answers(
    given_answers: dict[str, str],
    shown: str,
    missing: str,
    scope: tuple[int, int],
    controls: tuple[int, int],
) -> None:
    found = progress(SET, answers(**given_answers))
    assert ids(visible(SET, answers(**given_answers))) == shown
    assert ids(found.missing) == missing
    assert found.complete == (not missing)
    assert found.sections == {"scope": scope, "controls": controls}


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("ABCDZ"), st.sampled_from([c.value for c in CHOICES["control"]] + ["yes"])))
def test_the_totals_agree_with_each_other(values: dict[str, str]) -> None:
    found = progress(SET, answers(**values))
    assert found.total == len(visible(SET, answers(**values)))
    assert found.total == found.answered + len(found.missing)
    assert found.answered == sum(answered for answered, _ in found.sections.values())
    assert found.total == sum(total for _, total in found.sections.values())
    assert found.complete == (found.answered == found.total)


@pytest.mark.parametrize(("first", "second"), list(product(["yes", "no", None], repeat=2)))
def test_answering_what_is_open_comes_to_an_end(first: str | None, second: str | None) -> None:
    filled = answers(**{id: value for id, value in (("A", first), ("B", second)) if value})
    for _ in range(4):
        filled |= {question.id: Answer("yes", "") for question in progress(SET, filled).missing[:1]}
    assert progress(SET, filled).complete
