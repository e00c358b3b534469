"""The respondent's door: a link that scanners may open, and a code that only the mailbox gives away."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from portal.db import db, now
from portal.models.accounts import Person
from portal.models.assessments import Invite, MailedCode, Visit
from portal.services.assessments import answers, reviewing, sending
from portal.views import rooms
from tests import make, postgresql
from tests.scopes import acting, entries, later, rows, tampering

SCANNERS = ("curl/8", "Mozilla/5.0 (compatible; SafeLinks)", "Barracuda", "Slackbot-LinkExpanding 1.0", "")


@pytest.fixture
def case(house) -> make.Sent:
    return make.sent(house)


def state(case: make.Sent) -> tuple[object, ...]:
    invite = rows(case.sponsor, Invite, assessment_id=case.assessment_id)[0]
    counted = (MailedCode, Visit)
    found = [len(rows(case.sponsor, model, assessment_id=case.assessment_id)) for model in counted]
    return invite.opened_at, *found, len(entries(case.sponsor, assessment_id=case.assessment_id))


def test_opening_the_link_changes_nothing_however_often_and_whoever_does_it(case, inbox):
    link = make.link(case)
    before = state(case)
    for number in range(50):
        client = case.sponsor.app.test_client()
        method = ("GET", "HEAD", "OPTIONS")[number % 3]
        origin, agent = {"REMOTE_ADDR": f"192.0.2.{number % 5}"}, {"User-Agent": SCANNERS[number % 5]}
        answer = client.open(link, method=method, environ_base=origin, headers=agent)
        assert answer.status_code == 200
        assert "portal_cmo" not in str(answer.headers) and "portal_browser" not in str(answer.headers)
    assert state(case) == before
    client, digits = make.asker(case, inbox)
    assert client.post("/code", data={"digits": digits}).location == "/answering"


def test_a_scanner_that_posts_every_form_accepts_nothing_and_causes_one_mail_a_minute(case, inbox):
    link, client = make.link(case), case.sponsor.app.test_client()
    actions = re.findall(r'action="([^"]+)"', client.get(link).text)
    assert actions == [link]
    for _ in range(10):
        client.post(link)
        for action in ("/code", "/code/again"):
            client.post(action, data={"digits": "", "csrf_token": "x"})
    make.do_jobs(case.sponsor.app)
    codes = [message for message in inbox.to(case.email) if "is your code" in message["Subject"]]
    assert len(codes) == 1
    assert rows(case.sponsor, Visit, assessment_id=case.assessment_id) == []
    assert client.get("/answering").status_code == 401


def expired(case: make.Sent) -> str:
    link = make.link(case)
    with tampering(case.sponsor):
        sending.invite_of(reviewing.get(case.assessment_id)).expires_at = now() - timedelta(seconds=1)
    return link


def withdrawn(case: make.Sent) -> str:
    link = make.link(case)
    with acting(case.sponsor):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason="Wrong contact")
    return link


@pytest.mark.parametrize(
    ("dead", "status"), [(expired, 410), (withdrawn, 410), (lambda case: make.link(case)[:-1] + "~", 404)]
)
def test_a_dead_link_says_so_and_names_neither_questionnaire_nor_supplier(case, dead, status):
    client, link = case.sponsor.app.test_client(), dead(case)
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == status
        assert re.search(r"ask the (sender|person who sent)", answer.text, re.IGNORECASE)
        for word in ("Part 11", "Supplier ", case.sponsor.name, case.email, "marta"):
            assert word not in answer.text


def test_the_landing_page_shows_no_more_of_the_address_than_its_owner_needs(case):
    shown = case.sponsor.app.test_client().get(make.link(case)).text
    assert "m•••••@cmo.example" in shown
    assert case.email not in shown and case.name not in shown and "Part 11" not in shown


def test_withdrawing_ends_a_visit_at_the_next_request_and_keeps_what_comes_later_out(case, inbox):
    client = make.visitor(case, inbox)
    withdrawn(case)
    given = {"value": "yes", "version": "0", "comment": "typed meanwhile"}
    answer = client.post("/answering/answers/P11-S1", data=given, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["title"]) == (410, "This link no longer works")
    assert client.get("/answering").status_code == 410
    assert entries(case.sponsor, assessment_id=case.assessment_id, record_type="Answer") == []


def test_a_code_leads_from_the_mailbox_to_the_first_question_under_a_clean_address(case, inbox):
    link = make.link(case)
    client, digits = make.asker(case, inbox)
    answer = client.post("/code", data={"digits": f" {digits[:3]} {digits[3:]} "})
    assert (answer.status_code, answer.location) == (302, "/answering")
    assert client.get("/answering").location == "/answering/scope"
    assert link.rpartition("/")[2] not in str(answer.headers) + client.get("/code").text
    invite = rows(case.sponsor, Invite, assessment_id=case.assessment_id)[0]
    assert invite.opened_at is not None
    assert [row.actor_name for row, _ in entries(case.sponsor, record_type="Visit")][-1] == case.name


def test_no_secret_of_the_door_is_anywhere_in_database_mail_queue_or_log(case, inbox, database_urls, caplog):
    caplog.set_level(logging.DEBUG)
    client = case.sponsor.app.test_client()
    link = make.link(case)
    client.post(link)
    secrets = [link.rpartition("/")[2], client.get_cookie("portal_browser").value]
    make.do_jobs(case.sponsor.app)
    digits = make.code_in(inbox.text(case.email))
    secrets += re.findall(r"/i/(\S+)", inbox.to(case.email)[0].get_body(("plain",)).get_content())
    client.post("/code", data={"digits": digits})
    secrets += [client.get_cookie("portal_cmo").value, case.sponsor.client().get_cookie("portal_staff").value]
    # The mailbox of the test writes down what it received.
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name != "mail.log")
    held = list(dump(database_urls[1]))
    assert len(secrets) == len(set(secrets)) == 5 and len(held) > 100
    for secret in secrets:
        assert not [value for value in held if secret in value], secret
        assert secret not in logged
    code = rows(case.sponsor, MailedCode, assessment_id=case.assessment_id)[0]
    assert code.code != hashlib.sha256(digits.encode()).hexdigest() and len(code.code) == 64
    assert not [value for value in held if value.strip() == digits or f'"{digits}"' in value]


def dump(owner_url: str) -> Iterator[str]:
    """Yield every value of every row of every table, as who stole the whole database would read it."""
    url = make_url(owner_url)
    if url.get_backend_name() == "postgresql":
        # Row-level security is forced on the owner too; the superuser sees all.
        url = make_url(postgresql.POSTGRESQL).set(drivername="postgresql+psycopg", database=url.database)
    engine = create_engine(url)
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # the names are the database's
                yield from map(str, row)
    engine.dispose()


@pytest.mark.parametrize("secret", ["portal_browser", "portal_cmo"])
def test_cookies_of_the_door_are_out_of_reach_of_scripts_and_of_other_sites(case, inbox, secret):
    client, digits = make.asker(case, inbox)
    client.post("/code", data={"digits": digits}) if secret == "portal_cmo" else None
    found = client.get_cookie(secret)
    assert (found.http_only, found.same_site, found.path, found.origin_only) == (True, "Lax", "/", True)
    assert found.max_age == 12 * 60 * 60


def test_over_tls_the_cookies_are_held_to_this_host(case, secure):
    answer = secure.test_client().post(make.link(case), base_url="https://portal.example.com")
    given = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("__Host-portal_browser="))
    assert "; Secure; HttpOnly; Path=/; SameSite=Lax" in given and "Domain" not in given


@pytest.mark.parametrize(("pauses", "status"), [([59, 59], 302), ([61], 401), ([55] * 13, 302), ([55] * 13 + [6], 401)])
def test_a_visit_lasts_twelve_hours_and_ends_after_an_hour_without_a_sign_of_life(case, inbox, pauses, status):
    client, passed = make.visitor(case, inbox), 0
    for pause in pauses:
        passed += pause
        with later(minutes=passed):
            answer = client.get("/answering")
    assert answer.status_code == status
    assert status == 302 or "Your visit is over" in answer.text


def test_leaving_ends_the_visit_on_the_server_and_only_by_post(case, inbox):
    client = make.visitor(case, inbox)
    secret = client.get_cookie("portal_cmo").value
    assert client.get("/answering/leave").status_code == 404
    assert client.get("/answering").status_code == 302
    assert client.post("/answering/leave").location == "/left"
    assert client.get_cookie("portal_cmo") is None
    client.set_cookie("portal_cmo", secret)
    assert client.get("/answering").status_code == 401


def test_coming_back_in_another_browser_goes_on_where_it_stopped(case, inbox):
    with acting(case):
        for section in answers.room().questionnaire.sections[:2]:
            for question in rooms.shown(answers.room(), section):
                raw = {"value": "no", "comment": ""}
                answers.save(question_id=question.id, raw=raw, version=0)
    with later(minutes=2):
        client, digits = make.asker(case, inbox)
        client.post("/code", data={"digits": digits})
        assert client.get("/answering").location == "/answering/records"


def test_a_visit_ends_when_its_persons_password_changes(house, inbox):
    case = make.sent(house)
    person_id = make.signer(case)
    client = make.visitor(case, inbox)
    assert client.get("/answering/receipt").status_code != 401
    with acting(house, "admin"):
        db.session.get_one(Person, person_id).stays_from = now()
    assert client.get("/answering/receipt").status_code == 401
