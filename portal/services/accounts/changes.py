"""What follows when a person's password or second factor changes: stays end, sponsors and the person are told."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select

from portal import audit, mail, outbox, tenancy
from portal.db import db, now
from portal.errors import NotFound
from portal.mail import Letter
from portal.models.accounts import Door, Membership, Person
from portal.models.assessments import Visit
from portal.services.accounts import doors, people

# What changed -> the job that writes to the person, and the event in the trails of the other sponsors.
MAILS = {"password": "mail_password_changed", "factor": "mail_factor_changed"}
NOTES = {"password": "note_password_changed", "factor": "note_factor_changed"}
WORDS = {"password": "Your password was changed", "factor": "Your second factor was changed"}


def spread(person: Person, what: str) -> None:
    """End every stay begun before now, write to the person, and have each other sponsor's trail say what changed."""
    person.stays_from = now()
    if mail.configured():
        outbox.later(MAILS[what], person.id)
    here = tenancy.scope().tenant_id
    statement = select(Door.for_tenant, Door.subject_id).where(
        Door.kind == "person", Door.digest == doors.digest(str(person.id)), Door.for_tenant != here
    )
    for tenant_id, membership_id in db.session.execute(statement):
        outbox.later(NOTES[what], membership_id, tenant_id=tenant_id)


def note(membership_id: UUID, what: str) -> None:
    """Say in the present sponsor's trail that a member's password or factor changed elsewhere."""
    membership = tenancy.fetch(Membership, membership_id)
    if membership.ended_at is None:
        audit.record(f"accounts.{what}_changed", membership)


def letter(person_id: UUID, what: str) -> Letter:
    """Return the mail that tells a person what was changed, and what to do if it was somebody else."""
    person, tenant = here(person_id), people.own_tenant()
    return mail.compose(
        "changed", to=person.email, subject=f"{WORDS[what]}: CMO oversight", name=person.printed_name, tenant=tenant,
        what=WORDS[what], at=person.stays_from,
    )  # fmt: skip


def here(person_id: UUID) -> Person:
    """Return a person whom the present sponsor knows: staff, or somebody who came by a link; raise NotFound else."""
    known = or_(
        select(Membership.id).where(Membership.person_id == person_id).exists(),
        select(Visit.id).where(Visit.person_id == person_id).exists(),
    )
    person = db.session.scalar(select(Person).where(Person.id == person_id, known))
    if person is None:
        raise NotFound
    return person
