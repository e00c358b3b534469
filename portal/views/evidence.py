"""Evidence, opened by the sponsor's staff."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.services.evidence import keeping
from portal.views import doors

blueprint = Blueprint("evidence", __name__, url_prefix="/evidence")


@blueprint.get("/<uuid:evidence_id>")
@allows("evidence.view")
def download(evidence_id: UUID) -> ResponseReturnValue:
    """Hand out a file; who opened it is on record."""
    return doors.hand_out(keeping.open_file(evidence_id=evidence_id))
