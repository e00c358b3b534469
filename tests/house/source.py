"""The repository as the house rules read it: its files, and the functions in them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("portal", "questionnaires", "scoring", "agreements", "migrations")
# Made by tools, or an operator's own: no rule is about them.
PASSED_BY = {".git", ".venv", "var", "build", "__pycache__"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Found:
    """A function with its place: file, and name from the outermost class or function inwards."""

    path: str
    name: str
    node: Function
    depth: int

    @property
    def place(self) -> str:
        return f"{self.path}:{self.node.lineno} {self.name}"

    @property
    def lines(self) -> int:
        return (self.node.end_lineno or 0) - self.node.lineno + 1

    @property
    def public(self) -> bool:
        return self.depth == 0 and not any(part.startswith("_") for part in self.name.split("."))


@cache
def files(*endings: str, under: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    """Return the repository's own files with one of the endings, as addresses from its root."""
    found = (path for folder in under for path in _walk(ROOT / folder))
    return tuple(sorted(str(path.relative_to(ROOT)) for path in found if path.name.endswith(endings or "")))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name in PASSED_BY or path.name.endswith((".egg-info", "_cache", ".hypothesis")):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def text(path: str) -> str:
    """Return a file's text; bytes that are no text are passed over."""
    return (ROOT / path).read_text("utf-8", errors="replace")


@cache
def tree(path: str) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(text(path), path)


@cache
def functions(*under: str) -> tuple[Found, ...]:
    """Return every function below some folders, methods and inner functions too."""
    paths = files(".py", under=under or PRODUCT)
    return tuple(found for path in paths for found in _functions(path, tree(path), "", 0))


def _functions(path: str, node: ast.AST, within: str, depth: int) -> Iterator[Found]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield Found(path, f"{within}{child.name}", child, depth)
            yield from _functions(path, child, f"{within}{child.name}.", depth + 1)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(path, child, f"{within}{child.name}.", depth)
        else:
            yield from _functions(path, child, within, depth)


def blocks(path: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield (name, node) for a file's own level, under its address, and for each function in it."""
    yield path, tree(path)
    for item in functions(path.partition("/")[0]):
        if item.path == path:
            yield f"{path} {item.name}", item.node


def own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a block itself says; the functions within it speak for themselves."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function):
            yield child
            yield from own(child)


def calls(node: ast.AST, names: Collection[str]) -> bool:
    """Tell whether a block calls something by one of the names, such as `session.commit()`."""
    called = (part.func for part in own(node) if isinstance(part, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr in names for call in called)


def imported(path: str) -> Iterator[tuple[str, str, int]]:
    """Yield (module, name, line) for each import of a file; the name is empty for a whole module."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name, node.lineno) for alias in node.names)


def refuse(faults: list[str], rule: str) -> None:
    """Fail with each fault on its line, under the rule and what to do about it."""
    assert not faults, "\n".join([f"{rule} ({len(faults)} found)", *faults])
