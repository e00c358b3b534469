"""A second calculation, written from the description alone with its own figures, agrees with the package."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

import pytest

from scoring.document import read
from scoring.method import Method
from scoring.score import rate

Document = dict[str, Any]
MATRIX = {1: "11122", 2: "12223", 3: "12334", 4: "12345", 5: "12345"}
WORTH = {"implemented": 2, "partial": 1}  # halves
PERCENT = {"E0": 60, "E1": 70, "E2": 85, "E3": 95, "E4": 100}
WEIGHT = {"critical": 9, "major": 3, "minor": 1}
ANSWERS = (
    "implemented",
    "implemented",
    "implemented",
    "partial",
    "planned",
    "no",
    "unanswered",
    "na_pending",
)


def made_up(chance: random.Random) -> Document:
    rows = []
    for i in range(chance.randint(1, 14)):
        deficiency = chance.choice(list(WEIGHT))
        answers = ANSWERS if deficiency == "critical" else (*ANSWERS, "na_accepted", "na_accepted")
        rows.append(
            {
                "id": f"Q{i}",
                "domain": chance.choice("ABC"),
                "class": deficiency,
                "answer": chance.choice(answers),
                "evidence": chance.choice(list(PERCENT)),
            }
        )
    return {
        "impact": [chance.randint(1, 5) for _ in range(3)],
        "exposure": [chance.randint(1, 5) for _ in range(4)],
        "questions": rows,
        "domain_weights": {row["domain"]: chance.randint(1, 4) for row in rows if chance.random() < 0.3},
        "overdue_critical_actions": chance.random() < 0.1,
        "open_regulatory_action": chance.random() < 0.05,
    }


def inherent(document: Document) -> tuple[int, int, int]:
    quarters = sum(document["exposure"])
    exposure = max(quarters // 4 + (quarters % 4 >= 2), max(document["exposure"]) - 1)
    impact = max(document["impact"])
    return impact, exposure, int(MATRIX[exposure][impact - 1])


def averages(rows: list[Document], evidence: dict[str, int] = PERCENT) -> dict[str, Fraction]:
    found = {}
    for name in {row["domain"] for row in rows}:
        mine = [row for row in rows if row["domain"] == name]
        halves = sum(WEIGHT[row["class"]] * WORTH.get(row["answer"], 0) * evidence[row["evidence"]] for row in mine)
        found[name] = Fraction(halves, 2 * sum(WEIGHT[row["class"]] for row in mine))
    return found


def together(found: dict[str, Fraction], weights: dict[str, int]) -> Fraction:
    total = sum((share * weights.get(name, 1) for name, share in found.items()), Fraction(0))
    return total / sum(weights.get(name, 1) for name in found)


def answered(rows: list[Document]) -> Fraction:
    kept = sum(WEIGHT[row["class"]] for row in rows if row["answer"] not in ("unanswered", "na_pending"))
    return Fraction(100 * kept, sum(WEIGHT[row["class"]] for row in rows))


def level(rows: list[Document], document: Document, risk: int) -> tuple[int, int, int, list[list[Any]]]:
    found = averages(rows)
    share = together(found, document["domain_weights"])
    vulnerability = 1 if share >= 90 else 2 if share >= 75 else 3 if share >= 60 else 4 if share >= 40 else 5
    base = int(MATRIX[vulnerability][risk - 1])
    gates = [row for row in rows if row["class"] == "critical"]
    failed = sorted(row["id"] for row in gates if row["answer"] not in WORTH)
    weak = {row["id"] for row in gates if row["answer"] == "partial"}
    weak |= {row["id"] for row in gates if row["answer"] == "implemented" and row["evidence"] in ("E0", "E1")}
    floors: list[list[Any]] = []
    if failed:
        floors.append([5 if len(failed) > 1 else max(4, risk), f"gate failed: {','.join(failed)}"])
    if weak:
        floors.append([max(3, risk - 1), f"gate unproven: {','.join(sorted(weak))}"])
    floors += [[min(risk, 4), f"weak domain <40: {name}"] for name, part in found.items() if part < 40]
    floors += [[min(risk, 3), f"weak domain <60: {name}"] for name, part in found.items() if 40 <= part < 60]
    if document["overdue_critical_actions"]:
        floors.append([4, "overdue critical action"])
    if document["open_regulatory_action"]:
        floors.append([5, "open regulatory data-integrity action"])
    if answered(rows) < 80:
        floors.append([max(4, risk), "insufficient data"])
    floors.sort(key=lambda floor: (-floor[0], floor[1]))
    return vulnerability, base, max([base, *(floor[0] for floor in floors)]), floors


def shown(value: Fraction) -> float:
    tenths = (value * 20 + 1) // 2
    return int(tenths) / 10


def again(document: Document) -> Document:
    """Calculate the whole output once more, without the digest and the name of the method."""
    impact, exposure, risk = inherent(document)
    rows = [row for row in document["questions"] if row["answer"] != "na_accepted"]
    if not rows:
        return {"inherent": risk, "status": "not rated"}
    vulnerability, base, final, floors = level(rows, document, risk)
    stressed = [
        {**row, "answer": "no"}
        if row["answer"] == "na_accepted" or (row["answer"] in WORTH and row["evidence"] == "E0")
        else row
        for row in document["questions"]
    ]
    weights = document["domain_weights"]
    claimed = [row for row in rows if row["answer"] in WORTH]
    weighed = sum(WEIGHT[row["class"]] * PERCENT[row["evidence"]] for row in claimed)
    share = together(averages(rows), weights)
    return {
        "impact": impact,
        "exposure_level": exposure,
        "inherent": risk,
        "domains": {name: shown(part) for name, part in averages(rows).items()},
        "assurance": shown(share),
        "assurance_exact": f"{share.numerator}/{share.denominator}",
        "vulnerability": vulnerability,
        "matrix_level": base,
        "drivers": floors,
        "final": final,
        "final_name": ["very low", "low", "moderate", "high", "critical"][final - 1],
        "completeness": shown(answered(rows)),
        "confidence": shown(Fraction(weighed, sum(WEIGHT[row["class"]] for row in claimed))) if claimed else None,
        "implementation_only": shown(together(averages(rows, dict.fromkeys(PERCENT, 100)), weights)),
        "stress_assurance": shown(together(averages(stressed), weights)),
        "stress_final": max(final, level(stressed, document, risk)[2]),
        "status": "final" if answered(rows) == 100 else "provisional",
    }


@pytest.mark.parametrize("seed", range(10))
def test_a_second_calculation_agrees(seed: int, method: Method) -> None:
    chance = random.Random(seed)  # made-up cases, not secrets
    for _ in range(30):
        document = made_up(chance)
        found = rate(read(document), method).document()
        found.pop("input_digest", None)
        found.pop("method", None)
        assert found == again(document), json.dumps(document)
