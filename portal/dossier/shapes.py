"""What each field of a document and each kind of block must look like.

A check takes a value and returns what is wrong with it, or an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from portal.dossier import drawing
from portal.dossier.palette import TONES

TEXT_TONES = ("plain", "muted", "warning")

Block = dict[str, Any]
Check = Callable[[Any], str]


def fault(block: object) -> str:
    """Return the first thing that is wrong with a block, or an empty text."""
    if not isinstance(block, dict) or block.get("kind") not in SHAPES:
        return f"unknown kind; there are {', '.join(SHAPES)}"
    shape = SHAPES[block["kind"]]
    if block.keys() - {"kind"} != shape.keys():
        return f"must have exactly these fields: {', '.join(shape) or 'none'}"
    faults = (f"{name} {fault}" for name, check in shape.items() if (fault := check(block[name])))
    return next(faults, "") or (_unlike_its_head(block) if block["kind"] == "table" else "")


def _unlike_its_head(block: Block) -> str:
    columns = len(block["head"])
    if len(block["widths"]) != columns or any(len(row) != columns for row in block["rows"]):
        return f"each row, and widths, must have {columns} entries like the head"
    return ""


def _words(value: object) -> str:
    if not isinstance(value, str):
        return "must be text"
    return "holds half of a character pair" if re.search(r"[\ud800-\udfff]", value) else ""


def _filled(value: object) -> str:
    return _words(value) or ("must not be empty" if not str(value).strip() else "")


def _day(value: object) -> str:
    try:
        return "" if date.fromisoformat(str(value)).isoformat() == value else "must be written YYYY-MM-DD"
    except ValueError:
        return "must be a date, written YYYY-MM-DD"


def _language(value: object) -> str:
    return "" if re.fullmatch(r"[a-z]{2,3}", str(value)) else "must be a language code of two or three letters"


def _boolean(value: object) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _one_of(*allowed: str) -> Check:
    return lambda value: "" if value in allowed else f"must be one of {', '.join(allowed)}"


def _whole(low: int, high: int) -> Check:
    def check(value: object) -> str:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if fits else f"must be a whole number from {low} to {high}"

    return check


def _each(check: Check, at_least: int = 0) -> Check:
    def check_all(value: object) -> str:
        if not isinstance(value, list | tuple) or len(value) < at_least:
            return f"must be a list of at least {at_least}"
        return next(filter(None, map(check, value)), "")

    return check_all


def _exactly(*checks: Check) -> Check:
    def check_all(value: object) -> str:
        if not isinstance(value, list | tuple) or len(value) != len(checks):
            return f"must hold groups of {len(checks)}"
        return next((fault for check, item in zip(checks, value, strict=True) if (fault := check(item))), "")

    return check_all


pairs = _each(_exactly(_words, _words))
_texts = _each(_words)

FRONT: dict[str, Check] = {
    "title": _filled,
    "subtitle": _words,
    "author": _filled,
    "identifier": _filled,
    "language": _language,
    "date": _day,
    "cover": pairs,
    "uncontrolled": _boolean,
}

SHAPES: dict[str, dict[str, Check]] = {
    "heading": {"level": _whole(1, 3), "text": _filled},
    "text": {"text": _words, "tone": _one_of(*TEXT_TONES)},
    "facts": {"pairs": pairs},
    "table": {
        "head": _each(_words, at_least=1),
        "rows": _each(_texts),
        "widths": _each(_whole(1, 1000)),
    },
    "vector": {"svg": drawing.fault, "alt": _filled, "width_mm": _whole(20, 166)},
    "question": {
        "id": _filled,
        "text": _filled,
        "answer": _words,
        "comment": _words,
        "verdict": _words,
        "evidence": _texts,
        "references": _texts,
        "remarks": _texts,
        "tone": _one_of(*TONES),
    },
    "signature": {
        "printed_name": _filled,
        "title": _words,
        "at": _filled,
        "meaning": _filled,
        "digest": _words,
        "method": _words,
    },
    "page_break": {},
}
