"""Signing in and signing a record through a company's own OpenID provider, in the pages."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from portal.models.signatures import Signature
from tests import make, scopes, single_sign_on
from tests.journeys.browsers import Browsers
from tests.provider import PASSWORD, Provider
from tests.single_sign_on import House

pytestmark = pytest.mark.browser


@pytest.fixture
def house(app: Flask, provider: Provider, browsers: Browsers) -> House:
    # The provider is another host, to which the browser goes on purpose; it has no icon of its own.
    browsers.expect(f"stranger: {provider.issuer}/", f"({provider.issuer}/favicon.ico)")
    return single_sign_on.house(app, provider)


def leaves_for_the_provider(page: Page, address: str, wanted: str) -> None:
    """Type the address and choose the company's sign-in."""
    page.goto(wanted)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Continue with your company’s sign-in").click()


def proves_himself_there(page: Page, login: str) -> None:
    """Sign in at the provider."""
    expect(page.get_by_role("heading")).to_have_text("Sign in at work")
    page.get_by_label("Name").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_a_reviewer_signs_in_and_signs_through_the_companys_provider(house: House, browsers: Browsers) -> None:
    case = make.submitted(house.sponsor)
    make.judged(case)
    closing, login = f"/assessments/{case.assessment_id}/close", house.member("qa")
    page = browsers.open()
    leaves_for_the_provider(page, house.sponsor.emails["qa"], closing)
    proves_himself_there(page, login)
    page.get_by_label("Your password here").fill(make.PASSWORD)
    page.get_by_role("button", name="Confirm and sign in").click()
    # The page that was wanted opens; signing asks the provider again, which knows the browser well by now.
    expect(page.get_by_role("heading", level=1)).to_have_text("Close the review")
    page.get_by_label("I reviewed the answers").check()
    page.get_by_role("button", name="Confirm with your company’s sign-in").click()
    proves_himself_there(page, login)
    expect(page.get_by_text("The review is closed and signed.")).to_be_visible()
    made_by = [row.components for row in scopes.rows(house.sponsor, Signature, record_type="Rating")]
    assert made_by == ["single sign-on, asked again"]


def test_a_newcomer_comes_in_without_script(house: House, browsers: Browsers) -> None:
    login, address = house.employ(name="Nora New")
    page = browsers.open(script=False)
    leaves_for_the_provider(page, address, "/")
    proves_himself_there(page, login)
    expect(page.get_by_role("heading", level=1)).to_have_text("Suppliers")
    expect(page.get_by_text("Nora New").first).to_be_visible()
