"""Prints a controlled record: Document -> PDF, exported as PDF/A-3a and PDF/UA-1, with its data attached.

The same document gives the same bytes, on any machine: only the fonts inside the typesetter are used, and the
creation date is the date of the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import typst

from portal.dossier.blocks import Document
from portal.dossier.palette import INK, WASH

STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]
# Each further character costs one more run; a text in a script without a font would need hundreds.
MOST_NAMED = 5

_REFUSALS = tuple(
    re.compile(pattern)
    for pattern in (
        r'the text `"(.+?)"` could not be displayed',
        r'disallowed codepoint `"(.+?)"`',
        r'contains the codepoint `"(.+?)"`',
    )
)


class Unprintable(ValueError):
    """Says which characters no font at hand can print, where they stand, and what to do."""

    def __init__(self, characters: Sequence[str], places: Sequence[str]) -> None:
        self.characters = tuple(characters)
        self.places = tuple(places)
        at: dict[str, list[str]] = {}
        for text, place in zip(characters, places, strict=True):
            at.setdefault(place, []).append(_code_points(text))
        named = "; ".join(f"{', '.join(codes)} in {place}" for place, codes in at.items())
        more = " There may be more." if len(characters) >= MOST_NAMED else ""
        super().__init__(
            f"No font at hand can print {named}.{more} Have the text corrected, or take the dossier as JSON."
        )


class TypesettingFailed(RuntimeError):
    """Says that the typesetter refused a document for a reason that lies in the template, not in the text."""


def render(document: Document) -> bytes:
    """Print a document; raises Unprintable for a character without a font."""
    model = document.as_json().decode()
    try:
        return _typeset(model, document.digest)
    except typst.TypstError as refusal:
        first = _refused(refusal)
        if not first:
            raise TypesettingFailed(str(refusal)) from refusal
        characters = _all_refused(model, document.digest, first)
        raise Unprintable(characters, [_place(document, text) for text in characters]) from refusal


def _typeset(model: str, digest: str) -> bytes:
    try:
        pdf = typst.compile(
            _template(),
            font_paths=_fonts(),
            sys_inputs={"model": model, "digest": digest, "look": json.dumps({"ink": INK, "wash": WASH})},
            pdf_standards=STANDARDS,
        )
    except BaseException as panic:
        # Text in many scripts at once can make the typesetter panic, and a panic is no Exception: let through, it
        # would end the thread that serves.
        if type(panic).__name__ == "PanicException":
            raise TypesettingFailed("the typesetter gave up on a text in this document") from panic
        raise
    if not isinstance(pdf, bytes):
        raise TypesettingFailed("the typesetter gave no file")
    return pdf


@cache
def _fonts() -> typst.Fonts:
    # The fonts of the machine would make the same document differ from machine to machine.
    return typst.Fonts(include_system_fonts=False)


@cache
def _template() -> bytes:
    return files("portal.dossier").joinpath("typeset.typ").read_bytes()


def _refused(refusal: typst.TypstError) -> str:
    found = next(filter(None, (pattern.search(str(refusal)) for pattern in _REFUSALS)), None)
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), found[1]) if found else ""


def _all_refused(model: str, digest: str, first: str) -> list[str]:
    refused = [first]
    while len(refused) < MOST_NAMED:
        model = model.replace(json.dumps(refused[-1], ensure_ascii=False)[1:-1], "")
        try:
            _typeset(model, digest)
            break
        except typst.TypstError as refusal:
            text = _refused(refusal)
            if not text or text in refused:
                break
            refused.append(text)
    return refused


def _place(document: Document, text: str) -> str:
    return next((place for place, value in document.strings() if text in value), "the document")


def _code_points(text: str) -> str:
    codes = " ".join(f"U+{ord(character):04X}" for character in text)
    return f"“{text}” ({codes})" if text.isprintable() else codes
