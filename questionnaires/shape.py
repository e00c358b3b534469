"""Build checks of a document's form out of small ones: each yields every fault it finds, with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime

from questionnaires.document import Fault

Check = Callable[[object, str], Iterator[Fault]]

# Threat: a signed text must read the same to everybody. Control characters cannot be shown and break XML and
# PDF; half characters cannot be stored; direction overrides make a text read otherwise than it is stored.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
# Ids become parts of addresses, form fields and file names.
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}")

_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a decimal number",
    date: "a date",
    datetime: "a date",
    str: "text",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
}
_QUOTE_WORDS = '; YAML takes yes, no, on and off that way unless they are in quotes, so write "yes" or "no"'
_HINTS: Mapping[type, str] = {
    bool: _QUOTE_WORDS,
    **dict.fromkeys((int, float, date, datetime), "; put it in quotes"),
}


def forbidden_character(value: str) -> str:
    """Name the first character that no text may hold, as U+0000; nothing when there is none."""
    found = _FORBIDDEN.search(value)
    return f"U+{ord(found.group()):04X}" if found else ""


def text(value: object, place: str) -> Iterator[Fault]:
    """Check for text that can be read and is not empty."""
    if not isinstance(value, str):
        yield Fault(place, _wrong("text", value))
    elif not value.strip():
        yield Fault(place, "is empty")
    elif character := forbidden_character(value):
        yield Fault(place, f"holds the character {character}, which may not be in a text")


def text_or_empty(value: object, place: str) -> Iterator[Fault]:
    """Check for text that can be read, or the empty text."""
    if value != "":
        yield from text(value, place)


def flag(value: object, place: str) -> Iterator[Fault]:
    """Check for true or false."""
    if not isinstance(value, bool):
        yield Fault(place, _wrong("true or false", value))


def matching(pattern: re.Pattern[str], wanted: str) -> Check:
    """Make a check for text of one pattern, which `wanted` describes."""

    def check(value: object, place: str) -> Iterator[Fault]:
        faults = list(text(value, place))
        yield from faults
        if not faults and not pattern.fullmatch(str(value)):
            yield Fault(place, f"must be {wanted}, not {_short(value)}")

    return check


identifier = matching(_IDENTIFIER, "1 to 64 letters, digits, dots, dashes or underscores")
version = matching(_VERSION, 'digits, a dot and digits in quotes, such as "1.0"')


def one_of(values: Collection[str]) -> Check:
    """Make a check for one of a few words."""

    def check(value: object, place: str) -> Iterator[Fault]:
        if not isinstance(value, str) or value not in values:
            yield Fault(place, f"must be one of {', '.join(values)}, not {_short(value)}")

    return check


def whole(least: int, most: int) -> Check:
    """Make a check for a whole number within bounds."""

    def check(value: object, place: str) -> Iterator[Fault]:
        if type(value) is not int:
            yield Fault(place, _wrong("a whole number", value))
        elif not least <= value <= most:
            yield Fault(place, f"must be from {least} to {most}")

    return check


def each(item: Check) -> Check:
    """Make a check for a list with at least one entry, each of which passes the given check."""

    def check(value: object, place: str) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield Fault(place, _wrong("a list", value))
        elif not value:
            yield Fault(place, "is empty")
        else:
            for index, entry in enumerate(value):
                yield from item(entry, f"{place}[{index}]")

    return check


def record(fields: Mapping[str, Check], optional: Collection[str] = ()) -> Check:
    """Make a check for a mapping with these keys and no others; each value passes the check of its key."""

    def check(value: object, place: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(place or "document", _wrong("a mapping", value))
            return
        for key in value:
            if key not in fields:
                yield Fault(place or "document", f"has the unknown key {_short(key)}")
        for key, field in fields.items():
            here = f"{place}.{key}" if place else key
            if key in value:
                yield from field(value[key], here)
            elif key not in optional:
                yield Fault(here, "is missing")

    return check


def _wrong(wanted: str, value: object) -> str:
    hint = _HINTS.get(type(value), "") if wanted == "text" else ""
    return f"must be {wanted}, not {_KINDS.get(type(value), 'another kind of value')}{hint}"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
