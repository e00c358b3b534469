"""What the portal does for each clause of 21 CFR Part 11 and EU GMP Annex 11, and which tests prove it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that bears a clause in its name, and what it proves."""

    clause: str
    test: str
    proves: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: what it asks, what the portal does, what is left to the customer, and what the portal still owes."""

    clause: str
    asks: str
    behaviour: str
    left: str
    owed: str
    proofs: Sequence[Proof] = ()

    @property
    def prefix(self) -> str:
        """Return how the name of a test begins that proves this clause."""
        return f"test_{'_'.join(re.findall(r'[a-z0-9]+', self.clause.lower()))}_"


@cache
def clauses() -> tuple[Clause, ...]:
    """Return every clause with its proofs, in the order of the regulations."""
    proofs = [Proof(**row) for row in _rows("proofs.csv")]
    return tuple(
        Clause(**row, proofs=[proof for proof in proofs if proof.clause == row["clause"]])
        for row in _rows("part11.csv")
    )


def _rows(name: str) -> list[dict[str, str]]:
    with files("portal").joinpath(name).open(encoding="utf-8") as source:
        return list(csv.DictReader(source))
