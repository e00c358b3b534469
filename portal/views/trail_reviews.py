"""The periodic review of the trail, as a page: choose the days, look, sign."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.db import today
from portal.errors import Conflict, Invalid
from portal.forms.audit import ReviewForm
from portal.services import signatures
from portal.services.accounts import people
from portal.services.audit import marks
from portal.services.audit.marks import Period
from portal.views import trail

# What a reviewer looks at first: event -> how it is called.
CLOSELY = {
    "access.refused": "Refused accesses",
    "signature.refused": "Wrong credentials when signing",
    "accounts.sign_in_failed": "Wrong passwords at sign-in",
    "clock.moved_back": "Clock set back",
}
MEANING = "reviewed"

blueprint = Blueprint("trail_reviews", __name__)


@blueprint.get("/audit/review")
@allows("audit.view")
def show() -> ResponseReturnValue:
    """Show what the chosen days hold, and the marks so far."""
    from_on, until_on = marks.proposed(today())
    asked = (request.args.get(name, type=date.fromisoformat) for name in ("from", "until"))
    chosen = [given or default for given, default in zip(asked, (from_on, until_on), strict=True)]
    return _page(ReviewForm(formdata=None, from_on=chosen[0], until_on=chosen[1]))


@blueprint.post("/audit/review")
@allows("audit.review")
def sign() -> ResponseReturnValue:
    """Sign that the days were reviewed."""
    form = ReviewForm()
    form.meaning.choices = {MEANING: signatures.MEANINGS["ReviewMark"][MEANING]}
    try:
        form.check()
        marks.mark(
            credential=form.credential, meaning=form.meaning.data, from_on=form.from_on.data,
            until_on=form.until_on.data, last=form.last_number, shown_digest=form.shown_digest.data,
            remark=form.remark.data or "", today=today(),
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        return _page(form, error)
    flash("Your review is signed.", "good")
    return redirect(url_for(".show", _anchor="marks"))


def _page(form: ReviewForm, error: Invalid | Conflict | None = None) -> ResponseReturnValue:
    period, problem = None, error.text if error else ""
    try:
        period = marks.look(from_on=form.from_on.data or today(), until_on=form.until_on.data or today(), today=today())
    except Invalid as fault:
        problem = fault.text
    form.meaning.choices = {MEANING: signatures.MEANINGS["ReviewMark"][MEANING]}
    form.meaning.data = form.meaning.data or MEANING
    if period:
        form.last.data, form.shown_digest.data = str(period.last), period.digest
    return render_template(
        "audit/review.html", form=form, period=period, problem=problem, kinds=_kinds(period) if period else [],
        closely=_closely(period) if period else [], marks=[_mark(*row) for row in marks.signed()],
        left=marks.left_open(), person=people.acting(), demand=signatures.demand(),
    ), error.status if error else 200  # fmt: skip


def _closely(period: Period) -> list[tuple[str, int, str]]:
    """Return what to look at first: how it is called, how often it is there, and where."""
    return [
        (label, period.of_action(action), _entries(period, action=action))
        for action, label in CLOSELY.items()
        if action in trail.ACTIONS
    ]


def _kinds(period: Period) -> list[tuple[str, str, int, str]]:
    """Return kind, action, count and place of the rest, the most frequent first."""
    rows = sorted(period.counts.items(), key=lambda row: (-row[1], row[0]))
    return [
        (
            trail.KINDS.get(kind, kind), trail.ACTIONS.get(action, action), count,
            _entries(period, action=action, kind=kind) if kind in trail.KINDS else _entries(period, action=action),
        )
        for (kind, action), count in rows
        if action not in CLOSELY
    ]  # fmt: skip


def _entries(period: Period, **which: str) -> str:
    days = {"from": period.from_on.isoformat(), "until": period.until_on.isoformat()}
    return url_for("audit.index", **days, **which)  # type: ignore[arg-type]  # all of them texts


def _mark(row: Any, said: Mapping[str, Any], signature: Any) -> dict[str, Any]:
    return {"row": row, "said": said, "signature": signatures.shown(signature)}
