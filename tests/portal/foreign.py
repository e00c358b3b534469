"""Another sponsor, each of whose texts carries one word: wherever that word turns up, a wall has a hole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import String, select

from portal import tenancy
from portal.access import STAFF_ROLES
from portal.db import Base, db, now
from portal.models.accounts import Person, Provider, Tenant
from portal.models.outbox import OutboxRow
from portal.services import suppliers
from portal.services.accounts import identities, instructions, invites, people
from portal.services.assessments import answers, sending
from portal.services.evidence import keeping
from portal.tenancy import TenantOwned
from questionnaires import load
from tests import make
from tests.services import Inbox

MODELS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__name__)
OWNED = [model for model in MODELS if issubclass(model, TenantOwned)]
# Columns that no person writes into: digests, ids of content, words from a fixed list, places and kinds.
NOT_WRITTEN = {
    "acknowledgement.digest", "acknowledgement.version", "answer.question_id", "answer.value",
    "assessment.questionnaire_key", "assessment.state", "audit_entry.action", "audit_entry.actor_kind",
    "audit_entry.actor_role", "audit_entry.digest", "audit_entry.origin", "audit_entry.previous",
    "audit_entry.record_type", "audit_entry.request_id", "audit_head.digest", "audit_head.seal",
    "confirmation.by_kind", "evidence.digest", "evidence.media_type", "evidence.question_id",
    "frozen_document.digest", "frozen_document.key", "frozen_document.kind", "frozen_document.version",
    "introduction.sections", "mailed_code.browser", "mailed_code.code", "membership.role", "person.password_hash",
    "provider.client_secret", "provider.default_role", "rating.input", "rating.input_digest", "rating.method",
    "rating.result", "rating.status", "review_mark.digest", "review_mark.kind", "sign_in.origin",
    "sign_in.proved_by", "signature.components", "signature.digest", "signature.meaning",
    "signature.record_digest", "signature.record_type", "signature.seal", "staff_invite.role", "submission.digest",
    "supplier.status", "tenant.second_factor", "verdict.level", "verdict.outcome", "verdict.question_id",
    "visit.origin",
}  # fmt: skip


def kept_for(sponsor: make.Sponsor) -> dict[str, list[str]]:
    """Return all that is kept for a sponsor, table by table, to see whether anything has changed."""
    with sponsor.app.app_context():
        tenancy.enter(tenancy.system(sponsor.id, "test", writes=False))
        found = {model.__tablename__: sorted(map(_written, db.session.scalars(select(model)))) for model in OWNED}
        jobs = select(OutboxRow).where(OutboxRow.for_tenant == sponsor.id)
        found["outbox"] = sorted(map(_written, db.session.scalars(jobs)))
        tenancy.leave()
    return found


@dataclass(frozen=True, slots=True)
class Foreign:
    """The other sponsor, its word, and the ids of its rows by kind."""

    sponsor: make.Sponsor
    word: str
    case: make.Sent
    ids: Mapping[str, UUID]
    question: str
    section: str

    def rows(self) -> dict[str, list[str]]:
        """Return all that is kept for this sponsor."""
        return kept_for(self.sponsor)

    def unmarked(self) -> list[str]:
        """Return the columns of text in which the word does not stand, though a person may write there."""
        with self.sponsor.app.app_context():
            tenancy.enter(tenancy.system(self.sponsor.id, "test", writes=False))
            found = [
                f"{model.__tablename__}.{column.name}"
                for model in (*OWNED, Tenant, Person)
                for column in model.__table__.columns
                if isinstance(column.type, String)
                and f"{model.__tablename__}.{column.name}" not in NOT_WRITTEN
                and not any(
                    self.word in str(getattr(row, column.key)).lower() for row in db.session.scalars(select(model))
                )
            ]
            tenancy.leave()
        return found


def build(app: Flask, inbox: Inbox) -> Foreign:
    """Make the sponsor with a closed assessment and people signed in; every text that a person writes has the word."""
    word = f"canary{uuid4().hex[:10]}"
    sponsor = _sponsor(app, word)
    with pytest.MonkeyPatch.context() as patch:
        question, section = _mark_questionnaire(patch, word)
        case = _case(sponsor, word)
    _fill(case, word)
    sponsor.client("qa")
    make.visitor(case, inbox)
    return Foreign(sponsor, word, case, _ids(sponsor, case), question, section)


def _sponsor(app: Flask, word: str) -> make.Sponsor:
    emails, persons, tenant_id = {}, {}, uuid4()
    with app.app_context(), tenancy.scoped(tenancy.system(tenant_id, "test")):
        tenant = people.create_tenant(name=f"Sponsor {word}", contact_email=f"contact@{word}.example")
        tenant.security_email = f"security@{word}.example"
        for role in STAFF_ROLES:
            emails[role] = f"{role}@{word}.example"
            person = people.create_person(
                email=emails[role], printed_name=f"{role} {word}", title=f"Title {word}", password=make.PASSWORD
            )
            persons[role] = person.id
            people.add_member(person=person, role=role)
            may_sign(person, word)
        colleague = {"email": f"new@{word}.example", "name": f"Nora {word}", "identity_how": f"Met {word}"}
        invites.invite(role="qa", **colleague).invited_by = f"Somebody {word}"
        db.session.add(
            Provider(
                issuer=f"https://login.{word}.example", client_id=word, client_secret="", domain=f"{word}.example",
                group_claim=word, group_roles=json.dumps({word: "qa"}), since=now(),
            )
        )  # fmt: skip
    return make.Sponsor(app, tenant_id, f"Sponsor {word}", emails, persons)


def may_sign(person: Person, word: str) -> None:
    """Confirm an identity with the word, and acknowledge the signing instruction."""
    identities.confirm(person=person, how=f"Met {word}").by = f"Somebody {word}"
    instructions.acknowledge(person.id, given=True)


def _mark_questionnaire(patch: pytest.MonkeyPatch, word: str) -> tuple[str, str]:
    """Put the word into every text of the questionnaire; return a question and a section that no other one has."""
    document = json.loads(load.source(make.KEY, load.released(make.KEY).version))
    for name in ("title", "subtitle", "edition", "intro"):
        document[name] += f" {word}"
    for section in document["sections"]:
        section["title"] += f" {word}"
        section["intro"] += f" {word}"
        for question in section["questions"]:
            for name in ("text", "guidance", "evidence"):
                question[name] += f" {word}"
    own = {**document["sections"][0]["questions"][0], "id": f"Q-{uuid4().hex[:8]}"}
    document["sections"].append({**document["sections"][0], "id": f"s-{uuid4().hex[:8]}", "questions": [own]})
    text = load.canonical(json.dumps(document))
    patch.setattr(load, "released", lambda _key, _version=None: load.load(text))
    patch.setattr(load, "source", lambda _key, _version: text)
    return own["id"], document["sections"][-1]["id"]


def _case(sponsor: make.Sponsor, word: str) -> make.Sent:
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()):
        row = suppliers.create(
            supplier_id=uuid4(), legal_name=f"Supplier {uuid4().hex[:6]} {word}", services=f"Services {word}",
            factors=make.FACTOR_LEVELS,
        )  # fmt: skip
        suppliers.add_site(supplier=row, name=f"Site {word}", country=f"Country {word}", services=f"Vials {word}")
        contact = suppliers.add_contact(
            supplier=row, name=f"Marta {word}", email=f"{uuid4().hex[:6]}@{word}.example", position=f"Head {word}"
        )
        assessment, invite = sending.send(
            assessment_id=uuid4(), supplier=row, key=make.KEY, contact=contact,
            due_on=make.today() + timedelta(days=28), today=make.today(), how=f"Met {word}",
        )  # fmt: skip
        return make.Sent(sponsor, row.id, assessment.id, invite.id, contact.email, name=f"Marta {word}")


def _fill(case: make.Sent, word: str) -> None:
    with case.sponsor.app.app_context(), tenancy.scoped(case.scope(writes=False)):
        asked = [question.id for question in answers.room().questionnaire.questions]
    make.answer_all(case, {item: (_answer(item), f"Comment {word}") for item in asked})
    make.attached(case, "P11-01", f"validation {word}.pdf", make.PDF + word.encode())
    taken_back = make.attached(case, "P11-02", f"draft {word}.pdf", make.PDF + word.encode() + b"2")
    with case.sponsor.app.app_context(), tenancy.scoped(case.scope()):
        keeping.withdraw(evidence_id=taken_back, reason=f"Reason {word}")
    with case.sponsor.app.app_context(), tenancy.scoped(tenancy.system(case.sponsor.id, "test")):
        person = people.create_person(
            email=case.email, printed_name=case.name, title=f"Head of IT {word}", password=make.PASSWORD
        )
        case.signer["id"] = person.id
        may_sign(person, word)
    make.submit(case)
    make.judged(case, lambda _question, _answer: ("accepted", "E2", f"Remark {word}"))
    make.close(case)
    make.reviewed(case.sponsor, f"Remark {word}")
    make.open_to_auditor(case.sponsor, case.supplier_id)


def _answer(question_id: str) -> str:
    return "no" if question_id.startswith(("P11-S", "Q-")) else "implemented"


def _ids(sponsor: make.Sponsor, case: make.Sent) -> dict[str, UUID]:
    """Return the id of one row of each kind, of the closed assessment where there is a choice."""
    with sponsor.app.app_context():
        tenancy.enter(tenancy.system(sponsor.id, "test", writes=False))
        found = {"tenant": sponsor.id, "person": sponsor.persons["qa"]}
        for model in OWNED:
            own = [row for row in db.session.scalars(select(model)) if _of(row, case)]
            if own:
                found[model.__tablename__] = own[0].id
        tenancy.leave()
    return found | {"supplier": case.supplier_id, "assessment": case.assessment_id, "invite": case.invite_id}


def _of(row: Base, case: make.Sent) -> bool:
    return getattr(row, "assessment_id", case.assessment_id) == case.assessment_id


def _written(row: Base) -> str:
    return json.dumps({column.key: str(getattr(row, column.key)) for column in row.__table__.columns}, sort_keys=True)
