"""The audit trail as pages and files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.db import today
from portal.services import suppliers
from portal.services.accounts import people
from portal.services.assessments import reviewing
from portal.services.audit import reading
from portal.services.audit.reading import Wanted
from portal.views import doors, trail, trail_files
from portal.views.pages import ROLE_NAMES

LARGEST = 2**31 - 1
# What the filters are called in the address, and where the answer to each goes.
FILTERS = {
    "person": "person",
    "kind": "kind",
    "action": "action",
    "from": "from_on",
    "until": "until_on",
    "record": "record_id",
}

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@allows("audit.view")
def index() -> ResponseReturnValue:
    """Show the sponsor's trail, newest first."""
    return _page(_wanted())


@blueprint.get("/suppliers/<uuid:supplier_id>/audit")
@allows("audit.view")
def of_supplier(supplier_id: UUID) -> ResponseReturnValue:
    """Show the trail of one supplier and its assessments, newest first."""
    supplier = suppliers.get(supplier_id)
    back = supplier.legal_name, url_for("suppliers.show", supplier_id=supplier.id)
    return _page(replace(_wanted(), supplier_id=supplier.id), of=supplier.legal_name, back=back)


@blueprint.get("/assessments/<uuid:assessment_id>/audit")
@allows("audit.view")
def of_assessment(assessment_id: UUID) -> ResponseReturnValue:
    """Show the trail of one assessment, newest first."""
    assessment = reviewing.get(assessment_id)
    back = assessment.title, url_for("assessments.show", assessment_id=assessment.id)
    return _page(replace(_wanted(), assessment_id=assessment.id), of=assessment.title, back=back)


@blueprint.get("/audit/trail.csv")
@allows("audit.view")
def as_csv() -> ResponseReturnValue:
    """Hand out the filtered trail as CSV."""
    return _file("csv", "text/csv", trail_files.as_csv(reading.export(_wanted(), form="CSV")))


@blueprint.get("/audit/trail.json")
@allows("audit.view")
def as_json() -> ResponseReturnValue:
    """Hand out the filtered trail as JSON, from which the chain can be computed again."""
    wanted, sponsor = _wanted(), people.own_tenant().name
    return _file("json", "application/json", trail_files.as_json(reading.export(wanted, form="JSON"), wanted, sponsor))


def _file(ending: str, media_type: str, chunks: Any) -> Response:
    response = Response(stream_with_context(chunks), mimetype=media_type)
    return doors.as_download(response, f"audit-trail-{today()}.{ending}")


def _page(wanted: Wanted, *, of: str = "", back: tuple[str, str] | None = None) -> str:
    found = reading.find(wanted, before=_number("before"), after=_number("after"))
    own = {"supplier": wanted.supplier_id, "assessment": wanted.assessment_id}
    lines = [
        {
            "entry": row,
            "sentence": trail.sentence(row, found.made),
            "fields": trail.fields(row),
            "places": [place for place in trail.places(row, found.made) if own[place[0]] != place[1]],
        }
        for row in found.rows
    ]
    return render_template(
        "audit/index.html", trail=found, lines=lines, wanted=wanted, of=of, back=back, roles=ROLE_NAMES,
        kinds=trail.KINDS, actions=trail.ACTIONS, files=_files(wanted), asked=_asked(),
        unread=[name for name in _asked() if not getattr(wanted, FILTERS[name])],
    )  # fmt: skip


def _asked() -> dict[str, str]:
    """Return what was typed into the filters."""
    return {name: request.args[name] for name in FILTERS if request.args.get(name)}


def _files(wanted: Wanted) -> dict[str, str]:
    """Return where the same entries can be had as a file."""
    own = {name: str(value) for name in ("supplier_id", "assessment_id") if (value := getattr(wanted, name))}
    return {form: f"{url_for(f'.as_{form.lower()}')}?{urlencode(_asked() | own)}" for form in ("CSV", "JSON")}


def _wanted() -> Wanted:
    asked = request.args
    return Wanted(
        person=asked.get("person", "").strip()[:200],
        record_id=asked.get("record", type=_id),
        kind=asked.get("kind", "") if asked.get("kind") in trail.KINDS else "",
        action=asked.get("action", "") if asked.get("action") in trail.ACTIONS else "",
        from_on=asked.get("from", type=date.fromisoformat),
        until_on=asked.get("until", type=date.fromisoformat),
        supplier_id=asked.get("supplier_id", type=_id),
        assessment_id=asked.get("assessment_id", type=_id),
    )


def _id(text: str) -> UUID:
    return UUID(text.strip())


def _number(name: str) -> int | None:
    number = request.args.get(name, type=int)
    return None if number is None else min(max(0, number), LARGEST)
