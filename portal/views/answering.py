"""The respondent's door and room: link, code, answering, evidence, signing, submitting."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows, public
from portal.errors import Conflict, Invalid, wants_json
from portal.forms.accounts import CodeForm, IdentityForm, SignForm
from portal.forms.assessments import AnswerForm, ReasonForm, version_of
from portal.services import evidence, signatures
from portal.services.accounts import people
from portal.services.assessments import answers, submitting, visits
from portal.services.assessments.answers import Room
from portal.views import doors

blueprint = Blueprint("answering", __name__)


@blueprint.get("/i/<token>")
@public("the link is a pointer, not a key: it shows a page that asks for a code")
def landing(token: str) -> ResponseReturnValue:
    """Show whose questionnaire this is and where the code would go; change nothing."""
    return render_template("answering/landing.html", landing=visits.landing(token=token), token=token)


@blueprint.post("/i/<token>")
@public("asks for a code, which goes to the invited mailbox alone")
def ask_for_code(token: str) -> ResponseReturnValue:
    """Ask for a code and bind it to this browser; the next address bears no secret."""
    browser = visits.ask_for_code(token=token)
    return doors.give(redirect(url_for(".code")), "browser", browser)  # type: ignore[arg-type]


@blueprint.get("/code")
@public("the code itself proves the mailbox")
def code() -> ResponseReturnValue:
    """Ask for the six digits."""
    doors.secret_of("browser")
    return render_template("answering/code.html", form=CodeForm(formdata=None))


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
        return render_template("answering/code.html", form=form, problem=error.text), error.status
    response = doors.give(redirect(url_for(".index")), "cmo", visit)  # type: ignore[arg-type]
    return doors.take_back(response, "browser")


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
    found = answers.section_of(room, section_id)
    return render_template(
        "answering/section.html",
        room=room,
        section=found,
        kinds=evidence.KINDS,
        kinds_text=evidence.KINDS_TEXT,
    )


@blueprint.post("/answering/answers/<question_id>")
@allows("answering.answer")
def save(question_id: str) -> ResponseReturnValue:
    """Save one answer; the page's script gets JSON, a plain form its page again."""
    form = AnswerForm()
    row, room = answers.save(
        question_id=question_id, version=version_of(form),
        raw={"value": request.form.get("value", ""), "comment": request.form.get("comment", "")},
    )  # fmt: skip
    if not wants_json():
        section_id = _section_id(room, question_id)
        return redirect(url_for(".section", section_id=section_id, _anchor=f"question-{question_id}"))
    return jsonify(_saved(room, question_id, row.version, row.saved_at.strftime("%H:%M:%S UTC")))


@blueprint.post("/answering/evidence/<question_id>")
@allows("answering.answer")
def attach(question_id: str) -> ResponseReturnValue:
    """Attach a file to a question."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Invalid("Choose a file first.")
    evidence.attach(question_id=question_id, name=upload.filename, stream=upload.stream)
    return _evidence_again(question_id)


@blueprint.post("/answering/evidence/<uuid:evidence_id>/withdraw")
@allows("answering.answer")
def withdraw_evidence(evidence_id: UUID) -> ResponseReturnValue:
    """Withdraw a file with a reason."""
    form = ReasonForm()
    form.check()
    row = evidence.withdraw(evidence_id=evidence_id, reason=form.reason.data)
    flash(f"{row.name} is withdrawn. It stays on record with your reason.")
    return _evidence_again(row.question_id)


@blueprint.get("/answering/evidence/<uuid:evidence_id>")
@allows("answering.view", records=True)
def open_evidence(evidence_id: UUID) -> ResponseReturnValue:
    """Hand out a file of one's own assessment."""
    return doors.hand_out(*evidence.open_file(evidence_id=evidence_id))


@blueprint.get("/answering/submit")
@allows("answering.view")
def prepare_submission() -> ResponseReturnValue:
    """Show what is missing, or what is signed and how."""
    return _submission(answers.room(), SignForm(formdata=None), IdentityForm(formdata=None))


@blueprint.post("/answering/identity")
@allows("answering.identify")
def identify() -> ResponseReturnValue:
    """Create one's signing identity."""
    form = IdentityForm()
    try:
        form.check()
        person = submitting.identify(
            visit_id=g.respondent.visit_id, printed_name=form.printed_name.data,
            title=form.title.data, password=form.password.data,
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        return _submission(answers.room(), SignForm(formdata=None), form, problem=error.text), error.status
    flash(f"You sign as {person.printed_name}, {person.title}.")
    return redirect(url_for(".prepare_submission"))


@blueprint.post("/answering/submit")
@allows("answering.sign")
def submit() -> ResponseReturnValue:
    """Sign and submit."""
    form = SignForm()
    form.meaning.choices = list(signatures.MEANINGS["Submission"].items())
    try:
        form.check()
        submitting.submit(
            credential=signatures.Credential(form.email.data, form.password.data),
            meaning=form.meaning.data, shown_digest=form.shown_digest.data,
        )  # fmt: skip
    except Invalid as error:
        return _submission(answers.room(), form, IdentityForm(formdata=None), problem=error.text), error.status
    return redirect(url_for(".receipt"))


@blueprint.get("/answering/receipt")
@allows("answering.view")
def receipt() -> ResponseReturnValue:
    """Show what was submitted, with its signatures; nothing can be changed here."""
    room = answers.room()
    signed = [
        signatures.shown(row) for row in signatures.of_assessment(room.assessment.id) if row.record_type == "Submission"
    ]
    return render_template(
        "answering/receipt.html", room=room, signatures=signed, submission=submitting.latest(room.assessment)
    )


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


def _saved(room: Room, question_id: str, version: int, at: str) -> dict[str, object]:
    section_id = _section_id(room, question_id)
    answered, total = room.progress.sections[section_id]
    return {
        "version": version,
        "saved": at,
        "answered": room.progress.answered,
        "total": room.progress.total,
        "section": {"id": section_id, "answered": answered, "total": total},
        "reload": any(
            question_id in str(question.show_if) for question in room.questionnaire.questions if question.show_if
        ),
    }


def _section_id(room: Room, question_id: str) -> str:
    return next(item.id for item in room.questionnaire.sections if any(q.id == question_id for q in item.questions))


def _evidence_again(question_id: str) -> ResponseReturnValue:
    room = answers.room()
    if not wants_json():
        return redirect(
            url_for(".section", section_id=_section_id(room, question_id), _anchor=f"question-{question_id}")
        )
    files = room.evidence.get(question_id, [])
    return jsonify(html=render_template("answering/_evidence.html", files=files, question_id=question_id, room=room))


def _submission(room: Room, sign_form: SignForm, identity_form: IdentityForm, problem: str = "") -> str:
    said = submitting.content(room)
    sign_form.meaning.choices = list(signatures.MEANINGS["Submission"].items())
    sign_form.shown_digest.data = submitting.digest_of(said)
    return render_template(
        "answering/submit.html", room=room, digest=sign_form.shown_digest.data, sign_form=sign_form,
        identity_form=identity_form, problem=problem, person=people.acting(),
        known=people.with_email(g.respondent.email),
    )  # fmt: skip
