"""Tries to prove oneself: counted before they are judged, wrong ones on record, an alarm at the fifth (11.300(d))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from portal import audit, mail, outbox, tenancy
from portal.db import db, now
from portal.errors import TooMany
from portal.mail import Letter
from portal.models.accounts import Membership, Person
from portal.models.audit import AuditEntry
from portal.services.accounts import people, rooms, throttle

PAUSED = "Too many wrong tries. Wait 15 minutes, or choose a new password with “I forgot my password”."
# Wrong tries as the trail calls them -> their words in a mail.
WRONG: Mapping[str, str] = {
    "accounts.sign_in_failed": "wrong password when signing in",
    "accounts.sign_in_paused": "try during the pause",
    "accounts.factor_failed": "wrong code or passkey",
    "signature.refused": "wrong credential when signing a record",
}
COUNTED_FOR = timedelta(days=30)
TOLD_OF = timedelta(minutes=30)
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: by whom, from where, and whether it is the last before the pause."""

    who: str
    origin: str
    request_id: str
    last: bool

    @property
    def key(self) -> str:
        """Return what is counted of one person from one source."""
        return f"{self.who} {self.origin}"


def begin(who: str, *, request_id: str, origin: str) -> Attempt:
    """Count a try before it is judged, so that no failure gives a free one; the present session ends.

    Raises TooMany for one during a pause, the right one included; that it was tried is on record.
    """
    who = who.strip().lower()
    throttle.take(throttle.SOURCE, origin, PAUSED)
    try:
        everywhere = throttle.take(throttle.PERSON, who, PAUSED)
        here = throttle.take(throttle.PASSWORD, f"{who} {origin}", PAUSED)
    except TooMany:
        tenancy.enter_unscoped(writes=False)
        person = people.with_email(who)
        if person is not None:
            paused = Attempt(who, origin, request_id, last=False)
            put_on_record(paused, person.id, "accounts.sign_in_paused")
        raise
    return Attempt(who, origin, request_id, everywhere or here)


def right(attempt: Attempt, *, whole: bool = True) -> None:
    """Start the counts afresh, as part of the present transaction: the person was proved.

    Where a second factor is still owed only this try is taken back: else whoever has the password could guess codes
    for ever, with the password in between.
    """
    throttle.ease(throttle.PASSWORD, attempt.key, by=throttle.PASSWORD.most if whole else 1)
    throttle.ease(throttle.PERSON, attempt.who, by=throttle.PERSON.most if whole else 1)
    # The others who tried from there are somebody else.
    throttle.ease(throttle.SOURCE, attempt.origin, by=1)


def put_on_record(attempt: Attempt, person_id: UUID, action: str) -> None:
    """Put a try into the trail of each sponsor where the person has a role; at the last one sound the alarm there."""
    for room in rooms.of(person_id, request_id=attempt.request_id, origin=attempt.origin):
        scope = tenancy.system(room.tenant_id, "sign-in", request_id=attempt.request_id, origin=attempt.origin)
        with tenancy.scoped(scope):
            audit.record(action, tenancy.fetch(Membership, room.membership_id))
            if attempt.last:
                sound(person_id)


def sound(person_id: UUID) -> None:
    """Ask for the mails to the security contact of the present sponsor and to the person whose name was tried."""
    if mail.configured():
        outbox.later("mail_alarm", person_id)
        outbox.later("mail_warning", person_id)


def sound_now(person_id: UUID) -> None:
    """Sound the alarm in a transaction of its own, as the present one ends in a refusal."""
    scope = tenancy.scope()
    with tenancy.scoped(replace(scope, writes=True)):
        sound(person_id)
    tenancy.enter(scope)


def alarm(person_id: UUID) -> Letter | None:
    """Return the mail to the security contact; nothing where the trail knows of no such tries."""
    tenant = people.own_tenant()
    return _letter(person_id, "alarm", tenant.security_email or tenant.contact_email)


def warning(person_id: UUID) -> Letter | None:
    """Return the mail to the person whose name was tried; nothing where the trail knows of no such tries."""
    return _letter(person_id, "warning", "")


def _letter(person_id: UUID, template: str, to: str) -> Letter | None:
    tried = _tried(person_id, since=TOLD_OF)
    if not tried:
        return None
    person = db.session.get_one(Person, person_id)
    return mail.compose(
        template, to=to or person.email, subject=f"Too many wrong tries as {person.printed_name}: CMO oversight",
        name=person.printed_name, email=person.email, tenant=people.own_tenant(), words=WRONG, tried=tried,
    )  # fmt: skip


def _tried(person_id: UUID, *, since: timedelta) -> list[AuditEntry]:
    """Return the newest wrong tries as a person that the present sponsor's trail knows of, oldest first."""
    membership = select(Membership.id).where(Membership.person_id == person_id).scalar_subquery()
    statement = select(AuditEntry).where(
        AuditEntry.action.in_(WRONG),
        AuditEntry.at > now() - since,
        (AuditEntry.record_id == membership) | (AuditEntry.record_id == person_id),
    )
    newest = db.session.scalars(statement.order_by(AuditEntry.number.desc()).limit(MOST_TOLD)).all()
    return list(newest[::-1])


def wrong_lately() -> dict[UUID, int]:
    """Return how many wrong tries the last 30 days had, by the record in the trail: a membership or a person."""
    statement = (
        select(AuditEntry.record_id, func.count())
        .where(AuditEntry.action.in_(WRONG), AuditEntry.at > now() - COUNTED_FOR)
        .group_by(AuditEntry.record_id)
    )
    return {row_id: count for row_id, count in db.session.execute(statement) if row_id is not None}
