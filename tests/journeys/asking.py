"""Steps 1 to 4 of the story: the sponsor finds and adds suppliers and sends the questionnaire; a mail arrives."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests import make
from tests.journeys import people
from tests.journeys.browsers import clicks
from tests.services import Inbox

SET = "21 CFR Part 11 for contract manufacturers"
NAME, CONTACT = "Bellini Sterile S.p.A.", "Marta Conti"
FACTORS = {
    "Patient and product": "5 critical", "Data": "4 high", "Supply": "4 high", "Connectivity": "3 moderate",
    "System complexity": "4 high", "Subcontracting depth": "2 low", "Compliance history": "3 moderate",
}  # fmt: skip
# Filter, choice, and what the address then asks of the server.
FILTERS = (
    ("Sites", "One", "sites=one"), ("Status", "Prospective", "status=prospective"), ("Rating", "Not rated", "rating=0"),
    ("Tier", "Tier 4", "tier=4"),
)  # fmt: skip
REASON = (
    "Impact is 5, the highest of patient 5, data 4, supply 4. "
    "Exposure is 3: connectivity 3, complexity 4, subcontracting 2, history 3"
)


def finds_suppliers(page: Page) -> None:
    """Step 1: the list sorts and filters by each column, on the server."""
    names = page.locator("tbody th")
    expect(names).to_have_text(["Aubonne Tablets SA", "Zaandam Packing B.V."])
    for label in ("Sites", "Tier", "Status", "Rating", "Next due", "Supplier"):
        header = page.get_by_role("columnheader", name=label, exact=True)
        header.get_by_role("link").click()
        expect(header).to_have_attribute("aria-sort", "ascending")
    page.goto("/suppliers/?sort=tier")
    expect(names).to_have_text(["Zaandam Packing B.V.", "Aubonne Tablets SA"])
    for label, option, asked in FILTERS:
        page.get_by_label(label, exact=True).select_option(option)
        page.wait_for_url(re.compile(asked))
    expect(names).to_have_text(["Aubonne Tablets SA"])
    page.get_by_label("Next due", exact=True).select_option("Overdue")
    expect(page.get_by_text("No supplier fits these filters")).to_be_visible()
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(names).to_have_count(2)


def adds_a_supplier(page: Page) -> None:
    """Step 2: the seven factors give level and tier, with the reason."""
    page.get_by_role("link", name="Add supplier").click()
    page.get_by_label("Legal name").fill(NAME)
    page.get_by_label("Services").fill("Sterile fill and finish")
    for label, level in FACTORS.items():
        page.get_by_label(label, exact=True).select_option(level)
    page.get_by_role("button", name="Add supplier").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAME)
    expect(page.locator(".standing-risk")).to_contain_text("4 high")
    expect(page.get_by_role("heading", name="Why tier 2")).to_be_visible()
    expect(page.get_by_text(REASON)).to_be_visible()


def adds_site_and_contact(page: Page, address: str) -> None:
    """Step 2, on the supplier's page."""
    sites, contacts = page.locator("#sites"), page.locator("#contacts")
    sites.get_by_text("Add site").first.click()
    sites.get_by_label("Site", exact=True).fill("Plant Ferrara")
    sites.get_by_label("Country").fill("Italy")
    sites.get_by_role("button", name="Add site").click()
    expect(sites.get_by_role("listitem")).to_contain_text("Plant Ferrara")
    contacts.get_by_text("Add contact").first.click()
    contacts.get_by_label("Name", exact=True).fill(CONTACT)
    contacts.get_by_label("E-mail address").fill(address)
    contacts.get_by_role("button", name="Add contact").click()
    expect(contacts.get_by_role("listitem")).to_contain_text(address)


def sends_in_three_clicks(page: Page, address: str) -> None:
    """Step 3: from the supplier's page to sent, with the mail read before it goes."""
    counted = clicks(page)
    page.get_by_role("link", name="Send questionnaire").click()
    page.get_by_role("link", name=SET).click()
    expect(page.get_by_label("Contact").locator("option:checked")).to_have_text(f"{CONTACT} ({address})")
    expect(page.locator(".mail")).to_contain_text(f"asks you: {SET}")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".flashes")).to_contain_text(f"Sent to {CONTACT} ({address})")
    assert counted == ["Send questionnaire", SET, "Send"]


def gets_the_mail(inbox: Inbox, sponsor: make.Sponsor, address: str) -> str:
    """Step 4: sponsor, subject, number of questions, due date, whom to ask, and one link, which is returned."""
    letter = people.letter(inbox, address, "asks you")
    due = (make.today() + timedelta(days=28)).isoformat()
    assert letter["Subject"] == f"{sponsor.name} asks you: {SET} (due {due})"
    said = " ".join(people.body(letter).split())
    for part in (f"Dear {CONTACT}", sponsor.name, SET, f"Due: {due}", "Questions: up to 53", "Write to qa@"):
        assert part in said
    return people.link_in(letter)
