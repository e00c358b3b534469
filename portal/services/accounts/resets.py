"""A way back for whoever forgot the password: a link to the person's own mailbox, six hours, one use (11.300(c))."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import select

from portal import audit, mail, outbox, tenancy
from portal.config import Config
from portal.db import db, now
from portal.errors import Conflict, Gone, NotFound, TooMany
from portal.mail import Letter
from portal.models.accounts import Door, Membership, Person, Reset
from portal.services.accounts import changes, doors, passwords, people, throttle
from portal.services.accounts.throttle import Limit, Pace, keep_pace

LIFE = timedelta(hours=6)
# Of mails to one person, whoever asks; of questions from one source, whomever they name.
PACE = (
    Pace(1, timedelta(minutes=1), "A link to this person left less than a minute ago. Wait a minute, then try again."),
    Pace(5, timedelta(hours=1), "Five links to this person left within the hour. Try again later."),
)
ASKING = Limit("reset", 20, timedelta(minutes=15))
PAUSED = "Too many questions from your network. Wait 15 minutes, then try again."
NO_MAIL = "No mail server is set, so no link can be sent. Whoever runs the portal can set one."
DEAD = "It was used, its time is over, or a password was given since. Ask for a new one on the sign-in page."


def ask(*, email: str, origin: str) -> None:
    """Ask for a link to a person's mailbox; the same is done here whether or not there is such a person."""
    throttle.take(ASKING, origin, PAUSED)
    if not mail.configured():
        return
    tenancy.enter_unscoped(writes=True)
    person = people.with_email(email)
    whose = doors.digest(str(person.id if person else uuid4()))
    statement = select(Door.for_tenant, Door.subject_id).where(Door.kind == "person", Door.digest == whose)
    # All that depends on the person is left to the job, where nobody waits with a watch in his hand.
    found = [(tenant_id, membership_id) for tenant_id, membership_id in db.session.execute(statement)]
    for tenant_id, membership_id in found or [(uuid4(), uuid4())]:
        outbox.later("prepare_reset", membership_id, tenant_id=tenant_id)


def prepare(membership_id: UUID) -> None:
    """Make the link that somebody asked for, unless there is no such member, no password, or one too soon."""
    statement = select(Membership).where(Membership.id == membership_id, Membership.ended_at.is_(None))
    membership = db.session.scalar(statement)
    # Whoever signs in through a provider alone has no password to forget.
    if membership is not None and membership.person.password_hash:
        with suppress(TooMany):
            _make(membership.person_id)


def send(*, person_id: UUID) -> None:
    """Send a link to somebody's own mailbox, as an administrator or for oneself; nobody sees it but its reader.

    Raises TooMany for one too soon, Conflict without a mail server or for a person without a password.
    """
    if not mail.configured():
        raise Conflict(NO_MAIL)
    person = changes.here(person_id)
    if not person.password_hash:
        raise Conflict(f"{person.printed_name} signs in through your company's sign-in and has no password here.")
    _make(person.id)


def _make(person_id: UUID) -> None:
    # Of two who ask at the same moment, the second waits here and finds what the first one asked for.
    db.session.scalar(select(Person).where(Person.id == person_id).with_for_update())
    statement = select(Reset.asked_at).where(Reset.person_id == person_id).order_by(Reset.asked_at.desc())
    keep_pace(PACE, db.session.scalars(statement.limit(PACE[-1].most)).all())
    reset = Reset(person_id=person_id, asked_at=now(), expires_at=now() + LIFE)
    db.session.add(reset)
    db.session.flush()
    outbox.later("mail_reset", reset.id)


def alive(reset: Reset) -> bool:
    """Tell whether a link may still be used."""
    return reset.used_at is None and reset.expires_at > now()


def letter(reset: Reset) -> Letter:
    """Return the mail with the link, which is made here and kept as a digest alone."""
    person, tenant = changes.here(reset.person_id), people.own_tenant()
    config: Config = current_app.extensions["portal.config"]
    address = f"{config.base_url}/reset/{doors.cut('reset', reset)}"
    return mail.compose(
        "reset", to=person.email, subject="Choose a new password: CMO oversight", name=person.printed_name,
        tenant=tenant, address=address, until=reset.expires_at,
    )  # fmt: skip


def whose(token: str) -> str:
    """Return the address for which a link chooses a password; raise NotFound, or Gone for a dead one."""
    return _behind(token, writes=False)[1].email


def choose(*, token: str, password: str, request_id: str, origin: str) -> None:
    """Choose a new password with a link; every stay ends, and a second factor is still asked for when signing in.

    Raises NotFound or Gone for the link, Invalid for the password.
    """
    reset, person = _behind(token, writes=True, request_id=request_id, origin=origin)
    audit.because("Chosen with a link that was mailed to the person")
    passwords.choose(person, password, company=people.own_tenant().name)
    reset.used_at = now()
    use_up(person.id)
    changes.spread(person, "password")


def _behind(token: str, *, writes: bool, **details: str) -> tuple[Reset, Person]:
    for tenant_id, reset_id in doors.behind("reset", token):
        tenancy.enter(tenancy.system(tenant_id, "reset", writes=writes, **details))
        reset = tenancy.fetch(Reset, reset_id, lock=writes)
        if not alive(reset):
            raise Gone(DEAD)
        return reset, changes.here(reset.person_id)
    raise NotFound("This link does not exist. Check that the whole address was copied.")


def use_up(person_id: UUID) -> None:
    """End every open link of a person: a password was given or changed."""
    statement = select(Reset).where(Reset.person_id == person_id, Reset.used_at.is_(None), Reset.expires_at > now())
    for reset in db.session.scalars(statement):
        reset.used_at = now()
