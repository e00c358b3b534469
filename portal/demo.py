"""The demo's own mail server and mailbox, on loopback, so that the demo uses the same road as production."""

from __future__ import annotations

import asyncio
import mailbox
import re
from dataclasses import dataclass
from datetime import UTC
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from flask import current_app

from portal.config import Config

LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Received:
    """One mail in the demo's mailbox."""

    key: str
    sender: str
    to: str
    subject: str
    at: str
    text: str

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Return (text, link) for each line, so that a page can make the links live without trusting the mail."""
        return [(line, found[0] if (found := LINK.search(line)) else "") for line in self.text.splitlines()]


class LoopbackMail(Controller):
    """A mail server on loopback, on whichever port is free; `port` says which once it has started."""

    def __init__(self, handler: object) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=0)

    def _trigger_server(self) -> None:
        # The library knocks at the port that it asked for; here the system chose it.
        self.port = int(cast(asyncio.Server, self.server).sockets[0].getsockname()[1])
        super()._trigger_server()  # type: ignore[no-untyped-call]  # the library has no types


def serve(folder: Path) -> LoopbackMail:
    """Start a mail server that puts what it gets into a mail folder."""
    server = LoopbackMail(Mailbox(folder))
    server.start()
    return server


def letters() -> list[Received]:
    """Return the mails of the demo's mailbox, newest first."""
    config: Config = current_app.extensions["portal.config"]
    folder = mailbox.Maildir(str(folder_of(config)), create=True)
    parser = BytesParser(policy=policy.default)
    found = [_received(key, parser.parsebytes(folder.get_bytes(key))) for key in folder.keys()]  # noqa: SIM118
    return sorted(found, key=lambda letter: (letter.at, letter.key), reverse=True)


def folder_of(config: Config) -> Path:
    """Return where the demo keeps its mails."""
    return config.data_dir / "mailbox"


def _received(key: str, message: EmailMessage) -> Received:
    body = message.get_body(("plain",))
    sent = parsedate_to_datetime(message["Date"]).astimezone(UTC) if message["Date"] else None
    return Received(
        key, str(message["From"]), str(message["To"]), str(message["Subject"]),
        f"{sent:%Y-%m-%d %H:%M:%S} UTC" if sent else "", body.get_content() if body else "",
    )  # fmt: skip
