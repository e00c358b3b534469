"""A supplier's dossier: its checks, then one click."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.services import dossiers, suppliers
from portal.services.assessments import reviewing
from portal.views import doors

blueprint = Blueprint("dossiers", __name__)


@blueprint.get("/suppliers/<uuid:supplier_id>/dossier/")
@allows("dossiers.view")
def show(supplier_id: UUID) -> ResponseReturnValue:
    """Show what the dossier will hold and what is missing in it."""
    supplier = suppliers.get(supplier_id)
    return render_template(
        "dossiers/show.html", supplier=supplier, checks=dossiers.checks(supplier), note=dossiers.engine_note()
    )


@blueprint.get("/suppliers/<uuid:supplier_id>/dossier/dossier.pdf")
@allows("dossiers.view")
def as_pdf(supplier_id: UUID) -> ResponseReturnValue:
    """Hand out the dossier as PDF."""
    return _hand_out(dossiers.issue(supplier=suppliers.get(supplier_id), form="pdf"))


@blueprint.get("/suppliers/<uuid:supplier_id>/dossier/dossier.json")
@allows("dossiers.view")
def as_json(supplier_id: UUID) -> ResponseReturnValue:
    """Hand out the same data as JSON."""
    return _hand_out(dossiers.issue(supplier=suppliers.get(supplier_id), form="json"))


@blueprint.get("/assessments/<uuid:assessment_id>/print.pdf")
@allows("dossiers.view")
def print_out(assessment_id: UUID) -> ResponseReturnValue:
    """Hand out what the pages show of one assessment, as an uncontrolled copy."""
    return _hand_out(dossiers.print_out(assessment=reviewing.get(assessment_id)))


def _hand_out(issued: dossiers.Issued) -> Response:
    return doors.as_download(Response(issued.data, mimetype=issued.media_type), issued.name)
