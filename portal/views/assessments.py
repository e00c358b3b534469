"""Sending a questionnaire, following it, withdrawing it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal import mail
from portal.access import allows
from portal.db import today
from portal.errors import Invalid
from portal.forms.assessments import ConfirmForm, ReasonForm, SendForm
from portal.models.assessments import Assessment
from portal.models.outbox import OutboxRow
from portal.models.suppliers import Contact, Supplier
from portal.services import suppliers
from portal.services.accounts import people
from portal.services.assessments import answers, colleagues, introductions, reviewing, sending, submitting, visits
from portal.views.pages import moment

blueprint = Blueprint("assessments", __name__)
# What the preview shows in place of the link, whose secret nobody but the supplier may see.
HIDDEN_LINK = "(the supplier's own link)"
# The stages of the strip, each with the moment at which it was reached, where the row knows it.
STAGES = {
    "Sent": "sent_at",
    "Opened": "opened_at",
    "Answering": "",
    "Signed": "submitted_at",
    "In review": "",
    "Rated": "closed_at",
}
STAGE_OF = {"answering": "Answering", "submitted": "Signed", "in_review": "In review", "returned": "Questions back"}


@blueprint.get("/suppliers/<uuid:supplier_id>/send")
@allows("assessments.send")
def choose(supplier_id: UUID) -> ResponseReturnValue:
    """Show the questionnaires that can be sent."""
    supplier = suppliers.get(supplier_id)
    return render_template("assessments/choose.html", supplier=supplier, choices=sending.choices())


@blueprint.get("/suppliers/<uuid:supplier_id>/send/<key>")
@allows("assessments.send")
def prepare(supplier_id: UUID, key: str) -> ResponseReturnValue:
    """Show contact, due date and the mail as it will go."""
    supplier = suppliers.get(supplier_id)
    form = SendForm(formdata=None, due_on=today() + timedelta(days=sending.USUAL_DAYS))
    return _prepare(supplier, key, form)


@blueprint.post("/suppliers/<uuid:supplier_id>/send/<key>")
@allows("assessments.send")
def send(supplier_id: UUID, key: str) -> ResponseReturnValue:
    """Send; without a mail server show the link to copy, once."""
    supplier, form = suppliers.get(supplier_id), SendForm()
    _offer(form, supplier)
    try:
        form.check()
        assessment, invite = sending.send(
            assessment_id=form.id.uuid, supplier=supplier, key=key, contact=_contact(form, supplier),
            due_on=form.due_on.data, today=today(), how=form.how,
        )  # fmt: skip
    except Invalid as error:
        return _prepare(supplier, key, form, problem=error.text), error.status
    if not mail.configured():
        link = sending.copyable_link(invite)
        return render_template("assessments/link.html", assessment=assessment, invite=invite, link=link)
    flash(f"Sent to {invite.name} ({invite.email}).")
    return redirect(url_for(".show", assessment_id=assessment.id))


@blueprint.get("/assessments/<uuid:assessment_id>")
@allows("assessments.view")
def show(assessment_id: UUID) -> ResponseReturnValue:
    """Show how an assessment is doing: stages, progress, delivery of the mail, signatures, rating."""
    assessment = reviewing.get(assessment_id)
    invite = sending.invite_of(assessment)
    return render_template(
        "assessments/show.html",
        assessment=assessment,
        supplier=assessment.supplier,
        room=answers.view(assessment),
        invite=invite,
        delivery=_delivery(sending.delivery(invite)),
        stages=_stages(assessment, submitting.latest_number(assessment)),
        signatures=submitting.manifested(assessment),
        rating=reviewing.final_rating(assessment),
        reason_form=ReasonForm(formdata=None),
        helpers=(helpers := colleagues.of(assessment)),
        helping=colleagues.by_section(helpers),
        to_confirm=introductions.waiting(assessment),
        confirmation=introductions.confirmation_of(invite),
        confirm_form=ConfirmForm(formdata=None),
        mail_configured=mail.configured(),
        today=today(),
    )


@blueprint.post("/assessments/<uuid:assessment_id>/mail")
@allows("assessments.send")
def mail_again(assessment_id: UUID) -> ResponseReturnValue:
    """Mail the invitation once more."""
    invite = sending.mail_again(assessment=reviewing.get(assessment_id))
    flash(f"Another mail is on its way to {invite.email}.")
    return redirect(url_for(".show", assessment_id=assessment_id))


@blueprint.post("/assessments/<uuid:assessment_id>/link")
@allows("assessments.send")
def link(assessment_id: UUID) -> ResponseReturnValue:
    """Make a new link to copy, where no mail server is set."""
    assessment = reviewing.get(assessment_id)
    invite = sending.invite_of(assessment)
    address = sending.copyable_link(invite)
    return render_template("assessments/link.html", assessment=assessment, invite=invite, link=address)


@blueprint.post("/assessments/<uuid:assessment_id>/code")
@allows("assessments.send")
def code(assessment_id: UUID) -> ResponseReturnValue:
    """Make a code to read out by telephone, where no mail server is set."""
    assessment = reviewing.get(assessment_id)
    try:
        digits = visits.code_to_read_out(assessment=assessment)
    except Invalid as error:
        flash(error.text, "warn")
        return redirect(url_for(".show", assessment_id=assessment_id))
    return render_template(
        "assessments/code.html", assessment=assessment, invite=sending.invite_of(assessment), digits=digits
    )


@blueprint.post("/assessments/<uuid:assessment_id>/invites/<uuid:invite_id>/identity")
@allows("assessments.confirm_identity")
def confirm_identity(assessment_id: UUID, invite_id: UUID) -> ResponseReturnValue:
    """Confirm who a signer of the manufacturer is."""
    form, assessment = ConfirmForm(), reviewing.get(assessment_id)
    try:
        form.check()
        person = introductions.confirm_identity(assessment=assessment, invite_id=invite_id, how=form.how)
    except Invalid as error:
        flash(error.text, "bad")
        return redirect(url_for(".show", assessment_id=assessment_id, _anchor="identity"))
    flash(f"The identity of {person.printed_name} is confirmed.")
    return redirect(url_for(".show", assessment_id=assessment_id))


@blueprint.post("/assessments/<uuid:assessment_id>/withdraw")
@allows("assessments.send")
def withdraw(assessment_id: UUID) -> ResponseReturnValue:
    """Withdraw an assessment with a reason."""
    form = ReasonForm()
    form.check()
    assessment = sending.withdraw(assessment=reviewing.get(assessment_id), reason=form.reason.data)
    flash("The questionnaire is withdrawn. Its link no longer works.")
    return redirect(url_for("suppliers.show", supplier_id=assessment.supplier_id))


def _offer(form: SendForm, supplier: Supplier) -> None:
    form.contact.choices = {str(item.id): f"{item.name} ({item.email})" for item in supplier.contacts}


def _contact(form: SendForm, supplier: Supplier) -> Contact:
    return next(item for item in supplier.contacts if str(item.id) == form.contact.data)


def _prepare(supplier: Supplier, key: str, form: SendForm, problem: str = "") -> str:
    _offer(form, supplier)
    asked = sending.chosen(key)
    tenant = people.own_tenant()
    contact = next((item for item in supplier.contacts if str(item.id) == form.contact.data), None)
    contact = contact or next(iter(supplier.contacts), None)
    letter = None
    if contact is not None and form.due_on.data is not None:
        letter = sending.preview(asked, tenant, contact.name, contact.email, form.due_on.data, HIDDEN_LINK)
    return render_template(
        "assessments/prepare.html", supplier=supplier, asked=asked, form=form, letter=letter, problem=problem,
        mail_configured=mail.configured(), questions=sum(1 for _ in asked.questions),
        first_day=today() + timedelta(days=1), last_day=today() + sending.LONGEST_LIFE,
    )  # fmt: skip


def _stages(assessment: Assessment, submissions: int) -> list[dict[str, str]]:
    """Shape an assessment's way for the stage strip; questions that went back are one stage more."""
    names = list(STAGES)
    if assessment.state == "returned":
        names.insert(names.index("Rated"), "Questions back")
    elif submissions > 1:
        names.insert(names.index("Signed"), "Questions back")
    if assessment.state == "withdrawn":
        names = [name for name in names if _reached(assessment, name)] + ["Withdrawn"]
    here = STAGE_OF.get(assessment.state, "Opened" if assessment.opened_at else "Sent")
    now = {"closed": len(names), "withdrawn": len(names) - 1}.get(assessment.state, -1)
    now = names.index(here) if now < 0 else now
    return [
        {
            "label": name,
            "state": "done" if at < now else "now" if at == now else "todo",
            "at": _reached(assessment, name),
        }
        for at, name in enumerate(names)
    ]


def _reached(assessment: Assessment, name: str) -> str:
    return moment(getattr(assessment, STAGES[name])) if STAGES.get(name) else ""


def _delivery(row: OutboxRow | None) -> dict[str, str]:
    """Say how the newest mail is doing, from its row in the outbox."""
    if row is None:
        return {"tone": "quiet", "label": "Not mailed", "text": "The link was passed on by hand."}
    if row.state == "done":
        return {"tone": "good", "label": "Mailed", "text": f"The mail server took it {moment(row.done_at)}."}
    if row.state == "failed":
        return {"tone": "bad", "label": "Not mailed", "text": f"Given up after a day of tries ({row.last_error})."}
    if row.last_error:
        text = f"Try {row.attempts} failed ({row.last_error}). The next one is at {moment(row.due_at)}."
        return {"tone": "warn", "label": "Not mailed yet", "text": text}
    return {"tone": "teal", "label": "On its way", "text": "It leaves within seconds."}
