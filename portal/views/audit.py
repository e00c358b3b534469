"""The audit trail as pages."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.models.suppliers import Supplier
from portal.services import audit, suppliers
from portal.views import trail
from portal.views.pages import ROLE_NAMES

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@allows("audit.view")
def index() -> ResponseReturnValue:
    """Show the sponsor's trail, newest first."""
    return _shown(audit.trail(supplier_id=None, page=_page()), None)


@blueprint.get("/suppliers/<uuid:supplier_id>/audit")
@allows("audit.view")
def of_supplier(supplier_id: UUID) -> ResponseReturnValue:
    """Show the trail of one supplier and its assessments, newest first."""
    supplier = suppliers.get(supplier_id)
    return _shown(audit.trail(supplier_id=supplier.id, page=_page()), supplier)


def _shown(found: audit.TrailPage, supplier: Supplier | None) -> str:
    lines = [
        {
            "entry": row,
            "sentence": trail.sentence(row, found.made),
            "fields": trail.fields(row),
            "places": [place for place in trail.places(row, found.made) if not (supplier and place[0] == "supplier")],
        }
        for row in found.rows
    ]
    return render_template("audit/index.html", trail=found, lines=lines, supplier=supplier, roles=ROLE_NAMES)


def _page() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), 1_000_000)
