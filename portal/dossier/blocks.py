"""The plain structure of a document: what is said, in which order, and nothing about how it looks.

A block is a dictionary that JSON can hold. Both engines (pdf, print) draw the same blocks, and the JSON form
is attached to the PDF, so anybody can recompute the digest that is printed on each page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from portal.dossier.shapes import FRONT, Block, fault, pairs
from portal.manifest import canonical

FORMAT = "oversight-document/1"


@dataclass(frozen=True)
class Document:
    """Hold a finished document: front matter, then blocks.

    The title is printed large on the cover (the supplier), the subtitle says what the document is.
    Raises ValueError that names the faulty field or block.
    """

    title: str
    subtitle: str
    author: str
    identifier: str
    language: str
    date: str
    cover: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    uncontrolled: bool = False

    def __post_init__(self) -> None:
        for name, check in FRONT.items():
            _refuse(name, check(getattr(self, name)))
        before = 0
        for number, block in enumerate(self.blocks, start=1):
            place = place_of(number, block)
            _refuse(place, fault(block))
            if block["kind"] == "heading":
                level = block["level"]
                _refuse(place, level > before + 1 and f"level {level} follows level {before}")
                before = level

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a document back from its JSON form; raises ValueError for anything that is not one."""
        content = json.loads(data)
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise ValueError(f"this is not a document of the form {FORMAT}")
        if set(content) != {*FRONT, "blocks"}:
            raise ValueError(f"a document has exactly these fields: {', '.join((*FRONT, 'blocks'))}")
        _refuse("cover", pairs(content["cover"]))
        _refuse("blocks", not isinstance(content["blocks"], list) and "must be a list")
        cover = tuple((label, value) for label, value in content.pop("cover"))
        return cls(**content | {"cover": cover, "blocks": tuple(content["blocks"])})

    def as_json(self) -> bytes:
        """Write the document in its canonical form."""
        return canonical({"format": FORMAT, **asdict(self)})

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the canonical form, as hexadecimal text."""
        return hashlib.sha256(self.as_json()).hexdigest()

    def strings(self) -> Iterator[tuple[str, str]]:
        """Yield each text of the document with the place where it stands."""
        for name in FRONT:
            yield from _strings_in(name, getattr(self, name))
        for number, block in enumerate(self.blocks, start=1):
            for field, value in block.items():
                yield from _strings_in(f"{place_of(number, block)}, {field}", value)


def heading(level: int, text: str) -> Block:
    """Make a heading of level 1, 2 or 3; it appears in the contents."""
    return _made("heading", level=level, text=text)


def text(text: str, tone: str = "plain") -> Block:
    """Make a paragraph; tone is plain, muted or warning."""
    return _made("text", text=text, tone=tone)


def facts(pairs: Iterable[tuple[str, str]]) -> Block:
    """Make a list of labels and values."""
    return _made("facts", pairs=[list(pair) for pair in pairs])


def table(head: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Block:
    """Make a table; widths are shares of the line."""
    return _made("table", head=list(head), rows=[list(row) for row in rows], widths=list(widths))


def vector(svg: str, alt: str, width_mm: int) -> Block:
    """Make a drawing of our own charts, with the words for a reader who cannot see it."""
    return _made("vector", svg=svg, alt=alt, width_mm=width_mm)


def question(
    id: str,
    text: str,
    answer: str,
    comment: str = "",
    verdict: str = "",
    evidence: Iterable[str] = (),
    references: Iterable[str] = (),
    remarks: Iterable[str] = (),
    tone: str = "none",
) -> Block:
    """Make the card of one question: its answer as a label, and the verdict on it, marked in the tone."""
    return _made(
        "question",
        id=id,
        text=text,
        answer=answer,
        comment=comment,
        verdict=verdict,
        evidence=list(evidence),
        references=list(references),
        remarks=list(remarks),
        tone=tone,
    )


def signature(printed_name: str, title: str, at: str, meaning: str, digest: str, method: str) -> Block:
    """Make the manifestation of a signature: printed name, date and time, meaning (21 CFR 11.50)."""
    return _made(
        "signature",
        printed_name=printed_name,
        title=title,
        at=at,
        meaning=meaning,
        digest=digest,
        method=method,
    )


def page_break() -> Block:
    """Make the next block begin on a new page."""
    return _made("page_break")


def place_of(number: int, block: object) -> str:
    """Name a block for a person: its number from 1, its kind, and the question if it has one."""
    kind = block.get("kind") if isinstance(block, Mapping) else type(block).__name__
    which = f" {block['id']}" if isinstance(block, Mapping) and kind == "question" and "id" in block else ""
    return f"block {number} ({kind}{which})"


def _made(kind: str, **fields: Any) -> Block:
    block = {"kind": kind, **fields}
    _refuse(f"a block ({kind})", fault(block))
    return block


def _refuse(place: str, fault: str | bool) -> None:
    if fault:
        raise ValueError(f"{place}: {fault}")


def _strings_in(place: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings_in(place, item)
