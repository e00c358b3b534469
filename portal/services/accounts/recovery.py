"""Recovery codes: ten, shown once, kept as digests, each good for one sign-in without the second factor."""

from __future__ import annotations

import secrets
from uuid import UUID

from portal import audit, manifest, tenancy
from portal.db import db, now
from portal.models.accounts import Authenticator, Person
from portal.services.accounts import factors

HOW_MANY = 10
# Without what is easily misread: 12 of these signs are 58 bits, and each guess is counted.
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH, GROUP = 12, 4


def renew(person: Person) -> list[str]:
    """Make new codes, which are shown once; the ones before no longer work."""
    for row in factors.of(person.id, "recovery"):
        row.removed_at = now()
    codes = ["".join(secrets.choice(SIGNS) for _ in range(LENGTH)) for _ in range(HOW_MANY)]
    for code in codes:
        db.session.add(
            Authenticator(
                person_id=person.id, kind="recovery", name="Recovery code", secret=_mac(person.id, code), added_at=now()
            )
        )
    return ["-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP)) for code in codes]


def left(person_id: UUID) -> int:
    """Return how many codes a person has left."""
    return len(factors.of(person_id, "recovery"))


def take(person_id: UUID, code: str) -> bool:
    """Tell whether a code is one of the person's that were not used; it is used now."""
    wanted = _mac(person_id, "".join(code.lower().replace("-", " ").split()))
    for row in factors.of(person_id, "recovery"):
        if manifest.same(row.secret, wanted):
            # Of two who give the same code at the same moment, the second waits here and finds it used.
            row = tenancy.fetch(Authenticator, row.id, lock=True)
            if row.removed_at is not None:
                return False
            row.used_at = row.removed_at = now()
            db.session.flush()
            return True
    return False


def _mac(person_id: UUID, code: str) -> str:
    # 58 bits could be tried through on a copy of the database, so their digest is keyed with what it does not hold.
    return manifest.seal(audit.key(), "recovery", str(person_id), code)
