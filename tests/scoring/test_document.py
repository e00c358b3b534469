"""A document becomes a case, or every fault is named by its place."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from scoring.document import Faulty, read

Document = dict[str, Any]
Change = Callable[[Document], object]
Put = Callable[[Any, str, object], None]


def small() -> Document:
    return {
        "impact": [5, 4, 3],
        "exposure": [1, 2, 3, 4],
        "questions": [
            {"id": "Q2", "domain": "Žilina", "class": "minor", "answer": "no", "evidence": "E2"},
            {"id": "Q1", "domain": "Access", "class": "critical", "answer": "implemented"},
        ],
    }


def faults(document: object) -> list[str]:
    with pytest.raises(Faulty) as caught:
        read(document)
    return [str(fault) for fault in caught.value.faults]


def changed(change: Change) -> Document:
    document = small()
    change(document)
    return document


def first(document: Document) -> Document:
    question: Document = document["questions"][0]
    return question


FACTOR = "must be a whole number from 1 to 5, not"
WEIGHT = "must be a whole number from 1 to 1000, not"
LENGTH = "must be 1 to 200 characters without blanks at the ends"
UNPRINTED = "has a character that cannot be printed:"
CLASS = "must be one of critical, major, minor, not"
EVIDENCE = "must be one of E0, E1, E2, E3, E4, not"
ANSWER = "must be one of unanswered, na_pending, no, planned, partial, implemented, na_accepted, not"


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        # wrong type
        ("impact", None, "must be a list of 3, not null"),
        ("impact", "543", "must be a list of 3, not '543'"),
        ("impact", [5, 4], "must be a list of 3, not a list of 2"),
        ("exposure", [1] * 5, "must be a list of 4, not a list of 5"),
        ("questions", {}, "must be a list, not an object"),
        ("questions[0]", "Q3", "must be an object, not 'Q3'"),
        ("questions[0].id", 7, "must be text, not 7"),
        ("questions[0].domain", ["A"], "must be text, not a list"),
        ("questions[0].class", ["minor"], f"{CLASS} a list"),
        ("questions[0].answer", True, f"{ANSWER} true"),
        ("questions[0].evidence", None, f"{EVIDENCE} null"),
        ("domain_weights", [1], "must be an object, not a list"),
        ("overdue_critical_actions", 1, "must be true or false, not 1"),
        ("open_regulatory_action", "no", "must be true or false, not 'no'"),
        ("open_regulatory_action", None, "must be true or false, not null"),
        # unknown words
        ("questions[0].class", "severe", f"{CLASS} 'severe'"),
        ("questions[0].class", "Minor", f"{CLASS} 'Minor'"),
        ("questions[0].answer", "yes", f"{ANSWER} 'yes'"),
        ("questions[0].evidence", "E5", f"{EVIDENCE} 'E5'"),
        # numbers
        ("impact[0]", 0, f"{FACTOR} 0"),
        ("impact[1]", 6, f"{FACTOR} 6"),
        ("impact[2]", -1, f"{FACTOR} -1"),
        ("impact[1]", True, f"{FACTOR} true"),
        ("impact[1]", 3.0, f"{FACTOR} 3.0"),
        ("exposure[0]", "1", f"{FACTOR} '1'"),
        ("exposure[1]", [1], f"{FACTOR} a list"),
        ("exposure[2]", math.inf, f"{FACTOR} Infinity"),
        ("exposure[3]", math.nan, f"{FACTOR} NaN"),
        ("domain_weights.Access", 0, f"{WEIGHT} 0"),
        ("domain_weights.Access", 1001, f"{WEIGHT} 1001"),
        ("domain_weights.Access", True, f"{WEIGHT} true"),
        ("domain_weights.Access", 1.5, f"{WEIGHT} 1.5"),
        ("domain_weights.Acces", 2, "no question has this domain"),
        # text
        ("questions[0].id", "", LENGTH),
        ("questions[0].id", " Q2", LENGTH),
        ("questions[0].domain", "A" * 201, LENGTH),
        ("questions[0].id", "Q\n2", rf"{UNPRINTED} 'Q\n2'"),
        ("questions[0].id", "Q\ud800", rf"{UNPRINTED} 'Q\ud800'"),
        # sense
        ("questions[1].id", "Q2", "'Q2' is already at questions[0]"),
        (
            "questions[1].answer",
            "na_accepted",
            "a critical question leaves only by scoping, never as na_accepted",
        ),
        # unknown keys
        ("colour", 1, "unknown key"),
        ("questions[0].weight", 9, "unknown key"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(put: Put, place: str, value: object, fault: str) -> None:
    document = small() | {"domain_weights": {}}
    put(document, place, value)
    assert faults(document) == [f"{place}: {fault}"]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_too_long_to_be_printed_is_an_ordinary_fault(sign: int) -> None:
    document = small() | {"exposure": [sign * 10**5000, 1, 1, 1]}
    assert faults(document) == [f"exposure[0]: {FACTOR} a huge number"]


def test_a_huge_text_is_shown_shortened() -> None:
    document = changed(lambda d: first(d).update(answer="x" * 10**6))
    assert faults(document) == [f"questions[0].answer: {ANSWER} '{'x' * 40}...'"]


@pytest.mark.parametrize("place", ["impact", "exposure", "questions"])
def test_a_missing_key_is_named(place: str) -> None:
    assert faults(changed(lambda d: d.pop(place))) == [f"{place}: missing"]


@pytest.mark.parametrize("key", ["id", "domain", "class", "answer"])
def test_a_missing_key_of_a_question_is_named(key: str) -> None:
    assert faults(changed(lambda d: first(d).pop(key))) == [f"questions[0].{key}: missing"]


def test_two_questions_without_a_good_id_are_not_called_the_same() -> None:
    document = small()
    for question in document["questions"]:
        question["id"] = 7
    assert faults(document) == [f"questions[{i}].id: must be text, not 7" for i in (0, 1)]


def test_a_key_that_would_forge_a_line_of_the_report_is_quoted() -> None:
    assert faults(changed(lambda d: d.update({"a\nb: forged": 1}))) == [r"'a\nb: forged': unknown key"]


def test_a_key_that_is_no_text_is_a_fault() -> None:
    assert faults(small() | {5: 1}) == ["document: the key 5 must be text; put it in quotes"]


@pytest.mark.parametrize(
    ("document", "shown"), [(None, "null"), ([], "a list"), ("{}", "'{}'"), (7, "7"), (math.nan, "NaN")]
)
def test_something_else_than_an_object_is_one_fault(document: object, shown: str) -> None:
    assert faults(document) == [f"document: must be an object, not {shown}"]


def test_an_empty_object_lacks_every_required_key() -> None:
    assert faults({}) == ["impact: missing", "exposure: missing", "questions: missing"]


def test_all_faults_are_reported_at_once() -> None:
    document = small() | {"impact": [0, 9, "x"], "colour": 1, "open_regulatory_action": 0}
    document["questions"] += [{"id": "Q1", "class": "x"}, 5]
    assert [fault.split(":")[0] for fault in faults(document)] == [
        "colour",
        "impact[0]",
        "impact[1]",
        "impact[2]",
        "questions[2].domain",
        "questions[2].answer",
        "questions[2].class",
        "questions[3]",
        "questions[2].id",
        "open_regulatory_action",
    ]


def test_the_error_prints_one_line_a_fault() -> None:
    with pytest.raises(Faulty) as caught:
        read({"impact": [1, 1, 1], "exposure": [1, 1, 1, 1], "question": []})
    assert str(caught.value) == "question: unknown key\nquestions: missing"


def test_a_weight_of_an_unread_domain_is_not_a_second_fault() -> None:
    document = changed(lambda d: first(d).update(domain=7)) | {"domain_weights": {"Žilina": 2}}
    assert faults(document) == ["questions[0].domain: must be text, not 7"]


def test_what_is_left_out_is_filled_in() -> None:
    case = read(small() | {"domain_weights": {"Access": 3}})
    assert json.loads(case.canonical()) == {
        "impact": [5, 4, 3],
        "exposure": [1, 2, 3, 4],
        "questions": [
            {"id": "Q1", "domain": "Access", "class": "critical", "answer": "implemented", "evidence": "E0"},
            {"id": "Q2", "domain": "Žilina", "class": "minor", "answer": "no", "evidence": "E2"},
        ],
        "domain_weights": {"Access": 3, "Žilina": 1},
        "overdue_critical_actions": False,
        "open_regulatory_action": False,
    }


def test_the_digest_is_of_the_canonical_text_in_utf8() -> None:
    case = read(small())
    text = case.canonical()
    assert text.startswith('{"domain_weights":{"Access":1,"Žilina":1},"exposure":[1,2,3,4],"impact":')
    assert case.digest == hashlib.sha256(text.encode("utf-8")).hexdigest()


def test_documents_that_mean_the_same_are_the_same_case() -> None:
    spelt_out = {
        "open_regulatory_action": False,
        "overdue_critical_actions": False,
        "domain_weights": {"Žilina": 1},
        **copy.deepcopy(small()),
    }
    spelt_out["questions"].reverse()
    spelt_out["questions"][0]["evidence"] = "E0"
    assert read(spelt_out) == read(small())
    assert read(spelt_out).digest == read(small()).digest


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(impact=[5, 3, 4]),
        lambda d: first(d).update(answer="planned"),
        lambda d: first(d).update(evidence="E3"),
        lambda d: first(d).update(domain="Zilina"),
        lambda d: d.update(domain_weights={"Access": 2}),
        lambda d: d.update(overdue_critical_actions=True),
        lambda d: d.update(open_regulatory_action=True),
    ],
)
def test_any_change_of_the_input_changes_the_digest(change: Change) -> None:
    assert read(changed(change)).digest != read(small()).digest


def test_the_canonical_text_reads_back_as_the_same_case() -> None:
    case = read(small() | {"domain_weights": {"Access": 3}, "overdue_critical_actions": True})
    assert read(json.loads(case.canonical())) == case


def test_reading_leaves_the_document_as_it_was() -> None:
    document = small()
    read(document)
    assert document == small()
