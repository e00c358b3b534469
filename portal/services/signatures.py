"""Electronic signatures: the credential asked again, the meaning chosen, bound to what was shown (11.50-11.200)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal import audit, manifest, tenancy
from portal.db import Base, db, now
from portal.errors import Conflict, Forbidden, Invalid
from portal.models.accounts import Person
from portal.models.signatures import Signature
from portal.services.accounts import passwords, throttle

COMPONENTS = "address and password"
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "Submission": {
        "authored": "I gave these answers and confirm that they are true and complete",
        "approved": "I reviewed these answers and approve them on behalf of the manufacturer",
    },
    "Rating": {
        "reviewed": "I reviewed the answers and evidence and approve this rating",
    },
}
# What a signature's own digest covers (11.70: copied or moved, it no longer fits).
COVERED = (
    "id", "tenant_id", "assessment_id", "person_id", "printed_name", "title", "meaning", "at",
    "record_type", "record_id", "record_digest", "components",
)  # fmt: skip
WRONG = "The address or the password is not right. Nothing was signed."
PAUSED = "Too many wrong tries to sign. Wait 15 minutes; your security contact can see it in the trail."


@dataclass(frozen=True, slots=True)
class Credential:
    """Both components of a signature, given at the moment of signing (11.200(a)(1))."""

    email: str
    password: str


def confirm(credential: Credential) -> UUID:
    """Prove that the present actor owns the identity and return its id; call it before reading what is signed.

    Each try is counted and each wrong one is put on record, in transactions of their own. Raises Invalid for a
    wrong credential, Forbidden without an identity, TooMany after five wrong tries, the right one included.
    """
    scope = tenancy.scope()
    throttle.take(throttle.PASSWORD, f"sign {scope.actor.id}", PAUSED)
    tenancy.enter(scope)
    person = db.session.get(Person, scope.actor.id) if scope.actor.id else None
    if person is None:
        raise Forbidden("Create your signing identity first.")
    right = passwords.fits(person.password_hash, credential.password)
    if not (right and manifest.same(person.email, credential.email.strip().lower())):
        audit.record_now("signature.refused", person)
        raise Invalid(WRONG, field="password")
    person_id = person.id
    throttle.forget(throttle.PASSWORD, f"sign {scope.actor.id}")
    tenancy.enter(scope)
    return person_id


def sign(
    *,
    record: Base,
    assessment_id: UUID,
    person_id: UUID,
    meaning: str,
    content_digest: str,
    shown_digest: str,
) -> Signature:
    """Sign a record's content as a confirmed person.

    Raises Conflict if the content is not what was shown, Invalid for a meaning that the record does not have.
    """
    words = MEANINGS[type(record).__name__].get(meaning)
    if words is None:
        raise Invalid("Choose what your signature means.", field="meaning")
    if not manifest.same(content_digest, shown_digest):
        raise Conflict("The content changed after it was shown to you. Read it again; nothing was signed.")
    person = db.session.get_one(Person, person_id)
    signature = Signature(
        tenant_id=tenancy.scope().tenant_id, assessment_id=assessment_id, person_id=person.id,
        printed_name=person.printed_name, title=person.title, meaning=words, at=now(),
        record_type=type(record).__name__, record_id=record.id, record_digest=content_digest,
        components=COMPONENTS,
    )  # fmt: skip
    signature.digest = digest_of(signature)
    signature.seal = seal_of(signature.digest)
    db.session.add(signature)
    return signature


def digest_of(signature: Signature) -> str:
    """Return the digest that a signature must carry, from its own fields."""
    return manifest.digest([getattr(signature, name) for name in COVERED])


def seal_of(digest: str) -> str:
    """Return the seal of a signature: whoever lacks the installation's key cannot make it."""
    return manifest.seal(audit.key(), "signature", digest)


def of_assessment(assessment_id: UUID) -> list[Signature]:
    """Return the signatures of an assessment, oldest first."""
    statement = select(Signature).where(Signature.assessment_id == assessment_id)
    return list(db.session.scalars(statement.order_by(Signature.at)))


def damage(signature: Signature) -> Iterator[str]:
    """Yield what is wrong with a signature in itself; whether its record still fits is for who knows the record."""
    if not manifest.same(digest_of(signature), signature.digest):
        yield "name, time, meaning or what it is bound to was altered"
    elif not manifest.same(seal_of(signature.digest), signature.seal):
        yield "the seal does not fit: it was made without the key"


def shown(signature: Signature) -> dict[str, Any]:
    """Return what every readable form of a signed record must show (11.50): name, time with zone, meaning."""
    return {
        "printed_name": signature.printed_name,
        "title": signature.title,
        "at": signature.at.strftime("%Y-%m-%d %H:%M:%S UTC (+00:00)"),
        "meaning": signature.meaning,
        "digest": signature.record_digest,
        "components": signature.components,
    }
