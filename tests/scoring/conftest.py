"""Cases to rate: the golden one from the method's description, and small ones written as lines of text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from scoring.document import read
from scoring.method import Method
from scoring.rubric import method as released_method
from scoring.score import Rating, rate

GOLDEN = """
Q1 | Access and signature | critical | implemented | E4
Q2 | Access and signature | major | implemented | E2
Q3 | Access and signature | major | partial | E2
Q4 | Access and signature | minor | na_accepted
Q5 | Audit trail | critical | no
Q6 | Audit trail | major | implemented | E2
Q7 | Audit trail | minor | implemented | E0
Q8 | Continuity | critical | implemented | E3
Q9 | Continuity | major | implemented | E2
Q10 | Continuity | minor | unanswered
"""


def question(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.split("|")]
    return dict(zip(("id", "domain", "class", "answer", "evidence"), parts, strict=False))


def document(*rows: str, level: int = 4, **extra: object) -> dict[str, Any]:
    """Make a document whose inherent level is the given one: the matrix has it at row and column `level`."""
    return {
        "impact": [level] * 3,
        "exposure": [level] * 4,
        "questions": [question(row) for row in rows],
        **extra,
    }


@pytest.fixture(scope="session")
def method() -> Method:
    return released_method("SRM-1.0")


@pytest.fixture
def golden() -> dict[str, Any]:
    rows = GOLDEN.strip().splitlines()
    return document(*rows) | {"impact": [5, 4, 4], "exposure": [3, 4, 2, 3]}


@pytest.fixture
def repaired(golden: dict[str, Any]) -> dict[str, Any]:
    mended = json.loads(json.dumps(golden))
    mended["questions"][4] |= {"answer": "implemented", "evidence": "E4"}
    mended["questions"][9] |= {"answer": "implemented", "evidence": "E2"}
    return mended  # type: ignore[no-any-return]  # JSON says nothing about its types


@pytest.fixture
def rated(method: Method) -> Callable[..., Rating]:
    """Rate lines such as "Q1 | Access | critical | implemented | E4"."""

    def rated_lines(*rows: str, **options: Any) -> Rating:
        return rate(read(document(*rows, **options)), method)

    return rated_lines


@pytest.fixture(scope="session")
def put() -> Callable[[Any, str, object], None]:
    """Put a value at a place such as "questions[0].class"."""

    def put_at(document: Any, place: str, value: object) -> None:
        *path, last = (int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", place))
        for step in path:
            document = document[step]
        document[last] = value

    return put_at
