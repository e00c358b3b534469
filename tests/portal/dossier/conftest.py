"""Makers for the documents that these tests print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.dossier.blocks import Document
from portal.dossier.shapes import Block

FRONT: dict[str, Any] = {
    "title": "Nordic Fill & Finish A/S",
    "subtitle": "Oversight dossier",
    "author": "Example Pharma plc",
    "identifier": "D-2026-0042",
    "language": "en",
    "date": "2025-02-03",
    "cover": (("Site", "Hjørring, Denmark"), ("Residual rating", "4, high")),
}


@pytest.fixture
def make_document() -> Callable[..., Document]:
    """Give a maker of documents: blocks, and front matter that differs from the usual."""

    def make(*blocks: Block, **front: Any) -> Document:
        return Document(**FRONT | front, blocks=blocks)

    return make
