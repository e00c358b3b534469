"""Invitations to colleagues: a link to the mailbox, seven days, one use; looking at it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from portal import audit, mail, outbox, tenancy
from portal.access import STAFF_ROLES
from portal.config import Config
from portal.db import db, now
from portal.errors import Conflict, Gone, Invalid, NotFound
from portal.mail import Letter
from portal.models.accounts import Membership, Person, StaffInvite
from portal.models.outbox import OutboxRow
from portal.services.accounts import attempts, doors, factors, identities, passwords, people, sessions
from portal.services.accounts.throttle import Pace, keep_pace

LIFE = timedelta(days=7)
PACE = (
    Pace(1, timedelta(minutes=1), "A mail to this person left less than a minute ago. Wait a minute, then try again."),
    Pace(5, timedelta(hours=1), "Five mails to this person left within the hour. Try again later."),
)
DEAD = "It was used or withdrawn, or its time is over. Ask the person who invited you for a new one."
WRONG = "This is not the password of your identity here."


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the page of a link shows: who invites whom, as what, and whether an identity is there already."""

    tenant_name: str
    email: str
    name: str
    role: str
    known: bool


def invite(*, email: str, name: str, role: str, identity_how: str) -> StaffInvite:
    """Invite a colleague; raise Invalid for an unknown role, Conflict for a member or somebody invited already."""
    if role not in STAFF_ROLES:
        raise Invalid("Choose one of the roles.", field="role")
    email, scope = email.strip().lower(), tenancy.scope()
    if _member(email) is not None:
        raise Conflict("This person has a role with you already. Change it on this page.")
    if any(row.email == email for row in opened()):
        raise Conflict("This person is invited already. Send the link again instead.")
    row = StaffInvite(
        email=email, name=name.strip(), role=role, identity_how=identity_how.strip(), invited_by_id=scope.actor.id,
        invited_by=scope.actor.name, made_at=now(), expires_at=now() + LIFE,
    )  # fmt: skip
    db.session.add(row)
    if mail.configured():
        outbox.later("mail_staff_invite", row.id)
    return row


def _member(email: str) -> Membership | None:
    statement = select(Membership).join(Person, Person.id == Membership.person_id).where(Person.email == email)
    return db.session.scalar(statement.where(Membership.ended_at.is_(None)))


def opened() -> Sequence[StaffInvite]:
    """Return the invitations that were neither accepted nor withdrawn, newest first; some may have run out."""
    statement = select(StaffInvite).where(StaffInvite.accepted_at.is_(None), StaffInvite.withdrawn_at.is_(None))
    return db.session.scalars(statement.order_by(StaffInvite.made_at.desc())).all()


def withdraw(*, invite_id: UUID) -> StaffInvite:
    """Withdraw an invitation; its links stop at the next request."""
    row = _open(invite_id)
    row.withdrawn_at = now()
    return row


def again(*, invite_id: UUID) -> StaffInvite:
    """Send a new link and give the invitation seven more days; raise TooMany for one too soon."""
    if not mail.configured():
        raise Conflict("No mail server is set. Make a link to copy instead.")
    row = _open(invite_id)
    statement = select(OutboxRow.made_at).where(OutboxRow.subject_id == row.id, OutboxRow.job == "mail_staff_invite")
    keep_pace(PACE, db.session.scalars(statement.order_by(OutboxRow.made_at.desc()).limit(PACE[-1].most)).all())
    row.expires_at = now() + LIFE
    outbox.later("mail_staff_invite", row.id)
    audit.record("invite.mailed_again", row)
    return row


def copyable_link(*, invite_id: UUID) -> str:
    """Make a link for a sponsor without a mail server; that it was shown is on record."""
    row = _open(invite_id)
    if mail.configured():
        raise Conflict("The link goes by mail to the person who is invited. Nobody else needs to see it.")
    audit.record("invite.link_shown", row)
    return link(row)


def _open(invite_id: UUID) -> StaffInvite:
    # Of two clicks at the same moment, the second waits here and finds what the first one did.
    row = tenancy.fetch(StaffInvite, invite_id, lock=True)
    if row.accepted_at is not None or row.withdrawn_at is not None:
        raise Conflict("This invitation was accepted or withdrawn meanwhile. Look at the page again.")
    return row


def link(row: StaffInvite) -> str:
    """Make a working link; its secret is shown or mailed once and kept as a digest alone."""
    config: Config = current_app.extensions["portal.config"]
    return f"{config.base_url}/join/{doors.cut('join', row)}"


def letter(row: StaffInvite) -> Letter:
    """Return the mail with the link, which is made here."""
    tenant = people.own_tenant()
    return mail.compose(
        "join", to=row.email, subject=f"{row.invited_by} invites you to {tenant.name}: CMO oversight", name=row.name,
        tenant=tenant, by=row.invited_by, role=row.role, address=link(row), until=row.expires_at,
    )  # fmt: skip


def welcome(*, token: str) -> Welcome:
    """Return what the page of a link shows; change nothing. Raises NotFound, or Gone for a dead link."""
    row = _behind(token)
    known = people.with_email(row.email) is not None
    return Welcome(people.own_tenant().name, row.email, row.name, row.role, known)


def accept(*, token: str, printed_name: str, title: str, password: str, request_id: str, origin: str) -> str:
    """Take the role and return the secret of a stay; whoever has an identity gives its password.

    Raises NotFound or Gone for the link, Invalid for a wrong or weak password, TooMany after five wrong tries.
    """
    email = _behind(token).email
    attempt = attempts.begin(email, request_id=request_id, origin=origin)
    row = _behind(token, writes=True, request_id=request_id, origin=origin)
    person = people.with_email(row.email)
    if person is None:
        person = people.create_person(email=row.email, printed_name=printed_name, title=title, password=password)
    elif not passwords.fits(person.password_hash, password):
        attempts.put_on_record(attempt, person.id, "accounts.sign_in_failed")
        raise Invalid(WRONG, field="password")
    row.accepted_at = now()
    membership = people.welcome_member(person=person, role=row.role)
    if not identities.link_shown(row.email):
        identities.vouch(person.id, by_id=row.invited_by_id, by=row.invited_by, kind="staff", how=row.identity_how)
    attempts.right(attempt, whole=not factors.of(person.id))
    db.session.flush()
    return sessions.begin(membership, proved_by="password", origin=origin)


def _behind(token: str, *, writes: bool = False, **details: str) -> StaffInvite:
    for tenant_id, invite_id in doors.behind("join", token):
        tenancy.enter(tenancy.system(tenant_id, "invitation", writes=writes, **details))
        row = tenancy.fetch(StaffInvite, invite_id, lock=writes)
        if row.accepted_at is not None or row.withdrawn_at is not None or row.expires_at < now():
            raise Gone(DEAD)
        return row
    raise NotFound("This link does not exist. Check that the whole address was copied, or ask the sender.")
