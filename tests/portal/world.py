"""A sponsor in the middle of its work, and the addresses that lead into it: for tests that walk every rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from portal import access, tenancy
from portal.access import STAFF_ROLES, Mark
from portal.db import db
from portal.models.assessments import MailedCode
from portal.services import dossiers
from portal.services.accounts import sessions
from tests import make
from tests.services import Inbox

IDENTITIES = (*STAFF_ROLES, "respondent", "signer", "nobody")
QUESTION, SECTION = "P11-01", "validation"
# What a view calls the parts of its address. A new name is taught here, with where its value comes from.
VARIABLES = (
    "supplier_id", "assessment_id", "evidence_id", "question_id", "section_id", "key", "token", "filename",
    "grant_id", "invite_id", "membership_id", "staff_invite_id", "sign_in_id",
)  # fmt: skip
# Whoever posts there is no longer signed in afterwards, so a walk goes there last.
ENDS_THE_STAY = ("accounts.sign_out", "visits.leave")
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """A closed assessment, whose contact signs, and an open one, whose contact does not yet."""

    sponsor: make.Sponsor
    closed: make.Sent
    open: make.Sent
    files: Mapping[str, UUID]
    inbox: Inbox
    grant: UUID
    staff_invite: UUID

    def client(self, identity: str) -> FlaskClient:
        """Return a browser of one of the identities."""
        if identity in STAFF_ROLES:
            return self.sponsor.client(identity)
        if identity == "nobody":
            return self.sponsor.app.test_client()
        if identity == "guest":
            return make.asker(make.sent(self.sponsor), self.inbox)[0]
        case = self.case(identity)
        self.forget_codes(case)
        return make.visitor(case, self.inbox)

    def forget_codes(self, case: make.Sent) -> None:
        """Let a walk ask for a code as often as it needs: the codes asked for so far are of the day before."""
        with self.sponsor.app.app_context(), tenancy.scoped(tenancy.system(self.sponsor.id, "test")):
            for code in db.session.scalars(select(MailedCode).where(MailedCode.invite_id == case.invite_id)):
                code.asked_at -= timedelta(days=1)

    def case(self, identity: str) -> make.Sent:
        """Return the assessment that an identity's addresses lead to."""
        return self.open if identity == "respondent" else self.closed

    def values(self, identity: str) -> Values:
        """Return what stands in the addresses of an identity's own things."""
        case = self.case(identity)
        file = self.files["open" if case is self.open else "closed"]
        known = (
            case.supplier_id, case.assessment_id, file, QUESTION, SECTION, make.KEY, "no-such-link", "portal.css",
            self.grant, case.invite_id, make.membership(self.sponsor, "viewer"), self.staff_invite, uuid4(),
        )  # fmt: skip
        return dict(zip(VARIABLES, map(str, known), strict=True))


def build(app: Flask, inbox: Inbox) -> World:
    """Bring a sponsor to the middle of its work."""
    sponsor = make.sponsor(app)
    opened, closed = make.answered(sponsor), make.answered(sponsor)
    files = {"open": make.attached(opened, QUESTION), "closed": make.attached(closed, QUESTION)}
    make.signer(closed)
    make.submit(closed)
    make.judged(closed)
    make.close(closed)
    for case in (closed, opened):
        make.open_to_auditor(sponsor, case.supplier_id)
    # A walk ends this one, so it is not the one through which the auditor looks.
    grant = make.open_to_auditor(sponsor, closed.supplier_id, start=30)
    return World(sponsor, closed, opened, files, inbox, grant, make.invited(sponsor))


def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep out of a walk what takes long or follows the clock: a PDF is read before it is made, no last visit noted."""
    for engine in (dossiers.pdf, dossiers.print):
        monkeypatch.setattr(engine, "render", lambda document: repr(document).encode())
    monkeypatch.setattr(sessions, "NOTED_EVERY", timedelta(days=1))


def walk(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Yield every rule with each of its methods; the ways out come last."""
    rules = sorted(
        app.url_map.iter_rules(), key=lambda rule: (rule.endpoint in ENDS_THE_STAY, rule.rule, rule.endpoint)
    )
    for rule in rules:
        for method in sorted(rule.methods or ()):
            yield rule, method


def address(rule: Rule, values: Values) -> str:
    """Return a rule's address with the values put in; fail for a part that nobody taught us."""
    unknown = rule.arguments - values.keys()
    assert not unknown, (
        f"{rule.rule} has parts {sorted(unknown)} that the walk does not know. Teach tests/portal/world.py where "
        "their values come from, so that this address is walked like every other."
    )
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", lambda part: values[part[1]], rule.rule)


def mark(app: Flask, path: str, method: str) -> Mark:
    """Return what is demanded of a request: two rules may share an address, and OPTIONS goes to the first."""
    endpoint, _ = app.url_map.bind("localhost").match(path, method)
    return access.mark_of(app, endpoint)


def door(identity: str) -> str:
    """Return the door through which an identity comes."""
    if identity in STAFF_ROLES:
        return "staff"
    return "public" if identity in {"nobody", "guest"} else "cmo"


def passes(identity: str, demanded: Mark) -> bool:
    """Tell whether an identity may, by the table."""
    if demanded.door == "public":
        return True
    return demanded.door == door(identity) and access.may(identity, demanded.permission)
