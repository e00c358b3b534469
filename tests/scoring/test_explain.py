"""What is said about a rating: its arithmetic question by question, and sentences for whoever has to act."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from scoring.document import ANSWERS, NOT_APPLICABLE, read
from scoring.explain import (
    ANSWER_WORDS,
    DomainLine,
    Line,
    domain_lines,
    driver_sentences,
    lines,
    number,
    percent,
    result_sentences,
)
from scoring.method import Method
from scoring.score import Rating, rate

Rated = Callable[..., Rating]
FULL = "F1 | Full | major | implemented | E4"


def test_every_question_of_the_golden_case_shows_its_arithmetic(golden: dict[str, Any], method: Method) -> None:
    case = read(golden)
    assert [line.sentence for line in lines(case, rate(case, method))] == [
        "Q1: implemented (1) x E4 (100 %) = 100 points, weight 9 -> 900 of 900.",
        "Q10: unanswered (0) x E0 (60 %) = 0 points, weight 1 -> 0 of 100; it counts as not answered.",
        "Q2: implemented (1) x E2 (85 %) = 85 points, weight 3 -> 255 of 300.",
        "Q3: partial (1/2) x E2 (85 %) = 42.5 points, weight 3 -> 127.5 of 300.",
        "Q4: not applicable, accepted; it leaves the sums, weight 1.",
        "Q5: no (0) x E0 (60 %) = 0 points, weight 9 -> 0 of 900.",
        "Q6: implemented (1) x E2 (85 %) = 85 points, weight 3 -> 255 of 300.",
        "Q7: implemented (1) x E0 (60 %) = 60 points, weight 1 -> 60 of 100.",
        "Q8: implemented (1) x E3 (95 %) = 95 points, weight 9 -> 855 of 900.",
        "Q9: implemented (1) x E2 (85 %) = 85 points, weight 3 -> 255 of 300.",
    ]


def test_a_line_holds_the_exact_figures_beside_the_sentence(golden: dict[str, Any], method: Method) -> None:
    case = read(golden)
    found = {line.id: line for line in lines(case, rate(case, method))}
    half = Fraction("42.5")
    domain = "Access and signature"
    assert found["Q3"] == Line("Q3", domain, "major", 3, "partial", "E2", half, 3 * half, found["Q3"].sentence)
    assert (found["Q4"].credit, found["Q4"].points) == (None, None)


def test_the_points_of_the_lines_are_those_of_the_domains(golden: dict[str, Any], method: Method) -> None:
    case = read(golden)
    rating = rate(case, method)
    for name, domain in rating.domains.items():
        of_domain = [line for line in lines(case, rating) if line.domain == name and line.points is not None]
        assert sum((line.points or Fraction(0) for line in of_domain), Fraction(0)) == domain.points
        assert sum(line.weight for line in of_domain) == domain.weight


def test_a_pending_na_is_said_to_count_as_not_answered(rated: Rated) -> None:
    rating = rated("Q1 | A | minor | na_pending")
    assert lines(rating.case, rating)[0].sentence == (
        "Q1: not applicable, not yet accepted (0) x E0 (60 %) = 0 points, weight 1 -> 0 of 100; "
        "it counts as not answered."
    )


def test_a_rating_of_another_case_is_not_explained(golden: dict[str, Any], method: Method, rated: Rated) -> None:
    with pytest.raises(ValueError, match="another case"):
        lines(read(golden), rated(FULL))


def test_every_domain_shows_its_fraction_and_a_dropped_one_is_named(rated: Rated) -> None:
    rating = rated(
        "Q1 | B | critical | no",
        "Q2 | B | major | implemented | E2",
        "Q3 | B | minor | implemented",
        "Q4 | A | major | na_accepted",
    )
    assert domain_lines(rating) == (
        DomainLine("B", Fraction(315), 13, Fraction(315, 13), "B: 315 / 13 = 24.2 %."),
        DomainLine("A", None, 0, None, "A: dropped, because every question is an accepted N/A."),
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            ["Q1 | A | critical | no"],
            "A critical question was answered 'no': Q1. The rating cannot be better than high.",
        ),
        (
            ["Q1 | A | critical | planned"],
            "A critical question was answered 'planned': Q1. The rating cannot be better than high.",
        ),
        (
            ["Q1 | A | critical | unanswered"],
            "A critical question was not answered: Q1. The rating cannot be better than high.",
        ),
        (
            ["Q1 | A | critical | na_pending"],
            "A critical question was answered 'not applicable', which is not accepted: Q1. "
            "The rating cannot be better than high.",
        ),
        (
            ["Q2 | A | critical | planned", "Q1 | A | critical | no"],
            "2 critical questions are not met: Q1 (answered 'no'), Q2 (answered 'planned'). The rating is critical.",
        ),
        (
            ["Q1 | A | critical | partial | E4"],
            "1 critical question is claimed but not proven: Q1 (partial, evidence E4). "
            "The rating cannot be better than moderate.",
        ),
        (
            ["Q1 | A | critical | implemented | E1", "Q2 | A | critical | implemented"],
            "2 critical questions are claimed but not proven: Q1 (implemented, evidence E1), "
            "Q2 (implemented, evidence E0). The rating cannot be better than moderate.",
        ),
        (
            ["Q1 | A | minor | implemented | E2", "Q2 | A | major | no"],
            "The domain A holds 85 / 4 = 21.3 %, which is below 40 %. The rating cannot be better than high.",
        ),
        (
            ["Q1 | A | minor | partial | E4"],
            "The domain A holds 50 / 1 = 50.0 %, which is below 60 %. The rating cannot be better than moderate.",
        ),
        (
            ["Q1 | A | major | unanswered"],
            "Of the weight that applies, 3 of 6 = 50.0 % has been answered. "
            "Less than 80 % is too little to judge. The rating cannot be better than high.",
        ),
    ],
)
def test_a_driver_is_told_in_plain_sentences(rated: Rated, rows: list[str], sentence: str) -> None:
    assert sentence in driver_sentences(rated(FULL, *rows))


def test_a_domain_is_called_by_its_title_where_it_has_one(rated: Rated) -> None:
    rating = rated(FULL, "Q1 | A | minor | partial | E4", "Q2 | B | minor | partial | E4")
    assert driver_sentences(rating, {"A": "Access"}) == (
        "The domain “Access” holds 50 / 1 = 50.0 %, which is below 60 %. The rating cannot be better than moderate.",
        "The domain B holds 50 / 1 = 50.0 %, which is below 60 %. The rating cannot be better than moderate.",
    )


def test_actions_are_told_in_plain_sentences(rated: Rated) -> None:
    rating = rated(FULL, overdue_critical_actions=True, open_regulatory_action=True)
    assert driver_sentences(rating) == (
        "A regulatory action on data integrity is open. The rating is critical.",
        "A critical action is overdue. The rating cannot be better than high.",
    )


def test_the_result_of_the_golden_case_is_told_from_risk_to_stress(golden: dict[str, Any], method: Method) -> None:
    rating = rate(read(golden), method)
    assert result_sentences(rating) == (
        rating.inherent.reason,
        "Assurance is (1 x 85.5 + 1 x 24.2 + 1 x 85.4) / 3 = 65.0 %, exactly 1691/26.",
        "That assurance means vulnerability 3; row 3, column 4 of the matrix gives 3, moderate.",
        "The rating is 4, high, raised by the drivers; it is provisional.",
        "Of the weight that applies, 40 of 41 = 97.6 % has been answered.",
        "The evidence carries the claimed answers by 91.5 %.",
        "If all evidence were taken as full, assurance would be 71.0 %.",
        "With accepted N/A and merely asserted answers taken as 'no', assurance would be 61.7 % "
        "and the rating 4, high.",
        "Accepted as not applicable: 1, with weight 1.",
    )


def test_a_rating_without_drivers_is_said_to_be_as_the_matrix_gives_it(rated: Rated) -> None:
    assert "The rating is 2, low, as the matrix gives it; the answers are complete." in result_sentences(rated(FULL))


def test_domain_weights_show_in_the_assurance(rated: Rated) -> None:
    rating = rated(FULL, "Q1 | A | minor | implemented", domain_weights={"A": 3})
    assert result_sentences(rating)[1] == "Assurance is (3 x 60 + 1 x 100) / 4 = 70.0 %, exactly 70/1."


def test_nothing_claimed_and_nothing_rated_are_said(rated: Rated) -> None:
    claimed = result_sentences(rated("Q1 | A | minor | no"))
    assert "Nothing is claimed, so there is no evidence to be confident in." in claimed
    rating = rated("Q1 | A | major | na_accepted")
    assert result_sentences(rating)[1:] == (
        "No question is left to rate, so there is no rating.",
        "Accepted as not applicable: 1, with weight 3.",
    )
    assert driver_sentences(rating) == ()


def test_every_answer_has_words() -> None:
    assert set(ANSWER_WORDS) == {*ANSWERS, NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("value", "plain", "share"),
    [
        (Fraction("42.5"), "42.5", "42.5 %"),
        (Fraction("0.05"), "0.1", "0.1 %"),
        (Fraction(900), "900", "900.0 %"),
    ],
)
def test_numbers_are_rounded_half_up(value: Fraction, plain: str, share: str) -> None:
    assert (number(value), percent(value)) == (plain, share)
