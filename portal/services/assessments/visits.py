"""The respondent's door: the link is a pointer, not a key; a mailed code proves the mailbox.

Opening or posting the landing page changes nothing but asks, at most once a minute, for a code: mail scanners
do both. The code is bound to the browser that asked for it and works once, for ten minutes, in five tries.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal import audit, mail, manifest, outbox, tenancy
from portal.db import db, now
from portal.errors import Gone, Invalid, NotFound, SignInNeeded
from portal.mail import Letter
from portal.models.accounts import Person, Tenant
from portal.models.assessments import Assessment, Introduction, Invite, MailedCode, Visit
from portal.models.suppliers import Supplier
from portal.services.accounts import doors, identities, sessions
from portal.services.accounts.throttle import Pace, keep_pace
from portal.services.assessments import introductions
from portal.tenancy import Actor, Scope

CODE_LIFE, TRIES = timedelta(minutes=10), 5


# Of codes for one invite, whichever browser asks.
PACE = (
    Pace(1, timedelta(minutes=1), "A code was asked for less than a minute ago. Wait for that one first."),
    Pace(5, timedelta(hours=1), "Five codes were asked for within the hour. Try again later, or ask the sponsor."),
    Pace(20, timedelta(days=1), "Too many codes were asked for today. Ask the sponsor for a new link."),
)
# One text for every way to be wrong: which of them it was is nobody's business.
WRONG_CODE = "This code is not right, or no longer valid. Check the newest mail, or ask for a new code."


@dataclass(frozen=True, slots=True)
class Landing:
    """What the landing page may show to anybody who holds the link."""

    tenant_name: str
    masked_email: str
    by_mail: bool


@dataclass(frozen=True, slots=True)
class Respondent:
    """Who came through the respondent's door."""

    visit_id: UUID
    name: str
    email: str
    role: str
    tenant_name: str
    contact_email: str
    supplier_name: str
    title: str
    due_on: date
    sections: frozenset[str] | None


def landing(*, token: str) -> Landing:
    """Return what the link's page shows; change nothing. Raises NotFound, or Gone for a dead link."""
    return _landing(_invite_behind(token, writes=False))


def awaited(*, browser: str) -> Landing:
    """Return the same for a browser that asked for a code and has not given it yet."""
    return _landing(_invite_awaited(browser))


def _landing(invite: Invite) -> Landing:
    tenant = db.session.get_one(Tenant, invite.tenant_id)
    return Landing(tenant.name, masked(invite.email), mail.configured())


def ask_for_code(*, token: str) -> str:
    """Ask for a code to be mailed and return the secret that binds it to this browser; raise TooMany too soon."""
    return _ask(_invite_behind(token, writes=False))


def ask_again(*, browser: str) -> str:
    """Ask for another code in a browser that asked before, within the same limits."""
    return _ask(_invite_awaited(browser))


def _ask(invite: Invite) -> str:
    tenancy.enter(tenancy.system(invite.tenant_id, "door"))
    invite = tenancy.fetch(Invite, invite.id, lock=True)
    _keep_pace(invite)
    code = MailedCode(
        assessment_id=invite.assessment_id, invite_id=invite.id, browser="", asked_at=now(),
        expires_at=now() + CODE_LIFE,
    )  # fmt: skip
    db.session.add(code)
    browser = doors.cut("browser", code)
    code.browser = doors.digest(browser)
    if mail.configured():
        outbox.later("mail_code", code.id)
    return browser


def _keep_pace(invite: Invite) -> None:
    """Raise TooMany for a code too soon; whoever guesses has 100 tries a day at one in a million each."""
    day = PACE[-1]
    statement = select(MailedCode.asked_at).where(MailedCode.invite_id == invite.id)
    if invite.renewed_at is not None:
        statement = statement.where(MailedCode.asked_at > invite.renewed_at)
    asked = db.session.scalars(statement.order_by(MailedCode.asked_at.desc()).limit(day.most)).all()
    keep_pace(PACE, asked)
    if sum(moment > now() - day.period for moment in asked) == day.most - 1:
        audit.record("invite.codes_used_up", invite, codes=day.most)


def give_code(code: MailedCode) -> str:
    """Make the six digits of a code that was asked for, keep their keyed digest and return them once."""
    digits = f"{secrets.randbelow(10**6):06d}"
    code.code = _mac(code.id, digits)
    code.expires_at = now() + CODE_LIFE
    return digits


def code_to_read_out(*, assessment: Assessment) -> str:
    """Make a code for the newest request, to be read out by telephone where no mail server is set."""
    statement = select(MailedCode).where(
        MailedCode.assessment_id == assessment.id, MailedCode.used_at.is_(None), MailedCode.expires_at > now()
    )
    code = db.session.scalars(statement.order_by(MailedCode.asked_at.desc())).first()
    if code is None or mail.configured():
        raise Invalid("Nobody is waiting for a code. Ask the person to open the link and press the button first.")
    audit.record("invite.code_read_out", assessment)
    code.read_out_by_id = tenancy.scope().actor.id
    return give_code(code)


def code_letter(code: MailedCode, digits: str) -> Letter:
    """Return the mail that carries a code."""
    invite = tenancy.fetch(Invite, code.invite_id)
    tenant = db.session.get_one(Tenant, code.tenant_id)
    subject = f"{digits} is your code for {tenant.name}"
    return mail.compose("code", to=invite.email, subject=subject, name=invite.name, tenant=tenant, digits=digits)


def enter_code(*, browser: str, digits: str, request_id: str, origin: str) -> str:
    """Check a code and begin a visit; return the visit's secret. Raises Invalid with one text for every fault."""
    for tenant_id, code_id in doors.behind("browser", browser):
        door = tenancy.system(tenant_id, "door", request_id=request_id, origin=origin)
        if not _right(door, code_id, "".join(digits.split())):
            break
        tenancy.enter(door)
        return _begin(tenancy.fetch(MailedCode, code_id, lock=True), origin)
    raise Invalid(WRONG_CODE)


def _right(door: Scope, code_id: UUID, digits: str) -> bool:
    """Count the try in a transaction of its own, so that no failure gives a free one; a wrong one is on record."""
    with tenancy.scoped(door):
        code = tenancy.fetch(MailedCode, code_id, lock=True)
        code.tries += 1
        alive = code.used_at is None and code.expires_at > now() and code.tries <= TRIES and bool(code.code)
        right = alive and manifest.same(code.code, _mac(code_id, digits))
        if not right:
            audit.record("invite.wrong_code", tenancy.fetch(Invite, code.invite_id))
        return right


def _begin(code: MailedCode, origin: str) -> str:
    if code.used_at is not None:
        raise Invalid(WRONG_CODE)
    invite = tenancy.fetch(Invite, code.invite_id)
    _refuse_dead(invite)
    tenancy.become(Actor("cmo", invite.id, invite.name, "respondent"), assessment_id=invite.assessment_id)
    code.used_at = now()
    if invite.opened_at is None:
        invite.opened_at = now()
        assessment = tenancy.fetch(Assessment, invite.assessment_id)
        assessment.opened_at = assessment.opened_at or now()
    visit = Visit(
        assessment_id=invite.assessment_id, invite_id=invite.id, read_out_by_id=code.read_out_by_id,
        origin=origin, started_at=now(), seen_at=now(),
    )  # fmt: skip
    db.session.add(visit)
    visit.person_id = _known_person(visit, invite.email)
    return doors.cut("visit", visit)


def _known_person(visit: Visit, email: str) -> UUID | None:
    """Find the signing identity of the mailbox that was just proved, made for an earlier questionnaire.

    A code that was read out proves no mailbox: it opens a visit under somebody's name if another than the reader
    confirmed who that is (11.100(b), 11.200(a)(2)).
    """
    person_id = db.session.scalar(select(Person.id).where(Person.email == email))
    if person_id is None:
        return None
    introductions.take_word(visit, person_id)
    confirmed = identities.confirmation(person_id)
    if visit.read_out_by_id is not None and (confirmed is None or confirmed.by_id == visit.read_out_by_id):
        return None
    return person_id


def enter(*, secret: str, request_id: str, origin: str, writes: bool) -> Respondent:
    """Open the respondent's door: enter the scope of one assessment; raise SignInNeeded or Gone otherwise."""
    for tenant_id, visit_id in doors.behind("visit", secret):
        knocking = Scope(tenant_id, sessions.NOBODY, request_id, origin, writes=writes, stay_id=visit_id)
        tenancy.enter(knocking)
        found = _visit(visit_id)
        cut_off = found.stays_from is not None and found.started_at < found.stays_from
        if cut_off or sessions.is_over(found.started_at, found.seen_at, found.ended_at):
            continue
        _refuse_dead(found)
        if now() - found.seen_at > sessions.NOTED_EVERY:
            with tenancy.scoped(tenancy.system(tenant_id, "door")):
                tenancy.fetch(Visit, visit_id).seen_at = now()
            tenancy.enter(knocking)
            found = _visit(visit_id)
        return _respondent(visit_id, found)
    over = SignInNeeded("Open the link in your mail again and ask for a new code. What was saved is still there.")
    over.title = "Your visit is over"
    raise over


def leave(*, visit_id: UUID) -> None:
    """End a visit."""
    tenancy.fetch(Visit, visit_id).ended_at = now()


def _visit(visit_id: UUID) -> Any:
    """Return what the door needs of a visit, column by column: it is read with each request, and changes nothing."""
    statement = (
        select(
            Visit.started_at, Visit.seen_at, Visit.ended_at, Visit.person_id, Person.printed_name, Person.stays_from,
            Invite.id.label("invite_id"), Invite.name, Invite.email, Invite.withdrawn_at, Invite.expires_at,
            Assessment.id.label("assessment_id"), Assessment.title, Assessment.due_on,
            Introduction.sections, Supplier.legal_name, Tenant.name.label("tenant_name"), Tenant.contact_email,
        )
        .join(Invite, (Invite.id == Visit.invite_id) & (Invite.tenant_id == Visit.tenant_id))
        .join(Assessment, (Assessment.id == Visit.assessment_id) & (Assessment.tenant_id == Visit.tenant_id))
        .join(Supplier, (Supplier.id == Assessment.supplier_id) & (Supplier.tenant_id == Visit.tenant_id))
        .join(Tenant, Tenant.id == Visit.tenant_id)
        .outerjoin(
            Introduction, (Introduction.invite_id == Visit.invite_id) & (Introduction.tenant_id == Visit.tenant_id)
        )
        .outerjoin(Person, Person.id == Visit.person_id)
        .where(Visit.id == visit_id)
    )  # fmt: skip
    return db.session.execute(statement).one()


def _respondent(visit_id: UUID, found: Any) -> Respondent:
    known = found.person_id is not None
    name, role = (found.printed_name, "signer") if known else (found.name, "respondent")
    sections = frozenset((found.sections or "").split()) or None
    actor = Actor("cmo", found.person_id or found.invite_id, name, role)
    tenancy.become(actor, assessment_id=found.assessment_id, sections=sections)
    return Respondent(
        visit_id, name, found.email, role, found.tenant_name, found.contact_email, found.legal_name,
        found.title, found.due_on, sections,
    )  # fmt: skip


def _invite_behind(token: str, *, writes: bool) -> Invite:
    for tenant_id, invite_id in doors.behind("invite", token):
        tenancy.enter(tenancy.system(tenant_id, "door", writes=writes))
        invite = tenancy.fetch(Invite, invite_id)
        _refuse_dead(invite)
        return invite
    raise NotFound("This link does not exist. Check that the whole address was copied, or ask the sender.")


def _invite_awaited(browser: str) -> Invite:
    for tenant_id, code_id in doors.behind("browser", browser):
        tenancy.enter(tenancy.system(tenant_id, "door", writes=False))
        invite = tenancy.fetch(Invite, tenancy.fetch(MailedCode, code_id).invite_id)
        _refuse_dead(invite)
        return invite
    raise NotFound("Open the link in your mail in this browser first.")


def _refuse_dead(invite: Invite | Any) -> None:
    if invite.withdrawn_at is not None or invite.expires_at < now():
        raise Gone("It was withdrawn, or its time is over. Ask the person who sent it to you for a new one.")


def masked(email: str) -> str:
    """Show enough of an address for its owner to know it, and no more."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}{'•' * 5}@{domain}"


def _mac(code_id: UUID, digits: str) -> str:
    # Six digits are quickly tried through, so their digest is keyed with what the database does not hold.
    return manifest.seal(audit.key(), "code", str(code_id), digits)
