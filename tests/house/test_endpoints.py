"""Every endpoint says who may use it, in one place, and every view stands in the blueprint of its noun."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import Found, functions, refuse

MARKS = ("allows", "public")


def test_every_view_carries_exactly_one_mark():
    views = [(item, list(_decorators(item))) for item in functions("portal/views")]
    routed = [(item, names) for item, names in views if any(name.startswith("blueprint.") for name in names)]
    assert routed, "no view was found: tell this rule how views are registered now"
    refuse(
        [f"{item.place}: {names}" for item, names in routed if sum(name in MARKS for name in names) != 1],
        'A view carries exactly one mark: @allows("noun.verb"), or @public("why everybody may").',
    )
    refuse(
        [f"{item.place}: {names}" for item, names in views if set(names) & set(MARKS) and (item, names) not in routed],
        "A mark on what is no view protects nothing. Put it on the view that calls this.",
    )


def test_a_view_answers_to_one_route_that_names_its_method():
    refuse(
        [
            f"{item.place}: {names}"
            for item in functions("portal/views")
            if (names := [name for name in _decorators(item) if name.startswith("blueprint.")])
            and (len(names) != 1 or names[0].removeprefix("blueprint.") not in {"get", "post"})
        ],
        "Reading is @blueprint.get, changing is @blueprint.post; a view that does both hides which one was let in.",
    )


def test_routes_are_registered_by_decorator_alone():
    refuse(
        [
            f"{item.place}: {ast.unparse(node.func)}"
            for item in functions("portal")
            for node in ast.walk(item.node)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_url_rule"
        ],
        "Register views by decorator, where the mark stands beside the route.",
    )


def _decorators(item: Found) -> Iterator[str]:
    for node in item.node.decorator_list:
        yield ast.unparse(node.func if isinstance(node, ast.Call) else node)
