"""Electronic signatures: the credential asked again, the meaning chosen, bound to what was shown (11.50-11.200).

The first signing of a continuous period takes address and password, each further one the password. A period ends
after 15 minutes without a signature, after 60 in all, and with the stay or the network address (11.200(a)(1)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal import audit, manifest, tenancy
from portal.db import Base, db, now
from portal.errors import Conflict, Forbidden, Invalid, Unavailable
from portal.models.accounts import Person, SignIn
from portal.models.assessments import Visit
from portal.models.signatures import Confirmation, Signature
from portal.services.accounts import attempts, identities, instructions, passwords, throttle
from portal.services.accounts.instructions import Instruction

BOTH, FURTHER = "address and password", "password, in a period begun with both"
LONGEST_PAUSE, LONGEST_PERIOD = timedelta(minutes=15), timedelta(minutes=60)
# What keeps the period of signing, by who acts.
STAYS: Mapping[str, type[SignIn] | type[Visit]] = {"staff": SignIn, "cmo": Visit}
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "Submission": {
        "authored": "I gave these answers and confirm that they are true and complete",
        "approved": "I reviewed these answers and approve them on behalf of the manufacturer",
    },
    "Rating": {
        "reviewed": "I reviewed the answers and evidence and approve this rating",
    },
    "ReviewMark": {
        "reviewed": "I reviewed the audit trail of this period",
        "access": "I reviewed who may do what, and what is open to whom",
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
    """What is given at the moment of signing: no address within a period; the tick below the signing instruction."""

    email: str
    password: str
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who proved just now that he is the present actor, by which components."""

    person_id: UUID
    components: str
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """What the present actor has to give, or to wait for, before he can sign."""

    address: bool
    instruction: Instruction | None
    confirmation: Confirmation | None


def demand() -> Demand:
    """Return what the form has to ask for."""
    person_id = tenancy.scope().actor.id
    return Demand(not _in_period(), instructions.due(person_id), identities.confirmation(person_id))


def confirm(credential: Credential | Confirmed) -> Confirmed:
    """Prove that the present actor owns the identity; call it before reading what is signed.

    Whom the company's own sign-in has just proved (single_sign_on/asking_again.py) is not asked a second time.

    Each try is counted and each wrong one is put on record, in transactions of their own. Raises Invalid for a
    wrong credential, Forbidden without an identity, TooMany after five wrong tries, the right one included.
    """
    if isinstance(credential, Confirmed):
        return credential
    scope = tenancy.scope()
    address = credential.email.strip().lower()
    if not address and not _in_period():
        raise Invalid("Enter your address, too: it is the other half of your signature.", field="email")
    last = throttle.take(throttle.PASSWORD, f"sign {scope.actor.id}", PAUSED)
    tenancy.enter(scope)
    person = db.session.get(Person, scope.actor.id) if scope.actor.id else None
    if person is None:
        raise Forbidden("Create your signing identity first.")
    person_id, right = person.id, passwords.fits(person.password_hash, credential.password)
    if not (right and (not address or manifest.same(person.email, address))):
        audit.record_now("signature.refused", person)
        if last:
            attempts.sound_now(person_id)
        raise Invalid(WRONG, field="password")
    throttle.forget(throttle.PASSWORD, f"sign {scope.actor.id}")
    tenancy.enter(scope)
    return Confirmed(person_id, BOTH if address else FURTHER, credential.acknowledged)


def _stay() -> SignIn | Visit | None:
    scope = tenancy.scope()
    return tenancy.fetch(STAYS[scope.actor.kind], scope.stay_id) if scope.stay_id else None


def _in_period() -> bool:
    """Tell whether a period of signing that began with both components goes on, in this stay and at this address."""
    stay = _stay()
    if stay is None or stay.signing_since is None or stay.signed_at is None:
        return False
    pause, length = now() - stay.signed_at, now() - stay.signing_since
    # A clock that was set back revives nothing.
    return timedelta() <= pause <= LONGEST_PAUSE and length <= LONGEST_PERIOD and stay.origin == tenancy.scope().origin


def _keep_period(components: str) -> None:
    """Note a signing: both components begin a period anew; at another address than the stay's there is none."""
    stay = _stay()
    if stay is None:
        return
    if stay.origin != tenancy.scope().origin:
        stay.signing_since = stay.signed_at = None
    elif components == BOTH:
        stay.signing_since = stay.signed_at = now()
    elif components == FURTHER:
        stay.signed_at = now()


def sign(
    *,
    record: Base,
    assessment_id: UUID | None,
    by: Confirmed,
    meaning: str,
    content_digest: str,
    shown_digest: str,
    last_change: datetime | None = None,
) -> Signature:
    """Sign a record's content as who confirmed it; call it before the record's state moves.

    Raises Conflict if the content is not what was shown, Invalid for a meaning that the record does not have or an
    instruction that is not acknowledged, Forbidden for an identity that nobody confirmed, Unavailable while the
    clock shows a time before the last change of what is signed.
    """
    words = MEANINGS[type(record).__name__].get(meaning)
    if words is None:
        raise Invalid("Choose what your signature means.", field="meaning")
    if not manifest.same(content_digest, shown_digest):
        raise Conflict("The content changed after it was shown to you. Read it again; nothing was signed.")
    if last_change is not None and now() < last_change:
        # 11.50(a)(2): a signature that is older than what it signs would say something untrue.
        raise Unavailable("The portal's clock was set back, so no signature can say its true time. Nothing was signed.")
    identities.refuse_unconfirmed(by.person_id)
    instructions.acknowledge(by.person_id, given=by.acknowledged)
    _keep_period(by.components)
    person = db.session.get_one(Person, by.person_id)
    signature = Signature(
        tenant_id=tenancy.scope().tenant_id, assessment_id=assessment_id, person_id=person.id,
        printed_name=person.printed_name, title=person.title, meaning=words, at=now(),
        record_type=type(record).__name__, record_id=record.id, record_digest=content_digest,
        components=by.components,
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
