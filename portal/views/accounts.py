"""Signing in and out, for the sponsor's staff."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows, public
from portal.errors import Invalid
from portal.forms.accounts import SignInForm
from portal.services.accounts import sessions
from portal.views import doors

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/")
@public("sends people to their own page")
def home() -> ResponseReturnValue:
    """Send staff to their suppliers; whoever is not signed in is asked to."""
    return redirect(url_for("suppliers.index"))


@blueprint.get("/sign-in")
@public("one must be able to sign in")
def sign_in() -> ResponseReturnValue:
    """Show the sign-in page."""
    return render_template("accounts/sign_in.html", form=SignInForm(), next=request.args.get("next", ""))


@blueprint.post("/sign-in")
@public("one must be able to sign in")
def begin() -> ResponseReturnValue:
    """Sign in and go where one wanted to go."""
    form, wanted = SignInForm(), request.args.get("next", "")
    try:
        form.check()
        secret = sessions.sign_in(
            email=form.email.data, password=form.password.data, request_id=g.request_id, origin=doors.origin()
        )
    except Invalid as error:
        return render_template("accounts/sign_in.html", form=form, next=wanted, problem=error.text), error.status
    return doors.give(redirect(_own_page(wanted) or url_for("suppliers.index")), "staff", secret)  # type: ignore[arg-type]


@blueprint.post("/sign-out")
@allows("suppliers.view")
def sign_out() -> ResponseReturnValue:
    """End the stay on the server, then forget it in the browser."""
    sessions.sign_out(sign_in_id=g.staff.sign_in_id)
    return doors.take_back(redirect(url_for("accounts.sign_in")), "staff")  # type: ignore[arg-type]


def _own_page(address: str) -> str:
    """Return an address of this portal, or nothing for one that leads elsewhere."""
    if not address.isprintable():
        return ""
    try:
        parts = urlsplit(address.replace("\\", "/"))
    except ValueError:
        return ""
    own = address.startswith("/") and not address.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return address if own else ""
