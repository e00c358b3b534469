"""About the portal: the page about Part 11 names each clause, what is left to the sponsor, and the proofs."""

from __future__ import annotations

from html import escape

import pytest

from portal.access import STAFF_ROLES
from portal.services import part11
from tests import make


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_every_member_of_staff_reads_what_is_done_for_each_clause_and_which_tests_prove_it(house, role):
    page = house.client(role).get("/about/part-11").text
    for clause in part11.clauses():
        for text in (clause.clause, clause.behaviour, clause.left, *(proof.test for proof in clause.proofs)):
            assert escape(text, quote=True) in page.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")


def test_what_is_owed_is_said(house):
    owed = [clause.owed for clause in part11.clauses() if clause.owed]
    page = house.client("qa").get("/about/part-11").text
    assert page.count("<b>Not yet:</b>") == len(owed)


def test_the_page_is_reached_from_every_page_of_staff_and_no_respondent_reads_it(app, house, inbox):
    assert 'href="/about/part-11"' in house.client("viewer").get("/suppliers/").text
    visitor = make.visitor(make.sent(house), inbox)
    assert visitor.get("/about/part-11").headers["Location"].startswith("/sign-in")
