"""The respondent's door: link, code, and leaving."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows, public
from portal.errors import Invalid, TooMany
from portal.forms.accounts import CodeForm
from portal.services.assessments import visits
from portal.views import doors

blueprint = Blueprint("visits", __name__)


@blueprint.get("/i/<token>")
@public("the link is a pointer, not a key: it shows a page that asks for a code")
def landing(token: str) -> ResponseReturnValue:
    """Show whose questionnaire this is and where the code would go; change nothing."""
    return _landing(token)


@blueprint.post("/i/<token>")
@public("asks for a code, which goes to the invited mailbox alone")
def ask_for_code(token: str) -> ResponseReturnValue:
    """Ask for a code and bind it to this browser; the next address bears no secret."""
    try:
        browser = visits.ask_for_code(token=token)
    except TooMany as error:
        return _landing(token, problem=error.text), error.status, dict(error.headers)
    return doors.give(redirect(url_for(".code")), "browser", browser)  # type: ignore[arg-type]


@blueprint.get("/code")
@public("the code itself proves the mailbox")
def code() -> ResponseReturnValue:
    """Ask for the six digits."""
    return _code(CodeForm(formdata=None))


@blueprint.post("/code")
@public("the code itself proves the mailbox")
def enter() -> ResponseReturnValue:
    """Check the digits and go to the first open question."""
    form = CodeForm()
    try:
        form.check()
        visit = visits.enter_code(
            browser=doors.secret_of("browser"),
            digits=form.digits.data,
            request_id=g.request_id,
            origin=doors.origin(),
        )
    except Invalid as error:
        return _code(form, problem=error.text), error.status
    response = doors.give(redirect(url_for("answering.index")), "cmo", visit)  # type: ignore[arg-type]
    return doors.take_back(response, "browser")


@blueprint.post("/code/again")
@public("asks for another code, which goes to the invited mailbox alone")
def ask_again() -> ResponseReturnValue:
    """Ask for another code in the browser that asked before."""
    try:
        browser = visits.ask_again(browser=doors.secret_of("browser"))
    except TooMany as error:
        return _code(CodeForm(formdata=None), error.text, "warn"), error.status, dict(error.headers)
    flash("You asked for a new code. The one before no longer counts.")
    return doors.give(redirect(url_for(".code")), "browser", browser)  # type: ignore[arg-type]


@blueprint.post("/answering/leave")
@allows("answering.view")
def leave() -> ResponseReturnValue:
    """End the visit."""
    visits.leave(visit_id=g.respondent.visit_id)
    return doors.take_back(redirect(url_for(".left")), "cmo")  # type: ignore[arg-type]


@blueprint.get("/left")
@public("says goodbye")
def left() -> ResponseReturnValue:
    """Say that the visit is over and how to come back."""
    return render_template("answering/left.html")


def _landing(token: str, problem: str = "") -> str:
    return render_template("answering/landing.html", landing=visits.landing(token=token), token=token, problem=problem)


def _code(form: CodeForm, problem: str = "", kind: str = "bad") -> str:
    landing = visits.awaited(browser=doors.secret_of("browser"))
    return render_template("answering/code.html", form=form, landing=landing, problem=problem, kind=kind)
