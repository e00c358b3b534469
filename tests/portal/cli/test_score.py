"""`portal score`: what it prints, and with which exit code."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from portal.cli import main

GOLDEN = """
Q1 | Access and signature | critical | implemented | E4
Q2 | Access and signature | major | implemented | E2
Q3 | Access and signature | major | partial | E2
Q4 | Access and signature | minor | na_accepted | E0
Q5 | Audit trail | critical | no | E0
Q6 | Audit trail | major | implemented | E2
Q7 | Audit trail | minor | implemented | E0
Q8 | Continuity | critical | implemented | E3
Q9 | Continuity | major | implemented | E2
Q10 | Continuity | minor | unanswered | E0
"""
# What SRM-1.0's description says of its golden case, as it is printed.
PRINTED = """\
{
  "impact": 5,
  "exposure_level": 3,
  "inherent": 4,
  "domains": {
    "Access and signature": 85.5,
    "Audit trail": 24.2,
    "Continuity": 85.4
  },
  "assurance": 65.0,
  "assurance_exact": "1691/26",
  "vulnerability": 3,
  "matrix_level": 3,
  "drivers": [
    [
      4,
      "gate failed: Q5"
    ],
    [
      4,
      "weak domain <40: Audit trail"
    ]
  ],
  "final": 4,
  "final_name": "high",
  "completeness": 97.6,
  "confidence": 91.5,
  "implementation_only": 71.0,
  "stress_assurance": 61.7,
  "stress_final": 4,
  "status": "provisional",
  "input_digest": "66238cf4de130b23bfd2e2899c84c3780bf8b1455d6c0caf70af656863e67b39",
  "method": "SRM-1.0"
}
"""


def portal(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def case_of(lines: str) -> dict[str, object]:
    names = ("id", "domain", "class", "answer", "evidence")
    rows = [[part.strip() for part in line.split("|")] for line in lines.strip().splitlines()]
    questions = [dict(zip(names, row, strict=True)) for row in rows]
    return {"impact": [5, 4, 4], "exposure": [3, 4, 2, 3], "questions": questions}


def test_score_prints_the_golden_case_as_its_description_says(tmp_path):
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case_of(GOLDEN)))
    result = portal("score", str(file))
    assert (result.exit_code, result.stdout) == (0, PRINTED)


def test_score_needs_no_settings_and_no_database(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_MODE", "production")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case_of(GOLDEN)))
    assert portal("score", str(file)).stdout == PRINTED


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (
            b'{"impact": [5, 4], "exposure": [3, 4, 2, 9], "questions": [{"id": "Q1", "class": "grave"}], "x": 1}',
            ["impact", "exposure[3]", "questions[0].domain", "questions[0].class", "questions[0].answer", "x"],
        ),
        (b"[]", ["document"]),
        (b"{", ["not JSON"]),
        (b"\xff\xfe", ["not JSON"]),
        (b"[" * 100_000, ["not JSON"]),
        (b'{"impact": ' + b"9" * 5000 + b"}", ["not JSON"]),
    ],
)
def test_score_names_every_fault_of_a_bad_file_by_its_place(tmp_path, content, faults):
    file = tmp_path / "case.json"
    file.write_bytes(content)
    result = portal("score", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert {line.partition(":")[0] for line in result.stderr.splitlines()} == set(faults)
