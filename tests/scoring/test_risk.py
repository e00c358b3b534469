"""The inherent level: the matrix cell by cell, the tiers, how exposure is rounded, and what is refused."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from scoring.method import Method
from scoring.risk import LEVELS, half_up, inherent

# Written here again, by hand from the description, so that a slip in the packaged figures shows.
MATRIX = {5: "12345", 4: "12345", 3: "12334", 2: "12223", 1: "11122"}


@pytest.mark.parametrize(("row", "column"), list(itertools.product(range(1, 6), range(1, 6))))
def test_every_cell_of_the_matrix_gives_its_level(row: int, column: int, method: Method) -> None:
    found = inherent((column, 1, 1), (row,) * 4, method)
    assert found.level == int(MATRIX[row][column - 1])
    assert (found.exposure, found.impact) == (row, column)


@pytest.mark.parametrize(("level", "tier"), [(5, 1), (4, 2), (3, 3), (2, 4), (1, 4)])
def test_the_tier_follows_from_the_level(level: int, tier: int, method: Method) -> None:
    found = inherent((level,) * 3, (level,) * 4, method)
    assert (found.level, found.tier) == (level, tier)


@pytest.mark.parametrize("impact", [(5, 1, 1), (1, 5, 1), (1, 1, 5)])
def test_impact_is_the_highest_factor_wherever_it_stands(impact: tuple[int, ...], method: Method) -> None:
    assert inherent(impact, (1, 1, 1, 1), method).impact == 5


@pytest.mark.parametrize(
    ("exposure", "level"),
    [
        ((2, 2, 2, 3), 2),  # mean 2.25
        ((2, 2, 3, 3), 3),  # mean 2.5: half up, where half-even would give 2
        ((3, 3, 4, 4), 4),  # mean 3.5
        ((1, 1, 2, 2), 2),  # mean 1.5
        ((2, 3, 3, 3), 3),  # mean 2.75
        ((1, 1, 1, 5), 4),  # mean 2, held at the highest less one
        ((5, 1, 1, 1), 4),
        ((1, 1, 1, 3), 2),  # mean 1.5 and the highest less one agree
        ((4, 4, 4, 5), 4),  # mean 4.25: the margin allows 4
        ((1, 1, 1, 1), 1),
        ((5, 5, 5, 5), 5),
    ],
)
def test_exposure_is_the_mean_rounded_half_up_but_at_most_one_below_the_highest(
    exposure: tuple[int, ...], level: int, method: Method
) -> None:
    assert inherent((1, 1, 1), exposure, method).exposure == level


@pytest.mark.parametrize(
    ("impact", "exposure"),
    [
        ((0, 1, 1), (1, 1, 1, 1)),
        ((6, 1, 1), (1, 1, 1, 1)),
        ((1, 1, 1), (1, 1, 1, -1)),
        ((True, 1, 1), (1, 1, 1, 1)),
        ((1, 1, 1), (1, 1, 1.0, 1)),
        ((1, 1), (1, 1, 1, 1)),
        ((1, 1, 1), (1, 1, 1, 1, 1)),
        ((), ()),
    ],
)
def test_a_factor_that_is_no_level_is_refused(
    impact: tuple[int, ...], exposure: tuple[int, ...], method: Method
) -> None:
    with pytest.raises(ValueError, match="whole number from 1 to 5"):
        inherent(impact, exposure, method)


def test_the_reason_shows_the_arithmetic(method: Method) -> None:
    assert inherent((5, 4, 4), (3, 4, 2, 3), method).reason == (
        "Impact is 5, the highest of patient 5, data 4, supply 4. "
        "Exposure is 3: connectivity 3, complexity 4, subcontracting 2, history 3 have the mean "
        "(3 + 4 + 2 + 3) / 4 = 3; not below the highest factor less 1, which is 3. "
        "Row 3, column 5 of the matrix gives inherent level 4, high: tier 2."
    )


def test_the_reason_says_when_exposure_is_rounded_and_when_it_is_raised(method: Method) -> None:
    assert "(2 + 2 + 3 + 3) / 4 = 2.5, rounded half up to 3;" in inherent((1, 1, 1), (2, 2, 3, 3), method).reason
    raised = "= 2; raised to 4, because it is never below the highest factor less 1."
    assert raised in inherent((1, 1, 1), (1, 1, 1, 5), method).reason


def test_every_level_has_a_name() -> None:
    assert list(LEVELS) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("halves", "rounded"), [(1, 1), (3, 2), (5, 3), (4, 2), (0, 0)])
def test_a_half_rounds_upwards_and_never_to_the_even_number(halves: int, rounded: int) -> None:
    assert half_up(Fraction(halves, 2)) == rounded
