"""Passkeys (WebAuthn): a key pair in the person's own device, which asks for a finger, a face or a PIN first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pkgutil import resolve_name
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from portal import tenancy
from portal.db import db, now
from portal.errors import Conflict, Invalid
from portal.models.accounts import Authenticator, Person
from portal.services.accounts import factors, throttle
from portal.services.accounts.throttle import Limit

LIFE = timedelta(minutes=5)
HANDLE = re.compile(r"[A-Za-z0-9_-]{1,400}")
ONCE = Limit("challenge", 1, LIFE)
STALE = "That took too long, or was sent twice. Try again."
WRONG = "The passkey was not accepted. Try again, or use your password."
UNKNOWN = "This passkey is not known here. Sign in with your password."


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a browser has to sign, once: random, made a short while ago, for the address where the page stands."""

    value: str
    made_at: datetime
    home: str

    @property
    def host(self) -> str:
        """Return the name to which a passkey is bound."""
        return urlsplit(self.home).hostname or ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose passkey it is."""

    authenticator_id: UUID
    person_id: UUID
    email: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Which passkey was used, and how often it says it was."""

    authenticator_id: UUID
    counter: int


def to_add(person: Person, challenge: Challenge) -> str:
    """Return what the browser needs to make a new passkey, as JSON."""
    options = _lib("generate_registration_options")(
        rp_id=challenge.host, rp_name="CMO oversight", user_id=person.id.bytes, user_name=person.email,
        user_display_name=person.printed_name, challenge=_bytes(challenge.value),
        authenticator_selection=_struct("AuthenticatorSelectionCriteria")(
            # It names its owner and asks for a finger or a PIN: so it may stand for address and password.
            resident_key=_struct("ResidentKeyRequirement").REQUIRED,
            user_verification=_struct("UserVerificationRequirement").REQUIRED,
        ),
        exclude_credentials=_descriptors(person.id),
    )  # fmt: skip
    return str(_lib("options_to_json")(options))


def to_use(challenge: Challenge, person_id: UUID | None = None) -> str:
    """Return what the browser needs to use a passkey, of one person or of whoever has one here, as JSON."""
    own = factors.of(person_id, "passkey") if person_id else []
    # Written by hand: the sign-in page is shown far oftener than a passkey is used.
    options = {
        "challenge": challenge.value, "rpId": challenge.host, "userVerification": "required",
        "allowCredentials": [{"type": "public-key", "id": row.handle} for row in own],
    }  # fmt: skip
    return json.dumps(options)


def spend(challenge: Challenge) -> None:
    """Use a challenge up; the present session ends. Raises TooMany for a second use, Invalid for an old one."""
    if not timedelta() <= now() - challenge.made_at <= LIFE:
        raise Invalid(STALE)
    throttle.take(ONCE, challenge.value, STALE)


def add(person: Person, *, challenge: Challenge, answer: str, name: str) -> Authenticator:
    """Add the passkey that a browser made; raise Invalid for an answer that does not fit, Conflict for a known one."""
    with _refusing():
        made = _lib("verify_registration_response")(
            credential=answer, expected_challenge=_bytes(challenge.value), expected_rp_id=challenge.host,
            expected_origin=challenge.home, require_user_verification=True,
        )  # fmt: skip
    handle = _text(made.credential_id)
    if _by_handle(handle) is not None:
        raise Conflict("This passkey is known already.")
    return factors.add(
        person, kind="passkey", name=name, handle=handle, secret=_text(made.credential_public_key),
        counter=made.sign_count,
    )  # fmt: skip


def owner(answer: str) -> Owner | None:
    """Return whose passkey an answer names; the session is unscoped and only reads."""
    tenancy.enter_unscoped(writes=False)
    row = _by_handle(_handle(answer))
    if row is None:
        return None
    return Owner(row.id, row.person_id, db.session.get_one(Person, row.person_id).email)


def check(person_id: UUID, *, challenge: Challenge, answer: str) -> Proof:
    """Check an answer against a person's own passkeys; raise Invalid unless it fits and its owner was verified."""
    row = _by_handle(_handle(answer))
    if row is None or row.person_id != person_id:
        raise Invalid(WRONG)
    with _refusing():
        used = _lib("verify_authentication_response")(
            credential=answer, expected_challenge=_bytes(challenge.value), expected_rp_id=challenge.host,
            expected_origin=challenge.home, credential_public_key=_bytes(row.secret),
            credential_current_sign_count=row.counter, require_user_verification=True,
        )  # fmt: skip
    return Proof(row.id, used.new_sign_count)


def note(proof: Proof) -> None:
    """Keep a passkey's own count: one that falls back is a copy."""
    factors.note_use(tenancy.fetch(Authenticator, proof.authenticator_id, lock=True), counter=proof.counter)


def _by_handle(handle: str) -> Authenticator | None:
    statement = select(Authenticator).where(
        Authenticator.kind == "passkey", Authenticator.handle == handle, Authenticator.removed_at.is_(None)
    )
    return db.session.scalar(statement)


def _handle(answer: str) -> str:
    try:
        handle = str(json.loads(answer)["rawId"]).rstrip("=")
    except (ValueError, KeyError, TypeError, RecursionError):
        handle = ""
    if not HANDLE.fullmatch(handle):
        raise Invalid(WRONG)
    return handle


def _descriptors(person_id: UUID) -> list[Any]:
    kind = _struct("PublicKeyCredentialDescriptor")
    return [kind(id=_bytes(row.handle)) for row in factors.of(person_id, "passkey")]


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever the library finds amiss in an answer into one plain sentence."""
    try:
        yield
    except Exception as error:  # hostile bytes make its parsers fail in many ways
        raise Invalid(WRONG) from error


def _lib(name: str) -> Any:
    # By name, so that only who uses a passkey pays for the library: half a second.
    return resolve_name(f"webauthn:{name}")


def _struct(name: str) -> Any:
    return resolve_name(f"webauthn.helpers.structs:{name}")


def _bytes(text: str) -> bytes:
    return bytes(resolve_name("webauthn.helpers:base64url_to_bytes")(text))


def _text(data: bytes) -> str:
    return str(resolve_name("webauthn.helpers:bytes_to_base64url")(data))
