"""Sponsors and their staff: how they come to exist."""

from __future__ import annotations

from sqlalchemy import select

from portal import tenancy
from portal.access import STAFF_ROLES
from portal.db import db, now
from portal.errors import Conflict, Invalid, NotFound
from portal.models.accounts import Membership, Person, Tenant
from portal.services.accounts import doors, passwords


def create_tenant(*, name: str, contact_email: str) -> Tenant:
    """Create the sponsor of the present scope, whose id is new: its trail begins with its own creation."""
    scope = tenancy.scope()
    tenant = Tenant(id=scope.tenant_id, name=name, contact_email=contact_email, created_at=now())
    db.session.add(tenant)
    db.session.flush()
    return tenant


def with_email(email: str) -> Person | None:
    """Return the person who proved this address, if there is one."""
    return db.session.scalar(select(Person).where(Person.email == email.strip().lower()))


def create_person(*, email: str, printed_name: str, title: str, password: str) -> Person:
    """Create the identity of one individual; raise Conflict if the address has one, Invalid for a weak password."""
    email = email.strip().lower()
    if with_email(email) is not None:
        raise Conflict("There is an identity for this address already. Use it with its own password.")
    person = Person(
        email=email, printed_name=printed_name.strip(), title=title.strip(), password_hash="", created_at=now()
    )
    passwords.choose(person, password, company=own_tenant().name)
    db.session.add(person)
    return person


def add_member(*, person: Person, role: str) -> Membership:
    """Give a person a role with the sponsor of the present scope; raise Conflict for a second one there."""
    if role not in STAFF_ROLES:
        raise Invalid(f"There is no role '{role}'. Choose one of: {', '.join(STAFF_ROLES)}.")
    if db.session.scalar(select(Membership.id).where(Membership.person_id == person.id)) is not None:
        raise Conflict(f"{person.printed_name} has a role with this sponsor already.")
    membership = Membership(person_id=person.id, role=role, since=now())
    db.session.add(membership)
    # A person is found by identifier, so that signing in needs no look at the memberships of all sponsors.
    doors.cut("person", membership, secret=str(person.id))
    return membership


def welcome_member(*, person: Person, role: str) -> Membership:
    """Give a person a role, or a new one to somebody whose membership had ended; raise Conflict for a member."""
    former = db.session.scalar(
        select(Membership).where(Membership.person_id == person.id, Membership.ended_at.is_not(None))
    )
    if former is None:
        return add_member(person=person, role=role)
    former.role, former.since, former.ended_at = role, now(), None
    return former


def own_tenant() -> Tenant:
    """Return the sponsor of the present scope; raise NotFound if there is none of this id."""
    tenant = db.session.get(Tenant, tenancy.scope().tenant_id)
    if tenant is None:
        raise NotFound("There is no sponsor of this id.")
    return tenant


def set_safeguards(*, security_email: str, second_factor: str) -> Tenant:
    """Set whom the portal warns (11.300(d)), and whether a second factor is offered to the staff or demanded."""
    tenant = own_tenant()
    tenant.security_email = security_email.strip().lower() or None
    tenant.second_factor = second_factor
    return tenant


def acting() -> Person | None:
    """Return the identity of whoever acts, if there is one."""
    actor = tenancy.scope().actor
    return db.session.get(Person, actor.id) if actor.id else None
