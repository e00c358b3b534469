"""The rating of small cases: floors, thresholds, N/A, what is not answered, and what is shown beside it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from scoring.score import Rating, one_decimal

Rated = Callable[..., Rating]

# Major questions proven in full: they fill a domain so that only the floor under test is in play.
FULL = "F1 | Full | major | implemented | E4"
LEVELS = (1, 2, 3, 4, 5)


def by_level(*floors: int) -> list[tuple[int, int]]:
    return list(zip(LEVELS, floors, strict=True))


def drivers(rating: Rating) -> list[tuple[int, str]]:
    return [(driver.level, driver.text) for driver in rating.drivers]


@pytest.mark.parametrize("answer", ["no", "planned"])
@pytest.mark.parametrize(("level", "floor"), by_level(4, 4, 4, 4, 5))
def test_a_failed_gate_lifts_the_rating_to_high_or_to_the_inherent_level(
    rated: Rated, level: int, floor: int, answer: str
) -> None:
    rating = rated(f"Q1 | A | critical | {answer} | E4", level=level)
    assert (floor, "gate failed: Q1") in drivers(rating)
    assert rating.final == floor


@pytest.mark.parametrize("answer", ["unanswered", "na_pending"])
def test_a_gate_that_is_open_or_claimed_not_applicable_has_failed(rated: Rated, answer: str) -> None:
    assert (4, "gate failed: Q1") in drivers(rated(FULL, f"Q1 | A | critical | {answer}", level=1))


@pytest.mark.parametrize("level", LEVELS)
def test_two_failed_gates_make_the_rating_critical_at_any_inherent_level(rated: Rated, level: int) -> None:
    rating = rated("Q2 | A | critical | no", "Q1 | B | critical | unanswered", level=level)
    assert (5, "gate failed: Q1,Q2") in drivers(rating)
    assert rating.final == 5


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [("partial", "E4"), ("partial", "E0"), ("implemented", "E0"), ("implemented", "E1")],
)
@pytest.mark.parametrize(("level", "floor"), by_level(3, 3, 3, 3, 4))
def test_an_unproven_gate_holds_the_rating_at_moderate_or_one_below_the_inherent_level(
    rated: Rated, level: int, floor: int, answer: str, evidence: str
) -> None:
    rating = rated(f"Q1 | A | critical | {answer} | {evidence}", level=level)
    assert (floor, "gate unproven: Q1") in drivers(rating)


@pytest.mark.parametrize("evidence", ["E2", "E3", "E4"])
def test_a_gate_is_proven_by_reviewed_evidence(rated: Rated, evidence: str) -> None:
    assert drivers(rated(f"Q1 | A | critical | implemented | {evidence}")) == []


@pytest.mark.parametrize("deficiency", ["major", "minor"])
def test_only_a_critical_question_is_a_gate(rated: Rated, deficiency: str) -> None:
    texts = [text for _, text in drivers(rated(FULL, f"Q1 | A | {deficiency} | no"))]
    assert texts == ["weak domain <40: A"]


@pytest.mark.parametrize(("level", "floor"), by_level(1, 2, 3, 4, 4))
def test_a_domain_below_40_holds_the_rating_at_the_inherent_level_up_to_high(
    rated: Rated, level: int, floor: int
) -> None:
    assert drivers(rated(FULL, "Q1 | A | major | no", level=level)) == [(floor, "weak domain <40: A")]


@pytest.mark.parametrize(("level", "floor"), by_level(1, 2, 3, 3, 3))
def test_a_domain_below_60_holds_the_rating_at_the_inherent_level_up_to_moderate(
    rated: Rated, level: int, floor: int
) -> None:
    rating = rated(FULL, "Q1 | A | major | partial | E4", level=level)
    assert drivers(rating) == [(floor, "weak domain <60: A")]


# Shares of one domain that stand exactly on a threshold, and the nearest ones below it.
@pytest.mark.parametrize(
    ("rows", "assurance", "weak"),
    [
        (["implemented | E0"], 60, None),
        (["implemented | E0"] * 99 + ["partial | E4"], Fraction(599, 10), 60),
        (["implemented | E4"] * 2 + ["no"] * 3, 40, 60),
        (["implemented | E4"] * 39 + ["no"] * 61, 39, 40),
    ],
)
def test_a_domain_on_the_threshold_is_not_below_it(
    rated: Rated, rows: list[str], assurance: Fraction, weak: int | None
) -> None:
    rating = rated(*(f"Q{i} | A | minor | {row}" for i, row in enumerate(rows)))
    assert rating.domains["A"].assurance == assurance
    assert [driver.below for driver in rating.drivers if driver.kind == "weak_domain"] == ([weak] if weak else [])


@pytest.mark.parametrize("level", LEVELS)
def test_an_overdue_critical_action_holds_the_rating_at_high(rated: Rated, level: int) -> None:
    rating = rated(FULL, level=level, overdue_critical_actions=True)
    assert drivers(rating) == [(4, "overdue critical action")]
    assert rating.final == 4


@pytest.mark.parametrize("level", LEVELS)
def test_an_open_regulatory_action_makes_the_rating_critical(rated: Rated, level: int) -> None:
    rating = rated(FULL, level=level, open_regulatory_action=True)
    assert drivers(rating) == [(5, "open regulatory data-integrity action")]
    assert rating.final == 5


@pytest.mark.parametrize("answer", ["unanswered", "na_pending"])
@pytest.mark.parametrize(("level", "floor"), by_level(4, 4, 4, 4, 5))
def test_less_than_80_percent_answered_is_insufficient_data(rated: Rated, level: int, floor: int, answer: str) -> None:
    answered = [f"F{i} | A | minor | implemented | E4" for i in range(3)]
    rating = rated(*answered, f"Q1 | A | minor | {answer}", level=level)
    assert (floor, "insufficient data") in drivers(rating)


@pytest.mark.parametrize("answer", ["no", "planned", "partial"])
def test_a_bad_answer_is_an_answer(rated: Rated, answer: str) -> None:
    rating = rated(f"Q1 | A | minor | {answer}")
    assert rating.completeness == 100
    assert rating.status == "final"


def test_exactly_80_percent_answered_is_sufficient(rated: Rated) -> None:
    answered = [f"F{i} | A | minor | implemented | E4" for i in range(4)]
    rating = rated(*answered, "Q1 | A | minor | unanswered")
    assert drivers(rating) == []
    assert (rating.completeness, rating.status) == (80, "provisional")


def test_completeness_goes_by_weight_and_not_by_count(rated: Rated) -> None:
    rating = rated("Q1 | A | critical | implemented | E4", *(f"Q{i} | A | minor | unanswered" for i in (2, 3)))
    assert rating.completeness == Fraction(900, 11)


@pytest.mark.parametrize(
    ("full", "none", "vulnerability", "matrix_level"),
    [
        (9, 1, 1, 2),
        (3, 1, 2, 2),
        (89, 11, 2, 2),
        (3, 2, 3, 3),
        (74, 26, 3, 3),
        (2, 3, 4, 4),
        (59, 41, 4, 4),
        (39, 61, 5, 4),
    ],
)
def test_vulnerability_follows_from_assurance(
    rated: Rated, full: int, none: int, vulnerability: int, matrix_level: int
) -> None:
    rows = [f"F{i} | A | minor | implemented | E4" for i in range(full)]
    rating = rated(*rows, *(f"N{i} | A | minor | no" for i in range(none)))
    assert rating.result
    assert (rating.result.vulnerability, rating.result.matrix_level) == (vulnerability, matrix_level)


@pytest.mark.parametrize(("evidence", "percent"), [("E0", 60), ("E1", 70), ("E2", 85), ("E3", 95), ("E4", 100)])
@pytest.mark.parametrize(("answer", "share"), [("implemented", 1), ("partial", Fraction(1, 2)), ("no", 0)])
def test_credit_is_answer_times_evidence(
    rated: Rated, evidence: str, percent: int, answer: str, share: Fraction
) -> None:
    rating = rated(f"Q1 | A | minor | {answer} | {evidence}")
    assert rating.domains["A"].assurance == share * percent


def test_weights_are_nine_three_and_one(rated: Rated) -> None:
    rating = rated("Q1 | A | critical | no", "Q2 | B | major | no", "Q3 | C | minor | no")
    assert [domain.weight for domain in rating.domains.values()] == [9, 3, 1]


def test_domains_weigh_the_same_unless_weights_say_otherwise(rated: Rated) -> None:
    rows = ("Q1 | A | major | implemented | E4", "Q2 | B | minor | implemented | E0")
    plain, weighed = rated(*rows), rated(*rows, domain_weights={"B": 3})
    assert plain.result
    assert weighed.result
    assert weighed.stress
    assert (plain.result.assurance, weighed.result.assurance) == (80, 70)
    assert weighed.stress.assurance == 25
    assert weighed.implementation_only == 100


def test_an_accepted_na_leaves_both_sums(rated: Rated) -> None:
    rating = rated("Q1 | A | major | implemented | E4", "Q2 | A | major | na_accepted")
    assert (rating.domains["A"].points, rating.domains["A"].weight) == (300, 3)
    assert (rating.completeness, rating.status) == (100, "final")
    assert (len(rating.not_applicable), rating.not_applicable_weight) == (1, 3)


def test_a_pending_na_stays_in_the_sums_with_nothing(rated: Rated) -> None:
    rating = rated("Q1 | A | major | implemented | E4", "Q2 | A | minor | na_pending")
    assert (rating.domains["A"].points, rating.domains["A"].weight) == (300, 4)
    assert rating.status == "provisional"


def test_a_domain_with_nothing_left_is_dropped_and_listed(rated: Rated) -> None:
    rating = rated(FULL, "Q1 | Gone | major | na_accepted", "Q2 | Also gone | minor | na_accepted")
    assert rating.dropped == ("Also gone", "Gone")
    assert list(rating.domains) == ["Full"]
    assert rating.document()["domains"] == {"Full": 100.0}
    assert rating.document()["assurance_exact"] == "100/1"


def test_a_domain_with_something_left_is_not_dropped(rated: Rated) -> None:
    assert rated("Q1 | A | major | na_accepted", "Q2 | A | major | no").dropped == ()


@pytest.mark.parametrize("rows", [(), ("Q1 | A | major | na_accepted", "Q2 | B | minor | na_accepted")])
def test_with_no_domain_left_nothing_is_rated(rated: Rated, rows: tuple[str, ...]) -> None:
    rating = rated(*rows, open_regulatory_action=True)
    assert rating.document() == {"inherent": 4, "status": "not rated"}
    assert (rating.final, rating.stress_final, rating.completeness) == (None, None, None)
    assert (rating.drivers, rating.dropped) == ((), tuple("AB")[: len(rows)])


def test_drivers_stand_by_falling_level_and_then_by_text(rated: Rated) -> None:
    rating = rated(
        "Q1 | B | critical | no",
        "Q2 | A | critical | partial | E4",
        "Q3 | C | minor | unanswered",
        overdue_critical_actions=True,
        open_regulatory_action=True,
        level=5,
    )
    assert drivers(rating) == [
        (5, "gate failed: Q1"),
        (5, "open regulatory data-integrity action"),
        (4, "gate unproven: Q2"),
        (4, "overdue critical action"),
        (4, "weak domain <40: B"),
        (4, "weak domain <40: C"),
        (3, "weak domain <60: A"),
    ]


def test_ids_in_a_driver_are_sorted(rated: Rated) -> None:
    rows = [f"{name} | A | critical | no" for name in ("b", "Q2", "a", "Q10")]
    assert drivers(rated(*rows))[0] == (5, "gate failed: Q10,Q2,a,b")


def test_names_with_braces_stay_as_they_are(rated: Rated) -> None:
    assert drivers(rated("{0} | {below} | major | no"))[0][1] == "weak domain <40: {below}"


def test_the_final_level_is_never_below_the_matrix(rated: Rated) -> None:
    rating = rated("Q1 | A | major | no", level=5)
    assert rating.result
    assert (rating.result.matrix_level, drivers(rating), rating.final) == (5, [(4, "weak domain <40: A")], 5)


def test_confidence_counts_claimed_answers_only(rated: Rated) -> None:
    rows = (
        "Q1 | A | major | implemented | E3",
        "Q2 | A | minor | partial | E1",
        "Q3 | A | critical | no | E4",
    )
    assert rated(*rows).confidence == Fraction(3 * 95 + 70, 4)


def test_confidence_is_null_when_nothing_is_claimed(rated: Rated) -> None:
    assert rated("Q1 | A | major | no | E4").document()["confidence"] is None


def test_implementation_alone_takes_all_evidence_as_full(rated: Rated) -> None:
    rows = ("Q1 | A | major | implemented | E0", "Q2 | A | minor | partial | E0")
    assert rated(*rows).implementation_only == Fraction(350, 4)


def test_the_stress_result_takes_asserted_answers_and_accepted_na_as_no(rated: Rated) -> None:
    rating = rated(
        "Q1 | A | critical | implemented | E0",
        "Q2 | A | major | implemented | E4",
        "Q3 | B | minor | na_accepted",
        level=5,
    )
    assert rating.stress
    assert rating.result
    assert {name: domain.assurance for name, domain in rating.stress.domains.items()} == {"A": 25, "B": 0}
    assert rating.stress.assurance == Fraction(25, 2)
    assert "gate failed: Q1" in [driver.text for driver in rating.stress.drivers]
    assert (rating.final, rating.stress_final) == (4, 5)


def test_the_stress_result_keeps_open_questions_open(rated: Rated) -> None:
    rating = rated("Q1 | A | major | implemented | E4", "Q2 | A | critical | unanswered")
    assert rating.stress
    assert "insufficient data" in [driver.text for driver in rating.stress.drivers]


def test_the_stress_rating_is_not_better_where_its_own_run_would_be(rated: Rated) -> None:
    """An accepted N/A taken as "no" is answered, so the stress run alone has enough data."""
    accepted = [f"N{i} | B | minor | na_accepted" for i in range(20)]
    rating = rated("Q1 | A | major | implemented | E4", "Q2 | A | minor | unanswered", *accepted, level=1)
    assert rating.stress
    assert rating.final == 4
    assert rating.stress.level < 4
    assert rating.stress_final == 4


@pytest.mark.parametrize(
    ("exact", "display"),
    [
        (Fraction("24.25"), 24.3),
        (Fraction("24.35"), 24.4),  # the nearest float is below; rounding it would give 24.3
        (Fraction("0.05"), 0.1),
        (Fraction("24.2499"), 24.2),
        (Fraction(315, 13), 24.2),
        (Fraction(100), 100.0),
        (Fraction(0), 0.0),
        (None, None),
    ],
)
def test_a_half_is_displayed_upwards(exact: Fraction | None, display: float | None) -> None:
    assert one_decimal(exact) == display
