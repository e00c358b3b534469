"""The review of who may do what, as a page, a file, and a signature."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.db import now, today
from portal.errors import Conflict, Invalid
from portal.forms.people import AccessReviewForm
from portal.services import signatures
from portal.services.accounts import access_review, people
from portal.views import doors, trail_files
from portal.views.pages import ROLE_NAMES

blueprint = Blueprint("access_review", __name__, url_prefix="/people/review")


@blueprint.get("")
@allows("people.view")
def show() -> ResponseReturnValue:
    """Show who can do what, and the reviews so far."""
    return _page(AccessReviewForm(formdata=None))


@blueprint.get("/people.csv")
@allows("people.view")
def as_csv() -> ResponseReturnValue:
    """Hand out the people of the report as CSV."""
    lines = access_review.export().lines()
    # The mark at the start tells spreadsheet programs that this is UTF-8.
    body = b"\xef\xbb\xbf" + trail_files.csv_lines([access_review.COLUMNS, *lines])
    return doors.as_download(Response(body, mimetype="text/csv"), f"access-review-{today()}.csv")


@blueprint.post("")
@allows("people.manage")
def sign() -> ResponseReturnValue:
    """Sign that the report was looked through."""
    form = AccessReviewForm()
    form.meaning.choices = _meaning()
    try:
        form.check()
        access_review.mark(
            credential=form.credential, meaning=form.meaning.data, shown_digest=form.shown_digest.data,
            remark=form.remark.data or "", today=today(),
        )  # fmt: skip
    except (Invalid, Conflict) as error:
        return _page(form, error)
    flash("Your review is signed.", "good")
    return redirect(url_for(".show", _anchor="marks"))


def _page(form: AccessReviewForm, error: Invalid | Conflict | None = None) -> ResponseReturnValue:
    report = access_review.report()
    form.meaning.choices = _meaning()
    form.meaning.data = form.meaning.data or access_review.MEANING
    form.shown_digest.data = report.digest
    return render_template(
        "accounts/review.html", form=form, report=report, problem=error.text if error else "", roles=ROLE_NAMES,
        marks=[(row, signatures.shown(given)) for row, given in access_review.signed()], person=people.acting(),
        demand=signatures.demand(), unused=_unused,
    ), error.status if error else 200  # fmt: skip


def _unused(seen: datetime | None) -> bool:
    return seen is None or now() - seen > timedelta(days=access_review.UNUSED_DAYS)


def _meaning() -> dict[str, str]:
    return {access_review.MEANING: signatures.MEANINGS["ReviewMark"][access_review.MEANING]}
