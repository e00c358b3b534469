"""What goes wrong at a respondent's desk: late scripts, no network, an ended visit, wrong files, a second click."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import FilePayload, Page, Route, expect
from sqlalchemy import func, select

from portal import tenancy
from portal.db import db
from portal.models.assessments import Assessment
from portal.services.assessments import visits
from tests import make
from tests.journeys import people
from tests.journeys.browsers import Browsers
from tests.journeys.people import card, status
from tests.services import Inbox

pytestmark = pytest.mark.browser
QUESTION = "P11-S1"
Enter = Callable[[make.Sent], Page]


@pytest.fixture
def enter(inbox: Inbox, browsers: Browsers) -> Enter:
    """Come in as the respondent, at the first question."""

    def come_in(case: make.Sent) -> Page:
        page = browsers.open()
        people.come_in(page, inbox, make.link(case), case.email)
        page.wait_for_load_state()
        return page

    return come_in


def test_an_answer_given_before_the_script_has_arrived_is_saved(sponsor: make.Sponsor, enter: Enter) -> None:
    held: list[Route] = []
    page = enter(make.sent(sponsor))
    page.route("**/autosave.js", lambda route: held.append(route))
    page.goto(page.url, wait_until="commit")
    people.choose(page, QUESTION, "No")
    expect(status(page, QUESTION)).to_have_text("Not answered yet")
    [script] = held
    script.continue_()
    expect(status(page, QUESTION)).to_have_text(people.SAVED)
    page.unroute_all()
    page.reload()
    expect(card(page, QUESTION).get_by_label("No", exact=True)).to_be_checked()


def test_an_answer_given_without_a_connection_is_saved_once_it_is_back(
    sponsor: make.Sponsor, enter: Enter, browsers: Browsers
) -> None:
    browsers.expect("ERR_INTERNET_DISCONNECTED")
    page = enter(make.sent(sponsor))
    page.context.set_offline(True)
    people.choose(page, QUESTION, "No")
    expect(status(page, QUESTION)).to_have_text("Not saved yet: no connection. Trying again.")
    page.context.set_offline(False)
    expect(status(page, QUESTION)).to_have_text(people.SAVED)


def test_a_submitted_answer_is_saved_only_once_its_reason_is_typed(sponsor: make.Sponsor, enter: Enter) -> None:
    case = make.submitted(sponsor)
    make.judged(
        case, lambda *said: ("question_back", "", "Which?") if said[0] == "P11-01" else make.usual_verdict(*said)
    )
    make.returned(case)
    page = enter(case)
    people.choose(page, "P11-01", "Partly implemented")
    expect(status(page, "P11-01")).to_have_text("Not saved yet: say why you change it")
    card(page, "P11-01").get_by_label("Why you change it").fill("One system was added")
    expect(status(page, "P11-01")).to_have_text(people.SAVED)


def test_what_is_typed_after_the_visit_has_ended_stays_on_the_page(
    app: Flask, sponsor: make.Sponsor, enter: Enter, browsers: Browsers
) -> None:
    browsers.expect("401")
    page = enter(make.sent(sponsor))
    with app.app_context(), tenancy.scoped(tenancy.system(sponsor.id, "test")):
        visits.leave(visit_id=db.session.scalars(select(visits.Visit.id)).one())
    card(page, QUESTION).get_by_label("Comment").fill("A long comment")
    people.choose(page, QUESTION, "No")
    expect(card(page, QUESTION).get_by_role("alert")).to_contain_text("Open the link in your mail again")
    expect(card(page, QUESTION).get_by_label("Comment")).to_have_value("A long comment")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"name": "setup.exe", "mimeType": "text/plain", "buffer": b"MZ" * 99}, "That kind of file is not taken"),
        ({"name": "report.pdf", "mimeType": "text/plain", "buffer": b"no report"}, "is not what its ending says"),
        ({"name": "film.pdf", "mimeType": "text/plain", "buffer": make.PDF + b"%" * 2**20}, "film.pdf is too big"),
        ({"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}, "This file is empty"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_a_file_that_is_not_taken_is_named_and_the_next_one_goes_up(
    file: FilePayload, words: str, sponsor: make.Sponsor, enter: Enter, browsers: Browsers
) -> None:
    browsers.expect("415", "422")
    page = enter(make.sent(sponsor))
    field = card(page, QUESTION).locator("input[type=file]")
    field.set_input_files(file)
    expect(card(page, QUESTION).get_by_role("alert")).to_contain_text(words)
    field.set_input_files({"name": "../../list.txt", "mimeType": "text/plain", "buffer": b"MES, LIMS, QMS"})
    expect(card(page, QUESTION).locator("[data-evidence-list] li")).to_contain_text("list.txt")
    expect(card(page, QUESTION).get_by_role("alert")).to_have_count(0)


def test_a_second_click_sends_no_second_questionnaire(app: Flask, sponsor: make.Sponsor, browsers: Browsers) -> None:
    supplier_id = make.supplier(sponsor)
    page = browsers.open()
    people.sign_in(page, sponsor)
    page.goto(f"/suppliers/{supplier_id}/send/{make.KEY}")
    page.get_by_role("button", name="Send").dblclick()
    expect(page.locator(".flashes")).to_contain_text("Sent to")
    with app.app_context():
        tenancy.enter(sponsor.scope(writes=False))
        assert db.session.scalar(select(func.count(Assessment.id))) == 1
