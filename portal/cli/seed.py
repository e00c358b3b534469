"""Fictional data for the demo: one sponsor, its people, and suppliers at every stage. All names are invented."""

from __future__ import annotations

import io
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from portal import audit, tenancy
from portal.cli import story
from portal.db import db, now, today
from portal.models.accounts import Membership, Tenant
from portal.models.assessments import Assessment
from portal.models.suppliers import FACTORS, Supplier
from portal.services import signatures, suppliers
from portal.services.accounts import auditors, identities, people
from portal.services.assessments import answers, rating, reviewing, sending, submitting
from portal.services.evidence import attaching
from portal.services.evidence.attaching import Upload
from portal.tenancy import Actor, Scope
from questionnaires.definition import Question

KEY = "part11-cmo"
# How many questions are answered, and how many of those are reviewed, where a stage stops half-way.
ANSWERED = {"answering": 21}
REVIEWED = {"in_review": 12}
UNMET = {
    "no": "Not in place. An action with a date follows from this review.",
    "planned": "Not in place yet. An action with a date follows from this review.",
}


def fill() -> None:
    """Seed an empty portal; do nothing to one that has a sponsor."""
    tenancy.enter_unscoped(writes=False)
    if db.session.scalar(select(Tenant.id)) is not None:
        return
    tenant_id = uuid4()
    with tenancy.scoped(tenancy.system(tenant_id, "demo data")):
        people.create_tenant(name=story.SPONSOR, contact_email=story.SECURITY_CONTACT)
        for email, name, title, role in story.STAFF:
            person = people.create_person(email=email, printed_name=name, title=title, password=story.PASSWORD)
            people.add_member(person=person, role=role)
            identities.confirm(person=person, how=story.KNOWN_STAFF)
    for told in story.SUPPLIERS:
        _supplier(tenant_id, told)
    _open_to_auditor(tenant_id)


def _open_to_auditor(tenant_id: UUID) -> None:
    """Open what is assessed already to the auditor for a month."""
    with tenancy.scoped(_staff(tenant_id, story.ADMIN)):
        (member,) = auditors.members()
        for supplier in db.session.scalars(select(Supplier).where(Supplier.status == "assessed")):
            auditors.open_supplier(
                supplier=supplier, membership_id=member.id, from_on=today(), until_on=today() + timedelta(days=30)
            )


def welcome(address: str) -> str:
    """Return what the demo prints once it serves."""
    people_lines = "\n".join(f"  {email:32} {role:9} {name}" for email, name, _, role in story.STAFF)
    return (
        f"\nThe demo is at {address}\n\nSign in as one of these; the password of each is: {story.PASSWORD}\n"
        f"{people_lines}\n\nMail that the portal sends arrives at {address}/demo/mailbox\n"
        "Stop with Ctrl+C. All names and data are invented.\n"
    )


def _staff(tenant_id: UUID, email: str) -> Scope:
    """Return the scope of a member of staff, as the door would."""
    tenancy.enter(tenancy.system(tenant_id, "demo data", writes=False))
    person = people.with_email(email)
    assert person is not None  # noqa: S101  # made a moment ago
    membership = db.session.scalars(select(Membership).where(Membership.person_id == person.id)).one()
    actor = Actor("staff", person.id, person.printed_name, membership.role)
    return Scope(membership.tenant_id, actor, uuid4().hex[:12], origin="127.0.0.1")


def _supplier(tenant_id: UUID, told: story.Told) -> None:
    qa = _staff(tenant_id, story.QA)
    with tenancy.scoped(qa):
        supplier = suppliers.create(
            supplier_id=uuid4(), legal_name=told.name, services=told.services,
            factors=dict(zip(FACTORS, told.factors, strict=True)),
        )  # fmt: skip
        for name, country, done in told.sites:
            suppliers.add_site(supplier=supplier, name=name, country=country, services=done)
        contact = suppliers.add_contact(supplier=supplier, name=told.contact, email=told.email, position=told.position)
        if told.stage == "prospective":
            return
        assessment, invite = sending.send(
            assessment_id=uuid4(), supplier=supplier, key=KEY, contact=contact,
            due_on=today() + timedelta(days=max(told.due_in, 1)), today=today(),
        )  # fmt: skip
        if told.due_in < 1:
            _backdate(assessment, told)
            suppliers.settle(supplier)
        assessment_id = assessment.id
        respondent = Actor("cmo", invite.id, told.contact, "respondent")
    room = replace(qa, actor=respondent, assessment_id=assessment_id)
    if told.stage != "sent":
        _answer(room, told)
    if told.stage in {"submitted", "in_review", "closed"}:
        _sign(room, told)
    if told.stage in {"in_review", "closed"}:
        _review(qa, assessment_id, told)


def _backdate(assessment: Assessment, told: story.Told) -> None:
    """Make an assessment overdue: sending refuses a past date, and the trail says why it is here."""
    audit.because("Demo data: an assessment that is overdue")
    assessment.due_on = today() + timedelta(days=told.due_in)
    assessment.sent_at = now() - timedelta(days=sending.USUAL_DAYS - told.due_in)


def _answer(room: Scope, told: story.Told) -> None:
    with tenancy.scoped(room):
        present = answers.room()
        present.assessment.opened_at = sending.invite_of(present.assessment).opened_at = now()
        for question in list(present.questionnaire.questions)[: ANSWERED.get(told.stage)]:
            if question not in present.visible:
                continue
            value, comment = _said(question, told)
            raw = {"value": value, "comment": comment}
            present = answers.save(question_id=question.id, raw=raw, version=0).room
            if question.id in story.EVIDENCE and value in rating.CLAIMED:
                name, text = story.EVIDENCE[question.id]
                stream = io.BytesIO(_named(text, told).encode())
                attaching.attach(question_id=question.id, uploads=[Upload(name, stream)])


def _said(question: Question, told: story.Told) -> tuple[str, str]:
    usual = story.SCOPING.get(question.id, "yes") if question.type == "yes_no" else "implemented"
    value, comment = told.gaps.get(question.id, (usual, story.COMMENTS.get(question.id, "")))
    return value, _named(comment, told)


def _named(text: str, told: story.Told) -> str:
    return text.format(**asdict(told.systems))


def _sign(room: Scope, told: story.Told) -> None:
    with tenancy.scoped(_staff(room.tenant_id, story.QA)):
        person = people.create_person(
            email=told.email, printed_name=told.contact, title=told.position, password=story.PASSWORD
        )
        identities.confirm(person=person, how=story.KNOWN_SIGNERS)
        signer = Actor("cmo", person.id, told.contact, "signer")
    with tenancy.scoped(replace(room, actor=signer)):
        shown = submitting.digest_of(submitting.content(answers.room()))
        credential = signatures.Credential(told.email, story.PASSWORD, acknowledged=True)
        submitting.submit(credential=credential, meaning="authored", shown_digest=shown)


def _review(qa: Scope, assessment_id: UUID, told: story.Told) -> None:
    with tenancy.scoped(qa):
        assessment = reviewing.get(assessment_id)
        room = answers.view(assessment)
        controls = [question for question in room.visible if question.type == "control"]
        for question in controls[: REVIEWED.get(told.stage)]:
            outcome, level, remark = _verdict(room, question, told)
            reviewing.give_verdict(
                assessment=assessment, question_id=question.id, outcome=outcome, level=level, remark=remark, version=0
            )
    if told.stage == "closed":
        _close(qa, assessment_id)


def _verdict(room: answers.Room, question: Question, told: story.Told) -> tuple[str, str, str]:
    """Return outcome, level of evidence and remark, as a reviewer would who was at the sponsor's audit."""
    value = room.answers[question.id].value
    outcome, remark = told.verdicts.get(question.id, ("gap" if value in UNMET else "accepted", ""))
    if outcome != "accepted" or value == "not_applicable":
        return outcome, "", remark or UNMET.get(value, "")
    supplied = question.id in room.evidence
    level = story.LEVELS.get(question.id, "E2" if supplied else "E0")
    if level == "E4" and not told.audit:
        level = "E0"
    seen = "" if supplied else story.SEEN.get(level, "").format(audit=told.audit)
    return outcome, level, remark or seen


def _close(qa: Scope, assessment_id: UUID) -> None:
    with tenancy.scoped(qa):
        assessment = reviewing.get(assessment_id)
        shown = reviewing.content_digest(reviewing.rating_row(answers.view(assessment), today()))
        reviewing.close(
            assessment_id=assessment.id, meaning="reviewed", shown_digest=shown, today=today(),
            credential=signatures.Credential(story.QA, story.PASSWORD, acknowledged=True),
        )  # fmt: skip
