"""Who may do what: the table of roles and permissions, and the door that refuses silence.

Each endpoint carries exactly one mark: `allows("noun.verb")` or `public(reason)`. An endpoint without one keeps
the application from starting. The table is data (permissions.csv): the application reads it, the tests check it,
and the matrix of roles and endpoints is generated from it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

from flask import Flask, request

from portal import audit, tenancy
from portal.errors import Forbidden
from questionnaires import lifecycle

View = TypeVar("View", bound=Callable[..., Any])
Door = Literal["staff", "cmo", "public"]
STAFF_ROLES = ("admin", "qa", "approver", "viewer", "auditor")
CMO_ROLES = ("respondent", "signer")
MATRIX_COLUMNS = ("address", "methods", "permission", "roles")
STATE_COLUMNS = ("role", "verb", "state", "outcome")
REFUSED_BY_ROLE, REFUSED_BY_STATE = "refused: role", "refused: state"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Mark:
    """What an endpoint demands: a permission behind one of the doors, or a reason why it is public."""

    door: Door
    permission: str
    reason: str = ""


class Unmarked(RuntimeError):
    """An endpoint says nothing about who may use it."""


@cache
def table() -> Mapping[str, frozenset[str]]:
    """Return permission -> roles, as permissions.csv says."""
    return {
        row["permission"]: frozenset(role for role in (*STAFF_ROLES, *CMO_ROLES) if row[role] == "x") for row in _rows()
    }


@cache
def meanings() -> Mapping[str, str]:
    """Return permission -> what it lets people do, in words."""
    return {row["permission"]: row["meaning"] for row in _rows()}


@cache
def moves() -> Mapping[str, str]:
    """Return verb -> the permission that it needs: what the table lets people do to an assessment."""
    return {verb: row["permission"] for row in _rows() for verb in row["moves"].split()}


def _rows() -> list[dict[str, str]]:
    with files("portal").joinpath("permissions.csv").open(encoding="utf-8") as source:
        return list(csv.DictReader(source, restval=""))


def may(role: str, permission: str) -> bool:
    """Tell whether a role holds a permission; an unknown permission is a KeyError, never a yes."""
    return role in table()[permission]


def allows(permission: str) -> Callable[[View], View]:
    """Mark a view with the one permission that it demands."""
    return _mark(Mark(door_of(permission), permission))


def door_of(permission: str) -> Door:
    """Return the door behind which a permission is used."""
    return "cmo" if table()[permission] <= set(CMO_ROLES) else "staff"


def public(reason: str) -> Callable[[View], View]:
    """Mark a view as open to everybody, with the reason."""
    return _mark(Mark("public", "", reason))


def _mark(mark: Mark) -> Callable[[View], View]:
    def put(view: View) -> View:
        view.mark = mark  # type: ignore[attr-defined]  # functions take attributes
        return view

    return put


def mark_of(app: Flask, endpoint: str) -> Mark:
    """Return the mark of an endpoint; raise Unmarked if it has none."""
    view = app.view_functions[endpoint]
    mark = getattr(view, "mark", None)
    if isinstance(mark, Mark):
        return mark
    # Files that ship with packages hold nothing of anybody's.
    if endpoint == "static" or endpoint.endswith(".static"):
        return Mark("public", "", "files that ship with the portal")
    raise Unmarked(f"{endpoint}: mark the view with access.allows(...) or access.public(...)")


def refuse_silence(app: Flask) -> None:
    """Raise Unmarked if any endpoint says nothing; called at the end of start-up."""
    for endpoint in app.view_functions:
        mark_of(app, endpoint)


def check(permission: str) -> None:
    """Let the present actor pass, or leave an audit entry and raise Forbidden."""
    role = tenancy.scope().actor.role
    if not may(role, permission):
        audit.record_now("access.refused", permission=permission, method=request.method, address=request.path)
        raise Forbidden(f"It needs the permission '{permission}', which the role '{role}' does not have.")


def matrix(app: Flask) -> Iterator[tuple[str, str, str, str]]:
    """Yield (address, methods, permission, roles) for each rule, sorted: the written role matrix."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        mark = mark_of(app, rule.endpoint)
        methods = " ".join(sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}))
        roles = " ".join(sorted(table()[mark.permission])) if mark.permission else "everybody"
        yield rule.rule, methods, mark.permission or f"public: {mark.reason}", roles


def states() -> Iterator[tuple[str, str, str, str]]:
    """Yield (role, verb, state, outcome) for each role of a verb's door: the state that follows, or why none does."""
    for verb, permission in moves().items():
        for role in STAFF_ROLES if door_of(permission) == "staff" else CMO_ROLES:
            for state in lifecycle.STATES:
                moved = lifecycle.MOVES.get((state, verb), REFUSED_BY_STATE)
                yield role, verb, state, moved if may(role, permission) else REFUSED_BY_ROLE
