"""Accepting an invitation: whoever has an identity gives its password, others make one."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.access import public
from portal.errors import Invalid
from portal.forms.people import JoinForm, PasswordForm
from portal.services.accounts import invites
from portal.views import doors
from portal.views.pages import ROLE_NAMES

blueprint = Blueprint("joining", __name__)


@blueprint.get("/join/<token>")
@public("the link's secret proves the mailbox")
def show(token: str) -> ResponseReturnValue:
    """Show who invites; change nothing."""
    welcome = invites.welcome(token=token)
    form = PasswordForm(formdata=None) if welcome.known else JoinForm(formdata=None, printed_name=welcome.name)
    return _page(token, form, welcome)


@blueprint.post("/join/<token>")
@public("the link's secret proves the mailbox, and the password the person")
def accept(token: str) -> ResponseReturnValue:
    """Take the role and sign in."""
    welcome = invites.welcome(token=token)
    form = PasswordForm() if welcome.known else JoinForm()
    try:
        form.check()
        secret = invites.accept(
            token=token, printed_name=form.data.get("printed_name", ""), title=form.data.get("title", ""),
            password=form.password.data, request_id=g.request_id, origin=doors.origin(),
        )  # fmt: skip
    except Invalid as error:
        return _page(token, form, welcome, error.text), error.status
    flash(f"Welcome to {welcome.tenant_name}.")
    return doors.give(redirect(url_for("suppliers.index")), "staff", secret)  # type: ignore[arg-type]


def _page(token: str, form: PasswordForm | JoinForm, welcome: invites.Welcome, problem: str = "") -> str:
    return render_template(
        "accounts/join.html", token=token, form=form, welcome=welcome, roles=ROLE_NAMES, problem=problem
    )
