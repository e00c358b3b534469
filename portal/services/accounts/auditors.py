"""Auditors: which suppliers are open to whom, from which day to which; to whom none is open, nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select

from portal import tenancy
from portal.db import db, now, today
from portal.errors import Conflict, Invalid, NotFound
from portal.models.accounts import AuditorGrant, Membership, Person
from portal.models.assessments import Assessment
from portal.models.suppliers import Supplier
from portal.tenancy import Reach

ROLE = "auditor"
USUAL_DAYS = 14


def members() -> Sequence[Membership]:
    """Return the sponsor's present auditors, by name."""
    statement = select(Membership).where(Membership.role == ROLE, Membership.ended_at.is_(None))
    return db.session.scalars(statement.join(Membership.person).order_by(Person.printed_name)).all()


def of_supplier(supplier: Supplier) -> list[tuple[AuditorGrant, str, bool]]:
    """Return each time for which a supplier was opened, newest first: to whom, and whether it is over."""
    statement = (
        select(AuditorGrant, Person.printed_name)
        .join(
            Membership, (Membership.id == AuditorGrant.membership_id) & (Membership.tenant_id == AuditorGrant.tenant_id)
        )
        .join(Membership.person)
        .where(AuditorGrant.supplier_id == supplier.id)
    )
    found = db.session.execute(statement.order_by(AuditorGrant.from_on.desc(), Person.printed_name))
    return [(grant, name, is_over(grant)) for grant, name in found]


def open_supplier(*, supplier: Supplier, membership_id: UUID, from_on: date, until_on: date) -> AuditorGrant:
    """Open a supplier to an auditor for some days; raise Invalid for a person or days that do not fit."""
    if from_on > until_on or until_on < today():
        raise Invalid("The last day comes after the first one, and is not over yet.")
    member = next((item for item in members() if item.id == membership_id), None)
    if member is None:
        raise Invalid("Choose one of your auditors.")
    for grant in _of_member(membership_id):
        overlaps = grant.ended_at is None and grant.from_on <= until_on and from_on <= grant.until_on
        if grant.supplier_id == supplier.id and overlaps:
            raise Invalid(f"It is open to {member.person.printed_name} until {grant.until_on}. End that first.")
    grant = AuditorGrant(
        membership_id=membership_id, supplier_id=supplier.id, from_on=from_on, until_on=until_on,
        given_by=tenancy.scope().actor.name,
    )  # fmt: skip
    db.session.add(grant)
    return grant


def close_supplier(*, supplier: Supplier, grant_id: UUID) -> AuditorGrant:
    """End an auditor's access to a supplier at once; raise NotFound for another's, Conflict if it is over already."""
    grant = tenancy.fetch(AuditorGrant, grant_id, lock=True)
    if grant.supplier_id != supplier.id:
        raise NotFound
    if is_over(grant):
        raise Conflict("This access is over already.")
    grant.ended_at = now()
    return grant


def is_over(grant: AuditorGrant) -> bool:
    """Tell whether a time of access is past, by its last day (UTC) or by hand."""
    return grant.ended_at is not None or grant.until_on < today()


def narrow() -> date | None:
    """Let whoever acts see what is open to him today, and return the last day once all of it is over."""
    actor = tenancy.scope().actor
    own = select(Membership.id).where(Membership.person_id == actor.id)
    grants = _of_member(db.session.scalars(own).one())
    left = [grant for grant in grants if not is_over(grant)]
    suppliers = tuple({grant.supplier_id for grant in left if grant.from_on <= today()})
    within = select(Assessment.id).where(Assessment.supplier_id.in_(suppliers))
    tenancy.become(actor, reach=Reach(suppliers, tuple(db.session.scalars(within))))
    if left or not grants:
        return None
    return max(grant.ended_at.date() if grant.ended_at else grant.until_on for grant in grants)


def _of_member(membership_id: UUID) -> Sequence[AuditorGrant]:
    return db.session.scalars(select(AuditorGrant).where(AuditorGrant.membership_id == membership_id)).all()
