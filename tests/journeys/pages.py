"""Every page of the portal with something on it: for what must hold on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from playwright.sync_api import Page

from portal import tenancy
from portal.services.assessments import reviewing
from tests import make
from tests.journeys import people
from tests.services import Inbox

OPEN = ("P11-20", "P11-21")
SAID = {
    "P11-S1": ("yes", ""),
    "P11-S3": ("yes", ""),
    "P11-S7": ("yes", "Hosted in Aix-la-Chapelle; " * 8),
    "P11-05": ("partial", "https://intranet.cmo.example/" + "long-and-longer/" * 12),
    "P11-14": ("not_applicable", "Nobody but our own staff comes near these systems"),
    "P11-16": ("no", "Not on the FTIR"),
}
BACK = "P11-05"


@dataclass(frozen=True)
class Filled:
    """A sponsor with an assessment at each stage that looks different."""

    sponsor: make.Sponsor
    answering: make.Sent
    answered: make.Sent
    in_review: make.Sent
    returned: make.Sent
    closed: make.Sent


def filled(sponsor: make.Sponsor) -> Filled:
    """Make what the pages show: answers of each kind, long words, files, verdicts, gaps, a rating."""
    answering = make.sent(sponsor)
    make.answer_all(answering, SAID, but=OPEN)
    make.attached(answering, "P11-01", "a rather long name of a validation summary report, final.pdf")
    in_review, returned = make.submitted(sponsor, SAID), make.submitted(sponsor, SAID)
    for case in (in_review, returned):
        make.judged(case, _verdict, but=OPEN if case is in_review else ())
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()):
        due, today = make.today() + timedelta(days=14), make.today()
        reviewing.return_to_supplier(assessment=reviewing.get(returned.assessment_id), due_on=due, today=today)
    return Filled(sponsor, answering, make.answered(sponsor, SAID), in_review, returned, make.closed(sponsor, SAID))


def _verdict(question_id: str, answer: str) -> tuple[str, str, str]:
    if question_id == BACK:
        return "question_back", "", "Which systems are not covered yet, and until when will they be?"
    return make.usual_verdict(question_id, answer)


def of_visitors(filled: Filled, page: Page) -> Iterator[str]:
    """Go to each page that needs no sign-in, and say its name at each."""
    for address in ("/sign-in", "/left", "/nothing", make.link(filled.answering)):
        page.goto(address)
        yield address


def of_staff(filled: Filled, page: Page) -> Iterator[str]:
    """Sign in, go to each page of the sponsor's staff, and say its address at each."""
    people.sign_in(page, filled.sponsor)
    supplier = f"/suppliers/{filled.closed.supplier_id}"
    answering, answered, in_review, closed = (
        f"/assessments/{case.assessment_id}"
        for case in (filled.answering, filled.answered, filled.in_review, filled.closed)
    )
    for address in (
        "/suppliers/", "/suppliers/?text=nobody", "/suppliers/new", supplier, f"{supplier}/edit", f"{supplier}/send",
        f"{supplier}/send/{make.KEY}", f"{supplier}/dossier/", f"{supplier}/audit", "/audit", answering, closed,
        f"{answered}/review", f"{in_review}/review", f"{closed}/review", f"{closed}/rating", f"{in_review}/close",
    ):  # fmt: skip
        page.goto(address)
        yield address


def of_respondents(case: make.Sent, page: Page, inbox: Inbox) -> Iterator[str]:
    """Come in by link and code, go to each page of the manufacturer's people, and say its address at each."""
    code = people.code_after(inbox, case.email)
    people.ask_for_code(page, make.link(case))
    yield "/code"
    people.type_code(page, code())
    for address in ("/answering/scope", "/answering/records", "/answering/submit", "/answering/receipt"):
        page.goto(address)
        yield address


def listed(found: Mapping[str, Sequence[str]]) -> str:
    """Return the faults that were found, a line each, with the page in front."""
    return "\n".join(f"{name}: {fault}" for name, faults in found.items() for fault in faults)
