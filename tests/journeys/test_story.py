"""The main job from end to end, in the pages: sent, answered, signed, reviewed, rated, and out as a dossier."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import make
from tests.journeys import people
from tests.journeys.browsers import Browsers, clicks
from tests.services import Inbox

pytestmark = pytest.mark.browser
SET = "21 CFR Part 11 for contract manufacturers"
NAME, CONTACT = "Bellini Sterile S.p.A.", "Marta Conti"


def test_a_sponsor_sends_a_manufacturer_signs_and_the_rating_and_dossier_follow(
    app: Flask, sponsor: make.Sponsor, inbox: Inbox, browsers: Browsers
) -> None:
    make.supplier(sponsor, "Aubonne Tablets SA", factors=dict.fromkeys(make.FACTOR_LEVELS, 1))
    make.supplier(sponsor, "Zaandam Packing B.V.")
    office = browsers.open()
    people.sign_in(office, sponsor)
    finds_suppliers(office)
    address = f"marta-{sponsor.id.hex[:12]}@cmo.example"
    adds_a_supplier(office)
    adds_site_and_contact(office, address)
    sends_in_three_clicks(office, address)


def finds_suppliers(page: Page) -> None:
    """Step 1: the list sorts and filters on the server."""
    names = page.locator("tbody th")
    expect(names).to_have_text(["Aubonne Tablets SA", "Zaandam Packing B.V."])
    for column in ("Supplier", "Sites", "Tier", "Status", "Rating", "Next due"):
        page.get_by_role("columnheader", name=column, exact=True).get_by_role("link").click()
        expect(page.get_by_role("columnheader", name=column, exact=True)).to_have_attribute("aria-sort", "ascending")
    page.goto("/suppliers/?sort=tier")
    expect(names).to_have_text(["Zaandam Packing B.V.", "Aubonne Tablets SA"])
    page.get_by_label("Tier").select_option("Tier 4")
    expect(names).to_have_text(["Aubonne Tablets SA"])
    page.get_by_role("link", name="Clear").click()
    expect(names).to_have_count(2)


def adds_a_supplier(page: Page) -> None:
    """Step 2: the seven factors give level and tier, with the reason."""
    page.get_by_role("link", name="Add supplier").click()
    page.get_by_label("Legal name").fill(NAME)
    page.get_by_label("Services").fill("Sterile fill and finish")
    for label, level in {
        "Patient and product": "5 critical", "Data": "4 high", "Supply": "4 high", "Connectivity": "3 moderate",
        "System complexity": "4 high", "Subcontracting depth": "2 low", "Compliance history": "3 moderate",
    }.items():  # fmt: skip
        page.get_by_label(label, exact=True).select_option(level)
    page.get_by_role("button", name="Add supplier").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAME)


def adds_site_and_contact(page: Page, address: str) -> None:
    """Step 2, on the supplier's page."""
    page.get_by_text("Add site").first.click()
    page.get_by_label("Site", exact=True).fill("Plant Ferrara")
    page.get_by_label("Country").fill("Italy")
    page.get_by_role("button", name="Add site").click()
    page.get_by_text("Add contact").first.click()
    page.get_by_label("Name", exact=True).fill(CONTACT)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Add contact").click()
    expect(page.locator("#contacts")).to_contain_text(address)


def sends_in_three_clicks(page: Page, address: str) -> None:
    """Step 3: from the supplier's page to sent, with the mail read before it goes."""
    counted = clicks(page)
    page.get_by_role("link", name="Send questionnaire").click()
    page.get_by_role("link", name=SET).click()
    expect(page.locator(".mail")).to_contain_text(f"asks you: {SET}")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text(f"Sent to {CONTACT} ({address})")
    assert counted == ["Send questionnaire", SET, "Send"]
