"""Second factors: giving the one that a stay owes, adding and taking away one's own."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.errors import Invalid
from portal.forms.people import CodeOfAppForm, FactorForm, PasskeyForm, PasswordForm, RemoveFactorForm
from portal.services.accounts import own, passkeys, totp
from portal.services.accounts.own import Given
from portal.views import doors
from portal.views.accounts import challenges
from portal.views.pages import day

blueprint = Blueprint("factors", __name__)


@blueprint.get("/second-factor")
@allows("account.own")
def ask() -> ResponseReturnValue:
    """Ask for the second factor, or for setting one up where one is demanded and there is none."""
    if not g.staff.factor_due:
        return redirect(url_for("account.show"))
    if not own.known():
        return render_template("accounts/demanded.html")
    return _ask(FactorForm(formdata=None))


@blueprint.post("/second-factor")
@allows("account.own")
def give() -> ResponseReturnValue:
    """Check the second factor and open the portal, under a new secret."""
    form = FactorForm()
    try:
        form.check()
        secret = own.give_factor(sign_in_id=g.staff.sign_in_id, given=_given(form))
    except Invalid as error:
        return _ask(form, error.text), error.status
    return doors.give(redirect(url_for("suppliers.index")), "staff", secret)  # type: ignore[arg-type]


@blueprint.get("/account/app")
@allows("account.own")
def app() -> ResponseReturnValue:
    """Show a new seed as a picture and as text."""
    return _app(CodeOfAppForm(formdata=None), totp.propose(own.person()))


@blueprint.post("/account/app")
@allows("account.own")
def add_app() -> ResponseReturnValue:
    """Add an authenticator app, once it has shown that it works."""
    form = CodeOfAppForm()
    try:
        form.check()
        secret, codes = own.add_app(sign_in_id=g.staff.sign_in_id, kept=form.kept.data or "", code=form.code.data)
    except Invalid as error:
        return _app(form, totp.proposed(own.person(), form.kept.data or ""), error.text), error.status
    return _added(secret, codes, "The app is set up. From now on its code is asked for when you sign in.")


@blueprint.get("/account/passkey")
@allows("account.own")
def passkey() -> ResponseReturnValue:
    """Show how to add a passkey."""
    return _passkey(PasskeyForm(formdata=None))


@blueprint.post("/account/passkey")
@allows("account.own")
def add_passkey() -> ResponseReturnValue:
    """Add the passkey that the browser made."""
    form = PasskeyForm()
    try:
        form.check()
        secret, codes = own.add_passkey(
            sign_in_id=g.staff.sign_in_id, challenge=challenges.taken("add"), answer=form.answer.data or "",
            name=form.name.data,
        )  # fmt: skip
    except Invalid as error:
        return _passkey(form, error.text), error.status
    return _added(secret, codes, "The passkey is added. It can also stand for your address and password.")


@blueprint.get("/account/factors/remove")
@allows("account.own")
def removal() -> ResponseReturnValue:
    """Ask which factor, and for the password and a factor, before one is taken away."""
    return _removal(RemoveFactorForm(formdata=None))


@blueprint.post("/account/factors/remove")
@allows("account.own")
def remove() -> ResponseReturnValue:
    """Take a factor away."""
    form = RemoveFactorForm()
    try:
        _name_factors(form)
        form.check()
        secret = own.remove_factor(
            sign_in_id=g.staff.sign_in_id, authenticator_id=UUID(form.factor.data), password=form.password.data,
            given=_given(form),
        )  # fmt: skip
    except Invalid as error:
        return _removal(form, error.text), error.status
    flash("It is removed. Every other stay of yours was ended.")
    return doors.give(redirect(url_for("account.show")), "staff", secret)  # type: ignore[arg-type]


@blueprint.post("/account/recovery-codes")
@allows("account.own")
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes and show them once."""
    form = PasswordForm()
    try:
        form.check()
        codes = own.renew_codes(password=form.password.data)
    except Invalid as error:
        flash(error.text, "bad")
        return redirect(url_for("account.show", _anchor="factors"))
    return render_template("accounts/codes.html", codes=codes, done="")


def _given(form: FactorForm) -> Given:
    if form.answer.data:
        return Given(challenge=challenges.taken("give"), answer=form.answer.data)
    if not form.code.data:
        raise Invalid("Enter the code, or use a passkey.", field="code")
    return Given(code=form.code.data)


def _ask(form: FactorForm, problem: str = "") -> str:
    form.code.flags.required = True
    return render_template("accounts/second_factor.html", form=form, problem=problem, **_to_give())


def _to_give() -> dict[str, object]:
    """Return what a page needs that takes a code or a passkey."""
    keys = own.known("passkey")
    options = passkeys.to_use(challenges.offer("give"), g.staff.person_id) if keys else ""
    return {"options": options, "by_app": bool(own.known("totp")), "by_passkey": bool(keys)}


def _app(form: CodeOfAppForm, proposal: totp.Proposal, problem: str = "") -> str:
    form.kept.data = proposal.kept
    return render_template("accounts/app.html", form=form, proposal=proposal, problem=problem)


def _passkey(form: PasskeyForm, problem: str = "") -> str:
    options = passkeys.to_add(own.person(), challenges.offer("add"))
    form.answer.data = ""
    return render_template("accounts/passkey.html", form=form, options=options, problem=problem)


def _removal(form: RemoveFactorForm, problem: str = "") -> str:
    _name_factors(form)
    return render_template("accounts/remove_factor.html", form=form, problem=problem, **_to_give())


def _name_factors(form: RemoveFactorForm) -> None:
    form.factor.choices = {str(row.id): f"{row.name}, added {day(row.added_at)}" for row in own.known()}


def _added(secret: str, codes: list[str], done: str) -> Response:
    """Show the recovery codes once, where these are the first; else go back to the account."""
    if codes:
        return doors.give(
            make_response(render_template("accounts/codes.html", codes=codes, done=done)), "staff", secret
        )
    flash(done)
    return doors.give(redirect(url_for("account.show")), "staff", secret)  # type: ignore[arg-type]
