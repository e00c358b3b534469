"""Draws ratings as SVG: the same picture for the page and for the PDF, and the same bytes each time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from portal.dossier.drawing import Drawing, element, label, picture
from portal.dossier.palette import INK, WASH
from scoring.risk import LEVELS

WIDTH = 480
BAR_LEFT, BAR_RIGHT, ROW, TOP = 164, 424, 28, 22
CELL_WIDTH, CELL_HEIGHT, MATRIX_LEFT, MATRIX_TOP = 80, 32, 80, 30
_BAND = ("accent", "moderate", "critical")

Domain = tuple[str, float | None]


def domain_bars(domains: Sequence[Domain], thresholds: Sequence[int]) -> Drawing:
    """Draw one bar for each domain's result in percent (None: not rated), with a line at each threshold."""
    for title, percent in domains:
        if percent is not None and not 0 <= percent <= 100:
            raise ValueError(f"the result of {title!r} is {percent}, which is not a percentage")
    height = TOP + ROW * len(domains) + 6
    parts = [*_scale(thresholds, height)]
    for row, (title, percent) in enumerate(domains):
        parts += _bar(TOP + ROW * row, title, percent, thresholds)
    return picture(WIDTH, height, _bars_in_words(domains, thresholds), parts)


def risk_matrix(inherent: int, vulnerability: int, matrix: Sequence[Sequence[int]]) -> Drawing:
    """Draw the matrix of residual levels and mark one cell.

    Levels run from 1 (very low) to 5 (critical); matrix[v - 1][i - 1] is the residual level for
    vulnerability v and inherent level i. Raises ValueError for a level or a matrix that is not 1 to 5.
    """
    levels = set(range(1, 6))
    if not {inherent, vulnerability} <= levels:
        raise ValueError(f"a level runs from 1 to 5, got inherent {inherent} and vulnerability {vulnerability}")
    if len(matrix) != 5 or any(len(row) != 5 or not set(row) <= levels for row in matrix):
        raise ValueError("the matrix must have five rows of five levels, each from 1 to 5")
    parts = list(_axes())
    for v, row in enumerate(matrix, start=1):
        for i, level in enumerate(row, start=1):
            parts += _cell(i, v, level, marked=(i, v) == (inherent, vulnerability))
    residual = matrix[vulnerability - 1][inherent - 1]
    alt = (
        f"Risk matrix: inherent level {_named(inherent)} and vulnerability {_named(vulnerability)}"
        f" give the residual level {_named(residual)}."
    )
    return picture(WIDTH, MATRIX_TOP + 5 * CELL_HEIGHT + 4, alt, parts)


def _named(level: int) -> str:
    return f"{level} ({LEVELS[level]})"


def _along(percent: float) -> float:
    return BAR_LEFT + (BAR_RIGHT - BAR_LEFT) * percent / 100


def _scale(thresholds: Sequence[int], height: int) -> Iterator[str]:
    for percent in sorted({0, 100, *thresholds}):
        x = _along(percent)
        edge = percent in (0, 100)
        yield label(x, 10, str(percent), font_size=9, fill=INK["muted"], text_anchor="middle")
        yield element(
            "line",
            x1=x,
            y1=14,
            x2=x,
            y2=height - 4,
            stroke=WASH["hairline"] if edge else INK["muted"],
            stroke_width=0.75,
            stroke_dasharray="none" if edge else "2 2",
        )


def _bar(top: int, title: str, percent: float | None, thresholds: Sequence[int]) -> Iterator[str]:
    middle = top + ROW / 2
    lines = textwrap.wrap(title, 30, max_lines=2, placeholder=" …") or [""]
    first = middle + 3.5 - 5.5 * (len(lines) - 1)
    for number, line in enumerate(lines):
        yield label(0, first + 11 * number, line, font_size=10, fill=INK["text"])
    if percent is None:
        yield label(BAR_LEFT + 6, middle + 3.5, "not rated", font_size=9.5, fill=INK["muted"])
        return
    yield element(
        "rect",
        x=BAR_LEFT,
        y=middle - 6,
        width=_along(percent) - BAR_LEFT,
        height=12,
        fill=INK[_band(percent, thresholds)],
    )
    yield label(
        WIDTH,
        middle + 3.5,
        f"{percent:.1f} %",
        font_size=10,
        font_weight="bold",
        fill=INK[_band(percent, thresholds)],
        text_anchor="end",
    )


def _band(percent: float, thresholds: Sequence[int]) -> str:
    missed = sum(percent < threshold for threshold in thresholds)
    return _BAND[min(missed, len(_BAND) - 1)]


def _bars_in_words(domains: Sequence[Domain], thresholds: Sequence[int]) -> str:
    results = "; ".join(
        f"{title}: {'not rated' if percent is None else f'{percent:.1f} %'}" for title, percent in domains
    )
    lines = " and ".join(f"{threshold} %" for threshold in sorted(thresholds, reverse=True))
    return f"Result of each domain, with lines at {lines}. {results}." if lines else f"Results. {results}."


def _axes() -> Iterator[str]:
    yield label(
        MATRIX_LEFT + 2.5 * CELL_WIDTH,
        10,
        "Inherent level",
        font_size=10,
        font_weight="bold",
        fill=INK["accent"],
        text_anchor="middle",
    )
    yield label(0, 10, "Vulnerability", font_size=10, font_weight="bold", fill=INK["accent"])
    for number, name in LEVELS.items():
        x, y = _corner(number, number)
        text = f"{number} {name}"
        yield label(x + CELL_WIDTH / 2, 24, text, font_size=9, fill=INK["muted"], text_anchor="middle")
        yield label(0, y + CELL_HEIGHT / 2 + 3, text, font_size=9, fill=INK["muted"])


def _corner(inherent: int, vulnerability: int) -> tuple[int, int]:
    return MATRIX_LEFT + CELL_WIDTH * (inherent - 1), MATRIX_TOP + CELL_HEIGHT * (5 - vulnerability)


def _cell(inherent: int, vulnerability: int, level: int, marked: bool) -> Iterator[str]:
    x, y = _corner(inherent, vulnerability)
    name = LEVELS[level]
    yield element(
        "rect",
        x=x + 1.5,
        y=y + 1.5,
        width=CELL_WIDTH - 3,
        height=CELL_HEIGHT - 3,
        rx=2,
        fill=INK[name] if marked else WASH[name],
        stroke=INK["text"] if marked else "none",
        stroke_width=2,
    )
    yield label(
        x + CELL_WIDTH / 2,
        y + CELL_HEIGHT / 2 + 3.5,
        f"{level} {name}",
        font_size=9.5,
        font_weight="bold" if marked else "normal",
        fill="#ffffff" if marked else INK[name],
        text_anchor="middle",
    )
