"""Colleagues: whoever was asked hands sections on, each to a mailbox of its own that has to be proved.

What a colleague may change is decided by the scope of his visit; whoever asked keeps every section and signs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal import mail, outbox, tenancy
from portal.db import db, now
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.mail import Letter
from portal.models.accounts import Tenant
from portal.models.assessments import Assessment, Introduction, Invite, Visit
from portal.services.assessments import documents, introductions, moves
from questionnaires.definition import Questionnaire, Section

# Enough for every section of a large site, and no way to flood mailboxes in a sponsor's name.
MOST = 20


@dataclass(frozen=True, slots=True)
class Helper:
    """A person of the manufacturer, what he was asked for, and by whom."""

    invite: Invite
    introduction: Introduction
    sections: tuple[Section, ...]

    @property
    def asked_for_all(self) -> bool:
        """Tell whether he may answer everything and sign."""
        return not self.introduction.sections


def of(assessment: Assessment) -> list[Helper]:
    """Return whoever was asked for an assessment's answers, the sponsor's contact first."""
    statement = (
        select(Invite, Introduction)
        .join(Introduction, (Introduction.invite_id == Invite.id) & (Introduction.tenant_id == Invite.tenant_id))
        .where(Invite.assessment_id == assessment.id)
        .order_by(Introduction.parent_id.is_not(None), Introduction.at)
    )
    asked = documents.questionnaire(assessment)
    return [Helper(invite, row, sections(asked, row)) for invite, row in db.session.execute(statement)]


def sections(asked: Questionnaire, row: Introduction) -> tuple[Section, ...]:
    """Return the sections that somebody was asked for: all where none is named."""
    named = set(row.sections.split())
    return tuple(section for section in asked.sections if not named or section.id in named)


def by_section(helpers: Collection[Helper]) -> Mapping[str, str]:
    """Return section -> names of the colleagues who were asked for it by name and may still come in."""
    found: dict[str, list[str]] = {}
    for helper in helpers:
        if not helper.asked_for_all and helper.invite.withdrawn_at is None:
            for section in helper.sections:
                found.setdefault(section.id, []).append(helper.invite.name)
    return {section_id: ", ".join(names) for section_id, names in found.items()}


def own_invite() -> Invite:
    """Return the invite through which the present actor came in."""
    stay = tenancy.scope().stay_id
    if stay is None:
        raise NotFound
    return tenancy.fetch(Invite, tenancy.fetch(Visit, stay).invite_id)


def ask(
    *, invite_id: UUID, assessment: Assessment, name: str, email: str, section_ids: Collection[str], how: str
) -> Invite:
    """Ask a colleague for some sections, or for all, and tell the contact and the sponsor.

    The form carries the invite's id, so that a doubled submit asks once. Raises Forbidden for a colleague who asks on,
    Invalid for sections that are not there, Conflict for somebody who was asked already or by state.
    """
    assessment = tenancy.fetch(Assessment, assessment.id, lock=True)
    helpers = of(assessment)
    for helper in helpers:
        if helper.invite.id == invite_id:
            return helper.invite
    own = own_invite()
    _refuse(assessment, helpers, own, email)
    known = [section.id for section in documents.questionnaire(assessment).sections]
    if not section_ids or not set(section_ids) <= set(known):
        raise Invalid("Choose at least one section.", field="sections")
    invite = Invite(
        id=invite_id, assessment_id=assessment.id, name=name, email=email.lower(), expires_at=own.expires_at
    )
    db.session.add(invite)
    db.session.flush()
    named = [] if set(section_ids) == set(known) else [item for item in known if item in section_ids]
    introductions.introduce(invite, how=how, parent=own, sections=named)
    for job in ("mail_colleague", "tell_contact", "tell_sponsor"):
        outbox.later(job, invite.id)
    return invite


def _refuse(assessment: Assessment, helpers: Collection[Helper], own: Invite, email: str) -> None:
    moves.check(assessment, "answer")
    if not mail.configured():
        raise Conflict("No mail server is set, so nobody else can be asked from here. Ask the sponsor to do it.")
    if own.id not in {helper.invite.id for helper in helpers if helper.introduction.parent_id is None}:
        raise Forbidden("Only the person whom the sponsor asked hands sections on.")
    alive = [helper for helper in helpers if helper.invite.withdrawn_at is None]
    if email.lower() in {helper.invite.email for helper in alive}:
        raise Invalid("This person was asked already. Withdraw that first, if other sections are meant.", field="email")
    if len(helpers) > MOST:
        raise Conflict(f"{MOST} colleagues were asked already. Withdraw nobody in haste: ask the sponsor for more.")


def withdraw(*, invite_id: UUID) -> Invite:
    """Withdraw what one asked a colleague for: his link and stay end at the next request, his answers stay.

    Raises NotFound for an invite that the present actor did not make.
    """
    own, invite = own_invite(), tenancy.fetch(Invite, invite_id, lock=True)
    row = db.session.scalar(select(Introduction).where(Introduction.invite_id == invite.id))
    if row is None or row.parent_id != own.id:
        raise NotFound
    invite.withdrawn_at = invite.withdrawn_at or now()
    return invite


def letter(invite: Invite, address: str) -> Letter:
    """Return the mail that asks a colleague: who asks, for which sections, until when, and one link."""
    tenant, context = db.session.get_one(Tenant, invite.tenant_id), _context(invite)
    subject = f"{context['by']} asks you to help answer: {context['assessment'].title}"
    return mail.compose("colleague", to=invite.email, subject=subject, tenant=tenant, address=address, **context)


def letter_to_contact(invite: Invite) -> Letter:
    """Return the mail that tells who asked that a colleague was asked in his name (a lost visit shows there)."""
    row = db.session.scalars(select(Introduction).where(Introduction.invite_id == invite.id)).one()
    asking = tenancy.fetch(Invite, row.parent_id or invite.id)
    return _told(invite, asking.email, asking.name)


def letter_to_sponsor(invite: Invite) -> Letter:
    """Return the mail that tells the sponsor that a colleague was asked."""
    tenant = db.session.get_one(Tenant, invite.tenant_id)
    return _told(invite, tenant.contact_email, tenant.name)


def _told(invite: Invite, to: str, reader: str) -> Letter:
    tenant, context = db.session.get_one(Tenant, invite.tenant_id), _context(invite)
    subject = f"A colleague was asked to help: {context['assessment'].title}"
    return mail.compose("colleague_told", to=to, subject=subject, reader=reader, tenant=tenant, **context)


def _context(invite: Invite) -> dict[str, Any]:
    assessment = tenancy.fetch(Assessment, invite.assessment_id)
    row = db.session.scalars(select(Introduction).where(Introduction.invite_id == invite.id)).one()
    asked = documents.questionnaire(assessment)
    return {
        "name": invite.name, "email": invite.email, "by": row.by, "assessment": assessment,
        "supplier": assessment.supplier, "sections": sections(asked, row), "all": not row.sections,
    }  # fmt: skip
