"""Spell out what no font can print: one emoji in a supplier's comment must not keep a dossier from its inspector."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from portal.dossier import blocks
from portal.dossier.blocks import Document
from portal.manifest import canonical

# What the typesetter's own fonts hold in every face: Latin, Greek, Cyrillic, punctuation, currencies, arrows.
HELD = (
    range(0x20, 0x250), range(0x370, 0x500), range(0x1E00, 0x1F00), range(0x2010, 0x2028), range(0x2030, 0x203B),
    range(0x20A0, 0x20C0), range(0x2190, 0x2200),
)  # fmt: skip
# What the document says of itself, not of the supplier.
NAMES = frozenset({"format", "kind"})
NOTE = (
    "Some characters cannot be printed with the fonts at hand. They are written as code points, such "
    "as [U+4E2D]; the JSON form of this dossier holds them as they were typed."
)


def spelt_out(document: Document, refused: Iterable[str]) -> Document:
    """Write each refused character, and every other of its script, as its code point, and say so at the front."""
    kinds = {_kind(sign) for text in refused for sign in text}
    return _spelt(document, lambda sign: _kind(sign) in kinds)


def spelt_plainly(document: Document) -> Document:
    """Write each character that a font may lack as its code point, without asking which; the last resort."""
    return _spelt(document, lambda sign: not _held(sign))


def _held(sign: str) -> bool:
    if unicodedata.category(sign)[0] in "CM":
        return sign in "\n\r\t"
    return any(ord(sign) in signs for signs in HELD)


def _spelt(document: Document, rare: Callable[[str], bool]) -> Document:
    def spell(text: str) -> str:
        return "".join(f"[U+{ord(sign):04X}]" if rare(sign) else sign for sign in text)

    content = _everywhere(spell, json.loads(document.as_json()))
    note = blocks.text(NOTE, "warning")
    if note not in content["blocks"]:
        content["blocks"].insert(0, note)
    return Document.from_json(canonical(content))


def _kind(sign: str) -> tuple[str, object]:
    """Group letters by script, other signs by their neighbourhood, so that a few runs find a whole script."""
    category = unicodedata.category(sign)
    if category.startswith("L"):
        return category[0], unicodedata.name(sign, "?").split()[0]
    return category, ord(sign) >> 8


def _everywhere(change: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_everywhere(change, item) for item in value]
    if isinstance(value, dict):
        return {key: item if key in NAMES else _everywhere(change, item) for key, item in value.items()}
    return value
