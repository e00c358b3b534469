"""Report what is wrong with a document, every fault at once and each by its place."""

import json
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LONGEST_TEXT: Final = 200
MISSING: Final = object()  # already reported once; the checks below pass over it in silence

_KINDS: Final[dict[type, str]] = {str: "text", list: "a list", tuple: "a list", dict: "an object"}
# Line breaks and controls would forge lines in a printed report; lone surrogates have no UTF-8 form.
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_LARGEST_SHOWN: Final = 10**12


@dataclass(frozen=True, slots=True)
class Fault:
    """Name one thing that is wrong, and where."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Faulty(ValueError):
    """Carry every fault of a document."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def shown(value: object) -> str:
    """Describe a wrong value in a few safe characters, however large or strange it is."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "...")
    if isinstance(value, int) and abs(value) > _LARGEST_SHOWN:
        return "a huge number"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return _KINDS.get(type(value), f"a {type(value).__name__}")


def at(place: str, key: str) -> str:
    """Give the place of a key inside a place; the whole document is the empty place."""
    name = key if key.isprintable() and len(key) <= LONGEST_TEXT else shown(key)
    return f"{place}.{name}" if place else name


class Check:
    """Read values out of a parsed document; note a wrong one and return a stand-in of the right type."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, place: str, text: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(place or "document", text))

    def done(self) -> None:
        """Raise Faulty if anything was noted."""
        if self.faults:
            raise Faulty(self.faults)

    def entries(self, place: str, value: object) -> dict[str, object]:
        """Return the entries of an object whose keys are free."""
        if value is MISSING:
            return {}
        if not isinstance(value, Mapping):
            self.fault(place, f"must be an object, not {shown(value)}")
            return {}
        for key in value:
            if not isinstance(key, str):
                self.fault(place, f"the key {shown(key)} must be text; put it in quotes")
        return {key: item for key, item in value.items() if isinstance(key, str)}

    def mapping(
        self, place: str, value: object, required: Collection[str], optional: Collection[str] = ()
    ) -> dict[str, object]:
        """Return the entries of an object whose keys are fixed; a key that is not there stands as MISSING."""
        found = self.entries(place, value)
        for key in found:
            if key not in required and key not in optional:
                self.fault(at(place, key), "unknown key")
        if isinstance(value, Mapping):
            for key in required:
                if key not in found:
                    self.fault(at(place, key), "missing")
        return dict.fromkeys(required, MISSING) | found

    def items(self, place: str, value: object, length: int | None = None) -> list[object]:
        """Return the items of a list, which must have the given length if there is one."""
        wanted = "a list" if length is None else f"a list of {length}"
        if isinstance(value, list | tuple) and length in (None, len(value)):
            return list(value)
        if value is not MISSING:
            found = f"a list of {len(value)}" if isinstance(value, list | tuple) else shown(value)
            self.fault(place, f"must be {wanted}, not {found}")
        return [MISSING] * (length or 0)

    def text(self, place: str, value: object) -> str:
        """Return one line of text that can be printed and written as UTF-8."""
        if value is MISSING:
            return ""
        if not isinstance(value, str):
            self.fault(place, f"must be text, not {shown(value)}")
            return ""
        if not 1 <= len(value) <= LONGEST_TEXT or value != value.strip():
            self.fault(place, f"must be 1 to {LONGEST_TEXT} characters without blanks at the ends")
            return ""
        if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value):
            self.fault(place, f"has a character that cannot be printed: {shown(value)}")
            return ""
        return value

    def whole(self, place: str, value: object, least: int, most: int) -> int:
        """Return a whole number within limits; true and false are no numbers."""
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if value is not MISSING:
            self.fault(place, f"must be a whole number from {least} to {most}, not {shown(value)}")
        return least

    def flag(self, place: str, value: object) -> bool:
        """Return true or false; 0 and 1 are neither."""
        if not isinstance(value, bool) and value is not MISSING:
            self.fault(place, f"must be true or false, not {shown(value)}")
        return value is True

    def one_of(self, place: str, value: object, names: Sequence[str]) -> str:
        """Return one of the names."""
        if isinstance(value, str) and value in names:
            return value
        if value is not MISSING:
            self.fault(place, f"must be one of {', '.join(names)}, not {shown(value)}")
        return names[0]
