"""Steps 9 and 10 of the story: the sponsor decides on each answer, closes the review and downloads the dossier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests import make
from tests.journeys.answering import REPORT_DIGEST
from tests.journeys.asking import NAME
from tests.journeys.people import card

# Gives the same verdict as a click on each form would, without showing the page anew after each.
REST = """async () => {
    for (const form of document.querySelectorAll('form.verdict')) {
        form.querySelector('input[value=accepted]').checked = true;
        if (form.elements.level) form.elements.level.value = 'E2';
        const body = new URLSearchParams(new FormData(form));
        const answer = await fetch(form.action, {method: 'POST', body, redirect: 'manual'});
        if (answer.type !== 'opaqueredirect') throw new Error(form.action + ' answered ' + answer.status);
    }
}"""


ARITHMETIC = {
    "P11-01": "implemented (1) x E2 (85 %) = 85 points, weight 3 -> 255 of 300.",
    "P11-03": "not applicable, accepted; it leaves the sums, weight 3.",
    "P11-16": "no (0) x E0 (60 %) = 0 points, weight 9 -> 0 of 900.",
}


def confirms_who_signs(page: Page) -> None:
    """Step 8: the sponsor says how he knows that the identity is this person's (11.100(b))."""
    page.reload()
    page.get_by_label("How do you know who this is?").select_option("Met in person")
    page.get_by_role("button", name="Confirm this identity").click()
    expect(page.locator(".flashes")).to_contain_text("The identity of Marta Conti is confirmed")


def opens_the_review(page: Page) -> None:
    """Step 9: the sponsor sees the submission with what was said and attached."""
    page.reload()
    page.get_by_role("link", name="Start the review").click()
    expect(card(page, "P11-01")).to_contain_text("Inventory INV-7, checked in May")
    expect(card(page, "P11-01").locator(".digest")).to_have_attribute("data-full", REPORT_DIGEST)


def gives_verdicts(page: Page, gaps: tuple[str, ...]) -> None:
    """Step 9: each answer gets its verdict, and the rating builds up."""
    so_far = page.get_by_role("region", name="Rating as it stands")
    undecided = so_far.locator("dt", has_text="Undecided").locator("+ dd")
    total = page.locator("form.verdict").count()
    assert total == 41
    for number, question_id in enumerate(gaps, start=1):
        form = card(page, question_id).locator("form.verdict")
        form.get_by_label("Gap", exact=True).check(force=True)
        form.get_by_label("Reason or question").fill("Not in place yet")
        form.get_by_role("button", name="Save verdict").click()
        expect(undecided).to_have_text(str(total - number))
        expect(card(page, question_id)).to_contain_text("Not in place yet")
    form = card(page, "P11-01").locator("form.verdict")
    form.get_by_label("Accepted", exact=True).check(force=True)
    form.get_by_label("How well the evidence proves it").select_option("E2 reviewed and current (85 %)")
    form.get_by_role("button", name="Save verdict").click()
    expect(card(page, "P11-01")).to_contain_text("Accepted at E2")
    expect(so_far).to_contain_text("provisional")
    page.goto(f"{page.url.partition('?')[0]}?show=undecided")
    page.evaluate(REST)
    page.goto(page.url.partition("?")[0])
    expect(undecided).to_have_text("none")


def reads_how_it_is_rated(page: Page) -> None:
    """Step 9: the drivers, and the arithmetic of every line."""
    page.get_by_role("link", name="How it is computed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rating")
    expect(page.locator(".drivers")).to_contain_text("A critical question was answered 'no': P11-16")
    for question_id, sum_ in ARITHMETIC.items():
        expect(page.get_by_role("row", name=question_id)).to_contain_text(sum_)
    expect(page.locator(".result.final")).to_contain_text("4 high")
    page.go_back()


def closes_under_signature(page: Page, sponsor: make.Sponsor) -> None:
    """Step 9: the review is closed, and the rating is final."""
    page.get_by_role("link", name="Close the review").click()
    page.get_by_label("I reviewed the answers and evidence").check()
    page.get_by_label("Your e-mail address").fill(sponsor.emails["qa"])
    page.get_by_label("Your password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign and close").click()
    expect(page.locator(".flashes")).to_contain_text("The review is closed and signed")
    expect(page.get_by_role("region", name="Signature of")).to_have_count(2)


def downloads_the_dossier(page: Page) -> None:
    """Step 10: PDF and JSON of the same data."""
    page.get_by_role("link", name=NAME).click()
    page.get_by_role("link", name="Dossier").click()
    data = json.loads(_download(page, "JSON").read_bytes())
    pages = [sheet.extract_text() for sheet in PdfReader(_download(page, "PDF")).pages]
    is_a_dossier(pages, data)


def is_a_dossier(pages: list[str], data: dict[str, Any]) -> None:
    """Step 10: cover, contents, answers, evidence with digests, signatures, page numbers."""
    text = "\n".join(pages)
    squeezed = "".join(text.split())
    assert NAME in pages[0]
    assert "Contents" in pages[1]
    for number, sheet in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in sheet
    [assessment] = data["assessments"]
    for signature in assessment["signatures"]:
        for part in (signature["printed_name"], signature["at"], signature["meaning"], signature["digest"]):
            assert "".join(part.split()) in squeezed
    assert REPORT_DIGEST in squeezed
    assert [file["sha256"] for file in assessment["evidence"]] == [REPORT_DIGEST]
    assert data["digest"] in squeezed


def _download(page: Page, label: str) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=label, exact=True).click()
    return waiting.value.path()
