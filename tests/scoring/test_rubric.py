"""Rubrics: the released one, how one is found, and what a file is refused for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring import rubric as module
from scoring.rubric import Faulty, Method, Placing, load_rubric, method, rubric

Fields = dict[str, Any]
Put = Callable[[Any, str, object], None]


def small() -> Fields:
    return {
        "key": "small",
        "version": "1.0",
        "method": "SRM-1.0",
        "questionnaire": "small",
        "domains": [{"id": "access", "title": "Access"}, {"id": "trail", "title": "Audit trail"}],
        "questions": {
            "Q1": {"domain": "access", "class": "critical"},
            "Q2": {"domain": "trail", "class": "minor"},
        },
    }


def faults(text: str) -> list[str]:
    with pytest.raises(Faulty) as caught:
        load_rubric(text)
    return [str(fault) for fault in caught.value.faults]


def faults_of(change: Callable[[Fields], object]) -> list[str]:
    fields = small()
    change(fields)
    return faults(json.dumps(fields))


def test_a_rubric_places_every_question() -> None:
    found = load_rubric(json.dumps(small() | {"domain_weights": {"trail": 2}}))
    assert found.questions == {"Q1": Placing("access", "critical"), "Q2": Placing("trail", "minor")}
    assert found.domains == {"access": "Access", "trail": "Audit trail"}
    assert found.domain_weights == {"trail": 2}
    assert (found.key, found.version, found.method, found.questionnaire) == (
        "small",
        "1.0",
        "SRM-1.0",
        "small",
    )


def test_the_digest_goes_with_the_content() -> None:
    plain, spaced = load_rubric(json.dumps(small())), load_rubric(json.dumps(small(), indent=3))
    other = load_rubric(json.dumps(small() | {"version": "1.1"}))
    assert plain.digest == spaced.digest != other.digest
    assert len(plain.digest) == 64


def test_the_source_that_is_kept_reads_back_as_the_same_rubric() -> None:
    found = rubric("part11-cmo")
    assert load_rubric(found.source) == found


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("owner", "me", "unknown key"),
        ("version", 1.0, "must be text, not 1.0"),
        ("version", "1.x", "must be numbers with points between, such as 1.0, not '1.x'"),
        ("method", "SRM-9", "must be one of SRM-1.0, not 'SRM-9'"),
        ("questions", [], "must be an object, not a list"),
        ("questions", {}, "must place at least one question"),
        ("questions.Q3", None, "must be an object, not null"),
        ("questions.Q1.class", "big", "must be one of critical, major, minor, not 'big'"),
        ("questions.Q1.domain", "x", "must be one of access, trail, not 'x'"),
        ("questions.Q1.weight", 9, "unknown key"),
        ("domains", {}, "must be a list, not an object"),
        ("domains", [], "must name at least one domain"),
        ("domains[1].id", "access", "'access' is written twice"),
        ("domains[1].title", 5, "must be text, not 5"),
        ("domain_weights.trail", 0, "must be a whole number from 1 to 1000, not 0"),
        ("domain_weights.x", 1, "is no domain of this rubric"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(put: Put, place: str, value: object, fault: str) -> None:
    fields = small() | {"domain_weights": {}}
    put(fields, place, value)
    assert f"{place}: {fault}" in faults(json.dumps(fields))


@pytest.mark.parametrize("key", ["key", "version", "method", "questionnaire", "domains", "questions"])
def test_a_missing_key_is_named(key: str) -> None:
    assert faults_of(lambda r: r.pop(key)) == [f"{key}: missing"]


def test_all_faults_are_reported_at_once() -> None:
    found = faults_of(lambda r: (r.pop("key"), r.update(version="x"), r["questions"]["Q2"].update(domain="x")))
    assert [fault.split(":")[0] for fault in found] == ["key", "version", "questions.Q2.domain"]


def test_the_released_rubric_is_found_by_its_questionnaire() -> None:
    found = rubric("part11-cmo")
    assert (found.key, found.questionnaire, found.method) == ("part11-cmo", "part11-cmo", "SRM-1.0")
    assert rubric("part11-cmo", found.version) is found
    assert {placing.domain for placing in found.questions.values()} == set(found.domains)


def test_the_released_method_is_found_by_its_id() -> None:
    assert isinstance(method("SRM-1.0"), Method)


@pytest.mark.parametrize(
    ("find", "sentence"),
    [
        (lambda: method("SRM-9"), "there is no method 'SRM-9', only SRM-1.0"),
        (lambda: method("../srm-1.0"), "there is no method '../srm-1.0', only SRM-1.0"),
        (lambda: rubric("nothing"), "there is no rubric for nothing; versions: none"),
        (
            lambda: rubric("part11-cmo", "0.1"),
            "there is no rubric for part11-cmo in version 0.1; versions: 1.0",
        ),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(find: Callable[[], object], sentence: str) -> None:
    with pytest.raises(KeyError) as caught:
        find()
    assert caught.value.args == (sentence,)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let rubrics be found in an empty folder, with fresh caches before and after."""
    caches = (module.rubric, module._rubrics)
    monkeypatch.setattr(module, "_files", lambda: sorted(tmp_path.iterdir()))
    method("SRM-1.0")
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()


def test_the_newest_version_goes_by_number_and_not_by_letter(shelf: Path) -> None:
    for version in ("1.9", "1.10", "1.2"):
        (shelf / f"small-{version}.yaml").write_text(json.dumps(small() | {"version": version}))
    assert rubric("small").version == "1.10"
    assert rubric("small", "1.2").version == "1.2"
