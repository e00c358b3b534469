"""YAML text: what is read, and what is noted by its line."""

from __future__ import annotations

import pytest

from scoring.faults import Check
from scoring.yaml_text import parse


def parsed(text: str) -> tuple[object, list[str]]:
    check = Check()
    value = parse(check, text)
    return value, [str(fault) for fault in check.faults]


def test_yaml_and_json_are_read() -> None:
    assert parsed("a: [1, x]") == ({"a": [1, "x"]}, [])
    assert parsed('{"a": [1, "x"]}') == ({"a": [1, "x"]}, [])


def test_every_key_that_is_written_twice_is_noted_by_its_line() -> None:
    _, found = parsed("Q1: {class: critical, class: minor}\nQ2: 1\nQ1: 2\n")
    assert found == ["line 1: the key 'class' is written twice", "line 3: the key 'Q1' is written twice"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [1,\n", "line 2: is not YAML: "),
        ("a: 1\n\tb: 2\n", "line 2: is not YAML: "),
        ("a: !!python/object:os.system x", "line 1: is not YAML: could not determine a constructor"),
        ("a: \x00", "document: is not YAML: "),
        ("a: 2026-13-45", "document: is not YAML: "),
        ("a: " + "9" * 5000, "document: is not YAML: "),
        ("[" * 2000, "document: is not YAML: "),
        ("a: 1\n---\nb: 2", "line 2: is not YAML: but found another document"),
        ("{[a]: 1}", "line 1: is not YAML: found unhashable key"),
        ("a: *b", "line 1: is not YAML: found undefined alias"),
    ],
)
def test_what_is_no_yaml_is_one_fault(text: str, fault: str) -> None:
    value, found = parsed(text)
    assert value is None
    assert len(found) == 1
    assert found[0].startswith(fault)
