"""What people do in the pages: sign in, open the mailed link, type the code, answer, sign."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from email.message import EmailMessage

from flask import Flask
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from portal import tenancy
from portal.db import db
from portal.models.accounts import Throttle
from tests import make
from tests.services import Inbox

SAVED = re.compile(r"^Saved \d\d:\d\d:\d\d UTC$")
LINK = re.compile(r"http://\S+")
PATIENCE = 10


def sign_in(page: Page, sponsor: make.Sponsor, role: str = "qa") -> None:
    """Sign in as a member of the sponsor's staff."""
    page.goto("/")
    page.get_by_label("E-mail address").fill(sponsor.emails[role])
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suppliers")


def letters(inbox: Inbox, address: str, number: int) -> list[EmailMessage]:
    """Wait until a mailbox holds so many mails and return them."""
    end = time.monotonic() + PATIENCE
    while len(found := inbox.to(address)) < number:
        assert time.monotonic() < end, f"{len(found)} mails for {address}, not {number}"
        time.sleep(0.02)
    return found


def body(letter: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link_in(letter: EmailMessage) -> str:
    """Return the only link of a mail."""
    [link] = LINK.findall(body(letter))
    return link


def ask_for_code(page: Page, link: str) -> None:
    """Open the link and ask for a code."""
    page.goto(link)
    page.get_by_role("button", name="Send me the code").click()


def type_code(page: Page, code: str) -> None:
    """Type the six digits."""
    page.get_by_label("Six-digit code").fill(code)
    page.get_by_role("button", name="Open the questionnaire").click()


def come_in(page: Page, inbox: Inbox, link: str, address: str) -> None:
    """Open the link, ask for a code and type what the mailbox got."""
    before = len(inbox.to(address))
    ask_for_code(page, link)
    type_code(page, make.code_in(body(letters(inbox, address, before + 1)[-1])))
    expect(page.get_by_role("navigation", name="Sections", exact=True)).to_be_visible()


def let_a_minute_pass(app: Flask) -> None:
    """Put the counts of codes back by a minute, so that another code may be asked for."""
    with app.app_context():
        tenancy.enter_unscoped(writes=True)
        for row in db.session.scalars(select(Throttle)):
            row.since -= timedelta(minutes=1, seconds=1)
        db.session.commit()
        tenancy.leave()


def card(page: Page, question_id: str) -> Locator:
    """Return the card of a question."""
    return page.locator(f"#{question_id}")


def choose(page: Page, question_id: str, label: str) -> None:
    """Choose an answer."""
    card(page, question_id).get_by_label(label, exact=True).check(force=True)


def status(page: Page, question_id: str) -> Locator:
    """Return the words that say whether a question's answer is saved."""
    return card(page, question_id).get_by_role("status")


def answer(page: Page, question_id: str, label: str, *, shows: str = "") -> None:
    """Choose an answer and wait until it is saved; `shows` names a question that it brings up."""
    choose(page, question_id, label)
    if shows:
        card(page, shows).wait_for()
    expect(status(page, question_id)).to_have_text(SAVED)


def answer_section(page: Page, label: str) -> None:
    """Give one answer to every question of the page that has none."""
    open_forms = page.locator("form[data-autosave][data-state=empty]")
    for question_id in open_forms.evaluate_all("forms => forms.map(form => form.closest('article').id)"):
        choose(page, question_id, label)
    expect(page.locator("form[data-autosave]:not([data-state=saved])")).to_have_count(0)
