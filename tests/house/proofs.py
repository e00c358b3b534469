"""Which tests prove which clause: read from their names and docstrings, and written for the page about Part 11."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator

from portal.services import part11
from portal.services.part11 import Proof
from tests.house.source import Found, functions

# A test bears the clause that it proves: test_11_10_e_..., test_annex_11_9_...
BEARS_A_CLAUSE = re.compile(r"test_(annex_)?11_\d+_")
COLUMNS = ("clause", "test", "proves")


def bearing() -> list[Found]:
    """Return the tests that bear a clause in their name."""
    return [item for item in functions("tests") if item.public and BEARS_A_CLAUSE.match(item.name)]


def proofs() -> Iterator[Proof]:
    """Yield the proofs, clause by clause, tests in the order of their names."""
    for clause in part11.clauses():
        for item in sorted(bearing(), key=lambda item: item.name):
            if item.name.startswith(clause.prefix):
                yield Proof(clause.clause, item.name, sentence(item))


def sentence(item: Found) -> str:
    """Return what a test says that it proves, on one line; nothing if it does not say so."""
    node = item.node.body[0]
    said = getattr(getattr(node, "value", None), "value", "")
    return " ".join(said.split()) if isinstance(said, str) else ""


if __name__ == "__main__":
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows((proof.clause, proof.test, proof.proves) for proof in proofs())
