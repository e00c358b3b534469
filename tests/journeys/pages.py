"""Every page of the portal with something on it: for what must hold on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

from tests import make
from tests.journeys import people
from tests.journeys.browsers import Browsers
from tests.services import Inbox

KEPT = ("P11-20", "P11-21")


@dataclass(frozen=True)
class Filled:
    """A sponsor with an assessment at each stage that looks different."""

    sponsor: make.Sponsor
    answering: make.Sent
    answered: make.Sent
    in_review: make.Sent
    closed: make.Sent


def filled(sponsor: make.Sponsor) -> Filled:
    """Make what the pages show: answers of each kind, long words, files, verdicts, gaps, a rating."""
    said = {
        "P11-S1": ("yes", ""), "P11-S3": ("yes", ""), "P11-S7": ("yes", "Hosted in Aix-la-Chapelle " * 8),
        "P11-05": ("partial", "https://intranet.cmo.example/" + "long/" * 40), "P11-16": ("no", "Not on the FTIR"),
        "P11-13": ("not_applicable", "Nobody but our own staff"),
    }  # fmt: skip
    answering = make.sent(sponsor)
    make.answer_all(answering, said, but=KEPT)
    make.attached(answering, "P11-01", "a rather long name of a validation summary report, final.pdf")
    answered = make.answered(sponsor, said)
    in_review = make.submitted(sponsor, said)
    make.judged(in_review, but=KEPT)
    return Filled(sponsor, answering, answered, in_review, make.closed(sponsor, said))


def of_visitors(filled: Filled, page: Page) -> Iterator[str]:
    """Go to each page that needs no sign-in, and say its name at each."""
    for name, address in {"sign-in": "/sign-in", "left": "/left", "no such page": "/nothing"}.items():
        page.goto(address)
        yield name
    page.goto(make.link(filled.answering))
    yield "landing"


def of_staff(filled: Filled, page: Page) -> Iterator[str]:
    """Sign in, go to each page of the sponsor's staff, and say its name at each."""
    people.sign_in(page, filled.sponsor)
    supplier = f"/suppliers/{filled.closed.supplier_id}"
    for address in (
        "/suppliers/", "/suppliers/?text=nobody", "/suppliers/new", supplier, f"{supplier}/edit", f"{supplier}/send",
        f"{supplier}/send/{make.KEY}", f"{supplier}/dossier/", f"{supplier}/trail", "/trail",
        f"/assessments/{filled.answering.assessment_id}", f"/assessments/{filled.closed.assessment_id}",
        f"/assessments/{filled.answering.assessment_id}/review", f"/assessments/{filled.in_review.assessment_id}/review",
        f"/assessments/{filled.closed.assessment_id}/rating", f"/assessments/{filled.in_review.assessment_id}/close",
    ):  # fmt: skip
        page.goto(address)
        yield address


def of_respondents(filled: Filled, page: Page, inbox: Inbox) -> Iterator[str]:
    """Come in by link and code, go to each page of the manufacturer's people, and say its name at each."""
    people.ask_for_code(page, make.link(filled.answering))
    yield "code"
