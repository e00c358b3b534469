"""Stepping into somebody's scope, to act through the services or to look at what they left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import time_machine
from sqlalchemy import select

from portal import audit, tenancy
from portal.db import db, now
from portal.models.audit import AuditEntry
from tests.make import Sent, Sponsor

Result = TypeVar("Result")


@contextmanager
def acting(who: Sponsor | Sent, role: str = "qa") -> Iterator[None]:
    """Act as a member of the sponsor's staff, or as the respondent, and commit at the end."""
    app, scope = (who.app, who.scope(role)) if isinstance(who, Sponsor) else (who.sponsor.app, who.scope())
    with app.app_context(), tenancy.scoped(scope):
        yield


@contextmanager
def trying(who: Sponsor | Sent, role: str = "qa") -> Iterator[None]:
    """Act in the same way and undo everything at the end, so that many tests can begin from one state."""
    app, scope = (who.app, who.scope(role)) if isinstance(who, Sponsor) else (who.sponsor.app, who.scope())
    with app.app_context():
        tenancy.enter(scope)
        try:
            yield
        finally:
            tenancy.leave()


@contextmanager
def reading(sponsor: Sponsor) -> Iterator[None]:
    """Look at a sponsor's rows."""
    with sponsor.app.app_context():
        tenancy.enter(sponsor.scope(writes=False))
        try:
            yield
        finally:
            tenancy.leave()


@contextmanager
def tampering(sponsor: Sponsor) -> Iterator[None]:
    """Change rows as no service would: to shift a clock, or to put a test before a later state."""
    with sponsor.app.app_context(), tenancy.scoped(tenancy.system(sponsor.id, "test")):
        yield


def rows(sponsor: Sponsor, model: type[Any], **where: Any) -> Sequence[Any]:
    """Return rows of a sponsor, filtered by equal fields; they outlive the session."""
    with reading(sponsor):
        return db.session.scalars(select(model).filter_by(**where)).all()


def entries(sponsor: Sponsor, **where: Any) -> list[tuple[AuditEntry, dict[str, Any]]]:
    """Return a sponsor's trail, oldest first, each entry with the new values that it tells."""
    with reading(sponsor):
        found = audit.entries(**where)
        return [(row, {field: new for field, (_old, new) in audit.told(row).items()}) for row in found]


def later(**period: float) -> time_machine.travel:
    """Shift the clock, and hold it there."""
    return at(now() + timedelta(**period))


def at(moment: datetime) -> time_machine.travel:
    """Set the clock to a moment, and hold it there."""
    return time_machine.travel(moment, tick=False)


def at_once(*acts: Callable[[], Result]) -> list[Result]:
    """Do several things at the same moment, each in a thread of its own; raise what one of them raised."""
    gate, results, faults = threading.Barrier(len(acts)), {}, []

    def run(number: int, act: Callable[[], Result]) -> None:
        try:
            gate.wait(timeout=10)
            results[number] = act()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if faults:
        raise faults[0]
    return [results[number] for number in range(len(acts))]
