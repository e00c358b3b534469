"""Every released set and every regulation in the library keeps the promises made to its readers."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from questionnaires import load
from questionnaires.definition import Questionnaire
from questionnaires.document import shelf
from questionnaires.load import canonical, digest, library, released, source
from questionnaires.requirements import Regulation, regulation, uncovered, unknown_references

ROOT = Path(__file__).parents[2]
SETS = ROOT / "questionnaires/library/questionnaires"
REGULATIONS = ROOT / "questionnaires/library/regulations"
FACTS = ROOT / "../shared/facts/part11.csv"
EMPTY = "(none)"
# Of each released set. A changed word is a new version in a new file: what was sent with this one must still be it.
DIGESTS = {"part11-cmo-1.0": "5fba781ec083a0bc1ed98788d814d92f2380de15383a4798167a8b1e82fa3bd4"}


def names(folder: Path) -> list[str]:
    """Name the documents in a folder; one name that stands for none keeps an empty library from passing."""
    return sorted(file.stem for file in folder.glob("*.yaml")) or [EMPTY]


@pytest.fixture(params=names(SETS))
def name(request: pytest.FixtureRequest) -> str:
    if request.param == EMPTY:
        pytest.fail(f"The library is empty: there is no .yaml file in {SETS.relative_to(ROOT)}.")
    return str(request.param)


@pytest.fixture
def released_set(name: str) -> Questionnaire:
    return load.load(shelf("questionnaires")[name])


@pytest.fixture(params=names(REGULATIONS))
def rules(request: pytest.FixtureRequest) -> Regulation:
    if request.param == EMPTY:
        pytest.fail(f"The library is empty: there is no .yaml file in {REGULATIONS.relative_to(ROOT)}.")
    return regulation(request.param)


# Released sets.


def test_a_file_is_named_by_the_key_and_version_of_its_set(name: str, released_set: Questionnaire) -> None:
    assert name == f"{released_set.key}-{released_set.version}"


def test_a_released_set_never_changes(name: str, released_set: Questionnaire) -> None:
    assert DIGESTS.get(name) == released_set.digest


def test_a_set_can_be_asked_for_by_key_and_version(released_set: Questionnaire) -> None:
    assert released(released_set.key, released_set.version) == released_set
    assert released_set in library()


def test_the_frozen_text_of_a_set_gives_the_same_set_and_digest(released_set: Questionnaire) -> None:
    frozen = source(released_set.key, released_set.version)
    assert load.load(frozen) == released_set
    assert canonical(frozen) == frozen
    assert digest(frozen) == released_set.digest


def test_every_reference_of_a_set_exists_in_its_regulations(released_set: Questionnaire) -> None:
    unknown = [set(unknown_references(released_set, regulation(key))) for key in released_set.regulations]
    assert set.intersection(*unknown) == set()


def test_every_obliging_row_of_its_regulations_is_covered_by_a_set(released_set: Questionnaire) -> None:
    missing = {key: uncovered(released_set, regulation(key)) for key in released_set.regulations}
    assert {key: [row.id for row in rows] for key, rows in missing.items() if rows} == {}


def test_every_control_question_has_guidance_and_evidence_worth_reading(released_set: Questionnaire) -> None:
    controls = [question for question in released_set.questions if question.type == "control"]
    short = [each.id for each in controls if min(len(each.guidance), len(each.evidence)) < 40]
    assert controls
    assert short == []


def test_a_set_asks_nothing_twice_and_names_no_reference_twice(released_set: Questionnaire) -> None:
    texts = Counter(question.text for question in released_set.questions)
    twice = [
        question.id for question in released_set.questions if len(set(question.references)) < len(question.references)
    ]
    assert [text for text, count in texts.items() if count > 1] == []
    assert twice == []


def test_the_counts_of_a_set_agree(released_set: Questionnaire) -> None:
    questions = list(released_set.questions)
    assert len(questions) == sum(len(section.questions) for section in released_set.sections)
    assert len(questions) == len({question.id for question in questions})
    assert {question.type for question in questions} <= {"control", "yes_no"}


def test_a_set_can_be_answered_within_reason(released_set: Questionnaire) -> None:
    minutes = released_set.minutes / len(list(released_set.questions))
    assert 1 <= minutes <= 10


# The library as a whole.


def test_the_newest_version_of_a_key_comes_first_and_is_the_one_given() -> None:
    numbers: dict[str, list[tuple[int, ...]]] = {}
    for each in library():
        numbers.setdefault(each.key, []).append(tuple(int(part) for part in each.version.split(".")))
    assert numbers
    assert list(numbers) == sorted(numbers)
    for key, versions in numbers.items():
        assert versions == sorted(versions, reverse=True)
        assert tuple(int(part) for part in released(key).version.split(".")) == versions[0]


def test_sets_are_sorted_by_key_and_then_by_version_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    [text, *_] = shelf("questionnaires").values()
    document = json.loads(canonical(text))
    made = [("b", "1.9"), ("a", "1.0"), ("b", "1.10"), ("a", "1.2")]
    texts = {f"{key}-{version}": json.dumps(document | {"key": key, "version": version}) for key, version in made}
    monkeypatch.setattr(load, "shelf", lambda _: texts)
    monkeypatch.setattr(load, "_released", load._released.__wrapped__)
    assert [(each.key, each.version) for each in library()] == [
        ("a", "1.2"),
        ("a", "1.0"),
        ("b", "1.10"),
        ("b", "1.9"),
    ]
    assert released("b").version == "1.10"


@pytest.mark.parametrize(("key", "version"), [("nothing", None), ("part11-cmo", "0.0"), ("../x", "1.0")])
def test_an_unknown_set_is_named_with_those_that_exist(key: str, version: str | None) -> None:
    with pytest.raises(KeyError, match=r"There is no questionnaire .*; the library holds .*part11-cmo 1\.0"):
        released(key, version)


# Regulations.


def test_a_regulation_is_kept_under_its_key_and_obliges_to_something(rules: Regulation) -> None:
    assert regulation(rules.key) is rules
    assert any(row.requirement for row in rules.requirements)


def test_what_is_core_also_obliges(rules: Regulation) -> None:
    assert [row.id for row in rules.requirements if row.core and not row.requirement] == []


def test_part_11_has_thirty_six_obliging_rows() -> None:
    assert sum(row.requirement for row in regulation("21cfr11").requirements) == 36


def test_part_11_agrees_with_the_table_of_facts() -> None:
    if not FACTS.exists():
        pytest.skip("NOT COMPARED: ../shared/facts/part11.csv is not here, so 21cfr11.yaml went unchecked.")
    with FACTS.open(encoding="utf-8", newline="") as file:
        facts = list(csv.DictReader(file))
    expected = [
        (row["id"], row["requirement"] == "yes", row["core"] == "yes", row["subpart"], row["parent"]) for row in facts
    ]
    assert sum(obliging for _, obliging, *_ in expected) == 36
    found = regulation("21cfr11").requirements
    assert [(row.id, row.requirement, row.core, row.subpart, row.parent) for row in found] == expected
