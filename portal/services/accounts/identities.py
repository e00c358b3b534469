"""Whether an identity is the individual whom it names: confirmed by somebody else before the first signature.

A confirmation belongs to one sponsor (11.100(b)). Whoever read a code out, or saw the link of an invitation, can have
come in himself, so his word alone does not say who did.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from portal import tenancy
from portal.db import db, now
from portal.errors import Forbidden, Invalid
from portal.models.accounts import Person, StaffInvite
from portal.models.assessments import Invite, Visit
from portal.models.audit import AuditEntry
from portal.models.signatures import Confirmation

SHORTEST_HOW, LONGEST_HOW = 5, 300
# Whom to turn to, by who wants to sign.
WHO_CONFIRMS = {
    "staff": "An administrator of your sponsor, other than you, can confirm it on the People page.",
    "cmo": "The sponsor who asked you can confirm it; the page of this questionnaire tells them that you wait.",
}


def confirmation(person_id: UUID | None) -> Confirmation | None:
    """Return who confirmed an identity to this sponsor, if anybody did."""
    return db.session.scalar(select(Confirmation).where(Confirmation.person_id == person_id))


def refuse_unconfirmed(person_id: UUID) -> None:
    """Raise Forbidden, saying who can confirm it, unless an identity is confirmed to this sponsor."""
    if confirmation(person_id) is None:
        who = WHO_CONFIRMS.get(tenancy.scope().actor.kind, "")
        refused = Forbidden(f"Nobody has confirmed yet that this identity is yours. {who} Nothing was signed.")
        refused.title = "Your identity is not confirmed yet"
        raise refused


def confirm(*, person: Person, how: str) -> Confirmation:
    """Confirm an identity as the present actor; the first confirmation stands.

    Raises Invalid without saying how it was checked, Forbidden for one's own and for one to whom one read a code out.
    """
    actor = tenancy.scope().actor
    how = how.strip()
    if not SHORTEST_HOW <= len(how) <= LONGEST_HOW:
        raise Invalid("Say in a few words how you know who this is.", field="how")
    if actor.id == person.id:
        raise Forbidden("Nobody confirms his own identity. Ask another member.")
    if actor.id is not None and _read_out(person, actor.id):
        raise Forbidden("You had this person's link or code yourself. Another member has to confirm who it is.")
    return confirmation(person.id) or _record(person.id, actor.id, actor.name, actor.kind, how)


def vouch(person_id: UUID, *, by_id: UUID | None, by: str, kind: str, how: str) -> None:
    """Confirm an identity in the name of whoever invited it and said how; nothing without a word, or for oneself.

    The word of the manufacturer's people counts if they are confirmed themselves.
    """
    if not how or by_id == person_id or confirmation(person_id) is not None:
        return
    if kind == "staff" or confirmation(by_id) is not None:
        _record(person_id, by_id, by, kind, how)


def _record(person_id: UUID, by_id: UUID | None, by: str, kind: str, how: str) -> Confirmation:
    row = Confirmation(person_id=person_id, by_id=by_id, by=by, by_kind=kind, how=how, at=now())
    db.session.add(row)
    return row


def _read_out(person: Person, reader_id: UUID) -> bool:
    statement = (
        select(Visit.id)
        .join(Invite, (Invite.id == Visit.invite_id) & (Invite.tenant_id == Visit.tenant_id))
        .where(Visit.read_out_by_id == reader_id, Invite.email == person.email)
    )
    return db.session.scalars(statement).first() is not None or link_shown(person.email, to=reader_id)


def link_shown(email: str, *, to: UUID | None = None) -> bool:
    """Tell whether an invitation's link was shown here, where no mail server is set: whoever saw it can open it."""
    invites = select(StaffInvite.id).where(StaffInvite.email == email)
    statement = select(AuditEntry.id).where(AuditEntry.action == "invite.link_shown", AuditEntry.record_id.in_(invites))
    if to is not None:
        statement = statement.where(AuditEntry.actor_id == to)
    return db.session.scalars(statement.limit(1)).first() is not None
