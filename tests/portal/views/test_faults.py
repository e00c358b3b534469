"""The page of a fault: for staff, for a respondent, for anybody, and with no database behind it."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from flask import Flask, g
from sqlalchemy import event

from portal import errors
from portal.db import db
from portal.services.accounts.sessions import Staff
from portal.services.assessments.visits import Respondent

STAFF = Staff(uuid4(), uuid4(), "Ines Falk", "qa", "Asteria")
RESPONDENT = Respondent(
    uuid4(), "Marta Conti", "m@cmo.example", "respondent", "Asteria", "qa@asteria.example", "Bellini", "Part 11",
    date(2026, 12, 1), None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("who", "leads_to"),
    [({"staff": STAFF}, "/suppliers/"), ({"respondent": RESPONDENT}, "/answering"), ({}, "/sign-in")],
)
def test_it_leads_back_to_ones_own_door(app: Flask, who: dict[str, object], leads_to: str):
    text, statements = shown(app, errors.NotFound(), **who)
    assert "<h1>Not found</h1>" in text
    assert f'class="btn btn-primary" href="{leads_to}"' in text
    assert statements == []


def test_it_shows_both_texts_of_a_conflict(app: Flask):
    yours = {"label": "No", "comment": "<b>mine</b>"}
    theirs = {"label": "Planned", "comment": "theirs", "by": "Bo", "at": "2026-11-24 10:00 UTC"}
    text, _ = shown(app, errors.Conflict("Somebody else answered.", yours=yours, theirs=theirs), respondent=RESPONDENT)
    assert "&lt;b&gt;mine&lt;/b&gt;" in text
    assert 'Bo, <span class="at">2026-11-24 10:00 UTC</span>' in text


def test_without_a_database_one_can_try_again(app: Flask):
    text, statements = shown(app, errors.Unavailable("The database does not answer."), path="/suppliers/")
    assert 'href="/suppliers/">Try again' in text
    assert statements == []


def shown(app: Flask, fault: errors.PortalError, *, path: str = "/nowhere", **who: object) -> tuple[str, list[str]]:
    """Return the page and the statements that it made."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with app.test_request_context(path):
        for name, value in who.items():
            setattr(g, name, value)
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            return errors.show(fault).get_data(as_text=True), statements
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
