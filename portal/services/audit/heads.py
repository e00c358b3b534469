"""The sealed heads of the trails, kept outside the database: a cut tail does not reach the head that was kept (H041).

A head is one line of a file: whose, when, up to which entry, its digest, and the seal that only the key makes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from portal import audit, mail, manifest, outbox
from portal.config import Config
from portal.db import db, now
from portal.mail import Letter
from portal.models.audit import AuditHead
from portal.services.accounts import people


@dataclass(frozen=True, slots=True)
class Head:
    """How far a sponsor's trail had come at a moment."""

    tenant_id: UUID
    at: datetime
    number: int
    digest: str
    seal: str

    def line(self) -> str:
        """Return the head as one line of JSON."""
        return manifest.canonical(asdict(self)).decode()


class Unreadable(ValueError):
    """A line that is no head, or one that was made without the key."""


def present() -> Head | None:
    """Return the head of the scope's tenant; none while its trail is empty."""
    row = db.session.scalar(select(AuditHead))
    return row and Head(row.tenant_id, now(), row.number, row.digest, row.seal)


def keep() -> None:
    """Add the head of the scope's tenant to the file, and have it mailed, if it changed since the last time."""
    config, head = _config(), present()
    if head is None or _last(config.heads_file, head.tenant_id) == head.number:
        return
    _append(config.heads_file, head.line())
    if config.heads_mail and mail.configured():
        outbox.later("mail_head", head.tenant_id)


def letter() -> Letter | None:
    """Return the mail that carries the head of the scope's tenant."""
    config, head = _config(), present()
    if head is None or not config.heads_mail:
        return None
    tenant = people.own_tenant()
    subject = f"Audit trail of {tenant.name}: sealed at entry {head.number}"
    return mail.compose("head", to=config.heads_mail, subject=subject, tenant=tenant, line=head.line())


def read(path: Path) -> Iterator[Head | str]:
    """Yield each head of a file, or what is wrong with a line; nothing where there is no file yet."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _parsed(line)
            except Unreadable as error:
                yield f"line {number} {error}"


def _parsed(line: bytes) -> Head:
    """Read one line; raise Unreadable for what is no head or does not fit its seal."""
    try:
        said = manifest.parsed(line.decode())
        tenant_id, at = UUID(said["tenant_id"]), datetime.fromisoformat(said["at"])
        head = Head(tenant_id, at, int(said["number"]), str(said["digest"]), str(said["seal"]))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise Unreadable("cannot be read") from None
    if not manifest.same(head.seal, audit.seal_of(head.tenant_id, head.number, head.digest)):
        raise Unreadable("has a seal that does not fit: it was made without the key")
    return head


def _last(path: Path, tenant_id: UUID) -> int:
    """Return the number of a tenant's newest head in the file; 0 while there is none."""
    numbers = [head.number for head in read(path) if isinstance(head, Head) and head.tenant_id == tenant_id]
    return numbers[-1] if numbers else 0


def _append(path: Path, line: str) -> None:
    """Add one line in one write, and wait until the disk has it: several processes may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def _config() -> Config:
    config: Config = current_app.extensions["portal.config"]
    return config
