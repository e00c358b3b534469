"""Parse YAML text into plain values, noting what PyYAML would let pass."""

from collections.abc import Hashable
from typing import Any

import yaml

from scoring.faults import Check, shown


class _Loader(yaml.SafeLoader):
    """Notice keys that are written twice: PyYAML keeps the last, so a class could be lost unseen."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[tuple[int, str]] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                self.repeated.append((key.start_mark.line + 1, key.value))
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse(check: Check, text: str) -> object:
    """Parse the text; notes a fault by its line and returns None if it is no YAML."""
    try:
        loader = _Loader(text)
        parsed: object = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        check.fault(f"line {mark.line + 1}" if mark else "", f"is not YAML: {error.problem}")
        return None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        check.fault("", f"is not YAML: {shown(str(error))}")
        return None
    for line, key in sorted(loader.repeated):
        check.fault(f"line {line}", f"the key {shown(key)} is written twice")
    return parsed
