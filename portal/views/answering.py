"""The respondent's room: answering, evidence, signing, submitting."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import manifest
from portal.access import allows
from portal.errors import Conflict, Invalid, KindRefused, NotFound, TooBig, wants_json
from portal.forms.accounts import IdentityForm, SignForm
from portal.forms.assessments import AnswerForm, ReasonForm, version_of
from portal.services import signatures
from portal.services.accounts import people
from portal.services.assessments import answers, submitting
from portal.services.assessments.answers import Room, Saved
from portal.services.evidence import attaching, keeping, kinds
from portal.services.evidence.attaching import Upload
from portal.views import doors, pages, rooms
from portal.views.rooms import Refused
from questionnaires.definition import Section

blueprint = Blueprint("answering", __name__)


@blueprint.get("/answering")
@allows("answering.view")
def index() -> ResponseReturnValue:
    """Go on where it stopped, or to the receipt once everything is submitted."""
    room = answers.room()
    if not room.open:
        return redirect(url_for(".receipt"))
    return redirect(url_for(".section", section_id=answers.next_section(room).id))


@blueprint.get("/answering/<section_id>")
@allows("answering.view")
def section(section_id: str) -> ResponseReturnValue:
    """Show one section: its questions, answers, evidence and remarks."""
    room = answers.room()
    return _section(room, answers.section_of(room, section_id))


@blueprint.post("/answering/answers/<question_id>")
@allows("answering.answer")
def save(question_id: str) -> ResponseReturnValue:
    """Save one answer; the page's script gets JSON, a plain form its page again."""
    typed = {name: request.form.get(name, "") for name in ("value", "comment", "reason")}
    try:
        saved = answers.save(
            question_id=question_id, version=version_of(AnswerForm()), raw=typed, reason=typed["reason"]
        )
    except (Invalid, Conflict) as error:
        if wants_json():
            raise
        return _again(question_id, Refused(question_id, error, typed))
    return jsonify(_saved(question_id, saved)) if wants_json() else redirect(_place(saved.room, question_id))


@blueprint.post("/answering/evidence/<question_id>")
@allows("answering.answer")
def attach(question_id: str) -> ResponseReturnValue:
    """Attach files to a question, all or none."""
    try:
        attaching.attach(question_id=question_id, uploads=_chosen())
    except (Invalid, KindRefused, TooBig) as error:
        if wants_json():
            raise
        return _again(question_id, Refused(question_id, error))
    return _evidence_again(question_id)


@blueprint.post("/answering/evidence/<uuid:evidence_id>/withdraw")
@allows("answering.answer")
def withdraw_evidence(evidence_id: UUID) -> ResponseReturnValue:
    """Withdraw a file with a reason."""
    form = ReasonForm()
    form.check()
    row = keeping.withdraw(evidence_id=evidence_id, reason=form.reason.data)
    flash(f"{row.name} is withdrawn. It stays on record with your reason.")
    return _evidence_again(row.question_id)


@blueprint.get("/answering/evidence/<uuid:evidence_id>")
@allows("answering.view")
def open_evidence(evidence_id: UUID) -> ResponseReturnValue:
    """Hand out a file of one's own assessment."""
    return doors.hand_out(keeping.open_file(evidence_id=evidence_id))


@blueprint.get("/answering/submit")
@allows("answering.view")
def prepare_submission() -> ResponseReturnValue:
    """Show what is missing, or what is signed and how."""
    return _submission(SignForm(formdata=None), IdentityForm(formdata=None))


@blueprint.post("/answering/identity")
@allows("answering.identify")
def identify() -> ResponseReturnValue:
    """Create one's signing identity."""
    form = IdentityForm()
    try:
        form.check()
        submitting.identify(
            visit_id=g.respondent.visit_id, printed_name=form.printed_name.data,
            title=form.title.data, password=form.password.data,
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        return _submission(SignForm(formdata=None), form, error)
    return redirect(url_for(".prepare_submission", _anchor="sign"))


@blueprint.post("/answering/submit")
@allows("answering.sign")
def submit() -> ResponseReturnValue:
    """Sign and submit."""
    form = SignForm()
    form.meaning.choices = dict(signatures.MEANINGS["Submission"])
    try:
        form.check()
        submitting.submit(
            credential=form.credential, meaning=form.meaning.data, shown_digest=form.shown_digest.data,
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        return _submission(form, IdentityForm(formdata=None), error)
    return redirect(url_for(".receipt"))


@blueprint.get("/answering/receipt")
@allows("answering.view")
def receipt() -> ResponseReturnValue:
    """Show what was submitted, with its signatures; nothing can be changed here."""
    room = answers.room()
    submission = submitting.latest(room.assessment)
    if submission is None:
        return redirect(url_for(".index"))
    signed = [row for row in submitting.manifested(room.assessment) if row["on"] != "Rating"]
    content = manifest.parsed(submission.content)
    return render_template(
        "answering/receipt.html", room=room, visit=rooms.bar(room), submission=submission, content=content,
        signatures=[row for row in signed if not row["superseded"]],
        earlier=[row for row in signed if row["superseded"]],
        said=rooms.said(room.questionnaire, content), figures=rooms.figures(content),
        stages=rooms.stages(room.assessment),
    )  # fmt: skip


def _section(room: Room, section: Section, refused: Refused | None = None) -> str:
    before, after = rooms.neighbours(room, section)
    return render_template(
        "answering/section.html", room=room, visit=rooms.bar(room), section=section, before=before, after=after,
        first=before is None, navigation=rooms.navigation(room), cards=rooms.cards(room, section, refused),
        back=[(item, _home(room, item.id), rooms.answered_again(room, item)) for item in rooms.sent_back(room)],
        kinds=kinds.KINDS, kinds_text=kinds.KINDS_TEXT, limit=attaching.limit(),
    )  # fmt: skip


def _again(question_id: str, refused: Refused) -> ResponseReturnValue:
    """Show the section once more, with what was typed and why it was refused."""
    room = answers.room()
    return _section(room, _home(room, question_id), refused), refused.error.status


def _saved(question_id: str, saved: Saved) -> dict[str, object]:
    room = saved.room
    section = _home(room, question_id)
    (answered, total), (here, of_all) = rooms.tally(room), rooms.tally(room, section)
    return {
        "version": saved.row.version,
        "saved": pages.clock(saved.row.saved_at),
        "answered": answered,
        "total": total,
        "section": {"id": section.id, "answered": here, "total": of_all},
        "reload": saved.reshaped,
    }


def _home(room: Room, question_id: str) -> Section:
    """Return the section in which a question is asked; raise NotFound if it is asked nowhere."""
    for section in room.questionnaire.sections:
        if any(question.id == question_id for question in section.questions):
            return section
    raise NotFound


def _place(room: Room, question_id: str) -> str:
    return url_for(".section", section_id=_home(room, question_id).id, _anchor=question_id)


def _chosen() -> list[Upload]:
    """Return the files that were chosen; raise Invalid for none."""
    chosen = [Upload(file.filename, file.stream) for file in request.files.getlist("file") if file.filename]
    if not chosen:
        raise Invalid("Choose a file first.")
    return chosen


def _evidence_again(question_id: str) -> ResponseReturnValue:
    room = answers.room()
    if not wants_json():
        return redirect(_place(room, question_id))
    files = rooms.files(room, question_id)
    return jsonify(html=render_template("answering/_evidence.html", files=files))


def _submission(
    sign_form: SignForm, identity_form: IdentityForm, error: Invalid | Conflict | None = None
) -> ResponseReturnValue:
    room = answers.room()
    if not room.open:
        return redirect(url_for(".receipt"))
    content = submitting.content(room)
    changes = []
    if isinstance(error, Conflict):
        asked, before = room.questionnaire, sign_form.shown.data or ""
        changes = submitting.changes(asked, before, sign_form.shown_digest.data or "", content)
    sign_form.shown.data = manifest.canonical(content).decode()
    sign_form.meaning.choices = dict(signatures.MEANINGS["Submission"])
    sign_form.shown_digest.data = submitting.digest_of(content)
    return render_template(
        "answering/submit.html", room=room, visit=rooms.bar(room), sign_form=sign_form, identity_form=identity_form,
        digest=sign_form.shown_digest.data, problem=error.text if error else "", changes=changes,
        person=people.acting(), demand=signatures.demand(), known=people.with_email(g.respondent.email),
        said=rooms.said(room.questionnaire, content), figures=rooms.figures(content), missing=rooms.missing(room),
        unanswered=[item for item in rooms.sent_back(room) if not rooms.answered_again(room, item)],
    ), error.status if error else 200  # fmt: skip
