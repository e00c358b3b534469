"""Work out the inherent level: how much could go wrong here, before any control is looked at."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from scoring.document import EXPOSURE, IMPACT, LEAST_LEVEL, MOST_LEVEL
from scoring.method import Method

LEVELS: Final = {1: "very low", 2: "low", 3: "moderate", 4: "high", 5: "critical"}


@dataclass(frozen=True, slots=True)
class Inherent:
    """Hold the inherent level with what it came from; `reason` is the arithmetic in plain sentences."""

    level: int
    impact: int
    exposure: int
    tier: int
    reason: str


def inherent(impact: Sequence[int], exposure: Sequence[int], method: Method) -> Inherent:
    """Rate impact (patient, data, supply) and exposure (connectivity, complexity, subcontracting, history).

    Each factor is 1 to 5; raises ValueError if one is not, because 0 would look the wrong row up in silence.
    """
    _refuse_bad(impact, IMPACT)
    _refuse_bad(exposure, EXPOSURE)
    impact_level = max(impact)
    exposure_level = max(half_up(_mean(exposure)), max(exposure) - method.exposure_margin)
    level = method.cell(exposure_level, impact_level)
    return Inherent(
        level=level,
        impact=impact_level,
        exposure=exposure_level,
        tier=method.tier(level),
        reason=" ".join(
            (
                f"Impact is {impact_level}, the highest of {_listed(IMPACT, impact)}.",
                _exposure_reason(exposure, exposure_level, method),
                f"Row {exposure_level}, column {impact_level} of the matrix gives inherent level {level}, "
                f"{LEVELS[level]}: tier {method.tier(level)}.",
            )
        ),
    )


def half_up(value: Fraction) -> int:
    """Round to the nearest whole number, a half upwards; Python's own round would take it to the even one."""
    return math.floor(value + Fraction(1, 2))


def _mean(factors: Sequence[int]) -> Fraction:
    return Fraction(sum(factors), len(factors))


def _refuse_bad(factors: Sequence[int], names: Sequence[str]) -> None:
    sound = all(type(factor) is int and LEAST_LEVEL <= factor <= MOST_LEVEL for factor in factors)
    if len(factors) != len(names) or not sound:
        raise ValueError(f"{', '.join(names)} must each be a whole number from {LEAST_LEVEL} to {MOST_LEVEL}")


def _exposure_reason(exposure: Sequence[int], level: int, method: Method) -> str:
    total = " + ".join(str(factor) for factor in exposure)
    mean, least = _mean(exposure), max(exposure) - method.exposure_margin
    rounded = f"{float(mean):g}" if mean.denominator == 1 else f"{float(mean):g}, rounded half up to {half_up(mean)}"
    held = (
        f"raised to {least}, because it is never below the highest factor less {method.exposure_margin}"
        if least > half_up(mean)
        else f"not below the highest factor less {method.exposure_margin}, which is {least}"
    )
    return (
        f"Exposure is {level}: {_listed(EXPOSURE, exposure)} have the mean ({total}) / {len(exposure)} = "
        f"{rounded}; {held}."
    )


def _listed(names: Sequence[str], factors: Sequence[int]) -> str:
    return ", ".join(f"{name} {factor}" for name, factor in zip(names, factors, strict=True))
