"""The released figures, and what a file of figures is refused for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from importlib.resources import files
from typing import Any

import pytest
import yaml

from scoring.faults import Faulty
from scoring.method import Floor, Method, load_method

Figures = dict[str, Any]
Put = Callable[[Any, str, object], None]
SOURCE = (files("scoring") / "rubrics" / "srm-1.0.yaml").read_text("utf-8")


def faults(change: Callable[[Figures], object]) -> list[str]:
    figures = yaml.safe_load(SOURCE)
    change(figures)
    with pytest.raises(Faulty) as caught:
        load_method(json.dumps(figures))
    return [str(fault) for fault in caught.value.faults]


def test_the_released_figures_are_those_of_the_description(method: Method) -> None:
    half, none = Fraction(1, 2), Fraction(0)
    assert method.id == "SRM-1.0"
    assert method.answers == {
        "implemented": 1,
        "partial": half,
        "planned": none,
        "no": none,
        "unanswered": none,
        "na_pending": none,
    }
    assert method.evidence == {"E0": 60, "E1": 70, "E2": 85, "E3": 95, "E4": 100}
    assert method.classes == {"critical": 9, "major": 3, "minor": 1}
    assert method.vulnerability == ((90, 1), (75, 2), (60, 3), (40, 4), (0, 5))
    assert method.floors == {
        "one_gate_failed": Floor(0, 4, 5),
        "several_gates_failed": Floor(0, 5, 5),
        "gate_unproven": Floor(1, 3, 5),
        "overdue_critical_action": Floor(0, 4, 4),
        "open_regulatory_action": Floor(0, 5, 5),
        "insufficient_data": Floor(0, 4, 5),
    }
    assert method.weak_domain == ((40, Floor(0, 1, 4)), (60, Floor(0, 1, 3)))
    assert method.answered_below == 80
    assert (method.gate_class, method.unproven_evidence) == ("critical", {"E0", "E1"})
    assert method.stressed_evidence == {"E0"}
    assert (method.exposure_margin, method.tiers) == (1, (4, 4, 3, 2, 1))


def test_the_digest_pins_the_released_figures(method: Method) -> None:
    """A released version never changes: whoever wants other figures writes a new one."""
    text = json.dumps(yaml.safe_load(SOURCE), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert method.digest == hashlib.sha256(text.encode()).hexdigest()
    assert method.digest == "920735960c1d09003a9ab1e22f1a28b2668e9941a6cb5aab936ac3551ec6b17b"


def test_the_source_that_is_kept_reads_back_as_the_same_method(method: Method) -> None:
    assert load_method(method.source) == method


def test_the_digest_is_of_the_figures_and_not_of_comments_or_layout(method: Method) -> None:
    assert load_method(json.dumps(yaml.safe_load(SOURCE), indent=4)) == method


SHARE = 'must be a share in quotes, such as "0", "1/2" or "1", not'


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("weights", {}, "unknown key"),
        ("title", None, "must be text, not null"),
        ("evidence.E4", 101, "must be a whole number from 0 to 100, not 101"),
        ("evidence.E5", 100, "unknown key"),
        ("classes.minor", 0, "must be a whole number from 1 to 1000, not 0"),
        ("classes.minor", True, "must be a whole number from 1 to 1000, not true"),
        ("answers.partial", 0.5, f"{SHARE} 0.5"),
        ("answers.partial", "1/0", f"{SHARE} '1/0'"),
        ("answers.implemented", "3/2", f"{SHARE} '3/2'"),
        ("gate.class", "fatal", "must be one of critical, major, minor, not 'fatal'"),
        ("floors.gate_unproven.minus", -1, "must be a whole number from 0 to 5, not -1"),
        ("floors.gate_unproven.maximum", 1, "unknown key"),
        ("tiers", [1, 2], "must be a list of 5, not a list of 2"),
        ("matrix[4][4]", 6, "must be a whole number from 1 to 5, not 6"),
        ("matrix", [[1] * 5] * 4, "must be a list of 5, not a list of 4"),
        ("vulnerability", [], "the last line must be from 0"),
        ("vulnerability", [{"from": 90, "level": 1}], "the last line must be from 0"),
        ("answered_below", "80", "must be a whole number from 0 to 100, not '80'"),
    ],
)
def test_a_faulty_figure_is_named_by_its_place(put: Put, place: str, value: object, fault: str) -> None:
    assert f"{place}: {fault}" in faults(lambda figures: put(figures, place, value))


@pytest.mark.parametrize(
    ("place", "value", "where"),
    [
        ("evidence.E3", 80, "evidence"),
        ("answers.no", "1", "answers"),
        ("matrix[1]", [1, 2, 1, 2, 3], "matrix[1]"),
        ("matrix[0]", [1, 2, 3, 3, 5], "matrix column 4"),
        ("vulnerability[1].from", 95, "vulnerability from, read upwards"),
        ("vulnerability[0].level", 3, "vulnerability level"),
        ("gate.unproven_evidence", ["E1"], "gate.unproven_evidence"),
        ("stress.evidence", ["E4"], "stress.evidence"),
        ("floors.one_gate_failed", {"most": 2}, "floors of gates at inherent level 1"),
        ("weak_domain[0].below", 70, "weak_domain below"),
        ("weak_domain[1].most", 5, "weak_domain at inherent level 5, read upwards"),
    ],
)
def test_figures_that_would_punish_a_better_answer_are_refused(put: Put, place: str, value: object, where: str) -> None:
    assert where in [fault.split(": ")[0] for fault in faults(lambda figures: put(figures, place, value))]


@pytest.mark.parametrize("key", ["id", "matrix", "floors", "weak_domain"])
def test_a_missing_key_is_named(key: str) -> None:
    assert f"{key}: missing" in faults(lambda figures: figures.pop(key))


@pytest.mark.parametrize(
    ("floor", "levels"),
    [
        (Floor(0, 4, 5), [4, 4, 4, 4, 5]),
        (Floor(1, 3, 5), [3, 3, 3, 3, 4]),
        (Floor(0, 1, 3), [1, 2, 3, 3, 3]),
        (Floor(0, 4, 4), [4, 4, 4, 4, 4]),
    ],
)
def test_a_floor_keeps_the_inherent_level_within_its_limits(floor: Floor, levels: list[int]) -> None:
    assert [floor.level(inherent) for inherent in range(1, 6)] == levels
