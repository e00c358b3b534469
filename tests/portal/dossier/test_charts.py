"""Charts are the same bytes each time, say in words what they show, and are safe to put into a page."""

from __future__ import annotations

import itertools
from xml.etree import ElementTree

import pytest

from portal.dossier import blocks, charts, drawing
from portal.dossier.palette import INK, WASH
from scoring.risk import LEVELS

MATRIX = [[1, 1, 1, 2, 2], [1, 2, 2, 2, 3], [1, 2, 3, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]
DOMAINS = [("Access and signature", 85.5), ("Audit trail", 24.2), ("Training", None)]
HOSTILE = '"><script>alert(1)</script><!--&'


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")]  # noqa: S314


def test_the_same_figures_give_the_same_bytes() -> None:
    assert charts.domain_bars(DOMAINS, [60, 40]) == charts.domain_bars(DOMAINS, [60, 40])
    assert charts.risk_matrix(4, 3, MATRIX) == charts.risk_matrix(4, 3, MATRIX)


def test_bars_show_each_domain_its_result_and_each_threshold() -> None:
    words = texts(charts.domain_bars(DOMAINS, [60, 40]).svg)

    assert {"Access and signature", "85.5 %", "Audit trail", "24.2 %", "not rated"} <= set(words)
    assert words[:4] == ["0", "40", "60", "100"]


def test_the_words_for_a_chart_hold_every_figure() -> None:
    assert charts.domain_bars(DOMAINS, [40, 60]).alt == (
        "Result of each domain, with lines at 60 % and 40 %."
        " Access and signature: 85.5 %; Audit trail: 24.2 %; Training: not rated."
    )
    assert charts.risk_matrix(4, 3, MATRIX).alt == (
        "Risk matrix: inherent level 4 (high) and vulnerability 3 (moderate) give the residual level 3 (moderate)."
    )


@pytest.mark.parametrize(
    ("percent", "colour"),
    [
        (100.0, "accent"),
        (60.0, "accent"),
        (59.9, "moderate"),
        (40.0, "moderate"),
        (39.9, "critical"),
        (0.0, "critical"),
    ],
)
def test_a_bar_below_a_threshold_changes_its_colour(percent: float, colour: str) -> None:
    assert f'height="12" fill="{INK[colour]}"' in charts.domain_bars([("A", percent)], [60, 40]).svg


def test_a_bar_is_as_long_as_its_result() -> None:
    svg = charts.domain_bars([("A", 50.0)], []).svg

    assert f'width="{(charts.BAR_RIGHT - charts.BAR_LEFT) // 2}" height="12"' in svg


def test_a_long_title_takes_two_lines_and_no_more() -> None:
    title = "Validation, change control and periodic review of all the computerised systems of the site"
    shown = texts(charts.domain_bars([(title, 91.0)], []).svg)[2:-1]

    assert len(shown) == 2
    assert shown[1].endswith("…")
    assert title in charts.domain_bars([(title, 91.0)], []).alt


@pytest.mark.parametrize(("inherent", "vulnerability"), list(itertools.product(range(1, 6), repeat=2)))
def test_exactly_one_cell_of_the_matrix_is_marked_and_it_is_the_right_one(inherent: int, vulnerability: int) -> None:
    svg = charts.risk_matrix(inherent, vulnerability, MATRIX).svg
    level = MATRIX[vulnerability - 1][inherent - 1]

    marked = [
        node
        for node in ElementTree.fromstring(svg).iter()  # noqa: S314
        if node.tag.endswith("}rect") and node.get("stroke") == INK["text"]
    ]
    assert [node.get("fill") for node in marked] == [INK[LEVELS[level]]]
    assert float(marked[0].get("x", 0)) == charts.MATRIX_LEFT + charts.CELL_WIDTH * (inherent - 1) + 1.5
    assert float(marked[0].get("y", 0)) == charts.MATRIX_TOP + charts.CELL_HEIGHT * (5 - vulnerability) + 1.5


@pytest.mark.parametrize(("inherent", "vulnerability", "matrix"), [(0, 3, MATRIX), (3, 6, MATRIX), (3, 3, MATRIX[:4])])
def test_a_level_outside_the_matrix_is_refused(inherent: int, vulnerability: int, matrix: list[list[int]]) -> None:
    with pytest.raises(ValueError, match=r"level|matrix"):
        charts.risk_matrix(inherent, vulnerability, matrix)


@pytest.mark.parametrize("percent", [-0.1, 100.1])
def test_a_result_that_is_no_percentage_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match=r"'Audit trail' is .* not a percentage"):
        charts.domain_bars([("Audit trail", percent)], [])


@pytest.mark.parametrize(
    "chart", [charts.domain_bars([(HOSTILE, 50.0)], [60]), charts.domain_bars([], []), charts.risk_matrix(1, 1, MATRIX)]
)
def test_a_chart_passes_the_check_of_drawings_and_names_nothing_outside(chart: drawing.Drawing) -> None:
    assert blocks.vector(*chart, 120)["kind"] == "vector"
    assert "<script" not in chart.svg
    assert "http" not in chart.svg.replace(drawing.NAMESPACE, "")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", INK)
def test_each_ink_can_be_read_on_white_on_the_panel_and_on_its_own_wash(name: str) -> None:
    for ground in ("#ffffff", WASH["panel"], WASH.get(name, "#ffffff")):
        assert contrast(INK[name], ground) >= 4.5
