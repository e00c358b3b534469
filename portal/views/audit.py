"""The audit trail as pages."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.audit import told
from portal.services import audit, suppliers

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@allows("audit.view")
def index() -> ResponseReturnValue:
    """Show the sponsor's trail, newest first."""
    return render_template(
        "audit/index.html", trail=audit.trail(supplier_id=None, page=_page()), supplier=None, told=told
    )


@blueprint.get("/suppliers/<uuid:supplier_id>/audit")
@allows("audit.view")
def of_supplier(supplier_id: UUID) -> ResponseReturnValue:
    """Show the trail of one supplier and its assessments, newest first."""
    supplier = suppliers.get(supplier_id)
    trail = audit.trail(supplier_id=supplier.id, page=_page())
    return render_template("audit/index.html", trail=trail, supplier=supplier, told=told)


def _page() -> int:
    return min(max(1, request.args.get("page", 1, type=int)), 1_000_000)
