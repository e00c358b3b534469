"""Each clause of Part 11 has a proof that exists, and each test that bears a clause proves one of the table."""

from __future__ import annotations

from portal.services import part11
from tests.house import proofs
from tests.house.source import refuse

REGENERATE = "Run: .venv/bin/python -m tests.house.proofs > /tmp/proofs.csv && mv /tmp/proofs.csv portal/proofs.csv"
# Subparts B and C, and the points of Annex 11 that the portal answers for.
ASKED = (
    *(f"11.10({letter})" for letter in "abcdefghijk"),
    "11.30", "11.50", "11.70",
    *(f"11.100({letter})" for letter in "abc"),
    *(f"11.200(a)({number})" for number in (1, 2, 3)),
    "11.200(b)",
    *(f"11.300({letter})" for letter in "abcde"),
    *(f"Annex 11 {point}" for point in (7, 9, 12, 14, 17)),
)  # fmt: skip


def test_the_page_answers_for_every_clause():
    assert tuple(clause.clause for clause in part11.clauses()) == ASKED


def test_each_clause_has_a_proof_or_says_what_is_owed():
    refuse(
        [f"{clause.clause}: {clause.asks}" for clause in part11.clauses() if not (clause.proofs or clause.owed)],
        "A clause needs a test whose name bears it, such as test_11_10_e_..., or in portal/part11.csv what is owed.",
    )


def test_each_test_that_bears_a_clause_proves_one_of_the_table():
    prefixes = tuple(clause.prefix for clause in part11.clauses())
    refuse(
        [item.place for item in proofs.bearing() if not item.name.startswith(prefixes)],
        "The test bears a clause that portal/part11.csv does not have.",
    )


def test_each_proof_says_in_a_sentence_what_it_proves():
    refuse(
        [item.place for item in proofs.bearing() if not proofs.sentence(item).endswith(".")],
        "Readers of the page about Part 11 see the docstring of the test: write one sentence.",
    )


def test_the_page_names_the_proofs_that_there_are():
    shown = [proof for clause in part11.clauses() for proof in clause.proofs]
    there = list(proofs.proofs())
    refuse(
        [f"- {proof.test}" for proof in shown if proof not in there]
        + [f"+ {proof.test}" for proof in there if proof not in shown],
        f"portal/proofs.csv is not what the tests say. {REGENERATE}",
    )
    assert shown == there, REGENERATE
