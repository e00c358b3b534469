"""The page "Colleagues" of the respondent's room: who answers which sections, asking somebody, withdrawing it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal import mail
from portal.access import allows
from portal.errors import Invalid
from portal.forms.assessments import ColleagueForm
from portal.services.assessments import answers, colleagues
from portal.views import rooms

blueprint = Blueprint("colleagues", __name__, url_prefix="/answering/colleagues")


@blueprint.get("")
@allows("answering.view")
def index() -> ResponseReturnValue:
    """Show who answers which sections, and let the contact ask somebody."""
    return _page(ColleagueForm(formdata=None))


@blueprint.post("")
@allows("answering.delegate")
def ask() -> ResponseReturnValue:
    """Ask a colleague."""
    form, room = ColleagueForm(), answers.room()
    form.offer(room.questionnaire)
    try:
        form.check()
        invite = colleagues.ask(
            invite_id=form.id.uuid, assessment=room.assessment, name=form.name.data, email=form.email.data,
            section_ids=form.sections.data, how=form.how,
        )  # fmt: skip
    except Invalid as error:
        return _page(form, error.text), error.status
    flash(f"{invite.name} was asked. The mail is on its way; you and the sponsor are told, too.")
    return redirect(url_for(".index"))


@blueprint.post("/<uuid:invite_id>/withdraw")
@allows("answering.delegate")
def withdraw(invite_id: UUID) -> ResponseReturnValue:
    """Withdraw what a colleague was asked for."""
    invite = colleagues.withdraw(invite_id=invite_id)
    flash(f"{invite.name} can no longer come in. What {invite.name} answered stays.")
    return redirect(url_for(".index"))


def _page(form: ColleagueForm, problem: str = "") -> str:
    room = answers.room()
    form.offer(room.questionnaire)
    own = colleagues.own_invite()
    helpers = colleagues.of(room.assessment)
    contact = any(helper.invite.id == own.id and helper.introduction.parent_id is None for helper in helpers)
    return render_template(
        "answering/colleagues.html", room=room, visit=rooms.bar(room), helpers=helpers, own=own, form=form,
        problem=problem, contact=contact, may_ask=contact and room.open and mail.configured(),
    )  # fmt: skip
