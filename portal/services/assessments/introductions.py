"""Who asked whom to come, for which sections, and whose word says who that is (11.100(b))."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from portal import mail, outbox, tenancy
from portal.db import db, now
from portal.errors import NotFound
from portal.mail import Letter
from portal.models.accounts import Person, Tenant
from portal.models.assessments import Assessment, Introduction, Invite, Visit
from portal.models.signatures import Confirmation
from portal.services.accounts import identities


@dataclass(frozen=True, slots=True)
class Waiting:
    """A signer who came in and whose identity nobody has confirmed to this sponsor."""

    invite: Invite
    person: Person


def introduce(invite: Invite, *, how: str, parent: Invite | None = None, sections: Iterable[str] = ()) -> Introduction:
    """Put on record that the present actor asks somebody to come, and how he knows who that is."""
    actor = tenancy.scope().actor
    # An invite may act before its person has an identity, so its id is no person's.
    known = db.session.get(Person, actor.id) if actor.id else None
    row = Introduction(
        assessment_id=invite.assessment_id, invite_id=invite.id, parent_id=parent.id if parent else None,
        sections=" ".join(sections), by_id=known.id if known else None, by=actor.name, how=how.strip(), at=now(),
    )  # fmt: skip
    db.session.add(row)
    return row


def take_word(visit: Visit, person_id: UUID) -> None:
    """Confirm who came in by an invite in the name of whoever asked, unless somebody read out the code.

    Whoever reads a code out can come in himself, and what another said before tells nothing of that.
    """
    asked = db.session.scalar(select(Introduction).where(Introduction.invite_id == visit.invite_id))
    if asked is None or visit.read_out_by_id is not None:
        return
    kind = "cmo" if asked.parent_id else "staff"
    identities.vouch(person_id, by_id=asked.by_id, by=asked.by, kind=kind, how=asked.how)


def waiting(assessment: Assessment) -> list[Waiting]:
    """Return the signers of an assessment who came in and wait for a confirmation, first asked first."""
    statement = (
        select(Invite, Person)
        .join(Person, Person.email == Invite.email)
        .outerjoin(Introduction, (Introduction.invite_id == Invite.id) & (Introduction.tenant_id == Invite.tenant_id))
        .where(
            Invite.assessment_id == assessment.id,
            Introduction.sections.is_(None) | (Introduction.sections == ""),
            Invite.id.in_(select(Visit.invite_id).where(Visit.assessment_id == assessment.id)),
            Person.id.not_in(select(Confirmation.person_id)),
        )
        .order_by(Introduction.at)
    )
    return [Waiting(invite, person) for invite, person in db.session.execute(statement)]


def confirm_identity(*, assessment: Assessment, invite_id: UUID, how: str) -> Person:
    """Confirm who a signer is and tell him; raise NotFound for somebody who does not wait for it."""
    found = next((item for item in waiting(assessment) if item.invite.id == invite_id), None)
    if found is None:
        raise NotFound("Nobody waits for this confirmation.")
    identities.confirm(person=found.person, how=how)
    if mail.configured():
        outbox.later("mail_confirmed", found.invite.id)
    return found.person


def confirmation_of(invite: Invite) -> Confirmation | None:
    """Return who confirmed the identity of whoever was invited, if he has one and anybody did."""
    statement = select(Confirmation).join(Person, Person.id == Confirmation.person_id)
    return db.session.scalar(statement.where(Person.email == invite.email))


def confirmed_letter(invite: Invite, address: str) -> Letter:
    """Return the mail that tells a signer that he can sign now."""
    assessment = tenancy.fetch(Assessment, invite.assessment_id)
    tenant = db.session.get_one(Tenant, invite.tenant_id)
    return mail.compose(
        "confirmed", to=invite.email, subject=f"You can sign now: {assessment.title}", name=invite.name,
        tenant=tenant, assessment=assessment, address=address,
    )  # fmt: skip
