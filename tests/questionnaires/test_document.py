"""The reader of documents accepts plain YAML and JSON, and says where anything else goes wrong."""

from __future__ import annotations

import json

import pytest

from questionnaires import document
from questionnaires.document import MAX_BYTES, MAX_DEPTH, Fault, Faulty, parse


def faults(text: str) -> list[str]:
    with pytest.raises(Faulty) as caught:
        parse(text)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: b", {"a": "b"}),
        ("a: yes", {"a": True}),
        ("{a: b}", {"a": "b"}),
        ('{"a": ["b", 1]}', {"a": ["b", 1]}),
        ("\ufeffa: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
        ('{\n\t"a": "b"\n}', {"a": "b"}),
        ('{"a": "one\\u2028line \\ud83d\\ude00"}', {"a": "one\u2028line \U0001f600"}),
        ("", None),
    ],
)
def test_plain_yaml_and_json_are_read_as_data(text: str, data: object) -> None:
    assert parse(text) == (data, [])


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a: 1\nb: [\n", "line 3, column 1", "not valid YAML"),
        ('a: 1\nb: "open\n', "line 3, column 1", "line 2, column 4"),
        ("a:\n\t- b", "line 2, column 1", "not valid YAML"),
        ("a: b\n---\nc: d", "line 2, column 1", "another document"),
        ("a: =", "line 1, column 4", "not valid YAML"),
        ("a: 1\nb: \0", "line 2", "character"),
        ("a: \ud83d", "line 1", "character"),
        ("a: &x b\nc: *x", "line 1, column 4", "anchors"),
        ("a: *x", "line 1, column 4", "aliases"),
        ("a: !!python/object:os.system b", "line 1, column 4", "tags"),
        ("a: !!binary aGk=", "line 1, column 4", "tags"),
        ("a: 1\n<<: {b: c}", "line 2, column 1", "plain word"),
        ("? [a]\n: b", "line 1, column 3", "plain word"),
        ("a: 2026-02-30", "line 1, column 4", "in quotes"),
        ("a: 0b_", "line 1, column 4", "in quotes"),
        ("a: " + "9" * 5000, "line 1, column 4", "in quotes"),
        ('{"a": ' + "9" * 5000 + "}", "line 1, column 7", "in quotes"),
        ("[" * 100, f"line 1, column {MAX_DEPTH + 1}", "deeper"),
        ("[" * 1500 + "]" * 1500, f"line 1, column {MAX_DEPTH + 1}", "deeper"),
        ('{"a": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}", "line 1, column 38", "deeper"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, place: str, word: str) -> None:
    [fault] = faults(text)
    assert fault.startswith(f"{place}: ")
    assert word in fault


def test_aliases_that_unfold_without_end_are_refused_before_they_unfold() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    [fault] = faults("\n".join(["a0: &a0 [x]", *levels]))
    assert fault.startswith("line 1, column 5: anchors")


@pytest.mark.parametrize("text", ["a: 1\na: 2\nb: {c: 1,\n c: 2}", '{"a": 1,\n"a": 2, "b": {\n"c": 1, "c": 2}}'])
def test_every_repeated_key_is_a_fault_with_its_line(text: str) -> None:
    _, repeated = parse(text)
    assert sorted(fault.text for fault in repeated) == [
        "the key 'a' is given twice",
        "the key 'c' is given twice",
    ]
    assert all(fault.place.startswith("line ") for fault in repeated)


def test_a_document_of_one_mebibyte_is_read_and_one_byte_more_is_refused() -> None:
    head, full = 'a: "', MAX_BYTES - len('a: ""')
    accepted = json.dumps({"a": "b" * (MAX_BYTES - len('{"a": ""}'))})
    assert len(accepted) == MAX_BYTES
    parse(accepted)
    assert faults(accepted + " ") == ["document: is larger than 1024 KiB"]
    assert faults(head + "é" * (full // 2 + 1) + '"') == ["document: is larger than 1024 KiB"]


@pytest.mark.parametrize("text", ["[1, 2, 3, 4]", "- 1\n- 2\n- 3\n- 4\n"])
def test_a_document_with_too_many_values_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_NODES", 5)
    assert parse(text) == ([1, 2, 3, 4], [])
    monkeypatch.setattr(document, "MAX_NODES", 4)
    [fault] = faults(text)
    assert fault.endswith("the document has more than 4 values")


def test_faulty_shows_one_fault_a_line_with_its_place() -> None:
    faulty = Faulty([Fault("key", "is missing"), Fault("sections[0].id", "is empty")])
    assert str(faulty) == "key: is missing\nsections[0].id: is empty"
