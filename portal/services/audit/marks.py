"""Reviewing the trail, period by period, under signature (Annex 11 9).

Nobody reviews himself: a mark counts for the entries of others, and those of its reviewer stay open until somebody
else signs a mark. What that next mark takes over is written into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal import manifest, tenancy
from portal.db import db, now
from portal.errors import Conflict, Invalid
from portal.models.audit import AuditEntry, ReviewMark
from portal.models.signatures import Signature
from portal.services import signatures
from portal.services.audit import reading
from portal.services.audit.reading import Wanted

KIND = "trail"
# From the first to the last number.
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Left:
    """Entries of one person that nobody else has reviewed."""

    person_id: UUID
    name: str
    first: int
    last: int
    entries: int


@dataclass(frozen=True, slots=True)
class Period:
    """What a period holds: its entries by kind and action, those to look at closely, and the end of its chain."""

    from_on: date
    until_on: date
    first: int
    last: int
    head: str
    counts: Mapping[tuple[str, str], int]
    with_reason: int
    own: int
    taken_over: Sequence[Left]

    @property
    def entries(self) -> int:
        """Return how many entries there are."""
        return sum(self.counts.values())

    def of_action(self, action: str) -> int:
        """Return how many entries tell of an act or event."""
        return sum(count for (_, done), count in self.counts.items() if done == action)

    def content(self) -> dict[str, Any]:
        """Return what a mark says of the period, as plain values."""
        return {
            "period": {"from": self.from_on, "until": self.until_on},
            "first": self.first, "last": self.last, "entries": self.entries, "head": self.head,
            "reviewer": tenancy.scope().actor.id, "not_reviewed_by_another": self.own,
            "with_reason": self.with_reason,
            "counts": [[kind, action, count] for (kind, action), count in sorted(self.counts.items())],
            "taken_over": [[it.person_id, it.name, it.first, it.last, it.entries] for it in self.taken_over],
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """Return the digest of what the page shows, so that nobody signs what was not shown."""
        return manifest.digest(self.content())


def proposed(today: date) -> tuple[date, date]:
    """Return the days that are next: from the first entry after the last mark until yesterday."""
    last = max((said["last"] for said in _contents()), default=0)
    next_at = db.session.scalar(select(AuditEntry.at).where(AuditEntry.number == last + 1))
    from_on = next_at.date() if next_at else today
    return from_on, max(from_on, today - timedelta(days=1))


def look(*, from_on: date, until_on: date, today: date, last: int | None = None) -> Period:
    """Return what a period holds, as far as a number; raise Invalid for days that are none."""
    if not from_on <= until_on <= today:
        raise Invalid("Choose a first day, and a last day that is not before it and not after today.")
    fitting = reading.fitting(Wanted(from_on=from_on, until_on=until_on))
    if last is not None:
        fitting.append(AuditEntry.number <= last)
    rows = db.session.execute(
        select(AuditEntry.record_type, AuditEntry.action, func.count()).where(*fitting)
        .group_by(AuditEntry.record_type, AuditEntry.action)
    ).all()  # fmt: skip
    ends = select(func.min(AuditEntry.number), func.max(AuditEntry.number)).where(*fitting)
    first, end = db.session.execute(ends).one()
    me = tenancy.scope().actor.id
    return Period(
        from_on, until_on, first or 0, end or 0,
        head=db.session.scalar(select(AuditEntry.digest).where(AuditEntry.number == end)) or "",
        counts={(kind, action): count for kind, action, count in rows},
        with_reason=_count(*fitting, AuditEntry.reason != ""), own=_count(*fitting, AuditEntry.actor_id == me),
        taken_over=[left for left in left_open() if left.person_id != me],
    )  # fmt: skip


def mark(
    *, credential: signatures.Credential, meaning: str, from_on: date, until_on: date, last: int, shown_digest: str,
    remark: str, today: date,
) -> ReviewMark:  # fmt: skip
    """Sign that a period was reviewed.

    Raises Conflict if the page showed something else, Invalid for a period without entries, and as signing does.
    """
    by = signatures.confirm(credential)
    period = look(from_on=from_on, until_on=until_on, today=today, last=last)
    if not period.entries:
        raise Invalid("There is no entry in these days. Choose others.")
    if not manifest.same(period.digest, shown_digest):
        raise Conflict("What this mark stands for has changed since it was shown. Read it again; nothing was signed.")
    row = drawn_up(kind=KIND, said=period.content(), remark=remark, from_on=from_on, until_on=until_on)
    signatures.sign(
        record=row, assessment_id=None, by=by, meaning=meaning, content_digest=row.digest, shown_digest=row.digest
    )
    db.session.add(row)
    return row


def drawn_up(*, kind: str, said: Mapping[str, Any], remark: str, from_on: date, until_on: date) -> ReviewMark:
    """Return a mark of a kind that is still to be signed: what was looked at, and the remark."""
    remark = remark.strip()
    content = manifest.canonical({**said, "remark": remark}).decode()
    return ReviewMark(
        kind=kind, from_on=from_on, until_on=until_on, content=content, digest=manifest.text_digest(content),
        remark=remark, by=tenancy.scope().actor.name, at=now(),
    )  # fmt: skip


def of_kind(kind: str) -> list[tuple[ReviewMark, Signature]]:
    """Return each mark of a kind with its signature, newest first."""
    statement = (
        select(ReviewMark, Signature)
        .join(Signature, (Signature.record_id == ReviewMark.id) & (Signature.tenant_id == ReviewMark.tenant_id))
        .where(ReviewMark.kind == kind)
        .order_by(ReviewMark.at.desc())
    )
    return [(row, given) for row, given in db.session.execute(statement)]


def signed() -> list[tuple[ReviewMark, Mapping[str, Any], Signature]]:
    """Return each mark with what it says and its signature, newest first."""
    return [(row, manifest.parsed(row.content), given) for row, given in of_kind(KIND)]


def left_open() -> list[Left]:
    """Return the entries that were in a mark of the very person who did them, and in nobody else's."""
    said = _contents()
    still = [
        and_(AuditEntry.actor_id == UUID(reviewer), or_(*(AuditEntry.number.between(*part) for part in parts)))
        for reviewer in sorted({mark["reviewer"] for mark in said})
        if (parts := _open_ranges(said, reviewer))
    ]
    return [Left(*row) for row in _by_person(still)] if still else []


def _by_person(still: Sequence[ColumnElement[bool]]) -> Iterable[Any]:
    number = AuditEntry.number
    statement = select(
        AuditEntry.actor_id, func.max(AuditEntry.actor_name), func.min(number), func.max(number), func.count()
    ).where(or_(*still))
    return db.session.execute(statement.group_by(AuditEntry.actor_id).order_by(func.min(number)))


def _open_ranges(said: Sequence[Mapping[str, Any]], reviewer: str) -> list[Range]:
    """Return which numbers a person reviewed himself and nobody else did for him."""
    own = [(mark["first"], mark["last"]) for mark in said if mark["reviewer"] == reviewer]
    others = [mark for mark in said if mark["reviewer"] != reviewer]
    taken = [(mark["first"], mark["last"]) for mark in others]
    taken += [(low, high) for mark in others for who, _, low, high, _ in mark["taken_over"] if who == reviewer]
    return without(own, taken)


def without(ranges: Sequence[Range], taken: Iterable[Range]) -> list[Range]:
    """Return what is left of ranges of numbers without others."""
    left = list(ranges)
    for low, high in taken:
        before = [(first, min(last, low - 1)) for first, last in left]
        after = [(max(first, high + 1), last) for first, last in left]
        left = [(first, last) for first, last in (*before, *after) if first <= last]
    return left


def _contents() -> list[dict[str, Any]]:
    """Return what the marks of the trail say."""
    texts = db.session.scalars(select(ReviewMark.content).where(ReviewMark.kind == KIND))
    return [manifest.parsed(text) for text in texts]


def _count(*fitting: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry).where(*fitting)) or 0
