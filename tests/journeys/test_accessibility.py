"""Every page for people who do not see it, or use no mouse: axe-core's rules up to WCAG 2.2 AA, and one heading."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import make
from tests.journeys import pages
from tests.journeys.browsers import WIDE, Browsers
from tests.services import Inbox

pytestmark = pytest.mark.browser
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


def look(page: Page) -> list[str]:
    """Return what keeps people out of a page."""
    found = [] if page.get_by_role("heading", level=1).count() == 1 else ["not exactly one first heading"]
    for rule in Axe().run(page, options=RULES).response["violations"]:
        found += [f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:300]}" for node in rule["nodes"][:3]]
    return found


def test_every_page_keeps_the_rules(sponsor: make.Sponsor, inbox: Inbox, browsers: Browsers) -> None:
    browsers.expect("404")
    assert pages.faults(look, browsers, inbox, sponsor, WIDE) == ""
