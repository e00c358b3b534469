"""A message template -> an address. Mail leaves only through the outbox, after the commit."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from flask import Flask, current_app, render_template
from flask_mail import Connection, Mail, Message

from portal.config import Config
from portal.errors import Invalid

TIMEOUT_SECONDS = 30


class Wire(Connection):
    """A connection that never waits for ever, and over TLS only to a server that can prove its name."""

    def configure_host(self) -> smtplib.SMTP:
        """Connect and, where the installation says so, encrypt and sign in."""
        proof = ssl.create_default_context()
        if self.mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(
                self.mail.server, self.mail.port, timeout=TIMEOUT_SECONDS, context=proof
            )
        else:
            host = smtplib.SMTP(self.mail.server, self.mail.port, timeout=TIMEOUT_SECONDS)
        if self.mail.use_tls:
            host.starttls(context=proof)
        if self.mail.username and self.mail.password:
            host.login(self.mail.username, self.mail.password)
        return host


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is ready to go."""

    to: str
    subject: str
    text: str
    html: str


def start(app: Flask, config: Config) -> None:
    """Connect to the mail server of the installation, if it has one."""
    server = config.mail
    if server is not None:
        app.config.update(
            MAIL_SERVER=server.host,
            MAIL_PORT=server.port,
            MAIL_USERNAME=server.user,
            MAIL_PASSWORD=server.password,
            MAIL_USE_SSL=server.tls,
            MAIL_USE_TLS=server.encrypted and not server.tls,
        )
        app.config["MAIL_DEFAULT_SENDER"] = config.mail_sender
        Mail(app)


def configured() -> bool:
    """Tell whether this installation can send mail."""
    return "mail" in current_app.extensions


def compose(template: str, *, to: str, subject: str, **context: Any) -> Letter:
    """Write a letter from its two templates; raise Invalid for an address or subject with a line break."""
    if any(sign in to + subject for sign in "\r\n") or "@" not in parseaddr(to)[1]:
        raise Invalid("That is not a mail address.")
    return Letter(
        to=to,
        subject=subject,
        text=render_template(f"mail/{template}.txt", **context),
        html=render_template(f"mail/{template}.html", subject=subject, **context),
    )


def posting(letter: Letter) -> Callable[[UUID], None]:
    """Return what the outbox does after the commit: send the letter, numbered by its row."""

    def post(ticket: UUID) -> None:
        message = Message(subject=letter.subject, recipients=[letter.to], body=letter.text, html=letter.html)
        # A letter that leaves twice carries the same number, so that a mailbox can tell.
        message.msgId = f"<{ticket}@{_domain()}>"
        with Wire(current_app.extensions["mail"]) as wire:
            wire.send(message)

    return post


def _domain() -> str:
    config: Config = current_app.extensions["portal.config"]
    return parseaddr(config.mail_sender)[1].partition("@")[2] or "localhost"
