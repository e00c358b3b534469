"""Read a rating method: the policy figures, checked so that a better answer can never make a rating worse."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from scoring.canonical import canonical, text_digest
from scoring.document import ANSWERS, CLASSES, EVIDENCE, LEAST_LEVEL, MOST_LEVEL, Question
from scoring.faults import MISSING, Check, at, shown
from scoring.yaml_text import parse

PERCENT: Final = 100
FLOORS: Final = (
    "one_gate_failed",
    "several_gates_failed",
    "gate_unproven",
    "overdue_critical_action",
    "open_regulatory_action",
    "insufficient_data",
)
_LEVELS: Final = range(LEAST_LEVEL, MOST_LEVEL + 1)
_MOST_CLASS_WEIGHT: Final = 1000
_SHARE: Final = re.compile(r"(?:0|1|[1-9]\d?/[1-9]\d?)", re.ASCII)
_KEYS: Final = (
    "id",
    "title",
    "matrix",
    "exposure_margin",
    "tiers",
    "answers",
    "evidence",
    "classes",
    "vulnerability",
    "gate",
    "stress",
    "floors",
    "weak_domain",
    "answered_below",
)


@dataclass(frozen=True, slots=True)
class Floor:
    """Say which level a rating cannot be better than, given the inherent level."""

    minus: int
    least: int
    most: int

    def level(self, inherent: int) -> int:
        """Give the level: the inherent one less `minus`, kept within `least` and `most`."""
        return max(self.least, min(self.most, inherent - self.minus))


@dataclass(frozen=True, slots=True)
class Method:
    """Hold the figures of one released version; percentages are whole numbers, shares are exact."""

    id: str
    title: str
    matrix: tuple[tuple[int, ...], ...]
    exposure_margin: int
    tiers: tuple[int, ...]
    answers: Mapping[str, Fraction]
    evidence: Mapping[str, int]
    classes: Mapping[str, int]
    vulnerability: tuple[tuple[int, int], ...]
    gate_class: str
    unproven_evidence: frozenset[str]
    stressed_evidence: frozenset[str]
    floors: Mapping[str, Floor]
    weak_domain: tuple[tuple[int, Floor], ...]
    answered_below: int
    source: str

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the canonical text that this was read from."""
        return text_digest(self.source)

    def cell(self, row: int, column: int) -> int:
        """Look a level up in the matrix; rows and columns are levels, counted from 1."""
        return self.matrix[row - LEAST_LEVEL][column - LEAST_LEVEL]

    def tier(self, level: int) -> int:
        """Give the tier of an inherent level."""
        return self.tiers[level - LEAST_LEVEL]

    def weight(self, question: Question) -> int:
        """Give the weight of a question."""
        return self.classes[question.deficiency]

    def credit(self, question: Question) -> Fraction:
        """Give what an answer with its evidence earns, in percent."""
        return self.answers[question.answer] * self.evidence[question.evidence]

    def vulnerability_of(self, assurance: Fraction) -> int:
        """Give the vulnerability level of an assurance in percent."""
        return next(level for least, level in self.vulnerability if assurance >= least)


def load_method(text: str) -> Method:
    """Read a method from YAML or JSON text; raises Faulty with every fault by its place."""
    check = Check()
    parsed = parse(check, text)
    fields = check.mapping("", parsed, _KEYS)
    gate = check.mapping("gate", fields["gate"], ("class", "unproven_evidence"))
    stress = check.mapping("stress", fields["stress"], ("evidence",))
    method = Method(
        id=check.text("id", fields["id"]),
        title=check.text("title", fields["title"]),
        matrix=_matrix(check, fields["matrix"]),
        exposure_margin=check.whole("exposure_margin", fields["exposure_margin"], 0, MOST_LEVEL),
        tiers=_row(check, "tiers", fields["tiers"]),
        answers=_answers(check, fields["answers"]),
        evidence=_evidence(check, fields["evidence"]),
        classes=_classes(check, fields["classes"]),
        vulnerability=_vulnerability(check, fields["vulnerability"]),
        gate_class=check.one_of("gate.class", gate["class"], CLASSES),
        unproven_evidence=_kinds(check, "gate.unproven_evidence", gate["unproven_evidence"]),
        stressed_evidence=_kinds(check, "stress.evidence", stress["evidence"]),
        floors=_floors(check, fields["floors"]),
        weak_domain=_weak_domain(check, fields["weak_domain"]),
        answered_below=check.whole("answered_below", fields["answered_below"], 0, PERCENT),
        source="" if check.faults else canonical(parsed),
    )
    check.done()
    return method


def _rising(check: Check, place: str, values: Sequence[int | Fraction]) -> None:
    """Note a fault if the values fall anywhere: a better answer could then worsen a rating."""
    if any(after < before for before, after in pairwise(values)):
        check.fault(place, f"must not fall: {', '.join(str(value) for value in values)}")


def _row(check: Check, place: str, value: object) -> tuple[int, ...]:
    items = check.items(place, value, MOST_LEVEL)
    return tuple(check.whole(f"{place}[{i}]", item, LEAST_LEVEL, MOST_LEVEL) for i, item in enumerate(items))


def _matrix(check: Check, value: object) -> tuple[tuple[int, ...], ...]:
    items = check.items("matrix", value, MOST_LEVEL)
    rows = tuple(_row(check, f"matrix[{i}]", item) for i, item in enumerate(items))
    for i, row in enumerate(rows):
        _rising(check, f"matrix[{i}]", row)
    for i, column in enumerate(zip(*rows, strict=True)):
        _rising(check, f"matrix column {i}", column)
    return rows


def _answers(check: Check, value: object) -> dict[str, Fraction]:
    found = check.mapping("answers", value, ANSWERS)
    shares = {name: _share(check, at("answers", name), found[name]) for name in ANSWERS}
    _rising(check, "answers", list(shares.values()))
    return shares


def _share(check: Check, place: str, value: object) -> Fraction:
    if isinstance(value, str) and _SHARE.fullmatch(value) and Fraction(value) <= 1:
        return Fraction(value)
    if value is not MISSING:
        check.fault(place, f'must be a share in quotes, such as "0", "1/2" or "1", not {shown(value)}')
    return Fraction(0)


def _evidence(check: Check, value: object) -> dict[str, int]:
    found = check.mapping("evidence", value, EVIDENCE)
    percents = {name: check.whole(at("evidence", name), found[name], 0, PERCENT) for name in EVIDENCE}
    _rising(check, "evidence", list(percents.values()))
    return percents


def _classes(check: Check, value: object) -> dict[str, int]:
    found = check.mapping("classes", value, CLASSES)
    return {name: check.whole(at("classes", name), found[name], 1, _MOST_CLASS_WEIGHT) for name in CLASSES}


def _vulnerability(check: Check, value: object) -> tuple[tuple[int, int], ...]:
    steps = []
    for i, item in enumerate(check.items("vulnerability", value)):
        place = f"vulnerability[{i}]"
        step = check.mapping(place, item, ("from", "level"))
        least = check.whole(at(place, "from"), step["from"], 0, PERCENT)
        steps.append((least, check.whole(at(place, "level"), step["level"], LEAST_LEVEL, MOST_LEVEL)))
    _rising(check, "vulnerability from, read upwards", [least for least, _ in reversed(steps)])
    _rising(check, "vulnerability level", [level for _, level in steps])
    if value is not MISSING and (not steps or steps[-1][0] != 0):
        check.fault("vulnerability", "the last line must be from 0")
    return tuple(steps)


def _kinds(check: Check, place: str, value: object) -> frozenset[str]:
    """Read kinds of evidence; they must be the weakest ones, or better evidence could bring a floor."""
    items = check.items(place, value)
    kinds = [check.one_of(f"{place}[{i}]", item, EVIDENCE) for i, item in enumerate(items)]
    if value is not MISSING and sorted(kinds) != list(EVIDENCE[: len(kinds)]):
        check.fault(place, f"must be the weakest kinds, from {EVIDENCE[0]} on, each once")
    return frozenset(kinds)


def _floor(check: Check, place: str, fields: Mapping[str, object]) -> Floor:
    return Floor(
        minus=check.whole(at(place, "minus"), fields.get("minus", 0), 0, MOST_LEVEL),
        least=check.whole(at(place, "least"), fields.get("least", LEAST_LEVEL), LEAST_LEVEL, MOST_LEVEL),
        most=check.whole(at(place, "most"), fields.get("most", MOST_LEVEL), LEAST_LEVEL, MOST_LEVEL),
    )


def _floors(check: Check, value: object) -> dict[str, Floor]:
    found = check.mapping("floors", value, FLOORS)
    floors = {}
    for name in FLOORS:
        place = at("floors", name)
        floors[name] = _floor(check, place, check.mapping(place, found[name], (), ("minus", "least", "most")))
    for inherent in _LEVELS:
        gates = [floors[name].level(inherent) for name in ("gate_unproven", "one_gate_failed", "several_gates_failed")]
        _rising(check, f"floors of gates at inherent level {inherent}", gates)
    return floors


def _weak_domain(check: Check, value: object) -> tuple[tuple[int, Floor], ...]:
    steps = []
    for i, item in enumerate(check.items("weak_domain", value)):
        place = f"weak_domain[{i}]"
        fields = check.mapping(place, item, ("below",), ("minus", "least", "most"))
        below = check.whole(at(place, "below"), fields["below"], 0, PERCENT)
        steps.append((below, _floor(check, place, fields)))
    _rising(check, "weak_domain below", [below for below, _ in steps])
    for inherent in _LEVELS:
        levels = [floor.level(inherent) for _, floor in reversed(steps)]
        _rising(check, f"weak_domain at inherent level {inherent}, read upwards", levels)
    return tuple(steps)
