"""Stays of the sponsor's staff: begun for whoever was proved, entered with their secret, ended from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal import tenancy
from portal.db import db, now
from portal.errors import Invalid, SignInNeeded
from portal.models.accounts import Membership, Person, SignIn, Tenant
from portal.services.accounts import doors, factors, people, resets, rooms
from portal.tenancy import Actor, Scope

LONGEST_STAY, LONGEST_PAUSE = timedelta(hours=12), timedelta(minutes=60)
# The time of the last visit is written at most this often.
NOTED_EVERY = timedelta(minutes=1)
NO_ROLE = "The address or the password is not right."


@dataclass(frozen=True, slots=True)
class Staff:
    """Who came through the staff's door."""

    sign_in_id: UUID
    person_id: UUID
    name: str
    role: str
    tenant_name: str
    factor_due: bool = False


def begin_for(person_id: UUID, *, proved_by: str, request_id: str, origin: str, tenant_id: UUID | None = None) -> str:
    """Begin a stay of a person who was proved, with a sponsor or where they were last, and return its secret.

    What the present session has not committed is lost. Raises Invalid for a person without a role there.
    """
    found = [
        room
        for room in rooms.of(person_id, request_id=request_id, origin=origin)
        if tenant_id in {None, room.tenant_id}
    ]
    if not found:
        raise Invalid(NO_ROLE)
    tenancy.enter(tenancy.system(found[0].tenant_id, "sign-in", request_id=request_id, origin=origin))
    return begin(tenancy.fetch(Membership, found[0].membership_id), proved_by=proved_by, origin=origin)


def begin(membership: Membership, *, proved_by: str, origin: str) -> str:
    """Begin a stay in the present scope, which is the member's sponsor's, and return its secret."""
    person = db.session.get_one(Person, membership.person_id)
    tenancy.become(_actor(person, membership.role))
    resets.use_up(person.id)
    stay = SignIn(
        membership_id=membership.id, origin=origin, proved_by=proved_by, started_at=now(), seen_at=now(),
        factor_due=factors.due(person.id, proved_by=proved_by, demand=people.own_tenant().second_factor == "required"),
    )  # fmt: skip
    db.session.add(stay)
    return doors.cut("sign_in", stay)


def begin_anew(*, sign_in_id: UUID, proved_by: str = "") -> str:
    """End the present stay and begin another, under a secret that nobody has seen before."""
    stay = tenancy.fetch(SignIn, sign_in_id)
    stay.ended_at = now()
    membership = tenancy.fetch(Membership, stay.membership_id)
    return begin(membership, proved_by=proved_by or stay.proved_by, origin=tenancy.scope().origin)


def enter(*, secret: str, request_id: str, origin: str, writes: bool) -> Staff:
    """Open the staff's door: enter the scope of whoever holds the secret; raise SignInNeeded otherwise."""
    for tenant_id, sign_in_id in doors.behind("sign_in", secret):
        tenancy.enter(Scope(tenant_id, NOBODY, request_id, origin, writes=writes, stay_id=sign_in_id))
        stay, membership, tenant = _stay(sign_in_id)
        if _over(stay, membership):
            continue
        if now() - stay.seen_at > NOTED_EVERY:
            _note_visit(tenant_id, sign_in_id)
            tenancy.enter(Scope(tenant_id, NOBODY, request_id, origin, writes=writes, stay_id=sign_in_id))
            stay, membership, tenant = _stay(sign_in_id)
        tenancy.become(_actor(membership.person, membership.role))
        name, role = membership.person.printed_name, membership.role
        return Staff(sign_in_id, membership.person_id, name, role, tenant.name, stay.factor_due)
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
    cut_off = membership.person.stays_from
    return (
        is_over(stay.started_at, stay.seen_at, stay.ended_at)
        or membership.ended_at is not None
        or (cut_off is not None and stay.started_at < cut_off)
    )


def is_over(started_at: datetime, seen_at: datetime, ended_at: datetime | None) -> bool:
    """Tell whether a stay has ended: by hand, after its longest time, or after too long a pause."""
    return ended_at is not None or now() - started_at > LONGEST_STAY or now() - seen_at > LONGEST_PAUSE


def _note_visit(tenant_id: UUID, sign_in_id: UUID) -> None:
    with tenancy.scoped(tenancy.system(tenant_id, "door")):
        tenancy.fetch(SignIn, sign_in_id).seen_at = now()
