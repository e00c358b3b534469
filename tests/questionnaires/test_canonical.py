"""The frozen form and its digest hold the content of a document and nothing of its layout."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from questionnaires.load import canonical, digest, load

DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
LETTERS = st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters=DIRECTIONS)
WORDS = st.text(LETTERS | st.just("\n"), min_size=1, max_size=12).filter(str.strip)
VALUES = st.sampled_from(["yes", "no"])
LEAVES = st.fixed_dictionaries({"question": st.just("Q0"), "is": VALUES}) | st.fixed_dictionaries(
    {"question": st.just("Q0"), "in": st.lists(VALUES, min_size=1, max_size=2)}
)


def combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"all": several}),
        st.fixed_dictionaries({"any": several}),
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    control = {"guidance": "Look.", "references": ["21 CFR 11.10(d)"], "domain": "access", "type": "control"}
    questions: list[dict[str, Any]] = [{"id": "Q0", "type": "yes_no", "text": draw(WORDS)}]
    for number in range(1, draw(st.integers(1, 4))):
        own = {"id": f"Q{number}", "text": draw(WORDS), "evidence": draw(WORDS)}
        condition = draw(st.none() | st.recursive(LEAVES, combined, max_leaves=3))
        questions.append(control | own | ({"show_if": condition} if condition else {}))
    return {
        "key": "any",
        "version": draw(st.sampled_from(["1.0", "1.10", "22.3"])),
        **{name: draw(WORDS) for name in ("title", "subtitle", "edition", "intro")},
        "regulations": ["21cfr11"],
        "minutes": draw(st.integers(1, 9999)),
        "sections": [{"id": "s", "title": draw(WORDS), "intro": draw(WORDS), "questions": questions}],
    }


class PlainDumper(yaml.SafeDumper):
    """Write equal values out in full, where PyYAML would put an alias."""

    def ignore_aliases(self, *_: object) -> bool:
        return True


def backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=30, deadline=None)
@given(documents())
def test_the_frozen_form_loads_to_the_same_questionnaire(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    frozen = canonical(text)
    assert load(frozen) == load(text)
    assert canonical(frozen) == frozen
    assert load(text).digest == hashlib.sha256(frozen.encode()).hexdigest()


@settings(max_examples=30, deadline=None)
@given(documents(), st.booleans(), st.booleans(), st.integers(20, 200), st.integers(2, 6))
def test_the_digest_depends_neither_on_layout_nor_on_the_order_of_keys(
    document: dict[str, Any], flow: bool, raw: bool, width: int, indent: int
) -> None:
    layout = {"default_flow_style": flow, "allow_unicode": raw, "width": width, "indent": indent}
    text = yaml.dump(backwards(document), Dumper=PlainDumper, sort_keys=False, **layout)
    assert load(text) == load(json.dumps(document))


@settings(max_examples=30, deadline=None)
@given(documents(), LETTERS.filter(str.strip))
def test_the_digest_changes_with_any_letter(document: dict[str, Any], letter: str) -> None:
    other = copy.deepcopy(document)
    other["sections"][0]["questions"][-1]["text"] += letter
    assert digest(json.dumps(other)) != digest(json.dumps(document))
