"""Attaching files to a question: checked, put into the store, and only then written down.

Bytes can be many, and a writer of the database is waited for. So nothing is held while they are looked at and stored;
what the database has no row for after that, because somebody submitted meanwhile, `portal sweep` takes away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from portal import tenancy
from portal.db import db, now
from portal.errors import PortalError
from portal.models.evidence import Evidence
from portal.services.assessments import answers
from portal.services.evidence import kinds, names
from portal.store import store


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was handed over: the name that its owner gave it, and its bytes."""

    name: str
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file whose bytes are in the store, before it belongs to a question."""

    name: str
    media_type: str
    digest: str
    size: int


def limit() -> int:
    """Return the size in bytes that no file may pass."""
    return store().limit


def attach(*, question_id: str, uploads: Sequence[Upload]) -> list[Evidence]:
    """Store files under a question, all or none; the same bytes under the same question are there already.

    Raises Invalid for an empty file, KindRefused for a kind that is not taken, TooBig, Conflict by state.
    """
    answers.editable_question(answers.room(), question_id)
    tenancy.let_go()
    stored = [_stored(upload, len(uploads)) for upload in uploads]
    tenancy.begin_writing()
    found = answers.room(lock=True)
    answers.editable_question(found, question_id)
    rows = {row.digest: row for row in found.evidence.get(question_id, ()) if row.withdrawn_at is None}
    for file in stored:
        if file.digest not in rows:
            rows[file.digest] = _row(file, question_id)
    db.session.flush()
    return [rows[file.digest] for file in stored]


def _stored(upload: Upload, among: int) -> Stored:
    name = names.safe(upload.name)
    try:
        return Stored(name, kinds.decide(name, upload.stream), *store().put(upload.stream))
    except PortalError as refused:
        if among > 1:
            rest = f"None of the {among} files was stored: leave this one out and choose the others again."
            refused.text = f"{name}: {refused.text} {rest}"
        raise


def _row(file: Stored, question_id: str) -> Evidence:
    row = Evidence(
        assessment_id=answers.own_id(), question_id=question_id, name=file.name, size=file.size, digest=file.digest,
        media_type=file.media_type, uploaded_at=now(), uploaded_by=tenancy.scope().actor.name,
    )  # fmt: skip
    db.session.add(row)
    return row
