"""Who a provider's subject is here: one person for ever, with the role that the sponsor gives him."""

from __future__ import annotations

from sqlalchemy import select

from portal import audit
from portal.db import db, now
from portal.errors import Forbidden
from portal.models.accounts import Membership, Person, ProviderSubject
from portal.services.accounts import people
from portal.services.accounts.single_sign_on.facts import Facts
from portal.services.accounts.single_sign_on.providers import Setting

NO_ACCESS = "You are known, but you have no access here. Ask an administrator of your sponsor."

JOINED = "Joined by signing in through the company's provider"
BY_GROUPS = "The groups that the company's provider names give this role"


def known(setting: Setting, facts: Facts) -> Person | None:
    """Return the person whom a subject was bound to, whatever address he has by now."""
    return db.session.scalar(
        select(Person)
        .join(ProviderSubject, ProviderSubject.person_id == Person.id)
        .where(ProviderSubject.issuer == setting.issuer, ProviderSubject.subject == facts.subject)
    )


def bind(person: Person, setting: Setting, facts: Facts) -> None:
    """Bind a subject to a person who proved that he is the one."""
    db.session.add(ProviderSubject(person_id=person.id, issuer=setting.issuer, subject=facts.subject, linked_at=now()))


def is_bound(person_id: object, issuer: str) -> bool:
    """Tell whether a person is known to a provider."""
    statement = select(ProviderSubject.id).where(
        ProviderSubject.person_id == person_id, ProviderSubject.issuer == issuer
    )
    return db.session.scalars(statement).first() is not None


def newcomer(setting: Setting, facts: Facts) -> Person:
    """Return the new identity of whoever was not known, bound to the subject; it has no password."""
    _refuse_without_role(setting, facts)
    person = Person(email=facts.email, printed_name=facts.name, password_hash="", created_at=now())
    db.session.add(person)
    bind(person, setting, facts)
    return person


def membership_of(person: Person) -> Membership | None:
    """Return a person's place with the present sponsor, one that has ended too."""
    return db.session.scalar(select(Membership).where(Membership.person_id == person.id))


def admitted(person: Person, setting: Setting, facts: Facts) -> Membership:
    """Return the membership of a person who was proved, as the groups say; raise Forbidden where there is none.

    Whoever has none yet joins with the usual role. Lines of groups decide at each sign-in, but the last
    administrator stays one.
    """
    found = membership_of(person)
    if found is not None and found.ended_at is not None:
        raise Forbidden(NO_ACCESS)
    if found is None:
        _refuse_without_role(setting, facts)
        audit.because(JOINED)
        return people.add_member(person=person, role=setting.role_of(facts.groups))
    if setting.group_roles:
        _refuse_without_role(setting, facts)
        role = setting.role_of(facts.groups)
        if role != found.role and not (found.role == "admin" and _is_last_admin(found)):
            audit.because(BY_GROUPS)
            found.role = role
    return found


def _refuse_without_role(setting: Setting, facts: Facts) -> None:
    if not setting.role_of(facts.groups):
        raise Forbidden(NO_ACCESS)


def _is_last_admin(found: Membership) -> bool:
    """Tell whether nobody else administers; the lock makes two who leave at once come one after the other."""
    statement = select(Membership).where(Membership.role == "admin", Membership.ended_at.is_(None)).with_for_update()
    return [row.id for row in db.session.scalars(statement.execution_options(populate_existing=True))] == [found.id]
