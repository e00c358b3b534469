"""The few SVG elements that a document may carry, how they are written, and how a drawing is checked.

A drawing is put into pages and PDFs unescaped, so what is not on these lists is refused: no script, no style,
no link, no outside file, no entity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from markupsafe import escape

NAMESPACE = "http://www.w3.org/2000/svg"
ELEMENTS = frozenset({"svg", "g", "rect", "line", "text"})
ATTRIBUTES = frozenset(
    {
        *("viewBox", "role", "aria-label", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "rx"),
        *("fill", "stroke", "stroke-width", "stroke-dasharray"),
        *("font-family", "font-size", "font-weight", "text-anchor"),
    }
)
_WORDS = frozenset({"aria-label"})
_VALUE = re.compile(r"[A-Za-z0-9#.,% -]*")


class Drawing(NamedTuple):
    """A picture and the sentence that says the same to a reader who cannot see it."""

    svg: str
    alt: str


def element(name: str, content: str = "", **attributes: object) -> str:
    """Write one element; content is markup that was made here, attribute values are escaped."""
    pairs = "".join(f' {key.replace("_", "-")}="{escape(written(value))}"' for key, value in attributes.items())
    return f"<{name}{pairs}>{content}</{name}>"


def written(value: object) -> str:
    """Write a coordinate with at most two decimals: the same drawing has the same bytes everywhere."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def label(x: float, y: float, text: str, **attributes: object) -> str:
    """Write text at a place; the text is escaped."""
    return element("text", str(escape(text)), x=x, y=y, **attributes)


def picture(width: int, height: int, alt: str, parts: list[str]) -> Drawing:
    """Put parts into one picture, measured in its own units."""
    svg = element(
        "svg",
        "".join(parts),
        xmlns=NAMESPACE,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_label=alt,
        font_family="sans-serif",
    )
    return Drawing(svg, alt)


def fault(svg: object) -> str:
    """Return what forbids a drawing, or an empty text."""
    if not isinstance(svg, str) or "<!" in svg or "<?" in svg:
        return "is not a plain drawing: declarations, comments and entities are refused"
    try:
        # Entities need a declaration, and those were refused above.
        root = ElementTree.fromstring(svg)  # noqa: S314
    except ElementTree.ParseError as broken:
        return f"is not well-formed: {broken}"
    if root.tag != f"{{{NAMESPACE}}}svg":
        return "is not a drawing: the outer element must be svg"
    return next(_faults(root), "")


def _faults(root: ElementTree.Element) -> Iterator[str]:
    for node in root.iter():
        name = node.tag.removeprefix(f"{{{NAMESPACE}}}")
        if name not in ELEMENTS:
            yield f"holds the element {name!r}, which is not allowed"
        for key, value in node.attrib.items():
            if key not in ATTRIBUTES or not (key in _WORDS or _VALUE.fullmatch(value)):
                yield f"holds the attribute {key}={value[:40]!r}, which is not allowed"
