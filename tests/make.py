"""Makers: plain functions that bring about what a test needs, through the services, as people would."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal import outbox, tenancy
from portal.access import STAFF_ROLES
from portal.db import db, today
from portal.models.accounts import Membership, Person
from portal.models.suppliers import FACTORS
from portal.services import signatures, suppliers
from portal.services.accounts import auditors, identities, instructions, invites, people
from portal.services.assessments import answers, reviewing, sending, submitting
from portal.services.audit import marks
from portal.services.evidence import attaching
from portal.services.evidence.attaching import Upload
from portal.tenancy import Actor, Scope
from tests.services import Inbox

PASSWORD = "seven green bottles hanging"
KEY = "part11-cmo"
FACTOR_LEVELS = dict(zip(FACTORS, (5, 4, 4, 3, 4, 2, 3), strict=True))
NA = "There is no such system on this site"
# An answer of each kind.
GIVEN = {
    "P11-01": ("partial", "All but one"),
    "P11-03": ("planned", "In May"),
    "P11-05": ("no", ""),
    "P11-07": ("not_applicable", NA),
}
PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


@dataclass(frozen=True)
class Sponsor:
    """A sponsor with one member of staff for each role."""

    app: Flask
    id: UUID
    name: str
    emails: Mapping[str, str]
    persons: Mapping[str, UUID]

    def scope(self, role: str = "qa", *, writes: bool = True) -> Scope:
        """Return the scope of a member of staff, as the door would make it."""
        actor = Actor("staff", self.persons[role], f"{role.title()} of {self.name}", role)
        return Scope(self.id, actor, uuid4().hex[:12], origin="127.0.0.1", writes=writes)

    def client(self, role: str = "qa") -> FlaskClient:
        """Return a browser that is signed in."""
        client = self.app.test_client()
        answer = client.post("/sign-in", data={"email": self.emails[role], "password": PASSWORD})
        assert answer.status_code == 302, answer.text
        return client


@dataclass(frozen=True)
class Sent:
    """An assessment that was sent, and who was asked."""

    sponsor: Sponsor
    supplier_id: UUID
    assessment_id: UUID
    invite_id: UUID
    email: str
    name: str = "Marta Conti"
    signer: dict[str, UUID] = field(default_factory=dict)

    def scope(self, *, writes: bool = True) -> Scope:
        """Return the scope of the respondent, as the door would make it."""
        if "id" in self.signer:
            actor = Actor("cmo", self.signer["id"], self.name, "signer")
        else:
            actor = Actor("cmo", self.invite_id, self.name, "respondent")
        return Scope(
            self.sponsor.id, actor, uuid4().hex[:12], origin="127.0.0.1", writes=writes,
            assessment_id=self.assessment_id,
        )  # fmt: skip


def sponsor(app: Flask, *, domain: str = "sponsor.example") -> Sponsor:
    """Make a sponsor with one person for each role, all of one mail domain."""
    name = f"Sponsor {uuid4().hex[:8]}"
    with app.app_context():
        tenant_id, emails, persons = uuid4(), {}, {}
        with tenancy.scoped(tenancy.system(tenant_id, "test")):
            people.create_tenant(name=name, contact_email=f"qa@{uuid4().hex[:8]}.example")
            for role in STAFF_ROLES:
                emails[role] = f"{role}-{uuid4().hex[:12]}@{domain}"
                person = people.create_person(
                    email=emails[role], printed_name=f"{role.title()} of {name}", title=role, password=PASSWORD
                )
                persons[role] = person.id
                people.add_member(person=person, role=role)
                may_sign(person)
    return Sponsor(app, tenant_id, name, emails, persons)


def may_sign(person: Person) -> None:
    """Confirm an identity and acknowledge the signing instruction, so that a signature needs its components alone."""
    identities.confirm(person=person, how="Met in person")
    instructions.acknowledge(person.id, given=True)


def supplier(sponsor: Sponsor, name: str = "", *, factors: Mapping[str, int | None] = FACTOR_LEVELS) -> UUID:
    """Make a supplier with a site and a contact."""
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()):
        row = suppliers.create(
            supplier_id=uuid4(), legal_name=name or f"Supplier {uuid4().hex[:8]}",
            services="Sterile fill and finish", factors=factors,
        )  # fmt: skip
        suppliers.add_site(supplier=row, name="Plant Ferrara", country="Italy", services="Vials")
        suppliers.add_contact(
            supplier=row, name="Marta Conti", email=f"marta-{uuid4().hex[:12]}@cmo.example", position="Head of IT"
        )
        return row.id


def sent(sponsor: Sponsor, supplier_id: UUID | None = None, *, how: str = "Met in person") -> Sent:
    """Send the Part 11 questionnaire to a supplier's contact; the mail waits in the outbox."""
    supplier_id = supplier_id or supplier(sponsor)
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()):
        row = suppliers.get(supplier_id)
        contact = row.contacts[0]
        assessment, invite = sending.send(
            assessment_id=uuid4(), supplier=row, key=KEY, contact=contact, due_on=today() + timedelta(days=28),
            today=today(), how=how,
        )  # fmt: skip
        return Sent(sponsor, supplier_id, assessment.id, invite.id, contact.email)


def answered(sponsor: Sponsor, values: Mapping[str, tuple[str, str]] | None = None, **options: object) -> Sent:
    """Send and answer every question: `values` gives (value, comment) by question, the rest is implemented."""
    case = sent(sponsor)
    answer_all(case, values or {})
    return case


def answer_all(case: Sent, values: Mapping[str, tuple[str, str]], *, but: Collection[str] = ()) -> None:
    """Answer each question that is shown; `but` names those that stay open."""
    with case.sponsor.app.app_context(), tenancy.scoped(case.scope()):
        for question in answers.room().questionnaire.questions:
            room = answers.room()
            if question.id in but or question.id not in {item.id for item in room.visible}:
                continue
            usual = "no" if question.type == "yes_no" else "implemented"
            value, comment = values.get(question.id, (usual, ""))
            answers.save(question_id=question.id, raw={"value": value, "comment": comment}, version=0)


def attached(case: Sent, question_id: str, name: str = "validation.pdf", data: bytes = PDF) -> UUID:
    """Attach a file to a question."""
    with case.sponsor.app.app_context(), tenancy.scoped(case.scope()):
        return attaching.attach(question_id=question_id, uploads=[Upload(name, io.BytesIO(data))])[0].id


def signer(case: Sent, *, ready: bool = True) -> UUID:
    """Give the respondent a signing identity, confirmed and instructed unless a test is about just that."""
    with case.sponsor.app.app_context(), tenancy.scoped(tenancy.system(case.sponsor.id, "test")):
        person = people.create_person(email=case.email, printed_name=case.name, title="Head of IT", password=PASSWORD)
        case.signer["id"] = person.id
        if ready:
            may_sign(person)
    return case.signer["id"]


def submitted(sponsor: Sponsor, values: Mapping[str, tuple[str, str]] | None = None) -> Sent:
    """Send, answer, sign and submit."""
    case = answered(sponsor, values)
    signer(case)
    submit(case)
    return case


def submit(case: Sent, **credential: str) -> None:
    """Sign and submit as the respondent."""
    given = {"email": case.email, "password": PASSWORD, **credential}
    with case.sponsor.app.app_context(), tenancy.scoped(case.scope()):
        shown = submitting.digest_of(submitting.content(answers.room()))
        submitting.submit(credential=signatures.Credential(**given), meaning="authored", shown_digest=shown)


def judged(
    case: Sent, verdict: Callable[[str, str], tuple[str, str, str]] | None = None, *, but: Collection[str] = ()
) -> None:
    """Give a verdict on every answer: `verdict(question id, answer)` returns outcome, level and remark."""
    with case.sponsor.app.app_context(), tenancy.scoped(case.sponsor.scope()):
        assessment = reviewing.get(case.assessment_id)
        for question in reviewing.undecided(answers.view(assessment)):
            if question.id in but:
                continue
            answer = answers.view(assessment).answers[question.id].value
            outcome, level, remark = (verdict or usual_verdict)(question.id, answer)
            reviewing.give_verdict(
                assessment=assessment, question_id=question.id, outcome=outcome, level=level, remark=remark, version=0
            )


def usual_verdict(_question_id: str, answer: str) -> tuple[str, str, str]:
    """Accept what is claimed at E2, call what is missing a gap."""
    if answer in {"no", "planned"}:
        return "gap", "", "Not in place yet"
    return "accepted", "E2", ""


def closed(sponsor: Sponsor, values: Mapping[str, tuple[str, str]] | None = None) -> Sent:
    """Send, answer, submit, review and close."""
    case = submitted(sponsor, values)
    judged(case)
    close(case)
    return case


def returned(case: Sent) -> None:
    """Send the marked questions back to the supplier."""
    with case.sponsor.app.app_context(), tenancy.scoped(case.sponsor.scope()):
        row = reviewing.get(case.assessment_id)
        reviewing.return_to_supplier(assessment=row, due_on=today() + timedelta(days=9), today=today())


def close(case: Sent) -> None:
    """Close the review under the signature of QA."""
    with case.sponsor.app.app_context(), tenancy.scoped(case.sponsor.scope()):
        room = answers.view(reviewing.get(case.assessment_id))
        shown = reviewing.content_digest(reviewing.rating_row(room, today()))
        reviewing.close(
            assessment_id=case.assessment_id, meaning="reviewed", shown_digest=shown, today=today(),
            credential=signatures.Credential(case.sponsor.emails["qa"], PASSWORD),
        )  # fmt: skip


def reviewed(sponsor: Sponsor, remark: str = "Nothing unusual") -> None:
    """Sign that the trail of this day was reviewed, as QA."""
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()):
        day = {"from_on": today(), "until_on": today(), "today": today()}
        period = marks.look(**day)
        marks.mark(
            **day, credential=signatures.Credential(sponsor.emails["qa"], PASSWORD), meaning="reviewed",
            last=period.last, shown_digest=period.digest, remark=remark,
        )  # fmt: skip


def link(case: Sent) -> str:
    """Return the path of a working link to the invite."""
    with case.sponsor.app.app_context(), tenancy.scoped(tenancy.system(case.sponsor.id, "test")):
        invite = sending.invite_of(reviewing.get(case.assessment_id))
        return sending.link(invite).removeprefix("http://localhost")


def asker(case: Sent, inbox: Inbox) -> tuple[FlaskClient, str]:
    """Return the browser of a respondent who opened the link and asked for a code, and the code that was mailed."""
    client = case.sponsor.app.test_client()
    answer = client.post(link(case))
    assert answer.status_code == 302, answer.text
    do_jobs(case.sponsor.app)
    return client, code_in(inbox.text(case.email))


def visitor(case: Sent, inbox: Inbox) -> FlaskClient:
    """Return the browser of a respondent who typed the mailed code."""
    client, digits = asker(case, inbox)
    answer = client.post("/code", data={"digits": digits})
    assert answer.status_code == 302, answer.text
    return client


def code_in(text: str) -> str:
    """Return the six digits of a mail."""
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, text
    return found[0]


def do_jobs(app: Flask) -> int:
    """Do the jobs that are due, whichever sponsor's they are."""
    with app.app_context():
        return outbox.drain()


def open_to_auditor(sponsor: Sponsor, supplier_id: UUID, *, start: int = 0, days: int = 7) -> UUID:
    """Open a supplier to the sponsor's auditor, from today or later; return the grant."""
    member = membership(sponsor, "auditor")
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope("admin")):
        return auditors.open_supplier(
            supplier=suppliers.get(supplier_id), membership_id=member,
            from_on=today() + timedelta(days=start), until_on=today() + timedelta(days=start + days),
        ).id  # fmt: skip


def invited(sponsor: Sponsor, email: str = "", *, role: str = "qa", how: str = "Met in person") -> UUID:
    """Invite a colleague; the mail waits in the outbox."""
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope("admin")):
        email = email or f"new-{uuid4().hex[:12]}@sponsor.example"
        return invites.invite(email=email, name="Nora Lind", role=role, identity_how=how).id


def membership(sponsor: Sponsor, role: str) -> UUID:
    """Return a member's membership."""
    with sponsor.app.app_context():
        tenancy.enter(tenancy.system(sponsor.id, "test", writes=False))
        found = db.session.scalar(select(Membership.id).where(Membership.person_id == sponsor.persons[role]))
        tenancy.leave()
    assert found is not None
    return found
