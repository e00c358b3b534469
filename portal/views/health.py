"""Whether the portal is alive."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from portal.access import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public("says only that the process answers")
def healthz() -> ResponseReturnValue:
    """Answer, so that a supervisor knows."""
    return jsonify(status="ok")
