"""Sending: what is frozen, the due date, one mail and one link, withdrawing, and doing without a mail server."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest

from portal import manifest
from portal.db import now
from portal.errors import Conflict, Invalid, NotFound
from portal.models.assessments import Assessment, FrozenDocument, Invite, MailedCode
from portal.models.outbox import OutboxRow
from portal.models.suppliers import Supplier
from portal.services import suppliers
from portal.services.accounts import people
from portal.services.assessments import documents, reviewing, sending
from questionnaires import load
from scoring import rubric
from tests import make
from tests.scopes import acting, at, at_once, entries, later, reading, rows, trying

ADDRESS = re.compile(r"https?://[^\s\"<>]+")


@pytest.fixture(scope="module")
def case(house) -> make.Sent:
    """An assessment that was sent, for tests that change nothing."""
    return make.sent(house)


def send(sponsor: make.Sponsor, supplier_id, due_in: int = 28, assessment_id=None) -> Assessment:
    row = suppliers.get(supplier_id)
    assessment, _ = sending.send(
        assessment_id=assessment_id or uuid4(), supplier=row, key=make.KEY, contact=row.contacts[0],
        due_on=make.today() + timedelta(days=due_in), today=make.today(),
    )  # fmt: skip
    return assessment


def test_questionnaire_rubric_and_method_are_frozen_by_key_version_and_digest(case):
    asked, weights = load.released(make.KEY), rubric.rubric(make.KEY)
    frozen = {row.kind: row for row in rows(case.sponsor, FrozenDocument)}
    assert (frozen["questionnaire"].key, frozen["questionnaire"].version) == (asked.key, asked.version)
    assert frozen["questionnaire"].digest == asked.digest
    assert (frozen["rubric"].key, frozen["rubric"].version) == (weights.key, weights.version)
    assert (frozen["method"].key, frozen["method"].version) == ("SRM-1.0", "1.0")
    assert all(row.digest == manifest.text_digest(row.body) for row in frozen.values())
    with reading(case.sponsor):
        row = reviewing.get(case.assessment_id)
        pinned = {row.questionnaire_id, row.rubric_id, row.method_id}
    assert pinned == {row.id for row in frozen.values()}


def test_a_second_sending_uses_what_is_frozen_already(case):
    with trying(case.sponsor):
        send(case.sponsor, case.supplier_id)
        assert len(rows(case.sponsor, FrozenDocument)) == 3


def test_a_change_of_the_library_touches_nothing_that_was_sent(case, monkeypatch):
    text = json.loads(load.source(make.KEY, "1.0"))
    text["version"], text["sections"][0]["questions"][0]["text"] = "1.1", "Asked in another way?"
    newer = load.load(load.canonical(json.dumps(text)))
    monkeypatch.setattr(load, "released", lambda _key: newer)
    monkeypatch.setattr(load, "source", lambda _key, _version: load.canonical(json.dumps(text)))
    with trying(case.sponsor):
        later = send(case.sponsor, case.supplier_id)
        documents._questionnaire.cache_clear()
        asked = [documents.questionnaire(row) for row in (reviewing.get(case.assessment_id), later)]
    documents._questionnaire.cache_clear()
    assert [item.version for item in asked] == ["1.0", "1.1"]
    assert asked[0].digest != asked[1].digest == newer.digest
    assert "another way" not in asked[0].question("P11-S1").text


@pytest.mark.parametrize("due_in", [-1, 0, 91, 400])
def test_a_due_date_that_is_past_or_beyond_the_life_of_a_link_is_refused(case, due_in):
    with trying(case.sponsor), pytest.raises(Invalid, match="Choose a due date between tomorrow and"):
        send(case.sponsor, case.supplier_id, due_in)


@pytest.mark.parametrize(("due_in", "days"), [(1, 15), (28, 42), (76, 90), (90, 90)])
def test_a_link_lives_until_two_weeks_after_the_due_date_and_90_days_at_most(case, due_in, days):
    with trying(case.sponsor):
        invite = sending.invite_of(send(case.sponsor, case.supplier_id, due_in))
        last = datetime.combine(make.today() + timedelta(days=days), time.max, tzinfo=UTC)
        assert invite.expires_at == last if days < 90 else invite.expires_at <= now() + timedelta(days=90)
        assert last - invite.expires_at < timedelta(days=1)


def test_an_unknown_questionnaire_is_not_found(case):
    with trying(case.sponsor), pytest.raises(NotFound):
        sending.chosen("no-such-set")


def test_sending_puts_the_supplier_under_assessment_until_the_due_date(case):
    row = rows(case.sponsor, Supplier, id=case.supplier_id)[0]
    assert (row.status, row.next_due) == ("under_assessment", make.today() + timedelta(days=28))


def test_a_doubled_submit_sends_once(sponsor, inbox):
    supplier_id, assessment_id = make.supplier(sponsor), uuid4()
    for _ in range(2):
        with acting(sponsor):
            send(sponsor, supplier_id, assessment_id=assessment_id)
    make.do_jobs(sponsor.app)
    invite = rows(sponsor, Invite)
    assert len(rows(sponsor, Assessment)) == len(invite) == len(inbox.to(invite[0].email)) == 1


def posted(sponsor: make.Sponsor) -> tuple[str, str, dict[str, str]]:
    """Return address, contact's mailbox and content of the form that sends."""
    supplier_id = make.supplier(sponsor)
    with reading(sponsor):
        contact = suppliers.get(supplier_id).contacts[0]
    due = make.today() + timedelta(days=9)
    form = {"id": str(uuid4()), "contact": str(contact.id), "due_on": due.isoformat()}
    return f"/suppliers/{supplier_id}/send/{make.KEY}", contact.email, form


def test_two_submits_at_the_same_moment_send_once_and_get_the_same_answer(sponsor, inbox):
    address, email, form = posted(sponsor)
    clients = [sponsor.client(), sponsor.client("admin")]
    given = at_once(*(lambda client=client: client.post(address, data=form) for client in clients))
    make.do_jobs(sponsor.app)
    assert [(answer.status_code, answer.location) for answer in given] == [(302, f"/assessments/{form['id']}")] * 2
    assert len(rows(sponsor, Assessment)) == len(inbox.to(email)) == 1


def test_the_mail_says_who_asks_what_until_when_whom_to_ask_and_holds_one_link(sponsor, inbox):
    case, asked = make.sent(sponsor), load.released(make.KEY)
    make.do_jobs(sponsor.app)
    (message,), due = inbox.to(case.email), (make.today() + timedelta(days=28)).isoformat()
    assert message["Subject"] == f"{sponsor.name} asks you: {asked.title} (due {due})"
    with reading(sponsor):
        to_ask = people.own_tenant().contact_email
    for kind in ("plain", "html"):
        text = html.unescape(message.get_body((kind,)).get_content())
        for wanted in (sponsor.name, asked.title, str(sum(1 for _ in asked.questions)), due, to_ask, case.name):
            assert wanted in text, (kind, wanted)
        (link,) = set(ADDRESS.findall(text))
        assert link.startswith("http://localhost/i/")


def test_the_link_in_a_mail_is_made_from_the_configured_address_alone(sponsor, inbox):
    address, email, form = posted(sponsor)
    forged = {"X-Forwarded-Host": "evil.example"}
    assert sponsor.client().post(address, data=form, headers=forged).status_code == 302
    make.do_jobs(sponsor.app)
    assert "evil.example" not in inbox.to(email)[0].as_string()


def test_the_preview_shows_the_mail_and_no_link(case):
    page = case.sponsor.client().get(f"/suppliers/{case.supplier_id}/send/{make.KEY}").text
    assert f"{case.sponsor.name} asks you" in page
    assert "/i/" not in page


def test_a_link_holds_256_random_bits_and_no_two_are_alike(case):
    with trying(case.sponsor):
        invite = sending.invite_of(reviewing.get(case.assessment_id))
        tokens = {sending.link(invite).rpartition("/")[2] for _ in range(200)}
    assert len(tokens) == 200
    assert {len(base64.urlsafe_b64decode(token + "=")) for token in tokens} == {32}


def test_withdrawing_ends_the_link_before_the_mail_has_left_and_says_why(sponsor, inbox):
    case = make.sent(sponsor)
    with acting(sponsor):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason=" Wrong contact ")
    make.do_jobs(sponsor.app)
    assert inbox.to(case.email) == []
    assert rows(sponsor, Assessment)[0].state == "withdrawn"
    assert rows(sponsor, Supplier)[0].next_due is None
    assert {row.reason for row, _ in entries(sponsor, record_type="Invite", action="changed")} == {"Wrong contact"}


@pytest.mark.parametrize("reason", ["", "   ", "x", " no \t"])
def test_withdrawing_needs_a_reason(case, reason):
    with trying(case.sponsor), pytest.raises(Invalid, match="Say in a few words why"):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason=reason)


def test_what_was_submitted_cannot_be_withdrawn_nor_mailed_again(sponsor):
    case = make.submitted(sponsor)
    with trying(sponsor):
        row = reviewing.get(case.assessment_id)
        for act in (
            lambda: sending.withdraw(assessment=row, reason="Too late"),
            lambda: sending.mail_again(assessment=row),
        ):
            with pytest.raises(Conflict) as refused:
                act()
            assert refused.value.title == "Not possible in this state"


def test_mailing_again_makes_another_link_and_leaves_the_first_one_working(sponsor, inbox):
    case = make.sent(sponsor)
    make.do_jobs(sponsor.app)
    with later(minutes=2):
        mail_again(case)
        make.do_jobs(sponsor.app)
    links = [ADDRESS.findall(mail.get_body(("plain",)).get_content())[0] for mail in inbox.to(case.email)]
    assert len(set(links)) == 2
    assert {sponsor.app.test_client().get(link).status_code for link in links} == {200}
    assert len(entries(sponsor, action="invite.mailed_again")) == 1


def mail_again(case: make.Sent) -> None:
    with acting(case.sponsor):
        sending.mail_again(assessment=reviewing.get(case.assessment_id))


# So many letters that left so many minutes apart, the sending's own among them, and after how many seconds one may.
@pytest.mark.parametrize(
    ("letters", "apart", "passed", "wait"),
    [(1, 0, 0, 60), (1, 0, 0.5, 30), (1, 0, 1, 0), (2, 2, 0.9, 6), (5, 2, 1, 3060), (5, 2, 51, 60), (5, 2, 52, 0)],
)
def test_so_many_mails_and_no_more_go_to_one_person(sponsor, letters, apart, passed, wait):
    start = now()
    with at(start):
        case = make.sent(sponsor)
    for number in range(1, letters):
        with at(start + timedelta(minutes=apart * number)):
            mail_again(case)
    with at(start + timedelta(minutes=apart * (letters - 1) + passed)):
        client = sponsor.client()
        answer = client.post(f"/assessments/{case.assessment_id}/mail")
    assert answer.status_code == (429 if wait else 302)
    assert wait - 1 <= int(answer.headers.get("Retry-After", 0)) <= wait + 1
    assert ("Wait a minute" in answer.text or "within the hour" in answer.text) == bool(wait)
    assert len(rows(sponsor, OutboxRow, subject_id=case.invite_id)) == letters + (not wait)


def test_of_two_clicks_at_the_same_moment_one_mails(sponsor):
    case = make.sent(sponsor)
    clients = [sponsor.client(), sponsor.client("admin")]
    with later(minutes=2):
        given = at_once(
            *(lambda client=client: client.post(f"/assessments/{case.assessment_id}/mail") for client in clients)
        )
    assert sorted(answer.status_code for answer in given) == [302, 429]


def test_with_a_mail_server_nobody_is_shown_a_link_or_a_code(case):
    case.sponsor.app.test_client().post(make.link(case))
    client = case.sponsor.client("admin")
    assert client.post(f"/assessments/{case.assessment_id}/link").status_code == 409
    refused = client.post(f"/assessments/{case.assessment_id}/code", follow_redirects=True)
    assert "Nobody is waiting for a code" in refused.text
    assert [row.code for row in rows(case.sponsor, MailedCode)] == [""]
    assert not {row.action for row, _ in entries(case.sponsor)} & {"invite.link_shown", "invite.code_read_out"}


def test_without_a_mail_server_the_link_is_shown_once_and_that_it_was_is_on_record(sponsor, mailless):
    bare = replace(sponsor, app=mailless)
    client, (address, email, form) = bare.client(), posted(bare)
    assert "No mail goes out" in client.get(address).text
    page = client.post(address, data=form)
    (link,) = set(ADDRESS.findall(page.text))
    assert page.status_code == 200 and email in page.text
    assert rows(bare, OutboxRow, for_tenant=bare.id) == []
    assert link.rpartition("/")[2] not in client.get(f"/assessments/{form['id']}").text
    entry, told = entries(bare, action="invite.link_shown")[0]
    assert (entry.actor_id, told) == (sponsor.persons["qa"], {})


def test_without_a_mail_server_a_code_is_read_out_to_whoever_asked_and_that_it_was_is_on_record(sponsor, mailless):
    bare = replace(sponsor, app=mailless)
    case, client = make.sent(bare), bare.client()
    address, browser = f"/assessments/{case.assessment_id}/code", mailless.test_client()
    assert "Nobody is waiting for a code" in client.post(address, follow_redirects=True).text
    assert browser.post(make.link(case)).status_code == 302
    digits = re.search(r'visually-hidden">((?:\d ){5}\d)<', client.post(address).text)[1].replace(" ", "")
    assert browser.post("/code", data={"digits": digits}).location == "/answering"
    assert len(entries(bare, action="invite.code_read_out")) == 1
    assert digits not in str([told for _, told in entries(bare)])
