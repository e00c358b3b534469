"""One's own account: password, second factors, stays, other sponsors."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.errors import Invalid
from portal.forms.people import ChangePasswordForm, PasswordForm
from portal.services.accounts import factors, own, recovery
from portal.views import doors

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
@allows("account.own")
def show() -> ResponseReturnValue:
    """Show one's own account."""
    return _page(ChangePasswordForm(formdata=None))


@blueprint.post("/password")
@allows("account.own")
def change_password() -> ResponseReturnValue:
    """Change one's own password."""
    form = ChangePasswordForm()
    try:
        form.check()
        secret = own.change_password(sign_in_id=g.staff.sign_in_id, old=form.old.data, new=form.password.data)
    except Invalid as error:
        return _page(form, error.text), error.status
    flash("Your password is changed. Every other stay of yours was ended.")
    return doors.give(redirect(url_for(".show")), "staff", secret)  # type: ignore[arg-type]


@blueprint.post("/stays/<uuid:sign_in_id>/end")
@allows("account.own")
def end_stay(sign_in_id: UUID) -> ResponseReturnValue:
    """End one of one's own stays."""
    own.end_stay(sign_in_id=sign_in_id)
    flash("That stay is ended.")
    return redirect(url_for(".show", _anchor="stays"))


@blueprint.post("/stays/end-others")
@allows("account.own")
def end_others() -> ResponseReturnValue:
    """End every stay but this one, with other sponsors too."""
    secret = own.end_others(sign_in_id=g.staff.sign_in_id)
    flash("Every other stay of yours was ended.")
    return doors.give(redirect(url_for(".show", _anchor="stays")), "staff", secret)  # type: ignore[arg-type]


@blueprint.post("/sponsor")
@allows("account.own")
def switch() -> ResponseReturnValue:
    """Go over to another sponsor."""
    chosen = request.form.get("sponsor", type=UUID)
    secret = own.switch(sign_in_id=g.staff.sign_in_id, tenant_id=chosen)
    return doors.give(redirect(url_for("suppliers.index")), "staff", secret)  # type: ignore[arg-type]


def _page(form: ChangePasswordForm, problem: str = "") -> str:
    me = own.person()
    others = own.other_rooms()
    return render_template(
        "accounts/own.html", form=form, problem=problem, person=me, others=others, kinds=factors.KINDS,
        rows=own.known(), codes_left=recovery.left(me.id), codes_form=PasswordForm(formdata=None),
        stays=own.stays(me.id), this=g.staff.sign_in_id,
    )  # fmt: skip
