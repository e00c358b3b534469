"""Passkeys in a real browser, with an authenticator that the browser itself plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from portal.models.accounts import Authenticator, SignIn
from tests import make
from tests.journeys import people
from tests.journeys.browsers import Browsers
from tests.scopes import entries, rows

pytestmark = pytest.mark.browser


@pytest.fixture
def named(new_context: Callable[..., BrowserContext], app: Flask, jobs: None) -> Iterator[Browsers]:
    """Browsers that visit the portal by a name: a passkey is bound to one, never to a number."""
    home = app.extensions["portal.config"].base_url.replace("127.0.0.1", "localhost")
    opened = Browsers(new_context, home)
    yield opened
    assert opened.unexpected() == []


def device(page: Page, *, verifies: bool = True) -> None:
    """Give a browser a device that keeps passkeys and asks its owner for a PIN, or fails to."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": verifies, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def adds_a_passkey(page: Page) -> None:
    """Go to the own account and add a passkey."""
    page.goto("/account")
    page.get_by_role("link", name="Passkey").click()
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Add the passkey").click()


def out(page: Page) -> None:
    """Sign out."""
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def gives_the_password(page: Page, sponsor: make.Sponsor) -> None:
    page.get_by_label("E-mail address").fill(sponsor.emails["qa"])
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_added_used_as_second_factor_used_alone_and_removed(named, sponsor):
    page = named.open()
    device(page)
    people.sign_in(page, sponsor)
    adds_a_passkey(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Work laptop")).to_be_visible()
    out(page)

    gives_the_password(page, sponsor)
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suppliers")
    out(page)

    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suppliers")
    assert {row.proved_by for row in rows(sponsor, SignIn)} >= {"password and passkey", "passkey"}
    row = rows(sponsor, Authenticator, person_id=sponsor.persons["qa"], kind="passkey")[0]
    assert row.counter > 0

    page.goto("/account/factors/remove")
    page.get_by_label("Work laptop").check()
    page.get_by_label("Your password").fill(make.PASSWORD)
    page.get_by_role("button", name="Prove it with a passkey and remove").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert rows(sponsor, Authenticator, id=row.id)[0].removed_at


def test_11_200_a_2_a_device_that_does_not_check_who_holds_it_adds_and_opens_nothing(named, sponsor):
    """A passkey counts only where the device asked its owner for a finger, a face or a PIN."""
    page = named.open()
    device(page, verifies=False)
    people.sign_in(page, sponsor)
    adds_a_passkey(page)
    expect(page.get_by_role("alert")).to_have_text("Nothing came from your device. Try again.")
    assert not rows(sponsor, Authenticator, person_id=sponsor.persons["qa"])


def test_an_answer_that_was_overheard_opens_nothing_a_second_time(named, sponsor):
    named.expect("422", "429", "Failed to load resource")
    page = named.open()
    device(page)
    people.sign_in(page, sponsor)
    adds_a_passkey(page)
    page.get_by_role("link", name="I have kept them").click()
    out(page)
    cookie = next(item for item in page.context.cookies() if item["name"] == "portal_form")
    with page.expect_request("**/sign-in/passkey*") as sent:
        page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suppliers")
    thief = named.open()
    thief.context.add_cookies([cookie])
    again = thief.request.post("/sign-in/passkey", data=sent.value.post_data_buffer, headers={
        "content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert again.status == 429
    thief.goto("/suppliers/")
    expect(thief.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert not entries(sponsor, action="access.refused")
