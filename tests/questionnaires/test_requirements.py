"""A regulation is data that can be compared with what a questionnaire asks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from questionnaires.definition import Question, Questionnaire, Section
from questionnaires.document import Faulty
from questionnaires.requirements import load_regulation, regulation, uncovered, unknown_references


def row(id: str, requirement: bool, parent: str = "") -> dict[str, Any]:
    words = {"title": "Access", "own_words": "Let only authorised people in.", "subpart": "B"}
    return {"id": id, "requirement": requirement, "core": requirement, "parent": parent, **words}


DOCUMENT: dict[str, Any] = {
    "key": "21cfr11",
    "title": "Part 11",
    "edition": "as of 2026",
    "status": "in force",
    "source": "eCFR",
    "effective": "1997-08-20",
    "requirements": [row("11.10", False), row("11.10(a)", True, "11.10"), row("11.10(d)", True, "11.10")],
}
PART11 = load_regulation(json.dumps(DOCUMENT))


def asking(*references: str, type: str = "control") -> Questionnaire:
    section = Section("s", "S", "", (Question("Q1", "Text?", "", "", references, type),))
    return Questionnaire("small", "1.0", "Small", "", ("21cfr11",), "", "", 5, (section,), "")


def test_a_regulation_keeps_its_rows_in_order() -> None:
    assert [found.id for found in PART11.requirements] == ["11.10", "11.10(a)", "11.10(d)"]
    assert PART11.requirements[1].parent == "11.10"
    assert PART11.requirements[1].citation == "21 CFR 11.10(a)"
    assert (PART11.key, PART11.effective) == ("21cfr11", "1997-08-20")


def test_a_row_without_parent_stands_at_the_top() -> None:
    document = copy.deepcopy(DOCUMENT)
    del document["requirements"][0]["parent"]
    assert load_regulation(json.dumps(document)) == PART11


@pytest.mark.parametrize(
    ("references", "type", "open_rows"),
    [
        ((), "control", ["11.10(a)", "11.10(d)"]),
        (("21 CFR 11.10(a)",), "control", ["11.10(d)"]),
        (("21 CFR 11.10(a)", "21 CFR 11.10(d)"), "control", []),
        (("21 CFR 11.10",), "control", ["11.10(a)", "11.10(d)"]),
        (("11.10(a)",), "control", ["11.10(a)", "11.10(d)"]),
        (("21 CFR 11.10(a)", "21 CFR 11.10(d)"), "yes_no", ["11.10(a)", "11.10(d)"]),
    ],
)
def test_an_obliging_row_is_covered_only_by_a_control_question_that_names_it(
    references: tuple[str, ...], type: str, open_rows: list[str]
) -> None:
    assert [found.id for found in uncovered(asking(*references, type=type), PART11)] == open_rows


def test_references_that_the_regulation_does_not_have_are_listed_once() -> None:
    asked = asking("21 CFR 11.99", "21 CFR 11.10", "11.10(a)", "21 CFR 11.99")
    assert unknown_references(asked, PART11) == ("21 CFR 11.99", "11.10(a)")


Change = Callable[[dict[str, Any]], object]
ROW, TWICE = "requirements[1]", "requirements[3].id: '11.10' is already used above"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: d.pop("status"), "status: is missing"),
        (lambda d: d.update(amended="2023"), "document: has the unknown key 'amended'"),
        (lambda d: d.update(requirements=[]), "requirements: is empty"),
        (lambda d: d.update(requirements={}), "requirements: must be a list, not a mapping"),
        (lambda d: d["requirements"][1].update(core="yes"), f"{ROW}.core: must be true or false, not text"),
        (lambda d: d["requirements"][1].update(own_words=""), f"{ROW}.own_words: is empty"),
        (lambda d: d["requirements"].append(row("11.10", True)), TWICE),
        (lambda d: d["requirements"][1].update(parent="11.9"), f"{ROW}.parent: '11.9' does not stand above"),
    ],
)  # fmt: skip
def test_a_single_fault_of_a_regulation_has_its_place(change: Change, expected: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(Faulty) as caught:
        load_regulation(json.dumps(document))
    assert [str(fault) for fault in caught.value.faults] == [expected]


@pytest.mark.parametrize("text", ["", "[]", "- a", "key: 1\nrequirements: [1, [2]]"])
def test_what_is_no_regulation_is_refused_with_faults(text: str) -> None:
    with pytest.raises(Faulty):
        load_regulation(text)


def test_a_date_must_be_put_in_quotes() -> None:
    text = json.dumps(DOCUMENT).replace('"effective": "1997-08-20"', "effective: 1997-08-20")
    with pytest.raises(Faulty, match="effective: must be text, not a date; put it in quotes"):
        load_regulation(text)


@pytest.mark.parametrize("key", ["gdpr", "../questionnaires/part11-cmo-1.0", ""])
def test_an_unknown_regulation_is_named_with_those_that_exist(key: str) -> None:
    with pytest.raises(KeyError, match=r"There is no regulation .*; the library holds .*21cfr11"):
        regulation(key)
