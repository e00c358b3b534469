"""The trail as a file: CSV for people and their spreadsheets, JSON to compute the chain again without the portal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from portal import manifest
from portal.audit import COVERED
from portal.db import now
from portal.services.audit.reading import Export, Wanted
from portal.views import trail

# With these a spreadsheet program begins a formula; it takes the full-width twins for them too.
FORMULA = tuple("=+-@\t\r＝＋－＠")  # the twins are meant
RECIPE = (
    "digest = SHA-256 of the JSON text, in UTF-8 and without blanks, of [tenant_id, previous, [each covered field, in "
    "the order of 'covered']]; previous = digest of the entry with the number before"
)
COLUMNS = (
    "number", "at", "actor_name", "actor_role", "actor_kind", "actor_id", "origin", "request_id", "what", "reason",
    "changes", "action", "record_type", "record_id", "supplier_id", "assessment_id", "id", "previous", "digest",
)  # fmt: skip


def as_csv(export: Export) -> Iterator[bytes]:
    """Yield the entries as lines, each with its sentence."""
    # The mark at the start tells spreadsheet programs that this is UTF-8; without it names lose their accents.
    yield b"\xef\xbb\xbf" + csv_lines([COLUMNS])
    for batch in export.batches:
        yield csv_lines([_cell(row, name, batch.made) for name in COLUMNS] for row in batch.rows)


def csv_lines(rows: Any) -> bytes:
    """Write rows as CSV in which no cell is a formula (H059)."""
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def harmless(cell: Any) -> str:
    """Put an apostrophe before what a spreadsheet program would run; whoever reads the file back takes it off."""
    said = "" if cell is None else str(cell)
    return f"'{said}" if said.startswith(FORMULA) else said


def as_json(export: Export, wanted: Wanted, sponsor: str) -> Iterator[bytes]:
    """Yield one document: every covered field of each entry, so that the chain can be computed from the file alone."""
    about = {
        "sponsor": sponsor, "tenant_id": export.tenant_id, "exported_at": now(), "filter": wanted.said(),
        "portal": version("cmo-oversight-portal"), "count": export.count, "head": export.head,
        "covered": COVERED, "how": RECIPE,
    }  # fmt: skip
    yield manifest.canonical(about)[:-1] + b',"entries":['
    between = b""
    for batch in export.batches:
        yield between + b",\n".join(manifest.canonical(row._mapping) for row in batch.rows)
        between = b",\n"
    yield b"]}\n"


def _cell(row: Any, name: str, made: Mapping[Any, Mapping[str, list[Any]]]) -> Any:
    if name == "what":
        return trail.sentence(row, made)
    value = getattr(row, name)
    return manifest.stamp(value) if name == "at" else value
