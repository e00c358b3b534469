"""The demo's mailbox: what a real mail server on loopback received. Not part of a production installation."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal import demo
from portal.access import public
from portal.errors import NotFound

blueprint = Blueprint("demo", __name__, url_prefix="/demo")
REASON = "shows fictional mail, in demo mode only"


@blueprint.get("/mailbox")
@public(REASON)
def mailbox() -> ResponseReturnValue:
    """List the mails, newest first."""
    return render_template("demo/mailbox.html", letters=demo.letters())


@blueprint.get("/mailbox/<key>")
@public(REASON)
def letter(key: str) -> ResponseReturnValue:
    """Show one mail with its links live."""
    found = next((item for item in demo.letters() if item.key == key), None)
    if found is None:
        raise NotFound
    return render_template("demo/letter.html", letter=found)
