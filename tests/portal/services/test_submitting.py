"""Submitting: what is missing, what exactly is signed, and that nothing changes it before or after."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from portal import manifest
from portal.db import db
from portal.errors import Conflict, Invalid, NotFound
from portal.models.accounts import Person
from portal.models.assessments import Answer, Assessment, Submission, Visit
from portal.models.signatures import Signature
from portal.models.suppliers import Supplier
from portal.services import signatures
from portal.services.assessments import answers, reviewing, sending, submitting
from portal.services.evidence import keeping
from tests import make
from tests.scopes import acting, at_once, reading, rows, trying

JSON = {"Accept": "application/json"}
QUESTION = "P11-01"
IDENTITY = {"printed_name": "Marta Conti", "title": "Head of IT", "password": make.PASSWORD}


@pytest.fixture(scope="module")
def done(house) -> make.Sent:
    """A submitted assessment with a file, for tests that change nothing."""
    case = make.answered(house, {QUESTION: ("partial", "All but the old balance")})
    make.attached(case, QUESTION)
    make.signer(case)
    make.submit(case)
    return case


@pytest.fixture
def ready(house) -> make.Sent:
    """An assessment that only needs the signature."""
    case = make.answered(house)
    make.signer(case)
    return case


def shown(client) -> str:
    """Return the digest of what the page shows for signing."""
    return re.search(r'name="shown_digest"[^>]*value="([0-9a-f]{64})"', client.get("/answering/submit").text)[1]


def form(case: make.Sent, digest: str, **changes: str) -> dict[str, str]:
    return {"email": case.email, "password": make.PASSWORD, "meaning": "authored", "shown_digest": digest, **changes}


def signed(case: make.Sent) -> list[Signature]:
    return list(rows(case.sponsor, Signature, assessment_id=case.assessment_id))


def test_what_is_missing_is_said_question_by_question_with_links(house, inbox):
    case = make.sent(house)
    with acting(case):
        answers.save(question_id="P11-S1", raw={"value": "no", "comment": ""}, version=0)
    with trying(case):
        missing = answers.room().progress.missing
        homes = {item.id: section.id for section in answers.room().questionnaire.sections for item in section.questions}
    page = html.unescape(make.visitor(case, inbox).get("/answering/submit").text)
    assert f"{len(missing)} questions are still open" in page
    for question in missing:
        assert f'href="/answering/{homes[question.id]}#{question.id}"' in page and question.text in page
    assert "#P11-S1" not in page and "shown_digest" not in page


def test_an_incomplete_submission_is_refused_and_leaves_nothing(house):
    case = make.sent(house)
    make.signer(case)
    with pytest.raises(Invalid, match=r"\d+ questions are still open"):
        make.submit(case)
    assert signed(case) == [] == list(rows(house, Submission, assessment_id=case.assessment_id))


def test_what_is_signed_is_every_answer_comment_and_file_in_its_one_canonical_form(done):
    row = rows(done.sponsor, Submission, assessment_id=done.assessment_id)[0]
    said = manifest.parsed(row.content)
    with reading(done.sponsor):
        room = answers.view(reviewing.get(done.assessment_id))
    assert [answer["question"] for answer in said["answers"]] == [question.id for question in room.visible]
    answer = next(answer for answer in said["answers"] if answer["question"] == QUESTION)
    file = room.evidence[QUESTION][0]
    assert (answer["value"], answer["comment"]) == ("partial", "All but the old balance")
    assert answer["evidence"] == [{"name": file.name, "sha256": file.digest, "size": file.size}]
    assert said["questionnaire"]["digest"] == room.questionnaire.digest
    assert row.content.encode() == manifest.canonical(said)
    assert row.digest == manifest.digest(said) == signed(done)[0].record_digest


def test_submitting_moves_the_assessment_on_and_the_supplier_with_it(done):
    make.do_jobs(done.sponsor.app)
    row = rows(done.sponsor, Assessment, id=done.assessment_id)[0]
    submission = rows(done.sponsor, Submission, assessment_id=done.assessment_id)[0]
    assert (row.state, row.submitted_at, submission.number) == ("submitted", submission.submitted_at, 1)
    supplier = rows(done.sponsor, Supplier, id=done.supplier_id)[0]
    assert (supplier.status, supplier.next_due) == ("under_assessment", None)


def change_answer(case: make.Sent) -> None:
    answers.save(question_id=QUESTION, raw={"value": "no", "comment": "Changed meanwhile"}, version=1)


def change_files(case: make.Sent) -> None:
    make.attached(case, QUESTION)


@pytest.mark.parametrize("change", [change_answer, change_files])
def test_what_changed_between_showing_and_signing_is_shown_anew_and_not_signed(ready, inbox, change):
    client = make.visitor(ready, inbox)
    before = shown(client)
    if change is change_files:
        change_files(ready)
    else:
        with acting(ready):
            change_answer(ready)
    answer = client.post("/answering/submit", data=form(ready, before))
    assert answer.status_code == 409
    assert "The content changed after it was shown to you" in answer.text
    assert ("Changed meanwhile" if change is change_answer else "validation.pdf") in answer.text
    assert signed(ready) == [] and rows(ready.sponsor, Assessment, id=ready.assessment_id)[0].state == "answering"
    after = shown(client)
    assert after != before and after in answer.text
    assert client.post("/answering/submit", data=form(ready, after)).location == "/answering/receipt"
    assert signed(ready)[0].record_digest == after


def answer_late(_case: make.Sent) -> None:
    answers.save(question_id=QUESTION, raw={"value": "no", "comment": ""}, version=1)


def withdraw_a_file(_case: make.Sent) -> None:
    keeping.withdraw(evidence_id=answers.room().evidence[QUESTION][0].id, reason="Second thoughts")


def submit_again(case: make.Sent) -> None:
    digest = submitting.digest_of(submitting.content(answers.room()))
    credential = signatures.Credential(case.email, make.PASSWORD)
    submitting.submit(credential=credential, meaning="authored", shown_digest=digest)


@pytest.mark.parametrize("act", [answer_late, withdraw_a_file, submit_again])
def test_nothing_that_the_supplier_does_changes_what_is_submitted(done, act):
    before = rows(done.sponsor, Submission, assessment_id=done.assessment_id)[0].content
    with trying(done), pytest.raises(Conflict) as refused:
        act(done)
    assert refused.value.title == "Not possible in this state"
    assert rows(done.sponsor, Submission, assessment_id=done.assessment_id)[0].content == before
    assert len(signed(done)) == 1


@pytest.fixture(scope="module")
def over(house) -> make.Sent:
    return make.closed(house)


def judge_again(row: Assessment) -> None:
    given = {"outcome": "gap", "level": "", "remark": "Second thoughts", "version": 1}
    reviewing.give_verdict(assessment=row, question_id=QUESTION, **given)


def send_back(row: Assessment) -> None:
    reviewing.return_to_supplier(assessment=row, due_on=make.today() + timedelta(days=9), today=make.today())


def withdraw(row: Assessment) -> None:
    sending.withdraw(assessment=row, reason="Second thoughts")


def mail_again(row: Assessment) -> None:
    sending.mail_again(assessment=row)


@pytest.mark.parametrize("act", [judge_again, send_back, withdraw, mail_again])
def test_nothing_that_the_sponsor_does_changes_what_is_closed(over, act):
    with trying(over.sponsor), pytest.raises((Conflict, Invalid)):
        act(reviewing.get(over.assessment_id))
    with pytest.raises(Conflict):
        make.close(over)
    assert len(signed(over)) == 2


def test_the_database_itself_refuses_to_change_a_submission(over):
    with trying(over.sponsor), pytest.raises(DBAPIError, match=r"permanent|permission denied"):
        db.session.scalars(select(Submission)).first().digest = "0" * 64
        db.session.flush()


def test_two_clicks_at_once_make_one_signature(ready, inbox):
    client = make.visitor(ready, inbox)
    digest = shown(client)
    browsers = [ready.sponsor.app.test_client() for _ in range(2)]
    for browser in browsers:
        browser.set_cookie("portal_cmo", client.get_cookie("portal_cmo").value)
    given = at_once(
        *(
            lambda browser=browser: browser.post("/answering/submit", data=form(ready, digest)).status_code
            for browser in browsers
        )
    )
    # Whoever comes second finds it submitted: a conflict, or the receipt.
    assert sorted(given) in ([302, 302], [302, 409])
    assert len(signed(ready)) == 1 == len(rows(ready.sponsor, Submission, assessment_id=ready.assessment_id))


@pytest.mark.parametrize("_round", range(2))
def test_of_signing_and_a_late_answer_one_comes_first_and_the_signature_fits_what_is_stored(ready, inbox, _round):
    client, browser = make.visitor(ready, inbox), ready.sponsor.app.test_client()
    browser.set_cookie("portal_cmo", client.get_cookie("portal_cmo").value)
    given, late = form(ready, shown(client)), {"value": "no", "comment": "Late", "version": "1"}
    submitted, saved = at_once(
        lambda: client.post("/answering/submit", data=given),
        lambda: browser.post(f"/answering/answers/{QUESTION}", data=late, headers=JSON),
    )
    assert (submitted.status_code, saved.status_code) in {(302, 409), (409, 200)}
    kept = rows(ready.sponsor, Answer, assessment_id=ready.assessment_id, question_id=QUESTION)[0]
    assert (kept.comment == "Late") == (saved.status_code == 200)
    assert len(signed(ready)) == (submitted.status_code == 302)


def test_a_signing_identity_is_made_once_and_belongs_to_the_proved_mailbox(house, inbox):
    case = make.answered(house)
    client = make.visitor(case, inbox)
    assert client.post("/answering/submit", data=form(case, "0" * 64)).status_code == 403
    assert client.post("/answering/identity", data=IDENTITY).location == "/answering/submit#sign"
    person = rows(house, Person, email=case.email)[0]
    assert (person.printed_name, person.title) == ("Marta Conti", "Head of IT")
    assert rows(house, Visit, assessment_id=case.assessment_id)[0].person_id == person.id
    again = client.post("/answering/identity", data={**IDENTITY, "password": "another password of mine"})
    assert again.status_code in {403, 409}
    assert len(rows(house, Person, email=case.email)) == 1
    given = form(case, shown(client), acknowledged="y")
    assert client.post("/answering/submit", data=given).location == "/answering/receipt"
    assert signed(case)[0].person_id == person.id


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "fourteen chars"}, "Choose a password of 15 to 200 characters"),
        ({"password": "a" * 20}, "harder to guess"),
        ({"password": "Marta Conti Ferrara", "printed_name": "Marta Conti Ferrara"}, "not your own name"),
        ({"printed_name": "   "}, "Fill this in"),
        ({"title": ""}, "Fill this in"),
        ({"printed_name": "Marta\r\nBcc: x@evil.example"}, "Write this on one line"),
    ],
)
def test_a_weak_password_or_an_empty_name_makes_no_identity(done_answering, changes, words):
    case, client = done_answering
    answer = client.post("/answering/identity", data={**IDENTITY, **changes})
    assert answer.status_code == 422 and words in html.unescape(answer.text)
    assert rows(case.sponsor, Person, email=case.email) == []


@pytest.fixture(scope="module")
def done_answering(house, inbox):
    case = make.answered(house)
    return case, make.visitor(case, inbox)


def test_an_unknown_assessment_is_nobodys_to_submit(house):
    with trying(house), pytest.raises(NotFound):
        answers.room()
