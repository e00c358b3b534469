"""Signing in, staying signed in and signing out, for the sponsor's staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal import audit, tenancy
from portal.db import db, now
from portal.errors import Invalid, SignInNeeded
from portal.models.accounts import Membership, Person, SignIn, Tenant
from portal.services.accounts import doors, passwords, people, throttle
from portal.tenancy import Actor, Scope

LONGEST_STAY, LONGEST_PAUSE = timedelta(hours=12), timedelta(minutes=60)
# The time of the last visit is written at most this often.
NOTED_EVERY = timedelta(minutes=1)
WRONG = "The address or the password is not right."
PAUSED = "Too many wrong tries. Wait 15 minutes, or ask your administrator."


@dataclass(frozen=True, slots=True)
class Staff:
    """Who came through the staff's door."""

    sign_in_id: UUID
    person_id: UUID
    name: str
    role: str
    tenant_name: str


def sign_in(*, email: str, password: str, request_id: str, origin: str) -> str:
    """Check address and password, enter the sponsor's scope and return the secret of the new stay.

    Raises Invalid with one and the same text whatever is wrong, TooMany after five wrong tries.
    """
    throttle.take(throttle.PASSWORD, f"{email.strip().lower()} {origin}", PAUSED)
    tenancy.enter_unscoped(writes=False)
    person = people.with_email(email)
    right = passwords.fits(person.password_hash if person else None, password)
    rooms = doors.behind("person", str(person.id)) if person else []
    found = _present_membership(rooms, request_id, origin)
    if person is None or found is None:
        raise Invalid(WRONG)
    if not right:
        audit.record_now("accounts.sign_in_failed", found)
        raise Invalid(WRONG)
    throttle.forget(throttle.PASSWORD, f"{email.strip().lower()} {origin}")
    return _begin(found.tenant_id, found.id, request_id, origin)


def _present_membership(rooms: list[tuple[UUID, UUID]], request_id: str, origin: str) -> Membership | None:
    """Enter the first sponsor where the person still has a role; a choice between several comes with accounts."""
    for tenant_id, membership_id in rooms:
        tenancy.enter(tenancy.system(tenant_id, "sign-in", request_id=request_id, origin=origin, writes=False))
        statement = select(Membership).where(Membership.id == membership_id, Membership.ended_at.is_(None))
        if (membership := db.session.scalar(statement)) is not None:
            return membership
    return None


def _begin(tenant_id: UUID, membership_id: UUID, request_id: str, origin: str) -> str:
    tenancy.enter(tenancy.system(tenant_id, "sign-in", request_id=request_id, origin=origin))
    membership = tenancy.fetch(Membership, membership_id)
    tenancy.become(_actor(membership.person, membership.role))
    stay = SignIn(membership_id=membership.id, origin=origin, started_at=now(), seen_at=now())
    db.session.add(stay)
    return doors.cut("sign_in", stay)


def enter(*, secret: str, request_id: str, origin: str, writes: bool) -> Staff:
    """Open the staff's door: enter the scope of whoever holds the secret; raise SignInNeeded otherwise."""
    for tenant_id, sign_in_id in doors.behind("sign_in", secret):
        tenancy.enter(Scope(tenant_id, NOBODY, request_id, origin, writes=writes))
        stay, membership, tenant = _stay(sign_in_id)
        if _over(stay, membership):
            continue
        if now() - stay.seen_at > NOTED_EVERY:
            _note_visit(tenant_id, sign_in_id)
            tenancy.enter(Scope(tenant_id, NOBODY, request_id, origin, writes=writes))
            stay, membership, tenant = _stay(sign_in_id)
        tenancy.become(_actor(membership.person, membership.role))
        name, role = membership.person.printed_name, membership.role
        return Staff(sign_in_id, membership.person_id, name, role, tenant.name)
    raise SignInNeeded("You are not signed in, or your time is over.")


def sign_out(*, sign_in_id: UUID) -> None:
    """End a stay; its secret opens nothing from the next request on."""
    tenancy.fetch(SignIn, sign_in_id).ended_at = now()


NOBODY = Actor("system", None, "Portal (door)", "system")


def _actor(person: Person, role: str) -> Actor:
    return Actor("staff", person.id, person.printed_name, role)


def _stay(sign_in_id: UUID) -> tuple[SignIn, Membership, Tenant]:
    statement = (
        select(SignIn, Membership, Tenant)
        .join(Membership, (Membership.id == SignIn.membership_id) & (Membership.tenant_id == SignIn.tenant_id))
        .join(Tenant, Tenant.id == SignIn.tenant_id)
        .options(joinedload(Membership.person))
        .where(SignIn.id == sign_in_id)
    )
    stay, membership, tenant = db.session.execute(statement).one()
    return stay, membership, tenant


def _over(stay: SignIn, membership: Membership) -> bool:
    return is_over(stay.started_at, stay.seen_at, stay.ended_at) or membership.ended_at is not None


def is_over(started_at: datetime, seen_at: datetime, ended_at: datetime | None) -> bool:
    """Tell whether a stay has ended: by hand, after its longest time, or after too long a pause."""
    return ended_at is not None or now() - started_at > LONGEST_STAY or now() - seen_at > LONGEST_PAUSE


def _note_visit(tenant_id: UUID, sign_in_id: UUID) -> None:
    with tenancy.scoped(tenancy.system(tenant_id, "door")):
        tenancy.fetch(SignIn, sign_in_id).seen_at = now()
