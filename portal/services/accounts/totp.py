"""Codes of an authenticator app: the seed is kept encrypted, and no time step is taken twice (RFC 6238)."""

from __future__ import annotations

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any
from uuid import UUID

from portal import tenancy
from portal.db import db, now
from portal.errors import Invalid
from portal.models.accounts import Authenticator, Person
from portal.services.accounts import encryption, factors

ISSUER = "CMO oversight"
STEP_SECONDS = 30
# A clock may be off by one step either way.
DRIFT = (0, -1, 1)
WRONG = "This code is not right, or was used already. Wait for the next one."


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new seed before it is proved: as text, as a picture that an app reads, and encrypted for the form."""

    secret: str
    picture: str
    kept: str


def propose(person: Person) -> Proposal:
    """Make a seed for a person's app; nothing is stored until a code of it was given."""
    return _proposal(person, str(resolve_name("pyotp:random_base32")()))


def proposed(person: Person, kept: str) -> Proposal:
    """Return the seed that a form carried; raise Invalid for one that was not made for this person."""
    return _proposal(person, _seed_of(person.id, kept))


def _proposal(person: Person, seed: str) -> Proposal:
    address = _codes(seed).provisioning_uri(name=person.email, issuer_name=ISSUER)
    picture = resolve_name("segno:make")(address, error="m").svg_data_uri(scale=5, dark="#17262c", border=2)
    return Proposal(seed, str(picture), encryption.encrypted(f"{person.id} {seed}"))


def _seed_of(person_id: UUID, kept: str) -> str:
    owner, _, seed = _readable(kept).partition(" ")
    if owner != str(person_id):
        raise Invalid("This page is out of date. Open it again and scan the new picture.")
    return seed


def add(person: Person, *, kept: str, code: str) -> Authenticator:
    """Add an app once a code of it was given (11.300(e)); raise Invalid for a wrong one."""
    seed = _seed_of(person.id, kept)
    step = _step(seed, code, after=0)
    if step is None:
        raise Invalid("This code is not right. Check that the app's clock is right, and give the code it shows now.")
    secret = encryption.encrypted(seed)
    return factors.add(person, kind="totp", name=factors.KINDS["totp"], secret=secret, counter=step, used_at=now())


def take(person_id: UUID, code: str) -> bool:
    """Tell whether a code is right and newer than every one taken before; it is never taken again."""
    for row in factors.of(person_id, "totp"):
        # Of two who give the same code at the same moment, the second waits here and finds it taken.
        row = tenancy.fetch(Authenticator, row.id, lock=True)
        seed = _readable(row.secret)
        step = _step(seed, code, after=row.counter) if seed else None
        if step is not None:
            factors.note_use(row, counter=step, drift=step - _present_step())
            db.session.flush()
            return True
    return False


def _readable(text: str) -> str:
    """Return what was encrypted; nothing where it was under another key, or altered."""
    try:
        return encryption.decrypted(text)
    except resolve_name("cryptography.fernet:InvalidToken"):
        return ""


def _step(seed: str, code: str, *, after: int) -> int | None:
    digits, codes = "".join(code.split()), _codes(seed)
    for drift in DRIFT:
        step = _present_step() + drift
        if step > after and resolve_name("pyotp.utils:strings_equal")(codes.generate_otp(step), digits):
            return step
    return None


def _present_step() -> int:
    return int(now().timestamp()) // STEP_SECONDS


def _codes(seed: str) -> Any:
    return resolve_name("pyotp:TOTP")(seed)
