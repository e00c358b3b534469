"""The one canonical form and digest of whatever is signed, scored or put into a dossier.

Two people who hold the same content get the same bytes: keys sorted, no blanks, UTF-8, no floats.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID


def plain(value: Any) -> Any:
    """Turn a value into what JSON can hold; raise TypeError for what has no one written form."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    # A float has several written forms, and the digest must not depend on the machine.
    raise TypeError(f"{type(value).__name__} has no canonical form")


def stamp(moment: datetime) -> str:
    """Write a moment in UTC to the microsecond, with its offset (11.50(a)(2))."""
    if moment.tzinfo is None:
        raise TypeError("a moment without a time zone has no canonical form")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(content: Any) -> bytes:
    """Write content in its one form, as UTF-8 bytes."""
    return json.dumps(
        plain(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(content: Any) -> str:
    """Return the SHA-256 of the canonical form, as 64 hexadecimal characters."""
    return hashlib.sha256(canonical(content)).hexdigest()


def seal(key: bytes, *parts: str) -> str:
    """Return the keyed digest (HMAC-SHA-256) of texts, so that only the holder of the key can make it."""
    return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 hexadecimal characters."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which a content is not what it was: empty where there was, or is, nothing."""

    place: str
    field: str
    old: str
    new: str


def differences(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> Iterator[Difference]:
    """Yield where two contents differ, place by place and field by field."""
    for place in {**before, **after}:
        old, new = before.get(place, {}), after.get(place, {})
        for field in {**old, **new}:
            if old.get(field, "") != new.get(field, ""):
                yield Difference(place, field, old.get(field, ""), new.get(field, ""))


def parsed(text: str) -> Any:
    """Read canonical text back."""
    return json.loads(text)
