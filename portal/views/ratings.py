"""Shape a rating for its pages: three results side by side, the named reasons, and the arithmetic of every line."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from portal.services.assessments.rating import Rated
from scoring import explain
from scoring.risk import LEVELS
from scoring.score import PROVISIONAL, Rating


def panel(rated: Rated | None, *, settled: bool) -> dict[str, Any] | None:
    """Return the three results and what stands beside them; nothing where nothing could be rated.

    Until each answer has its verdict (`settled`) the page calls even a complete rating provisional.
    """
    if rated is None or rated.result.result is None:
        return None
    rating, result = rated.result, rated.result.result
    raised = "Raised by the reasons below." if result.level > result.matrix_level else "As the matrix gives it."
    return {
        "inherent": _level(rating.inherent.level, f"Before any control is looked at: tier {rating.inherent.tier}."),
        "assurance": {
            "figure": explain.percent(result.assurance).removesuffix(" %"),
            "note": f"How well the controls hold: vulnerability {result.vulnerability} of 5.",
        },
        "final": _level(result.level, raised),
        "status": rating.status if settled else PROVISIONAL,
        "beside": list(_beside(rating)),
    }


def _level(level: int, note: str) -> dict[str, Any]:
    return {"level": level, "name": LEVELS[level], "note": note}


def _beside(rating: Rating) -> Iterator[tuple[str, str]]:
    yield "Answered, by weight", explain.percent(rating.completeness)
    yield "Evidence confidence", explain.percent(rating.confidence)
    yield "If all evidence were full", explain.percent(rating.implementation_only)
    if rating.stress is not None and rating.stress_final is not None:
        stressed = f"{explain.percent(rating.stress.assurance)}, {rating.stress_final} {LEVELS[rating.stress_final]}"
        yield "Under stress", stressed
    yield "Accepted as not applicable", str(len(rating.not_applicable))


def drivers(rated: Rated | None) -> list[dict[str, Any]]:
    """Return what lifts the rating, the highest first."""
    if rated is None:
        return []
    return [
        {"level": driver.level, "text": sentence}
        for driver, sentence in zip(rated.result.drivers, rated.drivers, strict=True)
    ]


def captions(rated: Rated | None) -> dict[str, str]:
    """Return what to say below the two drawings."""
    if rated is None or rated.result.result is None:
        return {}
    result = rated.result.result
    matrix = f"The matrix gives {result.matrix_level} {LEVELS[result.matrix_level]}"
    raised = (
        f"; the reasons raise it to {result.level} {LEVELS[result.level]}" if result.level > result.matrix_level else ""
    )
    lines = " and ".join(str(below) for below, _floor in rated.result.method.weak_domain)
    return {
        "bars": f"The dotted lines stand at {lines} %. A domain below one keeps the rating from being better.",
        "matrix": f"{matrix}{raised}.",
    }


def domains(rated: Rated | None) -> list[dict[str, Any]]:
    """Return each domain with its lines and its sum, in the order of the rubric."""
    if rated is None:
        return []
    found = {line.domain: line for line in explain.domain_lines(rated.result)}
    return [
        {
            "title": title,
            "share": found[key].sentence.removeprefix(f"{key}: "),
            "lines": [_line(line) for line in rated.lines if line.domain == key],
            "total": {"weight": found[key].weight, "points": _number(found[key].points)},
        }
        for key, title in rated.domain_titles.items()
        if key in found
    ]


def _line(line: explain.Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "class_name": line.deficiency,
        "answer": explain.ANSWER_WORDS[line.answer].capitalize(),
        "evidence": line.evidence,
        "weight": line.weight,
        "credit": _number(line.credit),
        "points": _number(line.points),
        "sentence": line.sentence.removeprefix(f"{line.id}: "),
    }


def _number(value: Fraction | None) -> str:
    return "left out" if value is None else explain.number(value)


def classes(rated: Rated | None) -> dict[str, str]:
    """Return the class of deficiency of each question: critical, major or minor."""
    return {line.id: line.deficiency for line in rated.lines} if rated else {}
