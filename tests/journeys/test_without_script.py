"""The manufacturer's pages in a browser that runs no script: they do the same, one page after the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests import make
from tests.journeys import people
from tests.journeys.browsers import Browsers
from tests.journeys.people import card
from tests.services import Inbox

pytestmark = pytest.mark.browser
OPEN = "P11-20"
TEXT = b"Name;Course;Date\nA. Bruni;Data integrity;2026-03-04\n"


def test_a_respondent_answers_attaches_and_signs(sponsor: make.Sponsor, inbox: Inbox, browsers: Browsers) -> None:
    browsers.expect("422")
    case = make.sent(sponsor)
    make.answer_all(case, {}, but=(OPEN,))
    page = browsers.open(script=False)
    people.come_in(page, inbox, make.link(case), case.email)
    expect(page).to_have_url(re.compile("/answering/people$"))

    form = card(page, OPEN).locator("form[data-autosave]")
    form.get_by_label("Not applicable").check(force=True)
    form.get_by_role("button", name="Save").click()
    expect(card(page, OPEN).get_by_role("alert")).to_be_visible()
    expect(form.get_by_label("Not applicable")).to_be_checked()
    form.get_by_label("Partly implemented").check(force=True)
    form.get_by_label("Comment").fill("Two of three shifts")
    form.get_by_role("button", name="Save").click()
    expect(people.status(page, OPEN)).to_have_text(people.SAVED)
    expect(form.get_by_label("Comment")).to_have_value("Two of three shifts")

    drop = card(page, OPEN).locator("form.drop")
    drop.locator("input[type=file]").set_input_files({"name": "courses.csv", "mimeType": "text/csv", "buffer": TEXT})
    drop.get_by_role("button", name="Upload").click()
    expect(card(page, OPEN).locator("[data-evidence-list]")).to_contain_text("courses.csv")

    page.locator(".finish").get_by_role("link", name="Review and sign").click()
    people.makes_a_signing_identity(page)
    people.signs(page, case.email, make.PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Signed and submitted")
    expect(page.locator(".said", has_text="Two of three shifts")).to_contain_text("courses.csv")


def test_the_sponsor_withdraws_a_questionnaire(sponsor: make.Sponsor, inbox: Inbox, browsers: Browsers) -> None:
    browsers.expect("410")
    case = make.sent(sponsor)
    office, manufacturer = browsers.open(script=False), browsers.open(script=False)
    people.sign_in(office, sponsor)
    office.goto(f"/assessments/{case.assessment_id}")
    office.get_by_role("link", name="Withdraw").click()
    office.get_by_label("Reason").fill("Sent to the wrong plant")
    office.get_by_role("button", name="Withdraw").click()
    expect(office.locator(".flashes")).to_contain_text("The questionnaire is withdrawn")
    manufacturer.goto(make.link(case))
    expect(manufacturer.get_by_role("heading", level=1)).to_have_text("This link no longer works")
