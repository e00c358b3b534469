"""Give the one text of plain values, and its digest, so that the same content always has the same bytes."""

import hashlib
import json


def canonical(value: object) -> str:
    """Write plain values as JSON: keys sorted by code point, no blanks, characters not escaped to ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """Give the SHA-256 of the canonical text in UTF-8, as lower-case hex."""
    return text_digest(canonical(value))


def text_digest(text: str) -> str:
    """Give the SHA-256 of a text in UTF-8, as lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()
