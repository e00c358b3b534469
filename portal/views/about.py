"""About the portal: how it meets 21 CFR Part 11 and EU GMP Annex 11, clause by clause."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.services import part11

blueprint = Blueprint("about", __name__, url_prefix="/about")


@blueprint.get("/part-11")
@allows("suppliers.view")
def show() -> ResponseReturnValue:
    """Show each clause with what the portal does for it, what is left to the sponsor, and the proofs."""
    return render_template(
        "about/part_11.html", clauses=part11.clauses(), version=version("cmo-oversight-portal"),
    )  # fmt: skip
