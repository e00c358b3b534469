"""A forgotten password: asking for a link, and choosing a new password with it."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows, public
from portal.errors import Invalid
from portal.forms.people import ForgotForm, NewPasswordForm
from portal.services.accounts import people, resets
from portal.views import doors

blueprint = Blueprint("resets", __name__)


@blueprint.get("/forgot")
@public("whoever forgot the password cannot sign in")
def forgot() -> ResponseReturnValue:
    """Ask for an address."""
    return render_template("accounts/forgot.html", form=ForgotForm(formdata=None), asked=False)


@blueprint.post("/forgot")
@public("a link goes to the person's own mailbox alone")
def ask() -> ResponseReturnValue:
    """Have a link mailed; the answer is the same whether or not there is such a person."""
    form = ForgotForm()
    try:
        form.check()
    except Invalid as error:
        return render_template("accounts/forgot.html", form=form, asked=False), error.status
    resets.ask(email=form.email.data, origin=doors.origin())
    return render_template("accounts/forgot.html", form=form, asked=True)


@blueprint.get("/reset/<token>")
@public("the link's secret proves the mailbox")
def choosing(token: str) -> ResponseReturnValue:
    """Ask for a new password; change nothing."""
    return _choosing(token, NewPasswordForm(formdata=None))


@blueprint.post("/reset/<token>")
@public("the link's secret proves the mailbox")
def choose(token: str) -> ResponseReturnValue:
    """Choose a new password."""
    form = NewPasswordForm()
    try:
        form.check()
        resets.choose(token=token, password=form.password.data, request_id=g.request_id, origin=doors.origin())
    except Invalid as error:
        return _choosing(token, form, error.text), error.status
    return render_template("accounts/chosen.html")


@blueprint.post("/answering/forgot")
@allows("answering.sign")
def ask_as_signer() -> ResponseReturnValue:
    """Have a link mailed to the signer who is here."""
    person = people.acting()
    if person is not None:
        resets.send(person_id=person.id)
    flash("A link to choose a new password is on its way to your mailbox. Come back here afterwards and sign.")
    return redirect(url_for("answering.prepare_submission"))


def _choosing(token: str, form: NewPasswordForm, problem: str = "") -> str:
    return render_template("accounts/choosing.html", form=form, token=token, email=resets.whose(token), problem=problem)
