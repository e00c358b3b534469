"""A supplier's dossier: gather it, say what is missing in it, hand it out as PDF or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Literal

from flask import current_app
from sqlalchemy import select

from portal import audit as trail
from portal import tenancy
from portal.config import Config
from portal.db import db, now
from portal.dossier import contents, layout, pdf, print, spelling
from portal.dossier.blocks import Document
from portal.dossier.drawing import Drawing
from portal.errors import Unavailable
from portal.models.assessments import Assessment, Submission
from portal.models.audit import AuditEntry
from portal.models.suppliers import Supplier
from portal.services import suppliers
from portal.services.accounts import people
from portal.services.assessments import answers, rating, submitting
from portal.services.audit import reading
from portal.services.evidence import keeping

# Of a longer trail the latest entries are taken: nobody reads more on paper, and its page shows them all.
MOST_ENTRIES = 2000
TAKEN = "dossier.issued"
# Each try names up to five scripts that no font holds. Who has more of them gets all rare signs spelt out at once.
TRIES = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a reader should know before relying on the dossier."""

    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A dossier ready to be handed out."""

    name: str
    media_type: str
    data: bytes


def checks(supplier: Supplier) -> list[Check]:
    """Return what is complete and what is not, before the download."""
    rows = suppliers.assessments_of(supplier)
    closed = [row for row in rows if row.state == "closed"]
    open_rows = [row for row in rows if row.state not in {"closed", "withdrawn"}]
    return [
        Check(supplier.inherent is not None, "All seven risk factors are set"),
        Check(bool(supplier.sites), "The sites are named"),
        Check(bool(closed), _reviewed(len(closed), len(rows))),
        Check(not open_rows, "No assessment is still open"),
    ]


def _reviewed(closed: int, total: int) -> str:
    if total < 2:
        return "An assessment is reviewed, rated and signed"
    return f"{closed} of {total} assessments are reviewed, rated and signed"


def issue(*, supplier: Supplier, form: Literal["pdf", "json"]) -> Issued:
    """Make the dossier and leave an entry of who took it, with its digest.

    Raises Unavailable with what to do where a character cannot be printed or the print engine fails.
    """
    structure = contents.structure(gather(supplier))
    data = FORMS[form](structure)
    name = f"dossier-{_file_name(supplier.legal_name)}-{structure['issued_at'][:10]}.{form}"
    # In a transaction of its own: typesetting takes seconds, and nobody's writing waits for it.
    trail.record_now(TAKEN, supplier, form=form, digest=structure["digest"], bytes=len(data))
    return Issued(name, "application/pdf" if form == "pdf" else "application/json", data)


def print_out(*, assessment: Assessment) -> Issued:
    """Print what the pages show of one assessment, as an uncontrolled copy; raise Unavailable as `issue` does.

    pdfkit prints it where wkhtmltopdf is installed, else it is typeset.
    """
    bundle = _bundle(assessment.supplier, [assessment], trail=[], left_out=0)
    document = layout.print_out(contents.structure(bundle))
    data = _printed(document) if print.available() else _typeset(document)
    name = f"assessment-{_file_name(assessment.title)}.pdf"
    trail.record_now("assessment.printed", assessment, bytes=len(data))
    return Issued(name, "application/pdf", data)


def gather(supplier: Supplier) -> contents.Bundle:
    """Return everything that the portal holds about a supplier."""
    # With its own downloads in it, no dossier would be the same twice; they stay in the portal's trail.
    entries, left_out = reading.of_supplier(supplier.id, but=TAKEN, most=MOST_ENTRIES)
    return _bundle(supplier, list(reversed(suppliers.assessments_of(supplier))), trail=entries, left_out=left_out)


def _bundle(
    supplier: Supplier, assessments: Sequence[Assessment], *, trail: Sequence[AuditEntry], left_out: int
) -> contents.Bundle:
    return contents.Bundle(
        sponsor=people.own_tenant().name,
        supplier=supplier,
        inherent=suppliers.inherent(supplier),
        parts=[_part(row) for row in assessments],
        trail=trail,
        trail_left_out=left_out,
        issued_at=now(),
        issued_by=tenancy.scope().actor.name,
        version=version("cmo-oversight-portal"),
    )


def _part(assessment: Assessment) -> contents.Part:
    room = answers.view(assessment)
    statement = select(Submission).where(Submission.assessment_id == assessment.id).order_by(Submission.number)
    return contents.Part(
        assessment=assessment,
        questionnaire=room.questionnaire,
        visible=room.visible,
        answers=room.answers,
        evidence=keeping.of_assessment(assessment),
        verdicts=room.verdicts,
        submissions=db.session.scalars(statement).all(),
        signatures=submitting.manifested(assessment),
        rating=_rating(room),
    )


def rating_facts(rated: rating.Rated) -> dict[str, Any]:
    """Return a rating as plain values: result, reasons and arithmetic, the same in page, PDF and JSON."""
    return {
        "method": rated.result.method.id,
        "result": _displayed(rated.result.document()),
        "drivers": list(rated.drivers),
        "explanation": list(rated.sentences),
        "lines": [{"question": line.id, "sentence": line.sentence} for line in rated.lines],
        "domains": dict(rated.domain_titles),
        "matrix": [list(row) for row in rated.result.method.matrix],
        "thresholds": [below for below, _ in rated.result.method.weak_domain],
        "input": rated.input,
    }


def _rating(room: answers.Room) -> dict[str, Any] | None:
    rated = rating.rate(room)
    return rating_facts(rated) if rated else None


def _displayed(value: Any) -> Any:
    """Write each percentage as it is shown: a float has no canonical form."""
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, dict):
        return {key: _displayed(item) for key, item in value.items()}
    return [_displayed(item) for item in value] if isinstance(value, list) else value


def _pdf(structure: dict[str, Any]) -> bytes:
    document = layout.document(structure)
    config: Config = current_app.extensions["portal.config"]
    if config.pdf_engine == "pdfkit" and print.available():
        return _printed(replace(document, uncontrolled=True))
    return _typeset(document)


def _typeset(document: Document) -> bytes:
    """Typeset a document; what no font can print is spelt out, script by script, and at last whatever is rare."""
    for _ in range(TRIES):
        try:
            return pdf.render(document)
        except pdf.Unprintable as error:
            document = spelling.spelt_out(document, error.characters)
        except pdf.TypesettingFailed:
            break
    try:
        return pdf.render(spelling.spelt_plainly(document))
    except pdf.Unprintable as error:
        raise Unavailable(str(error)) from error
    except pdf.TypesettingFailed as error:
        raise Unavailable(f"The PDF cannot be made: {error}. Take the JSON, which says the same.") from error


def _printed(document: Document) -> bytes:
    try:
        return print.render(document)
    except print.PrintFailed as error:
        raise Unavailable(f"The print engine failed: {error}") from None


def _json(structure: dict[str, Any]) -> bytes:
    return json.dumps(structure, indent=1, sort_keys=True, ensure_ascii=False).encode()


FORMS = {"pdf": _pdf, "json": _json}


def _file_name(name: str) -> str:
    return "-".join("".join(_letters(name)).split())[:60] or "supplier"


def _letters(name: str) -> Iterator[str]:
    return (sign if sign.isascii() and sign.isalnum() else " " for sign in name.lower())


def engine_note() -> str:
    """Return what a person should know about the PDF engine in use, or nothing."""
    config: Config = current_app.extensions["portal.config"]
    if config.pdf_engine != "pdfkit":
        return ""
    if print.available():
        return "The PDF is printed by pdfkit and stamped 'uncontrolled copy'."
    return f"{print.why_unavailable()} The PDF is typeset instead, as a controlled record."


def drawings(rated: rating.Rated | None) -> tuple[Drawing, ...]:
    """Draw a rating for the page as it is drawn in the dossier; nothing for what is not rated."""
    if rated is None or rated.result.final is None:
        return ()
    return layout.drawings(rating_facts(rated))
