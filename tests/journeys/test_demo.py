"""The demo, as its reader starts it: one command, an address, sign-ins that work, mail in its mailbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.bench.serving import free_port
from tests.journeys.browsers import Browsers

pytestmark = pytest.mark.browser
PORTAL = Path(sys.executable).with_name("portal")
LAST_LINE = "All names and data are invented"


@contextmanager
def demo(folder: Path, port: int) -> Iterator[str]:
    """Start the demo and yield what it prints, once it serves; end it as Ctrl+C does."""
    environment = {**os.environ, "DATA_DIR": str(folder), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([PORTAL, "demo"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while LAST_LINE not in said:
            line = process.stdout.readline()
            assert line, f"the demo ended: {said}"
            said += line
        try:
            yield said
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_the_demo_says_how_to_come_in_leads_on_by_mail_and_starts_again_with_what_was_there(
    tmp_path: Path, new_context: Callable[..., BrowserContext], capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    browsers = Browsers(new_context, f"http://127.0.0.1:{port}")
    with demo(tmp_path, port) as said:
        assert f"The demo is at {browsers.home}" in said
        assert f"{browsers.home}/demo/mailbox" in said
        signs_in(browsers.open(), said)
        comes_in_by_mail(browsers.open())
        browsers.close()
    begun = time.monotonic()
    with demo(tmp_path, port) as said:
        seconds = time.monotonic() - begun
        signs_in(browsers.open(), said)
        browsers.close()
    assert browsers.unexpected() == []
    with capsys.disabled():
        sys.stdout.write(f"\nA second start of the demo took {seconds:.1f} s.\n")


def signs_in(page: Page, said: str) -> None:
    """Sign in as the first one of quality assurance who was printed, with the password that was printed."""
    [(email, _)] = re.findall(r"(\S+@\S+) +(qa) ", said)
    [password] = re.findall(r"the password of each is: (.+)", said)
    page.goto("/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suppliers")
    expect(page.locator("tbody tr")).not_to_have_count(0)


def comes_in_by_mail(page: Page) -> None:
    """Follow the link of a mail in the mailbox, ask for a code and find that in the mailbox, too."""
    page.goto("/demo/mailbox")
    mails = page.get_by_role("navigation", name="Mails")
    mails.get_by_role("link", name="asks you").first.click()
    page.locator(".mail").get_by_role("link").click()
    page.get_by_role("button", name="Send me the code").click()
    code = page.url
    page.get_by_role("link", name="demo mailbox").click()
    while not mails.get_by_role("link", name="is your code").count():
        page.get_by_role("link", name="Look for new mail").click()
    mails.get_by_role("link", name="is your code").first.click()
    digits = page.locator(".mail h2").inner_text()[:6]
    page.goto(code)
    page.get_by_label("Six-digit code").fill(digits)
    page.get_by_role("button", name="Open the questionnaire").click()
    expect(page).to_have_url(re.compile("/answering/"))
