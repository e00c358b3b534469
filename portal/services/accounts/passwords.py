"""Passwords: 15 characters or more, none that is known, hashed with Argon2id, checked in the same time in any case."""

from __future__ import annotations

from functools import cache
from pkgutil import resolve_name

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.db import now
from portal.errors import Invalid
from portal.models.accounts import Person

SHORTEST, LONGEST = 15, 200
# What a password is judged by: the more of it, the slower, and its end only makes it better.
JUDGED = 72
# Of zxcvbn's 0 to 4: more than ten thousand million guesses.
SAFE = 4


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody at all")


def check_choice(password: str, *, personal: tuple[str, ...]) -> None:
    """Raise Invalid unless a new password is long enough, on no list of known ones and not made of one's own names."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"Choose a password of {SHORTEST} to {LONGEST} characters. A sentence is fine.", field="password")
    # By name, so that only who chooses a password pays for the lists.
    judge = resolve_name("zxcvbn:zxcvbn")
    own = [word for part in personal for word in (part, *part.replace("@", " ").replace(".", " ").split())]
    if judge(password[:JUDGED], user_inputs=own)["score"] < SAFE:
        raise Invalid(
            "Choose a password that is harder to guess: not your own name, address or company, no well-known password "
            "and nothing that repeats. Four words that do not belong together are fine.",
            field="password",
        )


def choose(person: Person, password: str, *, company: str = "") -> None:
    """Give a person a new password; raise Invalid for one that is easily guessed."""
    check_choice(password, personal=(person.email, person.printed_name, company))
    person.password_hash = hashed(password)
    person.credential_at = now()


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password."""
    return _hasher().hash(password)


def fits(password_hash: str | None, password: str) -> bool:
    """Tell whether a password fits; without a hash the same work is done and the answer is no."""
    try:
        return _hasher().verify(password_hash or _nobodys(), password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False
