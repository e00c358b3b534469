"""Signing in and out, for the sponsor's staff."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows, public
from portal.errors import Invalid
from portal.forms.accounts import SignInForm
from portal.services.accounts import passkeys, sessions, signing_in
from portal.views import doors
from portal.views.accounts import challenges

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
    return page(SignInForm(formdata=None), request.args.get("next", ""))


@blueprint.post("/sign-in")
@public("one must be able to sign in")
def begin() -> ResponseReturnValue:
    """Sign in and go where one wanted to go."""
    form, wanted = SignInForm(), request.args.get("next", "")
    try:
        form.check()
        secret = signing_in.with_password(
            email=form.email.data, password=form.password.data, request_id=g.request_id, origin=doors.origin()
        )
    except Invalid as error:
        return page(form, wanted, error.text), error.status
    return doors.give(redirect(doors.own_page(wanted) or url_for("suppliers.index")), "staff", secret)  # type: ignore[arg-type]


@blueprint.post("/sign-in/passkey")
@public("one must be able to sign in")
def begin_with_passkey() -> ResponseReturnValue:
    """Sign in with a passkey, which names its owner."""
    wanted, answer = request.args.get("next", ""), request.form.get("answer", "")
    try:
        secret = signing_in.with_passkey(
            challenge=challenges.taken("sign in"), answer=answer, request_id=g.request_id, origin=doors.origin()
        )
    except Invalid as error:
        return page(SignInForm(formdata=None), wanted, error.text), error.status
    return doors.give(redirect(doors.own_page(wanted) or url_for("suppliers.index")), "staff", secret)  # type: ignore[arg-type]


@blueprint.post("/sign-out")
@allows("suppliers.view")
def sign_out() -> ResponseReturnValue:
    """End the stay on the server, then forget it in the browser."""
    sessions.sign_out(sign_in_id=g.staff.sign_in_id)
    return doors.take_back(redirect(url_for("accounts.sign_in")), "staff")  # type: ignore[arg-type]


def page(form: SignInForm, wanted: str, problem: str = "") -> str:
    """Return the sign-in page, saying what went wrong."""
    options = passkeys.to_use(challenges.offer("sign in"))
    return render_template("accounts/sign_in.html", form=form, next=wanted, problem=problem, options=options)
