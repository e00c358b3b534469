"""The People page: who has which role, invitations, changing and ending a role, a link for a forgotten password."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal import mail
from portal.access import STAFF_ROLES, allows
from portal.db import now
from portal.errors import Conflict, Invalid
from portal.forms.people import EndForm, InviteForm, RoleForm, SafeguardsForm, VouchForm
from portal.services.accounts import identities, invites, members, people, resets
from portal.views.pages import ROLE_NAMES

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("/")
@allows("people.manage")
def index() -> ResponseReturnValue:
    """Show everybody who has or had a role, and who is invited."""
    return _index(InviteForm(formdata=None))


@blueprint.post("/invites")
@allows("people.manage")
def invite() -> ResponseReturnValue:
    """Invite a colleague."""
    form = InviteForm()
    try:
        form.check()
        row = invites.invite(
            email=form.email.data, name=form.name.data, role=form.role.data, identity_how=form.identity_how.data or ""
        )
    except (Invalid, Conflict) as error:
        return _index(form, error.text), error.status
    flash(f"{row.name} is invited. The link works for seven days.")
    return redirect(url_for(".index", _anchor="invited"))


@blueprint.post("/invites/<uuid:staff_invite_id>/withdraw")
@allows("people.manage")
def withdraw(staff_invite_id: UUID) -> ResponseReturnValue:
    """Withdraw an invitation."""
    row = invites.withdraw(invite_id=staff_invite_id)
    flash(f"The invitation of {row.name} is withdrawn.")
    return redirect(url_for(".index", _anchor="invited"))


@blueprint.post("/invites/<uuid:staff_invite_id>/again")
@allows("people.manage")
def again(staff_invite_id: UUID) -> ResponseReturnValue:
    """Send a new link."""
    row = invites.again(invite_id=staff_invite_id)
    flash(f"A new link is on its way to {row.email}.")
    return redirect(url_for(".index", _anchor="invited"))


@blueprint.post("/invites/<uuid:staff_invite_id>/link")
@allows("people.manage")
def link(staff_invite_id: UUID) -> ResponseReturnValue:
    """Show a link to copy, where no mail server is set."""
    return render_template("accounts/link.html", link=invites.copyable_link(invite_id=staff_invite_id))


@blueprint.post("/safeguards")
@allows("people.manage")
def set_safeguards() -> ResponseReturnValue:
    """Set the security contact, and whether a second factor is demanded."""
    form = SafeguardsForm()
    try:
        form.check()
    except Invalid as error:
        return _index(InviteForm(formdata=None), safeguards=form), error.status
    people.set_safeguards(security_email=form.security_email.data or "", second_factor=form.second_factor.data)
    flash("The safeguards are saved.")
    return redirect(url_for(".index", _anchor="safeguards"))


@blueprint.get("/<uuid:membership_id>")
@allows("people.manage")
def show(membership_id: UUID) -> ResponseReturnValue:
    """Show one member and what can be done about the role."""
    return _show(membership_id)


@blueprint.post("/<uuid:membership_id>/role")
@allows("people.manage")
def change_role(membership_id: UUID) -> ResponseReturnValue:
    """Give a member another role."""
    form, row = RoleForm(), members.get(membership_id)
    try:
        form.check()
        row = members.change_role(membership_id=membership_id, role=form.role.data, reason=form.reason.data)
    except (Invalid, Conflict) as error:
        return _show(membership_id, role_form=form, problem=error.text), error.status
    flash(f"{row.person.printed_name} is {ROLE_NAMES[row.role]} from now on.")
    return redirect(url_for(".index"))


@blueprint.post("/<uuid:membership_id>/end")
@allows("people.manage")
def end(membership_id: UUID) -> ResponseReturnValue:
    """End a membership."""
    form, row = EndForm(), members.get(membership_id)
    try:
        form.check()
        row = members.end(membership_id=membership_id, reason=form.reason.data)
    except (Invalid, Conflict) as error:
        return _show(membership_id, end_form=form, problem=error.text), error.status
    flash(f"The membership of {row.person.printed_name} is ended.")
    return redirect(url_for(".index"))


@blueprint.post("/<uuid:membership_id>/reset")
@allows("people.manage")
def reset(membership_id: UUID) -> ResponseReturnValue:
    """Have a link for a new password mailed to a member; nobody else sees it."""
    row = members.get(membership_id)
    resets.send(person_id=row.person_id)
    flash(f"A link to choose a new password is on its way to {row.person.email}.")
    return redirect(url_for(".show", membership_id=membership_id))


@blueprint.post("/<uuid:membership_id>/identity")
@allows("people.manage")
def confirm_identity(membership_id: UUID) -> ResponseReturnValue:
    """Confirm that an identity is the individual whom it names."""
    form, row = VouchForm(), members.get(membership_id)
    try:
        form.check()
        identities.confirm(person=row.person, how=form.how.data)
    except Invalid as error:
        return _show(membership_id, vouch_form=form, problem=error.text), error.status
    flash(f"The identity of {row.person.printed_name} is confirmed.")
    return redirect(url_for(".show", membership_id=membership_id))


def _index(form: InviteForm, problem: str = "", safeguards: SafeguardsForm | None = None) -> str:
    _name_roles(form)
    safeguards = safeguards or SafeguardsForm(formdata=None, obj=people.own_tenant())
    return render_template(
        "accounts/people.html", form=form, problem=problem, members=members.all_of_them(), invited=invites.opened(),
        roles=ROLE_NAMES, now=now(), by_mail=mail.configured(), safeguards=safeguards,
    )  # fmt: skip


def _show(
    membership_id: UUID,
    *,
    role_form: RoleForm | None = None,
    end_form: EndForm | None = None,
    vouch_form: VouchForm | None = None,
    problem: str = "",
) -> str:
    row = members.get(membership_id)
    role_form = role_form or RoleForm(formdata=None, role=row.role)
    _name_roles(role_form)
    return render_template(
        "accounts/member.html", row=row, person=row.person, role_form=role_form, roles=ROLE_NAMES,
        end_form=end_form or EndForm(formdata=None), vouch_form=vouch_form or VouchForm(formdata=None),
        confirmation=identities.confirmation(row.person_id), problem=problem, by_mail=mail.configured(),
        own=row.person_id == g.staff.person_id,
    )  # fmt: skip


def _name_roles(form: InviteForm | RoleForm) -> None:
    form.role.choices = {role: ROLE_NAMES[role] for role in STAFF_ROLES}
