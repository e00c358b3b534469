"""Every background job. A job gets an id, first looks whether it is already done, and is short."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from portal import mail, outbox, tenancy
from portal.db import now
from portal.models.assessments import Assessment, Invite, MailedCode
from portal.outbox import After, Job
from portal.services import suppliers
from portal.services.assessments import sending, visits


def mail_invite(invite_id: UUID) -> After | None:
    """Mail an invitation with a new link, unless it was withdrawn meanwhile."""
    invite = tenancy.fetch(Invite, invite_id)
    if invite.withdrawn_at is not None:
        return None
    return mail.posting(sending.letter(invite, sending.link(invite)))


def mail_returned(invite_id: UUID) -> After | None:
    """Tell the supplier which questions came back, unless they were answered or withdrawn meanwhile."""
    invite = tenancy.fetch(Invite, invite_id)
    if tenancy.fetch(Assessment, invite.assessment_id).state != "returned":
        return None
    return mail.posting(sending.returned_letter(invite, sending.link(invite)))


def mail_code(code_id: UUID) -> After | None:
    """Mail the six digits that a browser asked for, unless they were used or are too old."""
    code = tenancy.fetch(MailedCode, code_id)
    if code.used_at is not None or code.expires_at < now():
        return None
    return mail.posting(visits.code_letter(code, visits.give_code(code)))


def settle_supplier(supplier_id: UUID) -> None:
    """Bring a supplier's status, rating and next due date up to date."""
    suppliers.settle(suppliers.get(supplier_id))


JOBS: Mapping[str, Job] = {job.__name__: job for job in (mail_invite, mail_returned, mail_code, settle_supplier)}


def perform(row_id: str) -> None:
    """Do one outbox row: what RQ calls."""
    outbox.perform(UUID(row_id))
