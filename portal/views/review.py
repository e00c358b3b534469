"""The sponsor's review: a verdict for each answer, the rating as it builds up, closing under signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import mail
from portal.access import allows
from portal.db import today
from portal.errors import Conflict, Invalid
from portal.forms.accounts import SignForm
from portal.forms.assessments import ReturnForm, VerdictForm, version_of
from portal.models.assessments import OUTCOMES, Assessment
from portal.services import dossiers, signatures
from portal.services.accounts import people
from portal.services.accounts.single_sign_on import asking_again
from portal.services.assessments import answers, rating, reviewing, sending
from portal.services.assessments.answers import Room
from portal.views import ratings, reviewed

SENT_BACK = "The marked questions are on their way back to the supplier."
SENT_BACK_BY_HAND = "The marked questions are open again. Make a new link and pass it on: no mail server is set."

blueprint = Blueprint("review", __name__, url_prefix="/assessments/<uuid:assessment_id>")


@blueprint.get("/review")
@allows("assessments.view")
def show(assessment_id: UUID) -> ResponseReturnValue:
    """Show answers, evidence and verdicts, with the rating as it stands."""
    return _page(reviewing.get(assessment_id))


@blueprint.post("/verdicts/<question_id>")
@allows("assessments.review")
def give_verdict(assessment_id: UUID, question_id: str) -> ResponseReturnValue:
    """Give a verdict on one answer, and go on where the filter leads."""
    form, wanted = VerdictForm(), reviewed.filter_of(request.args.get("show"))
    try:
        form.check()
        reviewing.give_verdict(
            assessment=reviewing.get(assessment_id), question_id=question_id, outcome=form.outcome.data,
            level=form.level.data, remark=form.remark.data or "", version=version_of(form),
            reason=form.reason.data or "",
        )  # fmt: skip
    except Invalid as error:
        return _page(reviewing.get(assessment_id), Refused(question_id, error.text, form)), error.status
    anchor = question_id
    if wanted == "undecided":
        anchor = reviewed.following(answers.view(reviewing.get(assessment_id)), question_id)
    return redirect(url_for(".show", assessment_id=assessment_id, show=wanted, _anchor=anchor))


@blueprint.post("/return")
@allows("assessments.review")
def send_back(assessment_id: UUID) -> ResponseReturnValue:
    """Send the marked questions back to the supplier."""
    form, assessment = ReturnForm(), reviewing.get(assessment_id)
    try:
        form.check()
        reviewing.return_to_supplier(assessment=assessment, due_on=form.due_on.data, today=today())
    except Invalid as error:
        flash(error.text, "bad")
        return redirect(url_for(".show", assessment_id=assessment_id))
    flash(SENT_BACK if mail.configured() else SENT_BACK_BY_HAND)
    return redirect(url_for("assessments.show", assessment_id=assessment.id))


@blueprint.get("/rating")
@allows("assessments.view")
def show_rating(assessment_id: UUID) -> ResponseReturnValue:
    """Show the rating with every driver and the arithmetic of every line."""
    room = answers.view(reviewing.get(assessment_id))
    rated, undecided = rating.rate(room), reviewing.undecided(room)
    return render_template(
        "review/rating.html", assessment=room.assessment, supplier=room.assessment.supplier, rated=rated,
        panel=ratings.panel(rated, settled=not undecided), drivers=ratings.drivers(rated), undecided=undecided,
        domains=ratings.domains(rated), captions=ratings.captions(rated),
        final=reviewing.final_rating(room.assessment), drawings=dossiers.drawings(rated),
    )  # fmt: skip


@blueprint.get("/close")
@allows("assessments.close")
def prepare_closing(assessment_id: UUID) -> ResponseReturnValue:
    """Show what is signed when the review is closed."""
    return _closing(reviewing.get(assessment_id), SignForm(formdata=None))


@blueprint.post("/close")
@allows("assessments.close")
def close(assessment_id: UUID) -> ResponseReturnValue:
    """Close the review under signature."""
    form = SignForm()
    form.meaning.choices = dict(signatures.MEANINGS["Rating"])
    try:
        form.check()
        reviewing.close(
            assessment_id=assessment_id, meaning=form.meaning.data, shown_digest=form.shown_digest.data, today=today(),
            credential=form.credential,
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        return _closing(reviewing.get(assessment_id), form, problem=error.text), error.status
    flash("The review is closed and signed.")
    return redirect(url_for("assessments.show", assessment_id=assessment_id))


@dataclass(frozen=True, slots=True)
class Refused:
    """A verdict that could not be taken, kept so that nothing typed is lost."""

    question_id: str
    text: str
    form: VerdictForm


def _page(assessment: Assessment, refused: Refused | None = None) -> str:
    room = answers.view(assessment)
    rated, wanted = rating.rate(room), reviewed.filter_of(request.args.get("show"))
    sections, undecided = reviewed.sections(room, ratings.classes(rated), wanted), reviewing.undecided(room)
    return render_template(
        "review/show.html", room=room, assessment=assessment, supplier=assessment.supplier, sections=sections,
        scope=reviewed.scope(room), filters=reviewed.tabs(sections, wanted, assessment.id), wanted=wanted,
        panel=ratings.panel(rated, settled=not undecided), drivers=ratings.drivers(rated), rated=rated,
        refused=refused, outcomes=OUTCOMES, levels=reviewing.LEVELS, undecided=undecided,
        sent_back=reviewing.sent_back(room), first_day=today() + timedelta(days=1),
        return_form=ReturnForm(formdata=None, due_on=today() + timedelta(days=sending.USUAL_DAYS // 2)),
    )  # fmt: skip


def _closing(assessment: Assessment, form: SignForm, problem: str = "") -> str:
    room: Room = answers.view(assessment)
    rated = rating.must_rate(room)
    row = reviewing.rating_row(room, today())
    changes = reviewing.changes(form.shown.data or "", form.shown_digest.data or "", row) if problem else []
    form.meaning.choices = dict(signatures.MEANINGS["Rating"])
    form.shown.data, form.shown_digest.data = reviewing.content(row), reviewing.content_digest(row)
    return render_template(
        "review/close.html", room=room, assessment=assessment, supplier=assessment.supplier, row=row,
        panel=ratings.panel(rated, settled=True), drivers=ratings.drivers(rated), rated=rated, person=people.acting(),
        counts=reviewed.counts(room), demand=signatures.demand(), company=asking_again.offered(),
        undecided=reviewing.undecided(room), form=form, problem=problem, changes=changes,
    )  # fmt: skip
