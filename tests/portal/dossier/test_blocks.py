"""The plain structure refuses what no engine could print well, and has one canonical form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from portal.dossier import blocks, shapes
from portal.dossier.blocks import Document

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
EVERY_KIND = (
    blocks.heading(1, "Summary"),
    blocks.text("Plain."),
    blocks.facts([("Level", "4")]),
    blocks.table(["A", "B"], [["1", "2"]], [1, 2]),
    blocks.vector(SVG, "A square", 40),
    blocks.question("P11-01", "Is it so?", "Implemented", evidence=["EV-1"], references=["21 CFR 11.10(e)"]),
    blocks.page_break(),
    blocks.signature("Anna Berg", "QA", "2026-11-24 14:03:11 UTC (+00:00)", "Approved", "0" * 64, "Password"),
)


def test_a_document_with_every_kind_of_block_survives_its_json_form(
    make_document: Callable[..., Document],
) -> None:
    document = make_document(*EVERY_KIND)

    assert Document.from_json(document.as_json()) == document
    assert {block["kind"] for block in EVERY_KIND} == set(shapes.SHAPES)


def test_the_json_form_is_canonical_and_the_digest_is_its_sha256(
    make_document: Callable[..., Document],
) -> None:
    data = make_document(*EVERY_KIND).as_json()

    plain = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert data == plain.encode()
    assert make_document(*EVERY_KIND).digest == hashlib.sha256(data).hexdigest()


def test_one_changed_letter_changes_the_digest(make_document: Callable[..., Document]) -> None:
    assert make_document(blocks.text("yes")).digest != make_document(blocks.text("yet")).digest


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kind": "video"}, r"block 2 \(video\): unknown kind"),
        ({"kind": "text", "text": "a"}, r"block 2 \(text\): must have exactly these fields: text, tone"),
        ({"kind": "text", "text": "a", "tone": "loud"}, r"block 2 \(text\): tone must be one of"),
        ({"kind": "text", "text": "\ud800", "tone": "plain"}, r"block 2 \(text\): text holds half"),
        ({"kind": "heading", "level": 3, "text": "a"}, r"block 2 \(heading\): level 3 follows level 1"),
        ({"kind": "vector", "svg": SVG, "alt": " ", "width_mm": 40}, r"block 2 \(vector\): alt must not be"),
        ("text", r"block 2 \(str\): unknown kind"),
    ],
)
def test_a_faulty_block_is_named_by_its_number_and_kind(
    make_document: Callable[..., Document], block: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_document(blocks.heading(1, "One"), block)


def test_the_first_heading_must_be_of_level_one(make_document: Callable[..., Document]) -> None:
    with pytest.raises(ValueError, match=r"block 1 \(heading\): level 2 follows level 0"):
        make_document(blocks.heading(2, "Two"))


def test_a_heading_is_measured_by_the_one_before_it_and_not_by_the_deepest(
    make_document: Callable[..., Document],
) -> None:
    with pytest.raises(ValueError, match=r"block 4 \(heading\): level 3 follows level 1"):
        make_document(*(blocks.heading(level, "x") for level in (1, 2, 1, 3)))


def test_headings_may_climb_back_by_more_than_one_level(make_document: Callable[..., Document]) -> None:
    make_document(*(blocks.heading(level, "x") for level in (1, 2, 3, 1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: blocks.heading(4, "a"), "level must be a whole number from 1 to 3"),
        (lambda: blocks.heading(True, "a"), "level must be a whole number"),
        (lambda: blocks.heading(1, ""), "text must not be empty"),
        (lambda: blocks.text("a", "red"), "tone must be one of plain, muted, warning"),
        (lambda: blocks.facts([("a", "b", "c")]), "pairs must hold groups of 2"),  # type: ignore[list-item]
        (lambda: blocks.table(["A"], [["1", "2"]], [1]), "must have 1 entries like the head"),
        (lambda: blocks.table(["A"], [["1"]], [1, 2]), "must have 1 entries like the head"),
        (lambda: blocks.table(["A"], [["1"]], [0]), "widths must be a whole number from 1"),
        (lambda: blocks.table([], [], []), "head must be a list of at least 1"),
        (lambda: blocks.table(["A"], [[1]], [1]), "rows must be text"),  # type: ignore[list-item]
        (lambda: blocks.vector(SVG, "", 40), "alt must not be empty"),
        (lambda: blocks.vector(SVG, "a", 500), "width_mm must be a whole number from 20 to 166"),
        (lambda: blocks.question("", "a", "b"), "id must not be empty"),
        (lambda: blocks.signature("", "a", "b", "c", "d", "e"), "printed_name must not be empty"),
    ],
)
def test_a_constructor_says_which_field_is_wrong(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<style>rect{fill:red}</style>",
        '<image href="file:///etc/passwd"/>',
        "<foreignObject><iframe/></foreignObject>",
        '<rect onload="alert(1)"/>',
        '<rect fill="url(http://example.org)"/>',
        '<rect style="fill:red"/>',
        "<!-- a remark -->",
        "<rect>",
    ],
)
def test_a_drawing_that_is_more_than_a_drawing_is_refused(inside: str) -> None:
    with pytest.raises(ValueError, match=r"svg (holds|is not)"):
        blocks.vector(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>', "A square", 40)


@pytest.mark.parametrize("svg", ['<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "<svg/>", "<p/>", "", "words"])
def test_what_is_no_drawing_at_all_is_refused(svg: str) -> None:
    with pytest.raises(ValueError, match="svg is not"):
        blocks.vector(svg, "A square", 40)


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ({"title": ""}, "title: must not be empty"),
        ({"date": "24.11.2026"}, "date: must be a date, written YYYY-MM-DD"),
        ({"date": "20261124"}, "date: must be written YYYY-MM-DD"),
        ({"language": "en-GB"}, "language: must be a language code"),
        ({"cover": (("a",),)}, "cover: must hold groups of 2"),
        ({"uncontrolled": "no"}, "uncontrolled: must be true or false"),
    ],
)
def test_faulty_front_matter_is_named(
    make_document: Callable[..., Document], front: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_document(**front)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "something/9"}, "not a document of the form"),
        ({"extra": 1}, "has exactly these fields"),
        ({"cover": [1]}, "cover: must hold groups of 2"),
        ({"blocks": 5}, "blocks: must be a list"),
    ],
)
def test_json_that_is_not_a_document_is_refused(
    make_document: Callable[..., Document], change: dict[str, Any], message: str
) -> None:
    content = json.loads(make_document().as_json()) | change

    with pytest.raises(ValueError, match=message):
        Document.from_json(json.dumps(content).encode())


def test_every_text_is_found_with_its_place(make_document: Callable[..., Document]) -> None:
    document = make_document(blocks.heading(1, "One"), blocks.question("P11-04", "Is it?", "No", evidence=["E"]))

    places = {text: place for place, text in document.strings()}
    assert places["Hjørring, Denmark"] == "cover"
    assert places["Is it?"] == "block 2 (question P11-04), text"
    assert places["E"] == "block 2 (question P11-04), evidence"
