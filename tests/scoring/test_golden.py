"""The golden case of the method's description, before and after the repair: every figure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from scoring.document import read
from scoring.method import Method
from scoring.score import rate


def test_the_golden_case_gives_every_figure_of_the_description(golden: dict[str, Any], method: Method) -> None:
    assert rate(read(golden), method).document() == {
        "impact": 5,
        "exposure_level": 3,
        "inherent": 4,
        "domains": {"Access and signature": 85.5, "Audit trail": 24.2, "Continuity": 85.4},
        "assurance": 65.0,
        "assurance_exact": "1691/26",
        "vulnerability": 3,
        "matrix_level": 3,
        "drivers": [[4, "gate failed: Q5"], [4, "weak domain <40: Audit trail"]],
        "final": 4,
        "final_name": "high",
        "completeness": 97.6,
        "confidence": 91.5,
        "implementation_only": 71.0,
        "stress_assurance": 61.7,
        "stress_final": 4,
        "status": "provisional",
        "input_digest": "66238cf4de130b23bfd2e2899c84c3780bf8b1455d6c0caf70af656863e67b39",
        "method": "SRM-1.0",
    }


def test_the_repaired_case_gives_every_figure_of_the_description(repaired: dict[str, Any], method: Method) -> None:
    assert rate(read(repaired), method).document() == {
        "impact": 5,
        "exposure_level": 3,
        "inherent": 4,
        "domains": {"Access and signature": 85.5, "Audit trail": 93.5, "Continuity": 91.9},
        "assurance": 90.3,
        "assurance_exact": "7043/78",
        "vulnerability": 1,
        "matrix_level": 2,
        "drivers": [],
        "final": 2,
        "final_name": "low",
        "completeness": 100.0,
        "confidence": 93.2,
        "implementation_only": 96.7,
        "stress_assurance": 87.0,
        "stress_final": 2,
        "status": "final",
        "input_digest": "0311c11f85dc9e671c0261e5e57ccfffe147ec7045edd04841de223f896da70c",
        "method": "SRM-1.0",
    }


def test_the_golden_case_keeps_exact_sums_for_every_domain(golden: dict[str, Any], method: Method) -> None:
    rating = rate(read(golden), method)
    sums = {name: (domain.points, domain.weight) for name, domain in rating.domains.items()}
    assert sums == {
        "Access and signature": (Fraction("1282.5"), 15),
        "Audit trail": (315, 13),
        "Continuity": (1110, 13),
    }
    assert rating.inherent.tier == 2
    assert (len(rating.not_applicable), rating.not_applicable_weight) == (1, 1)


def test_the_output_has_its_keys_in_the_order_of_the_description(golden: dict[str, Any], method: Method) -> None:
    assert " ".join(rate(read(golden), method).document()) == (
        "impact exposure_level inherent domains assurance assurance_exact vulnerability matrix_level drivers "
        "final final_name completeness confidence implementation_only stress_assurance stress_final status "
        "input_digest method"
    )
