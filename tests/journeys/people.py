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
from tests.journeys.browsers import PATIENCE
from tests.services import Inbox

SAVED = re.compile(r"^Saved \d\d:\d\d:\d\d UTC$")
LINK = re.compile(r"http://\S+")
CODE = "is your code"
Code = Callable[[], str]


def sign_in(page: Page, sponsor: make.Sponsor, role: str = "qa") -> None:
    """Sign in as a member of the sponsor's staff."""
    page.goto("/")
    page.get_by_label("E-mail address").fill(sponsor.emails[role])
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suppliers")


def letter(inbox: Inbox, address: str, subject: str, number: int = 1) -> EmailMessage:
    """Wait for a mail to an address, the first or a later one whose subject contains some words."""
    end = time.monotonic() + PATIENCE
    while len(found := about(inbox, address, subject)) < number:
        assert time.monotonic() < end, f"{len(found)} mails for {address} with {subject!r}, not {number}"
        time.sleep(0.02)
    return found[number - 1]


def about(inbox: Inbox, address: str, subject: str) -> list[EmailMessage]:
    """Return the mails to an address whose subject contains some words, oldest first."""
    return [mail for mail in inbox.to(address) if subject in str(mail["Subject"])]


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
    number = len(about(inbox, address, CODE)) + 1
    return lambda: make.code_in(body(letter(inbox, address, CODE, number)))


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


def makes_a_signing_identity(page: Page) -> None:
    """Say who signs, once."""
    page.get_by_label("Your full name").fill("Marta Conti")
    page.get_by_label("Your title or function").fill("Head of IT")
    page.get_by_label("Choose a password").fill(make.PASSWORD)
    page.get_by_role("button", name="Create my signing identity").click()


def accept_the_instruction(page: Page) -> None:
    """Tick the box below the signing instruction, which is shown until the first signature."""
    tick = page.get_by_label("I have read this instruction")
    if tick.count():
        tick.check()


def signs(page: Page, address: str, password: str) -> None:
    """Choose the meaning, give both components of the signature and submit."""
    page.get_by_label("I gave these answers").check()
    accept_the_instruction(page)
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name="Sign and submit").click()
