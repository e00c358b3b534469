"""Sending: three clicks from the supplier to sent; withdrawing and renewing a link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from portal import audit, mail, outbox, tenancy
from portal.config import Config
from portal.db import db, now
from portal.errors import Conflict, Invalid, NotFound
from portal.mail import Letter
from portal.models.accounts import Tenant
from portal.models.assessments import Assessment, Introduction, Invite, Verdict
from portal.models.outbox import OutboxRow
from portal.models.suppliers import Contact, Supplier
from portal.services import suppliers
from portal.services.accounts import doors
from portal.services.accounts.throttle import Pace, keep_pace
from portal.services.assessments import documents, introductions, moves
from portal.services.audit import reasons
from questionnaires import load
from questionnaires.definition import Questionnaire

USUAL_DAYS = 28
# The jobs that write to the person who was asked.
LETTERS = ("mail_invite", "mail_returned")
# Of these letters to one person: so that a mailbox is not flooded by a link that was clicked again and again.
PACE = (
    Pace(1, timedelta(minutes=1), "A mail to this person left less than a minute ago. Wait a minute, then try again."),
    Pace(5, timedelta(hours=1), "Five mails to this person left within the hour. Try again later."),
)
# The link lives until two weeks after the due date, and never longer than 90 days.
GRACE, LONGEST_LIFE = timedelta(days=14), timedelta(days=90)


def choices() -> tuple[Questionnaire, ...]:
    """Return the released questionnaires, newest version of each."""
    newest = {item.key: item for item in reversed(load.library())}
    return tuple(sorted(newest.values(), key=lambda item: item.title))


def chosen(key: str) -> Questionnaire:
    """Return the newest released questionnaire of a key; raise NotFound if there is none."""
    try:
        return load.released(key)
    except KeyError:
        raise NotFound from None


def send(
    *, assessment_id: UUID, supplier: Supplier, key: str, contact: Contact, due_on: date, today: date, how: str = ""
) -> tuple[Assessment, Invite]:
    """Freeze the questionnaire, invite the contact and ask for the mail.

    The form carries the assessment's id, so that a doubled submit sends once; `how` says how the sender knows who the
    contact is. Raises Invalid for a due date that is past or beyond the life of a link.
    """
    # Of two submits at the same moment, the second waits here and finds what the first one sent.
    supplier = tenancy.fetch(Supplier, supplier.id, lock=True)
    existing = db.session.scalar(select(Assessment).where(Assessment.id == assessment_id))
    if existing is not None:
        return existing, invite_of(existing)
    if not today < due_on <= today + LONGEST_LIFE:
        raise Invalid(f"Choose a due date between tomorrow and {(today + LONGEST_LIFE).isoformat()}.")
    asked = chosen(key)
    frozen, rubric, method = documents.freeze(asked)
    assessment = Assessment(
        id=assessment_id, supplier_id=supplier.id, title=asked.title, questionnaire_key=asked.key,
        state=moves.after("drafted", "send"),
        questionnaire_id=frozen.id, rubric_id=rubric.id, method_id=method.id,
        due_on=due_on, sent_at=now(), sent_by=tenancy.scope().actor.name,
    )  # fmt: skip
    db.session.add(assessment)
    db.session.flush()
    invite = _invite(assessment, contact, how)
    suppliers.settle(supplier)
    return assessment, invite


def _invite(assessment: Assessment, contact: Contact, how: str) -> Invite:
    invite = Invite(
        assessment_id=assessment.id, name=contact.name, email=contact.email,
        expires_at=end_of_life(assessment.due_on),
    )  # fmt: skip
    db.session.add(invite)
    introductions.introduce(invite, how=how)
    if mail.configured():
        outbox.later("mail_invite", invite.id)
    return invite


def end_of_life(due_on: date) -> datetime:
    """Return when a link stops: two weeks after the due date, at most 90 days from now."""
    end_of_due_day = datetime.combine(due_on, time.max, tzinfo=UTC)
    return min(end_of_due_day + GRACE, now() + LONGEST_LIFE)


def invite_of(assessment: Assessment) -> Invite:
    """Return the newest invite of whoever was asked by the sponsor, not by a colleague."""
    colleagues = select(Introduction.invite_id).where(Introduction.parent_id.is_not(None))
    statement = select(Invite).where(Invite.assessment_id == assessment.id, Invite.id.not_in(colleagues))
    found = db.session.scalars(statement.order_by(Invite.expires_at.desc())).first()
    if found is None:
        raise NotFound
    return found


def invites_of(assessment: Assessment) -> Sequence[Invite]:
    """Return every invite of an assessment that still counts, colleagues' too: they end and live on with it."""
    statement = select(Invite).where(Invite.assessment_id == assessment.id, Invite.withdrawn_at.is_(None))
    return db.session.scalars(statement).all()


def link(invite: Invite) -> str:
    """Make a working link to an invite; its secret is shown or mailed once and kept as a digest alone."""
    config: Config = current_app.extensions["portal.config"]
    return f"{config.base_url}/i/{doors.cut('invite', invite)}"


def copyable_link(invite: Invite) -> str:
    """Make a link for a sponsor without a mail server; that it was shown is on record (no code goes with it)."""
    if mail.configured():
        raise Conflict("The link goes by mail to the person who was asked. Nobody else needs to see it.")
    _renew(invite)
    audit.record("invite.link_shown", invite)
    return link(invite)


def _renew(invite: Invite) -> None:
    """Give an invite new life: at least two weeks, and a fresh count of codes; raise Conflict by state."""
    moves.check(tenancy.fetch(Assessment, invite.assessment_id), "answer")
    invite.expires_at = max(invite.expires_at, now() + GRACE)
    invite.renewed_at = now()


def delivery(invite: Invite) -> OutboxRow | None:
    """Return how the newest mail of an invite is doing, or nothing where none was asked for."""
    return next(iter(_letters(invite, most=1)), None)


def _letters(invite: Invite, most: int) -> Sequence[OutboxRow]:
    """Return the mails that were asked for to the person invited, newest first."""
    statement = select(OutboxRow).where(OutboxRow.subject_id == invite.id, OutboxRow.job.in_(LETTERS))
    return db.session.scalars(statement.order_by(OutboxRow.made_at.desc()).limit(most)).all()


def mail_again(*, assessment: Assessment) -> Invite:
    """Send the invitation once more, with a new link; earlier links go on working, expired ones live again.

    Raises TooMany for one too soon.
    """
    if not mail.configured():
        raise Conflict("No mail server is set. Make a link to copy instead.")
    # Of two clicks at the same moment, the second waits here and finds the mail that the first one asked for.
    invite = tenancy.fetch(Invite, invite_of(assessment).id, lock=True)
    _renew(invite)
    keep_pace(PACE, [row.made_at for row in _letters(invite, most=PACE[-1].most)])
    outbox.later("mail_invite", invite.id)
    audit.record("invite.mailed_again", invite)
    return invite


def withdraw(*, assessment: Assessment, reason: str) -> Assessment:
    """Withdraw an assessment; its links and stays stop at the next request.

    Raises Invalid without a reason, Conflict by state.
    """
    reasons.demand(reason, "Say in a few words why this questionnaire is withdrawn.")
    moves.make(assessment, "withdraw")
    for invite in invites_of(assessment):
        invite.withdrawn_at = now()
    suppliers.settle(assessment.supplier)
    return assessment


def letter(invite: Invite, address: str) -> Letter:
    """Return the invitation: sponsor, subject, size, due date, whom to ask, and one link."""
    assessment = tenancy.fetch(Assessment, invite.assessment_id)
    tenant = db.session.get_one(Tenant, invite.tenant_id)
    asked = documents.questionnaire(assessment)
    return preview(asked, tenant, invite.name, invite.email, assessment.due_on, address)


def preview(asked: Questionnaire, tenant: Tenant, name: str, email: str, due_on: date, address: str) -> Letter:
    """Return the invitation as it would be mailed; the send page shows it with a placeholder for the link."""
    questions = sum(1 for _ in asked.questions)
    return mail.compose(
        "invite", to=email, subject=f"{tenant.name} asks you: {asked.title} (due {due_on.isoformat()})",
        name=name, tenant=tenant, asked=asked, questions=questions, due_on=due_on, address=address,
    )  # fmt: skip


def returned_letter(invite: Invite, address: str) -> Letter:
    """Return the mail that says which questions came back and until when."""
    assessment = tenancy.fetch(Assessment, invite.assessment_id)
    tenant = db.session.get_one(Tenant, invite.tenant_id)
    statement = select(Verdict).where(Verdict.assessment_id == assessment.id, Verdict.outcome == "question_back")
    back = db.session.scalars(statement.order_by(Verdict.question_id)).all()
    return mail.compose(
        "returned", to=invite.email, subject=f"{tenant.name} has questions on your answers: {assessment.title}",
        name=invite.name, tenant=tenant, assessment=assessment, asked=documents.questionnaire(assessment), back=back,
        address=address,
    )  # fmt: skip
