"""Evidence: attach a file to a question, withdraw it with a reason, open it. Nothing is ever destroyed."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from uuid import UUID

import filetype
from sqlalchemy import select

from portal import audit, tenancy
from portal.db import db, now
from portal.errors import Invalid, KindRefused
from portal.models.assessments import Assessment
from portal.models.evidence import Evidence
from portal.services.assessments import answers
from portal.store import store

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
LONGEST_NAME = 150
# U+202E and its kin make "fdp.exe" look like "exe.pdf".
DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])


def limit() -> int:
    """Return the size in bytes that no file may pass."""
    return store().limit


def attach(*, question_id: str, name: str, stream: IO[bytes]) -> Evidence:
    """Store a file under a question; the same bytes under the same question are there already.

    Raises Invalid for an empty file, KindRefused for a kind that is not taken, TooBig, Conflict by state.
    """
    found = answers.room(lock=True)
    answers.editable_question(found, question_id)
    shown = safe_name(name)
    media_type = decide_kind(shown, stream)
    digest, size = store().put(stream)
    for known in found.evidence.get(question_id, ()):
        if known.digest == digest and known.withdrawn_at is None:
            return known
    row = Evidence(
        assessment_id=found.assessment.id, question_id=question_id, name=shown, size=size, digest=digest,
        media_type=media_type, uploaded_at=now(), uploaded_by=tenancy.scope().actor.name,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def withdraw(*, evidence_id: UUID, reason: str) -> Evidence:
    """Mark a file as withdrawn, with the reason; it stays in the store and in the dossier.

    Raises Invalid without a reason; once it is withdrawn, the first reason stands.
    """
    found = answers.room(lock=True)
    row = tenancy.fetch(Evidence, evidence_id)
    answers.editable_question(found, row.question_id)
    if row.withdrawn_at is not None:
        return row
    if len(reason.strip()) < 5:
        raise Invalid("Say in a few words why this file is withdrawn.")
    audit.because(reason)
    row.withdrawn_at, row.withdrawn_by = now(), tenancy.scope().actor.name
    row.withdrawn_because = reason.strip()
    return row


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was checked and is ready to be handed out."""

    name: str
    size: int
    media_type: str
    digest: str
    chunks: Iterator[bytes]


def open_file(*, evidence_id: UUID) -> Opened:
    """Return a file with its checked bytes, and leave an entry of who looked; raise Damaged if they do not fit."""
    row = tenancy.fetch(Evidence, evidence_id)
    opened = Opened(row.name, row.size, row.media_type, row.digest, store().read(row.digest))
    # In a transaction of its own: the long way of the bytes to the reader must not hold the database.
    audit.record_now("evidence.opened", row, name=row.name, size=row.size, sha256=row.digest)
    return opened


def of_assessment(assessment: Assessment) -> list[Evidence]:
    """Return every file of an assessment, withdrawn ones too, oldest first."""
    statement = select(Evidence).where(Evidence.assessment_id == assessment.id)
    return list(db.session.scalars(statement.order_by(Evidence.uploaded_at, Evidence.name)))


def safe_name(name: str) -> str:
    """Return a name that is fit to be shown and offered: no folder, no control or direction signs, no tricks."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name).translate(DIRECTIONS))[-1]
    clean = re.sub(r'[\x00-\x1f\x7f"*:<>?|]+', "_", last).strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if dot and len(clean) > LONGEST_NAME:
        clean = f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
    return clean[:LONGEST_NAME] or "file"


def decide_kind(name: str, stream: IO[bytes]) -> str:
    """Return the media type by content; raise KindRefused unless content and ending agree on a kind we take."""
    ending = name.rpartition(".")[2].lower()
    if ending not in KINDS:
        raise KindRefused(f"We take {KINDS_TEXT}. This one is named '{name}'.")
    head = stream.read(SNIFFED)
    stream.seek(0)
    if not head.strip():
        raise Invalid("This file is empty. Check that it was saved, and choose it again.")
    if not _looks_like(ending, head, stream):
        raise KindRefused(f"The content of '{name}' is not what its ending says. We take {KINDS_TEXT}.")
    stream.seek(0)
    return KINDS[ending]


def _looks_like(ending: str, head: bytes, stream: IO[bytes]) -> bool:
    if ending in OFFICE_FOLDERS:
        return _is_office(OFFICE_FOLDERS[ending], stream)
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
        names = zipfile.ZipFile(stream).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return (
        "[Content_Types].xml" in names
        and any(name.startswith(folder) for name in names)
        and not any(name.lower().endswith("vbaproject.bin") for name in names)
    )
