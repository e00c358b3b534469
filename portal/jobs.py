"""Every background job. A job gets an id, first looks whether it is already done, and is short."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from portal import mail, outbox, tenancy
from portal.db import now
from portal.models.accounts import Reset, StaffInvite
from portal.models.assessments import Assessment, Invite, MailedCode
from portal.outbox import After, Job
from portal.services import suppliers
from portal.services.accounts import attempts, changes, invites, resets
from portal.services.assessments import colleagues, introductions, sending, visits
from portal.services.audit import heads
from questionnaires import lifecycle


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


def _open(invite: Invite) -> bool:
    return lifecycle.allowed(tenancy.fetch(Assessment, invite.assessment_id).state, "answer")


def mail_confirmed(invite_id: UUID) -> After | None:
    """Tell a signer that his identity is confirmed, while there is something to sign."""
    invite = tenancy.fetch(Invite, invite_id)
    if invite.withdrawn_at is not None or not _open(invite):
        return None
    return mail.posting(introductions.confirmed_letter(invite, sending.link(invite)))


def mail_colleague(invite_id: UUID) -> After | None:
    """Mail a colleague who was asked to help, unless that was withdrawn meanwhile."""
    invite = tenancy.fetch(Invite, invite_id)
    if invite.withdrawn_at is not None:
        return None
    return mail.posting(colleagues.letter(invite, sending.link(invite)))


def tell_contact(invite_id: UUID) -> After:
    """Tell whoever asked a colleague that it was done in his name."""
    return mail.posting(colleagues.letter_to_contact(tenancy.fetch(Invite, invite_id)))


def tell_sponsor(invite_id: UUID) -> After:
    """Tell the sponsor that a colleague was asked."""
    return mail.posting(colleagues.letter_to_sponsor(tenancy.fetch(Invite, invite_id)))


def mail_code(code_id: UUID) -> After | None:
    """Mail the six digits that a browser asked for, unless they were used or are too old."""
    code = tenancy.fetch(MailedCode, code_id)
    if code.used_at is not None or code.expires_at < now():
        return None
    return mail.posting(visits.code_letter(code, visits.give_code(code)))


def mail_staff_invite(invite_id: UUID) -> After | None:
    """Mail an invitation to a colleague with a new link, unless it was accepted or withdrawn meanwhile."""
    invite = tenancy.fetch(StaffInvite, invite_id)
    if invite.accepted_at is not None or invite.withdrawn_at is not None:
        return None
    return mail.posting(invites.letter(invite))


def prepare_reset(membership_id: UUID) -> None:
    """Make the link for a new password that somebody asked for, if there is such a member."""
    resets.prepare(membership_id)


def mail_reset(reset_id: UUID) -> After | None:
    """Mail a link to choose a new password, unless it is no longer wanted."""
    reset = tenancy.fetch(Reset, reset_id)
    return mail.posting(resets.letter(reset)) if resets.alive(reset) else None


def mail_password_changed(person_id: UUID) -> After:
    """Tell a person that the password was changed."""
    return mail.posting(changes.letter(person_id, "password"))


def mail_factor_changed(person_id: UUID) -> After:
    """Tell a person that a second factor was added or removed."""
    return mail.posting(changes.letter(person_id, "factor"))


def note_password_changed(membership_id: UUID) -> None:
    """Say in this sponsor's trail that a member's password changed while at another one."""
    changes.note(membership_id, "password")


def note_factor_changed(membership_id: UUID) -> None:
    """Say in this sponsor's trail that a member's second factor changed while at another one."""
    changes.note(membership_id, "factor")


def mail_alarm(person_id: UUID) -> After | None:
    """Warn the security contact of wrong tries as a person (11.300(d))."""
    letter = attempts.alarm(person_id)
    return mail.posting(letter) if letter else None


def mail_warning(person_id: UUID) -> After | None:
    """Warn a person of wrong tries in his name (11.300(d))."""
    letter = attempts.warning(person_id)
    return mail.posting(letter) if letter else None


def settle_supplier(supplier_id: UUID) -> None:
    """Bring a supplier's status, rating and next due date up to date."""
    suppliers.settle(suppliers.get(supplier_id))


def keep_head(_tenant_id: UUID) -> None:
    """Keep the sealed head of the sponsor's trail outside the database, if it changed since the last time."""
    heads.keep()


def mail_head(_tenant_id: UUID) -> After | None:
    """Mail the sealed head of the sponsor's trail, where an address for it is set."""
    letter = heads.letter()
    return None if letter is None else mail.posting(letter)


EVERY: tuple[Job, ...] = (
    mail_invite, mail_returned, mail_confirmed, mail_colleague, tell_contact, tell_sponsor, mail_code, settle_supplier,
    keep_head, mail_head, mail_staff_invite, prepare_reset, mail_reset, mail_password_changed, mail_factor_changed,
    note_password_changed, note_factor_changed, mail_alarm, mail_warning,
)  # fmt: skip
JOBS: Mapping[str, Job] = {job.__name__: job for job in EVERY}
# What is asked for each sponsor, again and again: job -> after how long.
TIMETABLE: Mapping[str, timedelta] = {keep_head.__name__: timedelta(hours=1)}


def perform(row_id: str) -> None:
    """Do one outbox row: what RQ calls."""
    outbox.perform(UUID(row_id))
