"""Single sign-on: the administrator's page, the way to the provider, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.access import STAFF_ROLES, allows, public
from portal.db import today
from portal.errors import Gone, Invalid, PortalError
from portal.forms.accounts import SignForm, SignInForm
from portal.forms.single_sign_on import NOBODY, AddressForm, ProofForm, ProviderForm
from portal.services import signatures
from portal.services.accounts.single_sign_on import asking_again, journey, providers, signing_in
from portal.services.accounts.single_sign_on.journey import Answer, Departure, Trip
from portal.services.accounts.single_sign_on.signing_in import Arrival
from portal.services.assessments import moves, reviewing
from portal.views import doors
from portal.views.accounts.signing_in import page
from portal.views.pages import ROLE_NAMES

blueprint = Blueprint("single_sign_on", __name__)
TRIP, PROOF = "trip", "proof"
CLOSING = "close"
CLOSES = "assessments.close"


@blueprint.get("/single-sign-on")
@allows("accounts.single_sign_on")
def show() -> ResponseReturnValue:
    """Show the sponsor's provider."""
    row = providers.own()
    if row is None:
        return _setup(ProviderForm(formdata=None, group_claim="groups"))
    form = ProviderForm(formdata=None, obj=row)
    form.group_roles.data = providers.lines(row.group_roles)
    return _setup(form)


@blueprint.post("/single-sign-on")
@allows("accounts.single_sign_on")
def save() -> ResponseReturnValue:
    """Set or change the provider."""
    form = _with_roles(ProviderForm())
    try:
        form.check()
        providers.save(
            issuer=form.issuer.data, client_id=form.client_id.data, secret=form.secret.data or "",
            domain=form.domain.data, default_role=form.default_role.data, group_claim=form.group_claim.data or "",
            group_roles=form.roles,
        )  # fmt: skip
    except PortalError as error:
        return _setup(form, problem=error.text), error.status
    flash("Saved. Now try whether the provider answers.")
    return redirect(url_for(".show"))


@blueprint.get("/single-sign-on/try")
@allows("accounts.single_sign_on")
def try_out() -> ResponseReturnValue:
    """Ask the provider what it offers, and say in plain words what is wrong."""
    problem = providers.try_out()
    text = problem or "The provider answers, and it offers all that is needed. Now sign in through it once yourself."
    flash(text, "bad" if problem else "good")
    return redirect(url_for(".show"))


@blueprint.post("/single-sign-on/end")
@allows("accounts.single_sign_on")
def switch_off() -> ResponseReturnValue:
    """Switch the provider off; who has no password cannot come in until it is saved again."""
    providers.switch_off()
    flash("Switched off. Nobody comes in through the provider any more.")
    return redirect(url_for(".show"))


@blueprint.post("/sign-in/company")
@public("one must be able to sign in")
def depart() -> ResponseReturnValue:
    """Send a person to the company's own sign-in."""
    form, wanted = AddressForm(), request.args.get("next", "")
    try:
        form.check()
        departure = signing_in.begin(
            email=form.email.data, wanted=wanted, request_id=g.request_id, origin=doors.origin()
        )
    except PortalError as error:
        return _sign_in_page(error, wanted)
    return _on_the_way(departure)


@blueprint.get("/sign-in/company/back")
@public("the provider sends people here; what fits is decided by the ticket that the browser carries")
def arrive() -> ResponseReturnValue:
    """Take back the ticket, and do what the person was sent away for."""
    answer = Answer(*(request.args.get(name, "") for name in ("state", "code", "error", "iss")))
    try:
        trip = journey.trip_of(request.cookies.get(doors.cookie(TRIP), ""), answer)
    except Gone as error:
        return _sign_in_page(error, "")
    return doors.take_back(RETURNS[trip.purpose](trip, answer), TRIP)


@blueprint.get("/sign-in/company/proof")
@public("whoever has an identity already proves it once, before he is let in")
def ask_proof() -> ResponseReturnValue:
    """Ask for the password of the identity that has the same address."""
    return _proof(ProofForm(formdata=None))


@blueprint.post("/sign-in/company/proof")
@public("whoever has an identity already proves it once, before he is let in")
def prove() -> ResponseReturnValue:
    """Bind the company's sign-in to the identity whose password is given."""
    form = ProofForm()
    try:
        form.check()
        arrival = signing_in.prove(
            ticket=request.cookies.get(doors.cookie(PROOF), ""), password=form.password.data,
            request_id=g.request_id, origin=doors.origin(),
        )  # fmt: skip
    except Invalid as error:
        return _proof(form, problem=error.text), error.status
    return doors.take_back(_let_in(arrival), PROOF)


@blueprint.post("/assessments/<uuid:assessment_id>/close/company")
@allows(CLOSES)
def ask_again(assessment_id: UUID) -> ResponseReturnValue:
    """Send who closes a review to the company's sign-in, with what was shown and chosen; back there it is signed."""
    moves.check(reviewing.get(assessment_id), CLOSING)
    form = SignForm()
    del form.email, form.password
    form.meaning.choices = dict(signatures.MEANINGS["Rating"])
    carried = {"assessment_id": str(assessment_id)}
    try:
        form.check()
        departure = asking_again.begin(
            purpose=CLOSING, acknowledged=form.acknowledged.data,
            carried=carried | {"meaning": form.meaning.data, "shown_digest": form.shown_digest.data},
        )  # fmt: skip
    except Invalid as error:
        flash(error.text, "bad")
        return redirect(url_for("review.prepare_closing", assessment_id=assessment_id))
    return _on_the_way(departure)


def _on_the_way(departure: Departure) -> Response:
    """Answer with a page that leads on by itself: our policy lets no form lead to another host, a page may."""
    away = make_response(render_template("single_sign_on/away.html", departure=departure))
    away.headers["Refresh"] = f"0; url={departure.address}"
    return doors.give(away, TRIP, departure.ticket, life=journey.LIFE)


def _sign_in(trip: Trip, answer: Answer) -> Response:
    try:
        arrival = signing_in.arrive(trip, answer, request_id=g.request_id, origin=doors.origin())
    except PortalError as error:
        return _sign_in_page(error, str(trip.carried["wanted"]))
    if arrival.ticket:
        return doors.give(make_response(redirect(url_for(".ask_proof"))), PROOF, arrival.ticket, life=journey.LIFE)
    return _let_in(arrival)


def _close(trip: Trip, answer: Answer) -> Response:
    doors.come_as_staff(CLOSES)
    confirmed = asking_again.confirm(trip, answer)
    carried, assessment_id = trip.carried, UUID(trip.carried["assessment_id"])
    reviewing.close(
        assessment_id=assessment_id, credential=confirmed, meaning=carried["meaning"],
        shown_digest=carried["shown_digest"], today=today(),
    )  # fmt: skip
    flash("The review is closed and signed.")
    return make_response(redirect(url_for("assessments.show", assessment_id=assessment_id)))


# What a browser was sent away for -> what follows when it is back.
RETURNS: Mapping[str, Callable[[Trip, Answer], Response]] = {signing_in.PURPOSE: _sign_in, CLOSING: _close}


def _let_in(arrival: Arrival) -> Response:
    wanted = doors.own_page(arrival.wanted) or url_for("suppliers.index")
    return doors.give(make_response(redirect(wanted)), "staff", arrival.secret)


def _sign_in_page(error: PortalError, wanted: str) -> Response:
    """Show the page where one may also sign in with a password, and say there what went wrong."""
    return make_response(page(SignInForm(), wanted, error.text), error.status, dict(error.headers))


def _proof(form: ProofForm, problem: str = "") -> str:
    email = signing_in.address_of(request.cookies.get(doors.cookie(PROOF), ""))
    return render_template("single_sign_on/proof.html", form=form, email=email, problem=problem)


def _setup(form: ProviderForm, problem: str = "") -> str:
    return render_template(
        "single_sign_on/setup.html", form=_with_roles(form), provider=providers.own(), back=providers.back(),
        problem=problem,
    )  # fmt: skip


def _with_roles(form: ProviderForm) -> ProviderForm:
    form.default_role.choices = {"": NOBODY, **{role: ROLE_NAMES[role] for role in STAFF_ROLES}}
    return form
