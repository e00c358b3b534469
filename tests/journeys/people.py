"""What people do in the pages: sign in, open the mailed link, type the code, answer, sign."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from portal import tenancy
from portal.db import db
from portal.models.assessments import MailedCode
from tests import make
from tests.services import Inbox

SAVED = re.compile(r"^Saved \d\d:\d\d:\d\d UTC$")
LINK = re.compile(r"http://\S+")
PATIENCE = 10
Code = Callable[[], str]


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


def code_after(inbox: Inbox, address: str) -> Code:
    """Return what waits for the next mail to an address and reads the code in it."""
    number = len(inbox.to(address)) + 1
    return lambda: make.code_in(body(letters(inbox, address, number)[number - 1]))


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
    code = code_after(inbox, address)
    ask_for_code(page, link)
    type_code(page, code())
    expect(page.get_by_role("navigation", name="Sections", exact=True)).to_be_visible()


def let_a_minute_pass(sponsor: make.Sponsor) -> None:
    """Put the codes of a sponsor's suppliers back by a minute, so that another may be asked for."""
    with sponsor.app.app_context(), tenancy.scoped(tenancy.system(sponsor.id, "test")):
        for code in db.session.scalars(select(MailedCode)):
            code.asked_at -= timedelta(minutes=1)


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


def answer_section(page: Page, label: str, *, but: tuple[str, ...] = ()) -> None:
    """Give one answer to every question of the page that has none; `but` names questions that are passed over."""
    forms = page.locator("form[data-autosave][data-state=empty]")
    found = forms.evaluate_all("forms => forms.map(form => form.closest('article').id)")
    for question_id in (name for name in found if name not in but):
        choose(page, question_id, label)
    for question_id in (name for name in found if name not in but):
        expect(status(page, question_id)).to_have_text(SAVED)
