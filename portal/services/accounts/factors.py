"""Second factors of a person: which there are, adding one, taking one away, and what follows from either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal import audit, tenancy
from portal.db import db, now
from portal.errors import Conflict, NotFound
from portal.models.accounts import Authenticator, Person
from portal.services.accounts import changes, people

KINDS = {"totp": "Authenticator app", "passkey": "Passkey"}


def of(person_id: UUID, *kinds: str) -> Sequence[Authenticator]:
    """Return what a person proves himself with beside the password, oldest first."""
    statement = select(Authenticator).where(
        Authenticator.person_id == person_id,
        Authenticator.kind.in_(kinds or KINDS),
        Authenticator.removed_at.is_(None),
    )
    return db.session.scalars(statement.order_by(Authenticator.added_at)).all()


def due(person_id: UUID, *, proved_by: str, demand: bool) -> bool:
    """Tell whether a person who proved himself so still owes a second factor."""
    return proved_by == "password" and (demand or bool(of(person_id)))


def add(person: Person, *, kind: str, **values: Any) -> Authenticator:
    """Add a factor; every other stay ends, the person is told, and each sponsor's trail says so."""
    row = Authenticator(person_id=person.id, kind=kind, added_at=now(), **values)
    db.session.add(row)
    changes.spread(person, "factor")
    return row


def remove(*, person: Person, authenticator_id: UUID) -> Authenticator:
    """Take a factor away, and the recovery codes with the last one; raise NotFound, or Conflict where one is demanded.

    Whoever calls this has asked for the password and for a factor just before.
    """
    found = list(of(person.id))
    row = next((item for item in found if item.id == authenticator_id), None)
    if row is None:
        raise NotFound
    if len(found) == 1:
        if demanded():
            raise Conflict("Your sponsor demands a second factor. Add another one first.")
        for code in of(person.id, "recovery"):
            code.removed_at = now()
    row.removed_at = now()
    changes.spread(person, "factor")
    return row


def cut_off(*, person: Person, reason: str) -> int:
    """Take away all that a person lost, recovery codes too, and return how much that was; every stay ends (11.300(c)).

    For the operator alone: it counts with every sponsor, so no administrator of one may do it.
    """
    lost = of(person.id, *KINDS, "recovery")
    audit.because(reason)
    for row in lost:
        row.removed_at = now()
    changes.spread(person, "factor")
    return len(lost)


def note_use(row: Authenticator, *, counter: int, drift: int = 0) -> None:
    """Note the use of a factor, and in the trail how far its clock was off (11.300(e))."""
    row.counter, row.used_at = counter, now()
    if drift:
        audit.record("accounts.clock_drift", row, steps=drift)


def demanded() -> bool:
    """Tell whether the present sponsor demands a second factor of its staff."""
    return tenancy.scope().actor.kind == "staff" and people.own_tenant().second_factor == "required"
