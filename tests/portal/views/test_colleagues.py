"""Colleagues of the contact: asked by section, through a mailbox of their own, under their own name."""

from __future__ import annotations

import io
import re
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from portal.models.assessments import Answer, Introduction, Invite
from portal.models.evidence import Evidence
from portal.models.signatures import Confirmation, Signature
from portal.services.accounts import people
from portal.services.assessments import reviewing, sending
from tests import make
from tests.scopes import acting, entries, later, rows

JSON = {"Accept": "application/json"}
# A section, and a question of it; another section, and a question of that.
OWN, OWN_QUESTION, OTHER, OTHER_QUESTION = "validation", "P11-01", "records", "P11-06"
PAGE = "/answering/colleagues"


@pytest.fixture
def contact(sponsor, inbox) -> tuple[make.Sent, FlaskClient]:
    """An answered assessment, and the browser of the contact."""
    case = make.answered(sponsor)
    return case, make.visitor(case, inbox)


def form(**changes: object) -> dict[str, object]:
    email = f"piet-{uuid4().hex[:12]}@cmo.example"
    return {"id": str(uuid4()), "name": "Piet Jansen", "email": email, "sections": [OWN], **changes}


def asked(contact: tuple[make.Sent, FlaskClient], **changes: object) -> make.Sent:
    """Ask a colleague; return the case as the colleague sees it."""
    case, client = contact
    given = form(**changes)
    assert client.post(PAGE, data=given).location == PAGE
    make.do_jobs(case.sponsor.app)
    return make.Sent(
        case.sponsor, case.supplier_id, case.assessment_id, UUID(given["id"]), str(given["email"]), str(given["name"])
    )


def comes_in(helper: make.Sent, inbox) -> FlaskClient:
    """Open the mailed link and type the mailed code."""
    link = re.search(r"http://localhost(/i/\S+)", first_mail(helper, inbox))[1]
    client = helper.sponsor.app.test_client()
    assert client.post(link).status_code == 302
    make.do_jobs(helper.sponsor.app)
    assert client.post("/code", data={"digits": make.code_in(inbox.text(helper.email))}).location == "/answering"
    return client


def first_mail(helper: make.Sent, inbox) -> str:
    return str(inbox.to(helper.email)[0].get_body(("plain",)).get_content())


def answer(client: FlaskClient, question: str, comment: str) -> int:
    given = {"value": "partial", "comment": comment, "version": "1"}
    return client.post(f"/answering/answers/{question}", data=given, headers=JSON).status_code


def test_a_colleague_is_mailed_and_contact_and_sponsor_are_told_who_was_asked_for_what(contact, inbox):
    case, _ = contact
    helper = asked(contact)
    text = first_mail(helper, inbox)
    title = section_title(case)
    for words in (case.name, title, "the others you can read", "/i/"):
        assert words in text, words
    with acting(case.sponsor):
        told = [case.email, people.own_tenant().contact_email]
    for address in told:
        text = inbox.text(address)
        assert "Piet Jansen" in text and helper.email in text and title in text and "/i/" not in text


def section_title(case: make.Sent) -> str:
    with acting(case):
        found = sending.chosen(make.KEY)
    return next(section.title for section in found.sections if section.id == OWN)


def test_11_10_g_a_colleague_changes_his_sections_alone_and_reads_the_others(contact, inbox):
    """Authority is checked at each act: answers and files of sections that were not delegated are refused."""
    case, _ = contact
    client = comes_in(asked(contact), inbox)
    assert client.get("/answering").location == f"/answering/{OWN}"
    assert answer(client, OWN_QUESTION, "All but the old balance") == 200
    assert answer(client, OTHER_QUESTION, "Not mine") == 403
    assert upload(client, OWN_QUESTION) == 200
    assert upload(client, OTHER_QUESTION) == 403
    page = client.get(f"/answering/{OTHER}")
    assert page.status_code == 200 and "You were asked for other sections" in page.text
    assert f'action="/answering/answers/{OTHER_QUESTION}' not in page.text
    said = {row.question_id: row.comment for row in rows(case.sponsor, Answer, assessment_id=case.assessment_id)}
    assert (said[OWN_QUESTION], said[OTHER_QUESTION]) == ("All but the old balance", "")
    assert [row.question_id for row in rows(case.sponsor, Evidence)] == [OWN_QUESTION]


def upload(client: FlaskClient, question: str) -> int:
    files = {"file": (io.BytesIO(make.PDF), "validation.pdf")}
    address = f"/answering/evidence/{question}"
    return client.post(address, data=files, headers=JSON, content_type="multipart/form-data").status_code


def test_11_10_h_the_trail_names_who_answered_and_from_which_address(contact, inbox):
    """Each answer comes from a proved mailbox: its entry names the person of that mailbox and the network address."""
    case, _ = contact
    client = comes_in(asked(contact), inbox)
    assert answer(client, OWN_QUESTION, "By Piet") == 200
    entry, told = entries(case.sponsor, record_type="Answer", action="changed")[-1]
    assert (entry.actor_name, entry.actor_kind, entry.origin) == ("Piet Jansen", "cmo", "127.0.0.1")
    assert told["comment"] == "By Piet"
    (row,) = rows(case.sponsor, Answer, assessment_id=case.assessment_id, question_id=OWN_QUESTION)
    assert row.saved_by == "Piet Jansen"


def test_a_colleague_for_single_sections_makes_no_identity_and_signs_nothing(contact, inbox):
    case, _ = contact
    helper = asked(contact)
    client = comes_in(helper, inbox)
    page = client.get("/answering/submit").text
    assert "Your part" in page and 'name="password"' not in page
    identity = {"printed_name": "Piet Jansen", "title": "Validation", "password": make.PASSWORD}
    assert client.post("/answering/identity", data=identity).status_code == 403
    make.signer(helper)
    with later(minutes=2):
        client = comes_in(helper, inbox)
        signing = {"email": helper.email, "password": make.PASSWORD, "meaning": "authored", "shown_digest": "0" * 64}
        assert client.post("/answering/submit", data=signing).status_code == 403
    assert rows(case.sponsor, Signature) == []


def test_a_colleague_who_was_asked_for_all_sections_may_sign(contact, inbox):
    case, _ = contact
    with acting(case):
        every = [section.id for section in sending.chosen(make.KEY).sections]
    helper = asked(contact, sections=every)
    make.signer(helper)
    client = comes_in(helper, inbox)
    digest = re.search(r'name="shown_digest"[^>]*value="([0-9a-f]{64})"', client.get("/answering/submit").text)[1]
    signing = {"email": helper.email, "password": make.PASSWORD, "meaning": "authored", "shown_digest": digest}
    assert client.post("/answering/submit", data=signing).location == "/answering/receipt"
    assert [row.printed_name for row in rows(case.sponsor, Signature)] == ["Piet Jansen"]


def test_withdrawing_ends_the_colleagues_visit_at_the_next_request_and_loses_no_work(contact, inbox):
    case, client = contact
    helper = asked(contact)
    theirs = comes_in(helper, inbox)
    assert answer(theirs, OWN_QUESTION, "By Piet") == 200
    assert client.post(f"{PAGE}/{helper.invite_id}/withdraw").location == PAGE
    assert answer(theirs, OWN_QUESTION, "Too late") == 410
    assert theirs.get("/answering").status_code == 410
    (row,) = rows(case.sponsor, Answer, assessment_id=case.assessment_id, question_id=OWN_QUESTION)
    assert (row.comment, row.saved_by) == ("By Piet", "Piet Jansen")
    assert client.get("/answering").status_code == 302


def test_withdrawing_the_questionnaire_ends_every_colleague_too(contact, inbox):
    case, _ = contact
    theirs = comes_in(asked(contact), inbox)
    with acting(case.sponsor):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason="Wrong contact")
    assert theirs.get("/answering").status_code == 410
    assert all(row.withdrawn_at for row in rows(case.sponsor, Invite))


def test_contact_and_sponsor_see_who_answers_what(contact, inbox):
    case, client = contact
    asked(contact)
    title = section_title(case)
    mine, theirs = client.get(PAGE).text, case.sponsor.client("viewer").get(f"/assessments/{case.assessment_id}").text
    for page in (mine, theirs):
        assert "Piet Jansen" in page and title in page
    assert '<span class="by">Piet Jansen</span>' in client.get(f"/answering/{OWN}").text
    assert case.email in theirs, "the contact stays whom the sponsor asked"


def test_a_doubled_click_asks_once(contact, inbox):
    case, client = contact
    given = form()
    for _ in range(2):
        assert client.post(PAGE, data=given).location == PAGE
    make.do_jobs(case.sponsor.app)
    assert len(rows(case.sponsor, Introduction, invite_id=UUID(given["id"]))) == len(inbox.to(given["email"])) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sections": []}, "Choose at least one section"),
        ({"sections": ["no-such-section"]}, "not a valid choice"),
        ({"email": "no address"}, "Enter one mail address"),
        ({"name": " "}, "Fill this in"),
        ({"name": "Piet\r\nBcc: x@evil.example"}, "Write this on one line"),
        ({"known_other": "met"}, "how you know who this is"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_mails_nobody(contact, changes, words):
    case, client = contact
    refused = client.post(PAGE, data=form(**changes))
    assert refused.status_code == 422 and words in refused.text
    assert len(rows(case.sponsor, Invite)) == 1


def test_nobody_is_asked_twice_while_the_first_time_counts(contact):
    case, client = contact
    helper = asked(contact)
    for email in (helper.email.upper(), case.email):
        refused = client.post(PAGE, data=form(email=email))
        assert refused.status_code == 422 and "was asked already" in refused.text
    assert client.post(f"{PAGE}/{helper.invite_id}/withdraw").status_code == 302
    assert client.post(PAGE, data=form(email=helper.email)).status_code == 302


def test_a_colleague_hands_nothing_on_and_withdraws_nobody(contact, inbox):
    case, _ = contact
    helper, second = asked(contact), asked(contact, name="Anna Smit")
    theirs = comes_in(helper, inbox)
    assert "Ask a colleague" not in theirs.get(PAGE).text
    assert theirs.post(PAGE, data=form()).status_code == 403
    for invite_id in (second.invite_id, case.invite_id, helper.invite_id):
        assert theirs.post(f"{PAGE}/{invite_id}/withdraw").status_code == 404
    assert not [row for row in rows(case.sponsor, Invite) if row.withdrawn_at]


def test_nobody_withdraws_himself_or_a_stranger(contact):
    case, client = contact
    stranger = make.sent(case.sponsor)
    for invite_id in (case.invite_id, stranger.invite_id, uuid4()):
        assert client.post(f"{PAGE}/{invite_id}/withdraw").status_code == 404


@pytest.mark.parametrize(("how", "found"), [("Met in person", [("Marta Conti", "cmo")]), ("", [])])
def test_the_contacts_word_for_a_colleague_counts_if_the_contact_is_confirmed(sponsor, inbox, how, found):
    case = make.sent(sponsor, how=how)
    make.answer_all(case, {})
    make.signer(case, ready=False)
    with acting(case):
        every = [section.id for section in sending.chosen(make.KEY).sections]
    helper = asked((case, make.visitor(case, inbox)), sections=every, known="Known from earlier work")
    client = comes_in(helper, inbox)
    identity = {"printed_name": "Piet Jansen", "title": "Validation", "password": make.PASSWORD}
    assert client.post("/answering/identity", data=identity).status_code == 302
    said = [(row.by, row.by_kind) for row in rows(sponsor, Confirmation) if row.how == "Known from earlier work"]
    assert said == found


def test_without_a_mail_server_nobody_is_asked_from_here(sponsor, mailless, inbox):
    case = make.answered(sponsor)
    visit = make.visitor(case, inbox)
    client = mailless.test_client()
    client.set_cookie("portal_cmo", visit.get_cookie("portal_cmo").value)
    page = client.get(PAGE).text
    assert "This portal has no mail server" in page and "Ask a colleague" not in page
    assert client.post(PAGE, data=form()).status_code == 409
