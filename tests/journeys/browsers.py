"""Browsers that note whatever goes wrong in them: scripts, the content policy, requests, addresses of others."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize, WebError, expect

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
# How long to wait for what is there at once on a machine that is not busy, in seconds.
PATIENCE = 15


class Browsers:
    """Opens browsers that share nothing with each other, as those of different people."""

    def __init__(self, new_context: Callable[..., BrowserContext], home: str) -> None:
        expect.set_options(timeout=PATIENCE * 1000)
        self.home = home
        self._new_context = new_context
        self._open: list[BrowserContext] = []
        self._faults: list[str] = []
        self._expected: list[str] = []

    def open(self, size: ViewportSize = WIDE, *, script: bool = True) -> Page:
        """Open a browser of its own and return its first page."""
        context = self._new_context(base_url=self.home, viewport=size, java_script_enabled=script)
        context.set_default_timeout(PATIENCE * 1000)
        context.on("console", self._console)
        context.on("weberror", self._script)
        context.on("request", self._request)
        context.on("response", self._response)
        self._open.append(context)
        return context.new_page()

    def close(self) -> None:
        """Close every browser, before the portal that they look at ends."""
        while self._open:
            self._open.pop().close()

    def expect(self, *texts: str) -> None:
        """Let faults pass that contain one of the texts: the test brings them about on purpose."""
        self._expected += texts

    def unexpected(self) -> list[str]:
        """Return what went wrong and should not have."""
        return [fault for fault in self._faults if not any(text in fault for text in self._expected)]

    def _console(self, message: ConsoleMessage) -> None:
        # A violation of the content policy is told here, too.
        if message.type == "error":
            self._faults.append(f"console: {message.text} ({message.location['url']})")

    def _script(self, error: WebError) -> None:
        self._faults.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self._faults.append(f"stranger: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self._faults.append(f"server: {response.status} for {response.url}")


def clicks(page: Page) -> list[str]:
    """Return a list that grows with each click of a person on this page, by the words that were clicked."""
    note = "addEventListener('click', event => event.isTrusted && noteClick(event.target.innerText.trim()), true)"
    counted: list[str] = []
    page.expose_function("noteClick", lambda words: counted.append(words))
    page.add_init_script(note)
    page.evaluate(note)
    return counted
