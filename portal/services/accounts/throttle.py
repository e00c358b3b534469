"""Limits: so many tries to give a password in a period, then a pause (11.300(d)); a pace for what is mailed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import tenancy
from portal.db import db, now
from portal.errors import TooMany
from portal.models.accounts import Throttle


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries in a period; then a pause as long, from the last of them."""

    name: str
    most: int
    period: timedelta


# Of one person from one source; of one person from everywhere; from one source for everybody.
PASSWORD = Limit("password", 5, timedelta(minutes=15))
PERSON = Limit("person", 20, timedelta(minutes=15))
SOURCE = Limit("source", 50, timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many in a period, and what to say to whoever asks for more."""

    most: int
    period: timedelta
    text: str


def keep_pace(paces: Sequence[Pace], moments: Sequence[datetime]) -> None:
    """Raise TooMany for one more after those moments, newest first; the longest period comes last."""
    for pace in reversed(paces):
        if len(moments) >= pace.most and (free := moments[pace.most - 1] + pace.period) > now():
            raise TooMany(pace.text, wait=int((free - now()).total_seconds()) + 1)


def take(limit: Limit, who: str, text: str) -> bool:
    """Count one try in a transaction of its own and tell whether it is the last; raise TooMany beyond that."""
    tenancy.enter_unscoped(writes=True)
    row = _row(limit, who)
    if row.count >= limit.most:
        wait = int((row.since + limit.period - now()).total_seconds()) + 1
        tenancy.leave()
        raise TooMany(text, wait=wait)
    row.count += 1
    last = row.count == limit.most
    if last:
        row.since = now()
    db.session.commit()
    tenancy.leave()
    return last


def forget(limit: Limit, who: str) -> None:
    """Start the count afresh: the right password was given."""
    tenancy.enter_unscoped(writes=True)
    _row(limit, who).count = 0
    db.session.commit()
    tenancy.leave()


def ease(limit: Limit, who: str, *, by: int) -> None:
    """Take right tries from a count, as part of the present transaction."""
    row = db.session.scalar(select(Throttle).where(Throttle.key == _key(limit, who)).with_for_update())
    if row is not None:
        row.count = max(0, row.count - by)


def _key(limit: Limit, who: str) -> str:
    return hashlib.sha256(f"{limit.name}\n{who}".encode()).hexdigest()


def _row(limit: Limit, who: str) -> Throttle:
    key = _key(limit, who)
    row = db.session.scalar(select(Throttle).where(Throttle.key == key).with_for_update())
    if row is None:
        row = Throttle(key=key, since=now())
        db.session.add(row)
        try:
            db.session.flush()
        except IntegrityError:  # somebody else began the same count at the same moment
            tenancy.enter_unscoped(writes=True)
            return _row(limit, who)
    elif now() - row.since > limit.period:
        row.count, row.since = 0, now()
    return row
