"""How modules and functions are written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

from tests.house.source import PRODUCT, Found, Function, files, functions, refuse, tree

EVERYTHING = (*PRODUCT, "tests")
# A file of this name takes in whatever has no place; name it after its noun instead.
NAMELESS = {"util", "utils", "helper", "helpers", "common", "core", "misc", "shared", "lib", "tools"}
# Words that begin a sentence about a thing. A function does something, so its sentence begins with a verb.
NOT_VERBS = {
    "a", "an", "the", "this", "that", "these", "those", "it", "its", "there", "here", "i", "we", "you", "he", "she",
    "they", "his", "her", "our", "my", "one", "all", "any", "each", "every", "some", "no", "not", "both", "either",
    "what", "who", "which", "when", "where", "why", "how", "if", "as", "at", "by", "for", "from", "in", "into",
    "of", "on", "to", "with", "without", "and", "or", "but", "so", "only", "just", "function", "method", "helper",
    "utility", "wrapper", "class", "module", "object",
}  # fmt: skip
VERB = re.compile(r"^[A-Z][a-z]+$")
# Names that a library looks for; what they do is said in its manual.
OVERRIDDEN = {"process_bind_param", "process_result_value", "handle_DATA"}


def test_every_module_imports_at_its_top():
    refuse(
        [place for path in files(".py", under=EVERYTHING) for place in _inner_imports(path)],
        "No import stands inside a function. If you need one there, the line is on the wrong floor.",
    )


def test_no_file_has_a_name_that_says_nothing():
    parts = {path: {PurePath(part).stem.lower() for part in PurePath(path).parts} for path in files(under=EVERYTHING)}
    refuse(
        [path for path, names in parts.items() if names & NAMELESS],
        f"No file or folder is called {', '.join(sorted(NAMELESS))}. Name it after the noun it is about.",
    )


def test_every_function_says_its_types():
    refuse(
        [f"{item.place}: {name}" for item in functions() for name in _untyped(item.node)],
        "Every function of the product has types on all arguments and on what it returns.",
    )


def test_every_public_function_begins_its_docstring_with_a_verb():
    refuse(
        [f"{item.place}: {fault}" for item in _described() for fault in _faults(ast.get_docstring(item.node) or "")],
        "Every public function has a docstring: one sentence that starts with a verb and ends with a full stop.",
    )


def test_every_module_and_migration_says_what_it_is_for():
    refuse(
        [path for path in files(".py", under=PRODUCT) if not (ast.get_docstring(tree(path)) or "").strip()],
        "Every module begins with a docstring that says what belongs there; a migration says what it changes.",
    )


def _inner_imports(path: str) -> list[str]:
    return [
        f"{path}:{child.lineno}"
        for node in ast.walk(tree(path))
        if isinstance(node, Function | ast.Lambda)
        for child in ast.walk(node)
        if isinstance(child, ast.Import | ast.ImportFrom)
    ]


def _untyped(node: Function) -> Iterator[str]:
    given = node.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    for place, argument in enumerate([*arguments, *(item for item in (given.vararg, given.kwarg) if item)]):
        if argument.annotation is None and not (place == 0 and argument.arg in {"self", "cls"}):
            yield f"{argument.arg} has no type"
    if node.returns is None:
        yield "does not say what it returns"


def _described() -> Iterator[Found]:
    for item in functions(*(folder for folder in PRODUCT if folder != "migrations")):
        name = item.name.rpartition(".")[2]
        if item.public and name not in OVERRIDDEN and not _is_overload(item.node):
            yield item


def _is_overload(node: Function) -> bool:
    return any(isinstance(item, ast.Name) and item.id == "overload" for item in node.decorator_list)


def _faults(docstring: str) -> Iterator[str]:
    if not docstring:
        yield "has no docstring"
        return
    first = docstring.split()[0].rstrip(",.:;")
    if not VERB.match(first) or first.lower() in NOT_VERBS or first.endswith(("tion", "ness")):
        yield f"begins with {first!r}, which is no verb"
    if not docstring.split("\n\n")[0].rstrip().endswith("."):
        yield "does not end with a full stop"
