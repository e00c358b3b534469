"""How an entry of the audit trail is said on the page."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from portal.db import Base
from portal.models.audit import AuditEntry
from portal.views import trail

ROW = uuid4()


def entry(action: str, record: str = "", **changes: list[object]) -> AuditEntry:
    return AuditEntry(action=action, record_type=record, record_id=ROW, changes=json.dumps(changes))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (entry("created", "Site", name=[None, "Ferrara"], country=[None, "Italy"]), "added the site Ferrara, Italy"),
        (
            entry("created", "Answer", question_id=[None, "P11-07"], value=[None, "partial"]),
            "answered P11-07: Partly implemented",
        ),
        (
            entry("created", "Verdict", question_id=[None, "P11-07"], outcome=[None, "question_back"]),
            "gave a verdict on P11-07: Question back",
        ),
        (entry("dossier.issued", "Supplier", form=[None, "pdf"]), "took the dossier of … as pdf"),
        (entry("changed", "Something"), "changed Something"),
    ],
)
def test_an_entry_is_said_in_plain_words(given: AuditEntry, said: str):
    assert trail.sentence(given, {}) == said


def test_a_change_names_its_record_by_what_the_record_was_created_as():
    given = entry("changed", "Answer", value=["no", "planned"])
    made = {ROW: {"question_id": [None, "P11-07"], "value": [None, "no"]}}
    assert trail.sentence(given, made) == "changed the answer to P11-07"


def test_every_kind_of_record_has_its_words():
    kept = {mapper.class_.__name__ for mapper in Base.registry.mappers if getattr(mapper.class_, "__audited__", True)}
    assert kept == {record for record, action in trail.WORDS if action == "created"}


@pytest.mark.parametrize("words", [*trail.WORDS.values(), *trail.EVENTS.values()])
def test_what_is_not_known_is_left_open(words: str):
    assert "{" not in words.format_map(trail._Known())


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("impact_data", 4, "4 high"),
        ("state", "in_review", "In review"),
        ("sent_at", "2026-11-24T22:05:36.123456+00:00", "2026-11-24 22:05 UTC"),
        ("password_hash", "•", trail.UNSAID),
        ("digest", "a" * 64, "a" * 64),
        ("remark", None, ""),
    ],
)
def test_a_field_is_shown_as_people_write_it(name: str, value: object, shown: str):
    assert trail.fields(entry("changed", "Any", **{name: [None, value]})) == [(trail._label(name), "", shown)]


def test_an_entry_leads_to_its_supplier_and_its_assessment():
    supplier, assessment = uuid4(), uuid4()
    given = entry("created", "Answer")
    given.supplier_id, given.assessment_id = supplier, assessment
    made = {supplier: {"legal_name": [None, "Bellini"]}, assessment: {"title": [None, "Part 11"]}}
    assert list(trail.places(given, made)) == [
        ("supplier", supplier, "Bellini"),
        ("assessment", assessment, "Part 11"),
    ]
