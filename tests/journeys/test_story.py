"""The main job from end to end, in the pages: sent, answered, signed, reviewed, rated, and out as a dossier."""

from __future__ import annotations

import pytest

from tests import make
from tests.journeys import answering, asking, deciding, people
from tests.journeys.browsers import Browsers
from tests.services import Inbox

pytestmark = pytest.mark.browser
LEFT_OPEN = ("P11-16", "P11-20")


def test_a_sponsor_sends_a_manufacturer_signs_and_the_rating_and_dossier_follow(
    sponsor: make.Sponsor, inbox: Inbox, browsers: Browsers
) -> None:
    make.supplier(sponsor, "Aubonne Tablets SA", factors=dict.fromkeys(make.FACTOR_LEVELS, 1))
    make.supplier(sponsor, "Zaandam Packing B.V.")
    address = f"marta-{sponsor.id.hex[:12]}@cmo.example"

    office = browsers.open()
    people.sign_in(office, sponsor)
    asking.finds_suppliers(office)
    asking.adds_a_supplier(office)
    asking.adds_site_and_contact(office, address)
    asking.sends_in_three_clicks(office, address)
    link = asking.gets_the_mail(inbox, sponsor, address)

    # A wrong code, and an answer that meets another one, are refused on purpose.
    browsers.expect("422", "409")
    first, second, third = browsers.open(), browsers.open(), browsers.open()
    answering.is_let_in_by_the_code_alone(first, link, office, people.code_after(inbox, address))
    answering.says_what_is_in_scope(first)
    answering.answers_with_a_comment(first)
    answering.attaches_evidence(first)
    people.let_a_minute_pass(sponsor)
    people.come_in(second, inbox, link, address)
    answering.meet_on_one_question(first, second)
    answering.leaves(first)
    people.let_a_minute_pass(sponsor)
    people.come_in(third, inbox, link, address)
    answering.goes_on_where_it_stopped(third)
    answering.answers_the_rest(third, but=LEFT_OPEN)
    answering.is_told_what_is_missing(third, LEFT_OPEN)
    answering.says_who_signs(third)
    deciding.confirms_who_signs(office)
    answering.signs_and_submits(third, address)
    answering.can_change_nothing_any_more(third, second)

    deciding.opens_the_review(office)
    deciding.gives_verdicts(office, LEFT_OPEN)
    deciding.reads_how_it_is_rated(office)
    deciding.closes_under_signature(office, sponsor)
    deciding.downloads_the_dossier(office)
