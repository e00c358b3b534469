"""What a respondent sent is an answer, or a problem that tells him what to change."""

from __future__ import annotations

import pytest

from questionnaires.answers import CHOICES, COMMENT_MAX, NEEDS_REASON, Answer, Problem, read
from questionnaires.definition import Question

CONTROL = Question("Q1", "Is access limited?", "", "", (), "control", "access")
YES_NO = Question("Q2", "Are records electronic?", "", "", (), "yes_no")


@pytest.mark.parametrize(
    ("question", "value"),
    [(question, choice.value) for question in (CONTROL, YES_NO) for choice in CHOICES[question.type]],
)
def test_every_choice_of_a_type_is_an_answer(question: Question, value: str) -> None:
    reason = "We make no such records."
    assert read(question, {"value": value, "comment": reason}) == Answer(value, reason)


def test_the_choices_are_shown_with_plain_labels() -> None:
    assert {name: [choice.label for choice in choices] for name, choices in CHOICES.items()} == {
        "control": ["Implemented", "Partly implemented", "Planned", "No", "Not applicable"],
        "yes_no": ["Yes", "No"],
    }


@pytest.mark.parametrize("value", ["", "maybe", "yes", "Implemented", "implemented\0", None, 1, ["no"]])
def test_anything_but_a_choice_is_a_problem_of_the_value(value: object) -> None:
    problem = read(CONTROL, {"value": value, "comment": ""})
    assert isinstance(problem, Problem)
    assert problem.field == "value"


@pytest.mark.parametrize("raw", [{}, {"value": "maybe"}])
def test_the_problem_with_an_unknown_choice_names_the_choices(raw: dict[str, str]) -> None:
    assert read(YES_NO, raw) == Problem("value", "Choose one of: Yes (yes), No (no).")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  a note \n", "a note"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("a\tb", "a\tb"),
        ("Größe 😀", "Größe 😀"),
    ],
)
def test_a_comment_is_trimmed_and_its_line_ends_are_made_equal(sent: str, kept: str) -> None:
    assert read(YES_NO, {"value": " yes ", "comment": sent}) == Answer("yes", kept)


def test_a_comment_may_be_left_out() -> None:
    assert read(YES_NO, {"value": "no"}) == Answer("no", "")


def test_a_comment_has_at_most_the_allowed_characters() -> None:
    longest = "x" * COMMENT_MAX
    assert read(YES_NO, {"value": "no", "comment": longest + " \r\n"}) == Answer("no", longest)
    problem = read(YES_NO, {"value": "no", "comment": longest + "x"})
    assert problem == Problem("comment", "The comment may have 4000 characters; it has 4001.")


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\ud83d", "\u202e", "\u2066", "\uffff"])
def test_a_comment_holds_no_character_that_cannot_be_shown_or_misleads(character: str) -> None:
    problem = read(YES_NO, {"value": "no", "comment": f"a{character}b"})
    assert isinstance(problem, Problem)
    assert problem.field == "comment"
    assert f"U+{ord(character):04X}" in problem.text


@pytest.mark.parametrize("comment", [7, None, ["a"]])
def test_a_comment_that_is_not_text_is_a_problem(comment: object) -> None:
    assert read(YES_NO, {"value": "no", "comment": comment}) == Problem("comment", "The comment must be text.")


@pytest.mark.parametrize(
    ("comment", "enough"),
    [("", False), ("n/a", False), ("123456789", False), ("a           b", False), ("1234567890", True)],
)
def test_not_applicable_needs_a_reason(comment: str, enough: bool) -> None:
    answer = read(CONTROL, {"value": "not_applicable", "comment": comment})
    expected = Problem("comment", "Say why this does not apply, in at least 10 characters.")
    assert answer == (Answer("not_applicable", comment) if enough else expected)


def test_only_not_applicable_needs_a_reason() -> None:
    assert set(NEEDS_REASON) == {"not_applicable"}
    assert read(CONTROL, {"value": "no", "comment": ""}) == Answer("no", "")
