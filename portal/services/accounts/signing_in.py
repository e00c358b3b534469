"""Signing in: address and password, then a second factor where there is one; or a passkey alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from portal import tenancy
from portal.errors import Invalid, TooMany
from portal.services.accounts import attempts, factors, passkeys, passwords, people, rooms, sessions
from portal.services.accounts.passkeys import Challenge

WRONG = sessions.NO_ROLE
# In seconds: longer than hashing a password and putting a wrong one on record take together.
SLOWEST = 0.8


@contextmanager
def _unhurried() -> Iterator[None]:
    """Let every refusal take as long, so that no watch tells which addresses have an identity (H023)."""
    begun = time.monotonic()
    try:
        yield
    except (Invalid, TooMany):
        tenancy.leave()
        time.sleep(max(0.0, SLOWEST - (time.monotonic() - begun)))
        raise


@_unhurried()
def with_password(*, email: str, password: str, request_id: str, origin: str) -> str:
    """Check address and password and return the secret of the new stay, which may still owe a second factor.

    Raises Invalid with one and the same text whatever is wrong, TooMany after five wrong tries.
    """
    attempt = attempts.begin(email, request_id=request_id, origin=origin)
    tenancy.enter_unscoped(writes=False)
    person = people.with_email(email)
    person_id = person.id if person else None
    right = passwords.fits(person.password_hash if person else None, password)
    if person_id is None or not rooms.of(person_id, request_id=request_id, origin=origin):
        raise Invalid(WRONG)
    if not right:
        attempts.put_on_record(attempt, person_id, "accounts.sign_in_failed")
        raise Invalid(WRONG)
    secret = sessions.begin_for(person_id, proved_by="password", request_id=request_id, origin=origin)
    attempts.right(attempt, whole=not factors.of(person_id))
    return secret


def with_passkey(*, challenge: Challenge, answer: str, request_id: str, origin: str) -> str:
    """Check a passkey that names its owner and return the secret of the new stay; raise Invalid for a wrong one."""
    whose = passkeys.owner(answer)
    attempt = attempts.begin(whose.email if whose else "", request_id=request_id, origin=origin)
    if whose is None:
        raise Invalid(passkeys.UNKNOWN)
    passkeys.spend(challenge)
    try:
        proof = passkeys.check(whose.person_id, challenge=challenge, answer=answer)
    except Invalid:
        attempts.put_on_record(attempt, whose.person_id, "accounts.factor_failed")
        raise
    secret = sessions.begin_for(whose.person_id, proved_by="passkey", request_id=request_id, origin=origin)
    passkeys.note(proof)
    attempts.right(attempt)
    return secret
