"""A telephone's screen, 390 px wide: nothing sticks out, everything can be hit with a thumb."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.journeys import pages, people
from tests.journeys.browsers import NARROW, Browsers
from tests.services import Inbox

pytestmark = pytest.mark.browser
# WCAG 2.2, 2.5.8: 24 px each way; links within a text and hidden controls with a visible label are left alone.
SMALL = """() => {
    const shown = node => node.checkVisibility({visibilityProperty: true, opacityProperty: true});
    const inText = node => node.tagName === 'A' && getComputedStyle(node).display === 'inline';
    return [...document.querySelectorAll('a, button, select, summary, textarea, input:not([type=hidden], [type=file])')]
        .filter(node => shown(node) && !inText(node) && !node.closest('.visually-hidden'))
        .map(node => node.closest('label') ?? (node.labels?.[0]?.closest('.form-check')) ?? node)
        .map(node => [node.getBoundingClientRect(), node.innerText.slice(0, 40) || node.outerHTML.slice(0, 80)])
        .filter(([box]) => box.width < 24 || box.height < 24)
        .map(([box, words]) => `${words}: ${Math.round(box.width)} x ${Math.round(box.height)}`);
}"""
WIDER = "document.scrollingElement.scrollWidth > innerWidth"


def look(page: Page) -> list[str]:
    """Return what does not fit a small screen."""
    return (["wider than the screen"] if page.evaluate(WIDER) else []) + page.evaluate(SMALL)


def test_every_page_fits_a_telephone(sponsor: make.Sponsor, inbox: Inbox, browsers: Browsers) -> None:
    browsers.expect("404")
    assert pages.faults(look, browsers, inbox, sponsor, NARROW) == ""


def test_the_strip_of_sections_shows_where_one_is_and_leads_on(
    sponsor: make.Sponsor, inbox: Inbox, browsers: Browsers
) -> None:
    case = make.sent(sponsor)
    page = browsers.open(NARROW)
    people.come_in(page, inbox, make.link(case), case.email)
    strip = page.get_by_role("navigation", name="Sections", exact=True)
    for section in ("Records: copies, protection and retrieval", "People, training and documentation"):
        strip.get_by_role("link", name=section).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(section)
        expect(strip.locator("[aria-current=page]")).to_be_in_viewport(ratio=0.9)
