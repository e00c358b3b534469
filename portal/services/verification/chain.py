"""The chain of the trail, from its first entry to the sealed head, and against the heads that were kept outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select

from portal import audit, manifest
from portal.db import db
from portal.models.audit import AuditEntry, AuditHead
from portal.services.audit.heads import Head
from portal.services.verification.walking import Damage


class Chain:
    """Follows the trail and remembers where it ends."""

    def __init__(self, outside: Sequence[Head] = ()) -> None:
        self.number, self.previous = 0, audit.START
        self._at: datetime | None = None
        self._outside: dict[int, list[Head]] = {}
        for head in outside:
            self._outside.setdefault(head.number, []).append(head)

    def follow(self, entry: AuditEntry) -> Iterator[str]:
        """Yield what is wrong with the next entry."""
        number, previous = self.number, self.previous
        self.number, self.previous, self._at = entry.number, entry.digest, entry.at
        if entry.number != number + 1:
            yield f"comes directly after entry {number}: an entry is missing or out of place"
        elif entry.previous != previous:
            yield "does not follow the entry before it"
        row = {name: getattr(entry, name) for name in (*audit.COVERED, "tenant_id", "previous")}
        if not manifest.same(audit.digest_of(row), entry.digest):
            yield "content was altered"
        audit.told(entry)  # what cannot be read is named, even where its digest was made to fit
        for head in self._outside.get(entry.number, ()):
            if not manifest.same(head.digest, entry.digest):
                yield f"is not the one whose sealed head was kept outside on {head.at:%Y-%m-%d %H:%M} UTC"

    def end(self) -> Iterator[Damage]:
        """Yield what is wrong with the end: the head beside the chain, and the latest one that was kept outside."""
        head = db.session.scalar(select(AuditHead))
        if head is None:
            yield Damage("head", "the sealed head is missing")
        elif (head.number, head.digest) != (self.number, self.previous):
            yield Damage("head", f"history ends at {self.number}, the sealed head is {head.number}")
        elif head.at != self._at:
            yield Damage("head", "its time is not that of the newest entry")
        elif not manifest.same(head.seal, audit.seal_of(head.tenant_id, head.number, head.digest)):
            yield Damage("head", "the seal does not fit: the chain was made again without the key")
        beyond = [head for number, heads in self._outside.items() for head in heads if number > self.number]
        if beyond:
            last = max(beyond, key=lambda head: head.number)
            text = f"history ends at {self.number}, the sealed head outside is {last.number} of {last.at:%Y-%m-%d}"
            yield Damage("head", text)
