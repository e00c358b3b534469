"""A document becomes a questionnaire, or every one of its faults is listed with its place."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from questionnaires.definition import CHOICES, Question
from questionnaires.load import Faulty, canonical, digest, load

Change = Callable[[dict[str, Any]], object]

CONTROL = {
    "id": "Q2",
    "type": "control",
    "text": "Is access limited to authorised people?",
    "guidance": "Think of every way in.",
    "evidence": "A procedure and a list of accounts.",
    "references": ["21 CFR 11.10(d)"],
    "domain": "access",
    "show_if": {"question": "Q1", "is": "yes"},
}
DOCUMENT = {
    "key": "small",
    "version": "1.0",
    "title": "A small set",
    "subtitle": "Two questions",
    "regulations": ["21cfr11"],
    "edition": "21 CFR Part 11, as of 2026",
    "intro": "Answer both.",
    "minutes": 5,
    "sections": [
        {
            "id": "scope",
            "title": "Scope",
            "intro": "What is used.",
            "questions": [{"id": "Q1", "type": "yes_no", "text": "Are records electronic?"}, CONTROL],
        }
    ],
}


def changed(change: Change) -> str:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return json.dumps(document)


def faults(text: str) -> list[str]:
    with pytest.raises(Faulty) as caught:
        load(text)
    return [str(fault) for fault in caught.value.faults]


def first(document: dict[str, Any]) -> dict[str, Any]:
    return document["sections"][0]["questions"][0]


def second(document: dict[str, Any]) -> dict[str, Any]:
    return document["sections"][0]["questions"][1]


def show_if(condition: object) -> Change:
    return lambda document: second(document).update(show_if=condition)


def test_a_faultless_document_becomes_a_questionnaire() -> None:
    questionnaire = load(yaml.safe_dump(DOCUMENT))
    assert (questionnaire.key, questionnaire.version, questionnaire.minutes) == ("small", "1.0", 5)
    assert questionnaire.regulations == ("21cfr11",)
    assert [question.id for question in questionnaire.questions] == ["Q1", "Q2"]
    assert questionnaire.question("Q2") == Question(**{**CONTROL, "references": ("21 CFR 11.10(d)",)})
    assert questionnaire.question("Q1") == Question("Q1", "Are records electronic?", "", "", (), "yes_no")
    assert questionnaire.question("Q1").choices == CHOICES["yes_no"]
    assert questionnaire.digest == digest(yaml.safe_dump(DOCUMENT))
    assert hash(questionnaire) == hash(load(json.dumps(DOCUMENT)))


def test_asking_for_an_unknown_question_names_it() -> None:
    with pytest.raises(KeyError) as caught:
        load(json.dumps(DOCUMENT)).question("Q9")
    assert caught.value.args == ("small 1.0 has no question 'Q9'",)


Q1, Q2 = "sections[0].questions[0]", "sections[0].questions[1]"
HOLDS, NEVER = "holds the character", ", which may not be in a text"
WORD = "must be 1 to 64 letters, digits, dots, dashes or underscores"
ONE_OF = "must be a condition with exactly one of is, in, all, any, not"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: d.pop("edition"), "edition: is missing"),
        (lambda d: d.update(titel="x"), "document: has the unknown key 'titel'"),
        (lambda d: d.update(title=" \n"), "title: is empty"),
        (lambda d: d.update(title=7), "title: must be text, not a number; put it in quotes"),
        (lambda d: d.update(title=None), "title: must be text, not nothing"),
        (lambda d: d.update(title="a\x07b"), f"title: {HOLDS} U+0007{NEVER}"),
        (lambda d: d.update(title="a\ud83d"), f"title: {HOLDS} U+D83D{NEVER}"),
        (lambda d: d.update(title="a\u202eb"), f"title: {HOLDS} U+202E{NEVER}"),
        (lambda d: d.update(key="../x"), f"key: {WORD}, not '../x'"),
        (lambda d: d.update(version=1.0), "version: must be text, not a decimal number; put it in quotes"),
        (lambda d: d.update(minutes="90"), "minutes: must be a whole number, not text"),
        (lambda d: d.update(minutes=True), "minutes: must be a whole number, not true or false"),
        (lambda d: d.update(minutes=0), "minutes: must be from 1 to 9999"),
        (lambda d: d.update(regulations=[]), "regulations: is empty"),
        (lambda d: d.update(regulations="21cfr11"), "regulations: must be a list, not text"),
        (lambda d: d.update(sections=[]), "sections: is empty"),
        (lambda d: d.update(sections=["x"]), "sections[0]: must be a mapping, not text"),
        (lambda d: d["sections"][0].pop("intro"), "sections[0].intro: is missing"),
        (lambda d: d["sections"][0].update(questions=[]), "sections[0].questions: is empty"),
        (lambda d: d["sections"].append(d["sections"][0] | {"questions": [first(d) | {"id": "Q3"}]}),
         "sections[1].id: 'scope' is already used at sections[0]"),
        (lambda d: d["sections"][0]["questions"].append(first(d)),
         f"sections[0].questions[2].id: 'Q1' is already used at {Q1}"),
        (lambda d: first(d).update(domain="access"), f"{Q1}: has the unknown key 'domain'"),
        (lambda d: first(d).update(guidance=""), f"{Q1}.guidance: is empty"),
        (lambda d: second(d).pop("domain"), f"{Q2}.domain: is missing"),
        (lambda d: second(d).pop("evidence"), f"{Q2}.evidence: is missing"),
        (lambda d: second(d).update(type="essay"), f"{Q2}.type: must be one of control, yes_no, not 'essay'"),
        (lambda d: second(d).update(references=["21 CFR 11.1(e)", ""]), f"{Q2}.references[1]: is empty"),
        (lambda d: second(d).update(references=[11.1]),
         f"{Q2}.references[0]: must be text, not a decimal number; put it in quotes"),
        (show_if(None), f"{Q2}.show_if: {ONE_OF}"),
        (show_if({"question": "Q1"}), f"{Q2}.show_if: {ONE_OF}"),
        (show_if({"is": "yes"}), f"{Q2}.show_if.question: is missing"),
        (show_if({"question": "Q1", "is": "yes", "also": "x"}), f"{Q2}.show_if: has the unknown key 'also'"),
        (show_if({"question": "Q1", "in": []}), f"{Q2}.show_if.in: is empty"),
        (show_if({"all": []}), f"{Q2}.show_if.all: is empty"),
        (show_if({"question": "Q9", "is": "yes"}), f"{Q2}.show_if: names the unknown question 'Q9'"),
        (show_if({"question": "Q2", "is": "no"}),
         f"{Q2}.show_if: names the question 'Q2', which does not come before this one"),
        (lambda d: first(d).update(show_if={"question": "Q2", "is": "no"}),
         f"{Q1}.show_if: names the question 'Q2', which does not come before this one"),
        (show_if({"question": "Q1", "is": "maybe"}),
         f"{Q2}.show_if: 'maybe' is no answer to 'Q1'; its answers are yes, no"),
        (show_if({"any": [{"question": "Q1", "is": "no"}, {"not": {"question": "Q9", "is": "yes"}}]}),
         f"{Q2}.show_if.any[1].not: names the unknown question 'Q9'"),
    ],
)  # fmt: skip
def test_a_single_fault_is_the_only_one_listed_and_has_its_place(change: Change, expected: str) -> None:
    assert faults(changed(change)) == [expected]


@pytest.mark.parametrize("version", ["1", "1.0.0", "v1.0", "1.", " 1.0", "1.0\n", "١.٠", "1-0"])
def test_a_version_is_digits_dot_digits(version: str) -> None:
    [fault] = faults(changed(lambda document: document.update(version=version)))
    assert fault.startswith("version: must be digits, a dot and digits")


@pytest.mark.parametrize(("word", "data"), [("yes", True), ("no", False), ("on", True), ("off", False)])
def test_a_bare_yes_or_no_in_a_condition_must_be_put_in_quotes(word: str, data: bool) -> None:
    text = yaml.safe_dump(DOCUMENT).replace("is: 'yes'", f"is: {word}")
    [fault] = faults(text)
    assert fault.startswith(f"{Q2}.show_if.is: must be text, not true or false")
    assert 'write "yes" or "no"' in fault


def test_all_faults_are_listed_at_once() -> None:
    def change(document: dict[str, Any]) -> None:
        document.update(version="one", colour="red")
        first(document).update(text="", type="essay")
        second(document).update(id="Q1", show_if={"question": "Q7", "is": True})

    places = [fault.split(": ")[0] for fault in faults(changed(change))]
    assert sorted(places) == sorted(
        ["document", "version", f"{Q1}.text", f"{Q1}.type", f"{Q2}.id", f"{Q2}.show_if", f"{Q2}.show_if.is"]
    )


def test_a_repeated_key_is_listed_together_with_the_other_faults() -> None:
    text = yaml.safe_dump(DOCUMENT, sort_keys=False).replace("minutes: 5", "minutes: 5\nminutes: 0")
    found = faults(text)
    assert [fault.split(": ", 1)[1] for fault in found] == [
        "the key 'minutes' is given twice",
        "must be from 1 to 9999",
    ]


@pytest.mark.parametrize("text", ["", "[]", "- a", "42", '"text"', "null"])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    [fault] = faults(text)
    assert fault.startswith("document: must be a mapping")


def test_the_frozen_form_obeys_the_limit_of_size_as_well() -> None:
    text = yaml.safe_dump(DOCUMENT | {"intro": "x"}).replace("intro: x", "intro: '" + '"' * 600_000 + "'")
    assert faults(text) == ["document: is larger than 1024 KiB"]


def test_the_frozen_form_is_compact_json_with_sorted_keys_and_trimmed_texts() -> None:
    frozen = canonical(changed(lambda document: document.update(title="  Größe \n")))
    assert frozen.startswith('{"edition":"21 CFR Part 11, as of 2026","intro":')
    assert '"title":"Größe"' in frozen
