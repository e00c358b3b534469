"""Every page of the portal with something on it: for what must hold on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from playwright.sync_api import Page, ViewportSize

from portal import tenancy
from portal.services.assessments import reviewing
from tests import make
from tests.journeys import people
from tests.journeys.browsers import Browsers
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
Look = Callable[[Page], list[str]]


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


def faults(look: Look, browsers: Browsers, inbox: Inbox, sponsor: make.Sponsor, size: ViewportSize) -> str:
    """Go through every page and return what `look` finds amiss there, a line each."""
    found, cases = [], filled(sponsor)
    visitor, staff = browsers.open(size), browsers.open(size)
    for page in chain(
        of_visitors(cases, visitor), of_staff(cases, staff), of_admin(cases, browsers.open(size)),
        of_respondent(browsers.open(size), inbox, cases.answering, "scope", "submit", "colleagues"),
        of_respondent(browsers.open(size), inbox, cases.answered, "submit"),
        of_respondent(browsers.open(size), inbox, cases.returned, "records"),
        of_respondent(browsers.open(size), inbox, cases.closed, "records", "receipt"),
    ):  # fmt: skip
        page.wait_for_load_state()
        found += [f"{page.url.removeprefix(browsers.home)}: {fault}" for fault in look(page)]
    return "\n".join(found)


def of_visitors(cases: Filled, page: Page) -> Iterator[Page]:
    """Go to each page that needs no sign-in."""
    for address in ("/sign-in", "/forgot", "/left", "/nothing", make.link(cases.answering)):
        page.goto(address)
        yield page


def of_staff(cases: Filled, page: Page) -> Iterator[Page]:
    """Sign in and go to each page of the sponsor's staff."""
    people.sign_in(page, cases.sponsor)
    supplier = f"/suppliers/{cases.answering.supplier_id}"
    answering, in_review, closed = (
        f"/assessments/{case.assessment_id}" for case in (cases.answering, cases.in_review, cases.closed)
    )
    for address in (
        "/suppliers/", "/suppliers/?text=nobody", "/suppliers/new", supplier, f"{supplier}/edit", f"{supplier}/send",
        f"{supplier}/send/{make.KEY}", f"{supplier}/dossier/", f"{supplier}/audit?before=60",
        "/audit?kind=Answer&record=7", "/audit/review", answering, closed,
        f"{in_review}/review?show=undecided", f"{closed}/review?show=gaps", f"{closed}/rating", f"{in_review}/close",
    ):  # fmt: skip
        page.goto(address)
        yield page


def of_admin(cases: Filled, page: Page) -> Iterator[Page]:
    """Sign in as an administrator and go to the pages about people, auditors and one's own account, and about all."""
    people.sign_in(page, cases.sponsor, "admin")
    make.open_to_auditor(cases.sponsor, cases.answering.supplier_id)
    make.invited(cases.sponsor, "a-rather-long-address-of-a-new-colleague@sponsor.example")
    member = f"/people/{make.membership(cases.sponsor, 'qa')}"
    for address in (
        "/people/", member, "/people/review", "/account", "/account/app", "/account/passkey", "/account/factors/remove",
        f"/suppliers/{cases.answering.supplier_id}", "/about/part-11",
    ):  # fmt: skip
        page.goto(address)
        yield page


def of_respondent(page: Page, inbox: Inbox, case: make.Sent, *names: str) -> Iterator[Page]:
    """Come in by link and code and go to pages of the manufacturer's people."""
    code = people.code_after(inbox, case.email)
    people.ask_for_code(page, make.link(case))
    yield page
    people.type_code(page, code())
    for name in names:
        page.goto(f"/answering/{name}")
        yield page
