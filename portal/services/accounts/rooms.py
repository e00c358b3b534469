"""The sponsors where a person has a role now: one opens after signing in, the others stand in a menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select

from portal import tenancy
from portal.db import db
from portal.models.accounts import Membership, SignIn, Tenant
from portal.services.accounts import doors

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Room:
    """A sponsor where a person has a role."""

    tenant_id: UUID
    tenant_name: str
    membership_id: UUID
    since: datetime
    last_used: datetime


def of(person_id: UUID, *, request_id: str, origin: str) -> list[Room]:
    """Return the sponsors where a person has a role, the last used first; the session is left in none of them."""
    found = []
    for tenant_id, membership_id in doors.behind("person", str(person_id)):
        tenancy.enter(tenancy.system(tenant_id, "sign-in", request_id=request_id, origin=origin, writes=False))
        # Each sponsor is asked behind its own wall: no statement sees two of them.
        statement = select(Membership).where(Membership.id == membership_id, Membership.ended_at.is_(None))
        if (membership := db.session.scalar(statement)) is not None:
            found.append(_room(membership))
    tenancy.enter_unscoped(writes=False)
    return sorted(sorted(found, key=lambda room: room.since), key=lambda room: room.last_used, reverse=True)


def _room(membership: Membership) -> Room:
    tenant = db.session.get_one(Tenant, membership.tenant_id)
    last = db.session.scalar(select(func.max(SignIn.started_at)).where(SignIn.membership_id == membership.id))
    return Room(tenant.id, tenant.name, membership.id, membership.since, last or NEVER)
