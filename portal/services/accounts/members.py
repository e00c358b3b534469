"""The people of a sponsor: who has which role, giving another one, ending a membership."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from portal import tenancy
from portal.access import STAFF_ROLES
from portal.db import db, now
from portal.errors import Conflict, Forbidden, Invalid
from portal.models.accounts import Authenticator, Membership, Person, SignIn
from portal.models.signatures import Confirmation
from portal.services.accounts import attempts, factors
from portal.services.audit import reasons


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the People page."""

    membership: Membership
    person: Person
    last_seen: datetime | None
    factor: bool
    confirmed: Confirmation | None
    wrong: int


def all_of_them() -> list[Member]:
    """Return everybody who has or had a role, present ones first, by name, in a constant number of statements."""
    statement = select(Membership).options(joinedload(Membership.person)).join(Membership.person)
    rows = db.session.scalars(statement.order_by(Membership.ended_at.is_not(None), func.lower(Person.printed_name)))
    seen = select(SignIn.membership_id, func.max(SignIn.seen_at)).group_by(SignIn.membership_id)
    last = dict(db.session.execute(seen).all())
    wrong, found = attempts.wrong_lately(), rows.all()
    proved, confirmed = _with_factor(found), {row.person_id: row for row in db.session.scalars(select(Confirmation))}
    return [
        Member(
            row, row.person, last.get(row.id), row.person_id in proved, confirmed.get(row.person_id),
            wrong.get(row.id, 0) + wrong.get(row.person_id, 0),
        )
        for row in found
    ]  # fmt: skip


def _with_factor(members: Sequence[Membership]) -> set[UUID]:
    statement = select(Authenticator.person_id).where(
        Authenticator.person_id.in_([row.person_id for row in members]),
        Authenticator.kind.in_(factors.KINDS),
        Authenticator.removed_at.is_(None),
    )
    return set(db.session.scalars(statement))


def get(membership_id: UUID) -> Membership:
    """Return a member of the present sponsor; raise NotFound otherwise."""
    return tenancy.fetch(Membership, membership_id)


def change_role(*, membership_id: UUID, role: str, reason: str) -> Membership:
    """Give a member another role, from the next request on.

    Raises Invalid for an unknown role or without a reason, Forbidden for one's own, Conflict for the last admin.
    """
    if role not in STAFF_ROLES:
        raise Invalid("Choose one of the roles.", field="role")
    row = _of_somebody_else(membership_id, reason, "Nobody changes his own role. Ask another administrator.")
    if row.role == role:
        raise Invalid("This is the present role. Choose another one.", field="role")
    _keep_an_admin(row)
    row.role = role
    return row


def end(*, membership_id: UUID, reason: str) -> Membership:
    """End a membership from the next request on, and the stays that are open; the person stays on record for ever.

    Raises Invalid without a reason, Forbidden for one's own, Conflict for the last admin.
    """
    row = _of_somebody_else(membership_id, reason, "Nobody ends his own membership. Ask another administrator.")
    _keep_an_admin(row)
    row.ended_at = now()
    for stay in db.session.scalars(select(SignIn).where(SignIn.membership_id == row.id, SignIn.ended_at.is_(None))):
        stay.ended_at = now()
    return row


def _of_somebody_else(membership_id: UUID, reason: str, own: str) -> Membership:
    # Of two administrators who end each other at the same moment, the second waits here and finds that he is the last.
    list(db.session.scalars(_admins().with_for_update().execution_options(populate_existing=True)))
    row = tenancy.fetch(Membership, membership_id, lock=True)
    if row.person_id == tenancy.scope().actor.id:
        raise Forbidden(own)
    if row.ended_at is not None:
        raise Conflict("This membership has ended already. Invite the person again instead.")
    reasons.demand(reason, "Say in a few words why. It stands in the audit trail.")
    return row


def _keep_an_admin(row: Membership) -> None:
    others = [admin for admin in db.session.scalars(_admins()) if admin.id != row.id]
    if row.role == "admin" and not others:
        raise Conflict("This is the last administrator. Make somebody else one first.")


def _admins() -> Select[Membership]:
    return select(Membership).where(Membership.role == "admin", Membership.ended_at.is_(None)).order_by(Membership.id)
