"""The demo's mailbox: what a real mail server on loopback received. Not part of a production installation."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
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
    return _page("demo/mailbox.html", demo.letters(), None)


@blueprint.get("/mailbox/<key>")
@public(REASON)
def letter(key: str) -> ResponseReturnValue:
    """Show one mail with its links live."""
    letters = demo.letters()
    found = next((item for item in letters if item.key == key), None)
    if found is None:
        raise NotFound
    return _page("demo/letter.html", letters, found)


def _page(template: str, letters: list[demo.Received], letter: demo.Received | None) -> str:
    listed = [
        {
            "id": row.key,
            "href": url_for(".letter", key=row.key),
            "to": row.to,
            "subject": row.subject,
            "at": row.at[5:16],
        }
        for row in letters
    ]
    return render_template(template, letters=letters, letter=letter, listed=listed)
