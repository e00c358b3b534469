"""Passwords: 15 characters or more, hashed with Argon2id, checked in the same time whether or not they exist."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.errors import Invalid

SHORTEST, LONGEST = 15, 200


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody at all")


def check_choice(password: str, *, personal: tuple[str, ...]) -> None:
    """Raise Invalid unless a new password is long enough and not made of the person's own name or address."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"Choose a password of {SHORTEST} to {LONGEST} characters. A sentence is fine.")
    if len(set(password)) < 6 or password.lower() in {part.lower() for part in personal}:
        raise Invalid("Choose a password that is not your own name or address and not one character repeated.")


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password."""
    return _hasher().hash(password)


def fits(password_hash: str | None, password: str) -> bool:
    """Tell whether a password fits; without a hash the same work is done and the answer is no."""
    try:
        return _hasher().verify(password_hash or _nobodys(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
