"""Steps 5 to 8 of the story: the manufacturer comes in, answers, attaches evidence, signs and submits."""

from __future__ import annotations

import hashlib
import re

from playwright.sync_api import FilePayload, Page, expect

from tests import make
from tests.journeys import people
from tests.journeys.people import card, status

# Enough to be under way for a moment at the speed of `SLOW`.
REPORT: FilePayload = {
    "name": "validation report.pdf",
    "mimeType": "application/pdf",
    "buffer": make.PDF + b"%" * 900_000,
}
REPORT_DIGEST = hashlib.sha256(REPORT["buffer"]).hexdigest()
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_500_000}
REASON = "No system of ours is hosted by anybody else"
MINE, THEIRS = "Weekly, by the system owner", "Monthly, by QA"


def is_let_in_by_the_code_alone(page: Page, link: str, office: Page, code: people.Code) -> None:
    """Step 5: the link opens nothing by itself; the code leads to the first question, without an account."""
    people.ask_for_code(page, link)
    office.reload()
    expect(office.locator("dt", has_text="First opened").locator("+ dd")).to_have_text("not yet")
    people.type_code(page, "000000" if code() != "000000" else "000001")
    expect(page.get_by_role("alert")).to_contain_text("This code is not right")
    people.type_code(page, code())
    expect(page).to_have_url(re.compile("/answering/scope$"))
    expect(card(page, "P11-S1")).to_be_visible()
    expect(page.locator("input[type=password]")).to_have_count(0)


def says_what_is_in_scope(page: Page) -> None:
    """Step 6: the first answers decide which questions follow."""
    expect(card(page, "P11-S3")).to_have_count(0)
    people.answer(page, "P11-S1", "Yes", shows="P11-S3")
    people.answer(page, "P11-S3", "Yes", shows="P11-S4")
    people.answer_section(page, "No")
    expect(page.locator("[data-section-progress=scope] [data-tally]")).to_have_text("7 of 7")


def answers_with_a_comment(page: Page) -> None:
    """Step 6: what is typed is saved by itself, and what does not apply needs a reason."""
    page.get_by_role("link", name="Next: Systems and validation").click()
    people.answer(page, "P11-01", "Implemented")
    expect(page.locator("[data-saved-at]")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d UTC$"))
    card(page, "P11-01").get_by_label("Comment").fill("Inventory INV-7, checked in May")
    expect(status(page, "P11-01")).to_have_text("Not saved yet")
    expect(status(page, "P11-01")).to_have_text(people.SAVED)
    people.choose(page, "P11-03", "Not applicable")
    expect(card(page, "P11-03").get_by_text("Say why it does not apply", exact=True)).to_be_visible()
    expect(status(page, "P11-03")).to_have_text("Not saved yet: say why it does not apply")
    card(page, "P11-03").get_by_label("Comment").fill(REASON)
    expect(status(page, "P11-03")).to_have_text(people.SAVED)


def attaches_evidence(page: Page) -> None:
    """Step 7: a file goes up with a bar, and is listed with name, size, digest and who sent it."""
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    page.evaluate(
        """() => {
            window.seen = [];
            const note = () => seen.push(document.querySelector('.sending progress')?.value);
            const form = document.querySelector('#P11-01 form.drop');
            new MutationObserver(note).observe(form, {childList: true, subtree: true});
        }"""
    )
    card(page, "P11-01").locator("input[type=file]").set_input_files(REPORT)
    listed = card(page, "P11-01").locator("[data-evidence-list] li")
    expect(listed).to_contain_text(REPORT["name"])
    assert [value for value in page.evaluate("seen") if value and 0 < value < 100], "the bar never moved"
    expect(listed).to_contain_text("879.0 KiB")
    expect(listed.locator(".digest")).to_have_attribute("data-full", REPORT_DIGEST)
    expect(listed).to_contain_text("Marta Conti")


def meet_on_one_question(page: Page, second: Page) -> None:
    """Step 6: two people change one answer; each text is shown, and none is lost."""
    for window in (page, second):
        window.goto("/answering/audit-trail")
    people.choose(second, "P11-18", "Implemented")
    card(second, "P11-18").get_by_label("Comment").fill(THEIRS)
    expect(status(second, "P11-18")).to_have_text(people.SAVED)
    card(page, "P11-18").get_by_label("Comment").fill(MINE)
    people.choose(page, "P11-18", "Partly implemented")
    conflict = card(page, "P11-18").get_by_role("alert")
    expect(conflict).to_contain_text(THEIRS)
    expect(conflict).to_contain_text(MINE)
    conflict.get_by_role("button", name="Keep mine").click()
    expect(status(page, "P11-18")).to_have_text(people.SAVED)
    second.reload()
    expect(card(second, "P11-18").get_by_label("Comment")).to_have_value(MINE)


def leaves(page: Page) -> None:
    """Step 6: leave the questionnaire; the address no longer opens anything."""
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Leave this questionnaire").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left the questionnaire")


def goes_on_where_it_stopped(page: Page) -> None:
    """Step 6: another browser is at the first open question, with all that was saved."""
    expect(page).to_have_url(re.compile("/answering/validation$"))
    expect(card(page, "P11-01").get_by_label("Comment")).to_have_value("Inventory INV-7, checked in May")
    expect(card(page, "P11-03").get_by_label("Not applicable")).to_be_checked()


def answers_the_rest(page: Page, *, but: tuple[str, ...]) -> None:
    """Step 6: every section, until the last; `but` names questions that are passed over."""
    while True:
        people.answer_section(page, "Implemented", but=but)
        onward = page.locator("nav.steps [rel=next]")
        if not onward.count():
            return
        address = onward.get_attribute("href")
        onward.click()
        page.wait_for_url(f"**{address}")


def is_told_what_is_missing(page: Page, missing: tuple[str, ...]) -> None:
    """Step 8: what is open is listed question by question, and each link leads to its question."""
    page.locator("nav.steps").get_by_role("link", name="Review and sign").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{len(missing)} questions are still open")
    expect(page.locator(".open-questions .id")).to_have_text(list(missing))
    expect(page.get_by_label("password")).to_have_count(0)
    for question_id, label in zip(missing, ("No", "Planned"), strict=True):
        page.goto("/answering/submit")
        page.locator(".open-questions a", has_text=question_id).click()
        expect(page).to_have_url(re.compile(f"#{question_id}$"))
        people.answer(page, question_id, label)


def says_who_signs(page: Page) -> None:
    """Step 8: a signing identity, which waits until the sponsor confirms whose it is."""
    page.goto("/answering/submit")
    expect(page.locator(".said")).to_have_count(9)
    expect(page.get_by_text(REASON)).to_be_visible()
    people.makes_a_signing_identity(page)
    expect(page.get_by_text("Your identity is not confirmed yet")).to_be_visible()
    expect(page.get_by_label("Your password")).to_have_count(0)


def signs_and_submits(page: Page, address: str) -> None:
    """Step 8: what is signed, its meaning, the instruction, both components; a wrong password signs nothing."""
    page.reload()
    expect(page.get_by_text("binds you in the same way as your signature on paper")).to_be_visible()
    people.signs(page, address, "not the password at all")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was signed")
    people.signs(page, address, make.PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Signed and submitted")
    signature = page.get_by_role("region", name="Signature of Marta Conti")
    for part in ("Marta Conti", "Head of IT", "I gave these answers", "UTC (+00:00)"):
        expect(signature).to_contain_text(part)


def can_change_nothing_any_more(page: Page, stale: Page) -> None:
    """Step 8: the pages are closed, and a window that was still open is refused without losing what it says."""
    page.goto("/answering/audit-trail")
    expect(page.get_by_text("These answers are submitted")).to_be_visible()
    expect(page.locator("main").locator("input, textarea, button")).to_have_count(0)
    card(stale, "P11-18").get_by_label("Comment").fill("Too late")
    expect(card(stale, "P11-18").get_by_role("alert")).to_be_visible()
    expect(card(stale, "P11-18").get_by_label("Comment")).to_have_value("Too late")
    page.reload()
    expect(card(page, "P11-18")).to_contain_text(MINE)
