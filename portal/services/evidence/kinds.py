"""Which kinds of files are taken: the ending says one, and the content must agree."""

from __future__ import annotations

import codecs
import re
from typing import IO
from zipfile import BadZipFile

import filetype

from portal.errors import Invalid, KindRefused
from portal.services.evidence import archives

# Ending -> media type, as decided by content. Nothing that a browser would run is among them.
KINDS = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "txt": "text/plain",
    "csv": "text/csv",
}
OFFICE_FOLDERS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
KINDS_TEXT = "PDF, PNG, JPEG, Word, Excel, PowerPoint (without macros), plain text or CSV"
SNIFFED = 8192


class Empty(Invalid):
    """The file says nothing."""

    title = "This file is empty"


def decide(name: str, stream: IO[bytes]) -> str:
    """Return the media type by content; raise KindRefused unless content and ending agree on a kind we take.

    Raises Empty for a file of blanks, archives.Unfit for an Office file that nobody should have to open.
    """
    ending = name.rpartition(".")[2].lower()
    if ending not in KINDS:
        raise KindRefused(f"We take {KINDS_TEXT}. This one is named '{name}'.")
    if _is_blank(stream):
        raise Empty("There is nothing in it, or nothing but blanks. Check that it was saved, and choose it again.")
    stream.seek(0)
    if not _looks_like(ending, stream):
        raise KindRefused(f"The content of '{name}' is not what its ending says. We take {KINDS_TEXT}.")
    stream.seek(0)
    return KINDS[ending]


def _is_blank(stream: IO[bytes]) -> bool:
    # An editor that saves an empty text may leave the mark of its encoding in it.
    head = stream.read(SNIFFED).removeprefix(codecs.BOM_UTF8)
    while head and not head.strip():
        head = stream.read(SNIFFED)
    return not head


def _looks_like(ending: str, stream: IO[bytes]) -> bool:
    if ending in OFFICE_FOLDERS:
        return _is_office(OFFICE_FOLDERS[ending], stream)
    head = stream.read(SNIFFED)
    if ending in {"txt", "csv"}:
        return _is_text(head)
    kind = filetype.guess(head)
    return kind is not None and kind.mime == KINDS[ending]


def _is_text(head: bytes) -> bool:
    if b"\x00" in head or filetype.guess(head) is not None:
        return False
    # A page of HTML that is named .txt would be served as text; refuse it all the same.
    return not re.search(rb"<\s*(html|script|svg|!doctype|\?xml)", head, re.IGNORECASE)


def _is_office(folder: str, stream: IO[bytes]) -> bool:
    """Look into the archive's directory alone: right folder, and no macros."""
    try:
        parts = archives.parts(stream)
    except (BadZipFile, ValueError, NotImplementedError):
        return False
    return (
        "[Content_Types].xml" in parts
        and any(name.startswith(folder) for name in parts)
        and not any(name.lower().endswith("vbaproject.bin") for name in parts)
    )
