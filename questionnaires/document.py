"""Read the text of a document, YAML or JSON, into plain data, or say on which line it cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml
from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 50_000

# What YAML allows on any value and no questionnaire needs. Aliases make one value stand in many places: a
# kilobyte of them can unfold to gigabytes. Tags ask the reader to build other kinds of objects.
_REFUSED = {
    "anchor": "anchors (&) and aliases (*) are not allowed; write the text out where it is needed",
    "tag": "tags (!) are not allowed; write a plain value",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Hold one thing that is wrong with a document, and its place in it."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Faulty(ValueError):  # the word that the callers use
    """Carry every fault of a document that cannot be used, so that its author can mend all at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def parse(text: str) -> tuple[Any, list[Fault]]:
    """Give the plain data in the text and a fault for each key given twice; Faulty when it is unreadable.

    JSON that breaks a rule is read again as YAML, of which it is a subset, because that reader knows lines.
    """
    refuse_large(text)
    try:
        return _parse_json(text), []
    except (ValueError, RecursionError):
        return _parse_yaml(text)


def refuse_large(text: str) -> None:
    """Raise Faulty when the text takes more than MAX_BYTES."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Faulty([Fault("document", f"is larger than {MAX_BYTES // 1024} KiB")])


def shelf(name: str) -> dict[str, str]:
    """Give the text of each document on one shelf of the packaged library, by file name without ending."""
    return {
        file.name.removesuffix(".yaml"): file.read_text("utf-8")
        for file in files("questionnaires").joinpath("library", name).iterdir()
        if file.name.endswith(".yaml")
    }


def _parse_json(text: str) -> object:
    """Read JSON; ValueError when it is none, repeats a key, is too deep or has too many values."""
    data: object = json.loads(text, object_pairs_hook=_unique)
    level, values = [data], 0
    for _ in range(MAX_DEPTH):
        values += len(level)
        level = [child for value in level for child in _children(value)]
    if level or values > MAX_NODES:
        raise ValueError("nested too deep, or too many values")
    return data


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _parse_yaml(text: str) -> tuple[Any, list[Fault]]:
    try:
        loader = _StrictLoader(text)
        return loader.get_single_data(), loader.repeated
    except yaml.MarkedYAMLError as error:
        raise Faulty([_syntax_fault(error)]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Faulty([Fault(f"line {line}", "holds a character that YAML does not allow")]) from error


def _syntax_fault(error: yaml.MarkedYAMLError) -> Fault:
    text = f"is not valid YAML: {error.problem}"
    if error.context and error.context_mark:
        text += f" ({error.context}, {_place(error.context_mark)})"
    return Fault(_place(error.problem_mark), text)


def _place(mark: Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "document"


class _StrictLoader(yaml.SafeLoader):
    """Read YAML without anchors, aliases, tags, merged or repeated keys, and only so deep and so much."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated: list[Fault] = []
        self.depth = 0
        self.nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Compose one value, unless the way it is written is refused."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        self.depth += 1
        self.nodes += 1
        faults = [text for name, text in _REFUSED.items() if getattr(event, name, None) is not None]
        if self.depth > MAX_DEPTH:
            faults.append(f"is nested deeper than {MAX_DEPTH} levels")
        if self.nodes > MAX_NODES:
            faults.append(f"the document has more than {MAX_NODES} values")
        if faults:
            raise Faulty(Fault(_place(event.start_mark), text) for text in faults)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """Build one value; a number or date that is none, such as 30 February, is a fault with its line."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:
            fault = Fault(_place(node.start_mark), "cannot be read; if it is meant as text, put it in quotes")
            raise (error if isinstance(error, Faulty) else Faulty([fault])) from error

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build one mapping and note its repeated keys, of which YAML would silently keep the last."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, ScalarNode) or key.value == "<<":
                raise Faulty([Fault(_place(key.start_mark), "a key must be a plain word")])
            if key.value in seen:
                self.repeated.append(Fault(_place(key.start_mark), f"the key {key.value!r} is given twice"))
            seen.add(key.value)
        return super().construct_mapping(node, deep)
