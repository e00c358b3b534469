"""Reviewing: which verdicts there are, questions that go back and come again, and closing under signature."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from portal.db import db
from portal.errors import Conflict, Forbidden, Invalid, NotFound
from portal.models.assessments import Answer, Assessment, Rating, Submission, Verdict
from portal.models.signatures import Signature
from portal.models.suppliers import Supplier
from portal.services.assessments import answers, reviewing, sending
from tests import make
from tests.scopes import acting, at_once, entries, rows, trying

# The second of those that do not apply is critical: it leaves only by scoping.
WHY = "Seen on site meanwhile"
GIVEN = {**make.GIVEN, "P11-02": ("not_applicable", make.NA)}


@pytest.fixture(scope="module")
def case(house) -> make.Sent:
    """A submitted assessment that no test changes."""
    return make.submitted(house, GIVEN)


def judge(case: make.Sent, question: str, outcome: str, level: str = "", remark: str = "", version: int = 0) -> Verdict:
    row = reviewing.get(case.assessment_id)
    return reviewing.give_verdict(
        assessment=row, question_id=question, outcome=outcome, level=level, remark=remark, version=version, reason=WHY
    )


@pytest.mark.parametrize(
    ("question", "outcome", "level", "remark"),
    [
        ("P11-01", "accepted", "E0", ""),
        ("P11-01", "accepted", "E4", "Seen on site"),
        ("P11-01", "gap", "", "No protocol"),
        ("P11-01", "question_back", "", "Which system?"),
        ("P11-03", "gap", "", "Not in place"),
        ("P11-05", "gap", "E2", "Not in place"),
        ("P11-05", "question_back", "", "Why not?"),
        ("P11-07", "accepted", "", ""),
        ("P11-07", "gap", "", "There is one"),
        ("P11-02", "gap", "", "There is one"),
        ("P11-02", "question_back", "", "Is that so?"),
    ],
)
def test_a_verdict_that_fits_the_answer_is_taken_and_starts_the_review(case, question, outcome, level, remark):
    with trying(case.sponsor):
        row = judge(case, question, outcome, level, f" {remark} ")
        assert (row.outcome, row.remark, row.by) == (outcome, remark, f"Qa of {case.sponsor.name}")
        assert row.level == (level if outcome == "accepted" else "")
        assert reviewing.get(case.assessment_id).state == "in_review"


@pytest.mark.parametrize(
    ("question", "outcome", "level", "remark", "words"),
    [
        ("P11-01", "", "E2", "", "Choose a verdict"),
        ("P11-01", "pending", "E2", "", "Choose a verdict"),
        ("P11-01", "accepted", "", "", "Say how well the evidence proves it"),
        ("P11-01", "accepted", "E5", "", "Say how well the evidence proves it"),
        ("P11-03", "accepted", "E2", "", "The verdict is a gap"),
        ("P11-05", "accepted", "E2", "", "The verdict is a gap"),
        ("P11-02", "accepted", "", "", "A critical question cannot be waived"),
        ("P11-01", "gap", "", "   ", "Say in a few words what is missing"),
        ("P11-01", "question_back", "", "no?", "Say in a few words what is missing"),
    ],
)
def test_a_verdict_that_cannot_be_is_refused_and_starts_nothing(case, question, outcome, level, remark, words):
    with trying(case.sponsor):
        with pytest.raises(Invalid, match=words):
            judge(case, question, outcome, level, remark)
        assert reviewing.get(case.assessment_id).state == "submitted"
        assert db.session.query(Verdict).count() == 0


@pytest.mark.parametrize("question", ["P11-S1", "P11-25", "P11-99"])
def test_what_was_not_asked_gets_no_verdict(case, question):
    with trying(case.sponsor), pytest.raises(NotFound):
        judge(case, question, "accepted", "E2")


def test_two_reviewers_get_both_texts_and_none_is_overwritten(case):
    with trying(case.sponsor):
        judge(case, "P11-01", "gap", remark="No protocol")
        with pytest.raises(Conflict) as refused:
            judge(case, "P11-01", "accepted", "E2", "Seen on site")
        theirs, yours = refused.value.details["theirs"], refused.value.details["yours"]
        assert (theirs["label"], theirs["comment"]) == ("Gap", "No protocol")
        assert theirs["by"] == f"Qa of {case.sponsor.name}" and theirs["at"].endswith("UTC")
        assert (yours["label"], yours["comment"]) == ("Accepted", "Seen on site")
        assert judge(case, "P11-01", "accepted", "E2", version=1).version == 2


def test_of_two_verdicts_at_the_same_moment_one_wins_and_the_other_is_told(house):
    case = make.submitted(house)
    clients = [house.client("qa"), house.client("approver")]
    address, form = f"/assessments/{case.assessment_id}/verdicts/P11-01", {"outcome": "gap", "version": "0"}
    given = at_once(
        *(
            lambda client=client, remark=remark: client.post(address, data={**form, "remark": remark})
            for client, remark in zip(clients, ("First thought", "Second thought"), strict=True)
        )
    )
    assert sorted(answer.status_code for answer in given) == [302, 409]
    lost = next(answer for answer in given if answer.status_code == 409)
    assert "First thought" in lost.text and "Second thought" in lost.text
    assert len(rows(house, Verdict, assessment_id=case.assessment_id)) == 1
    assert len(entries(house, record_type="Verdict", assessment_id=case.assessment_id)) == 1


def test_nothing_goes_back_without_a_question_and_a_date_in_the_future(case):
    with trying(case.sponsor):
        judge(case, "P11-01", "gap", remark="No protocol")
        row = reviewing.get(case.assessment_id)
        with pytest.raises(Invalid, match="No question is marked"):
            reviewing.return_to_supplier(assessment=row, due_on=make.today() + timedelta(days=9), today=make.today())
        judge(case, "P11-03", "question_back", remark="When in May?")
        for days in (-1, 0, 91):
            with pytest.raises(Invalid, match="Choose a due date after today, within 90 days"):
                due = make.today() + timedelta(days=days)
                reviewing.return_to_supplier(assessment=row, due_on=due, today=make.today())


@pytest.fixture(scope="module")
def returned(house) -> make.Sent:
    """An assessment of which two questions came back."""
    case = make.submitted(house, GIVEN)
    with acting(house):
        judge(case, "P11-01", "question_back", remark="Which system is the one?")
        judge(case, "P11-05", "question_back", remark="Why not?")
        judge(case, "P11-03", "gap", remark="Not in place")
        row, due = reviewing.get(case.assessment_id), make.today() + timedelta(days=80)
        reviewing.return_to_supplier(assessment=row, due_on=due, today=make.today())
    return case


def test_a_return_is_mailed_with_the_questions_and_the_link_lives_long_enough(returned, inbox):
    make.do_jobs(returned.sponsor.app)
    message = [mail for mail in inbox.to(returned.email) if "has questions on your answers" in mail["Subject"]][-1]
    text, due = message.get_body(("plain",)).get_content(), make.today() + timedelta(days=80)
    for words in ("P11-01", "Which system is the one?", "P11-05", "Why not?", due.isoformat(), "/i/"):
        assert words in text, words
    assert "P11-03" not in text
    assert rows(returned.sponsor, Supplier, id=returned.supplier_id)[0].next_due == due
    with trying(returned.sponsor):
        row = reviewing.get(returned.assessment_id)
        assert (row.state, row.due_on) == ("returned", due)
        assert sending.invite_of(row).expires_at.date() >= due


def test_after_a_return_only_the_named_questions_may_be_changed(returned):
    with trying(returned):
        assert answers.room().editable == {"P11-01", "P11-05"}
        raw = {"value": "implemented", "comment": "Now on every system"}
        assert answers.save(question_id="P11-01", raw=raw, version=1, reason=WHY).row.version == 2
        with pytest.raises(Conflict, match="Only the questions that were sent back are open"):
            answers.save(question_id="P11-03", raw=raw, version=1)
        with pytest.raises(Conflict, match="Only the questions that were sent back are open"):
            answers.save(question_id="P11-S1", raw={"value": "yes", "comment": ""}, version=1)


def test_while_the_supplier_answers_nobody_judges_or_closes(returned):
    with trying(returned.sponsor), pytest.raises(Conflict) as refused:
        judge(returned, "P11-01", "gap", remark="No protocol", version=1)
    assert refused.value.title == "Not possible in this state"


def test_a_second_submission_carries_a_new_signature_and_the_first_stays(house, inbox):
    case = make.submitted(house, GIVEN)
    first = rows(house, Submission, assessment_id=case.assessment_id)[0]
    with acting(house):
        judge(case, "P11-01", "question_back", remark="Which system is the one?")
        judge(case, "P11-03", "gap", remark="Not in place")
        row, due = reviewing.get(case.assessment_id), make.today() + timedelta(days=9)
        reviewing.return_to_supplier(assessment=row, due_on=due, today=make.today())
    with acting(case):
        raw = {"value": "implemented", "comment": "Now on every system"}
        answers.save(question_id="P11-01", raw=raw, version=1, reason=WHY)
    make.submit(case)
    submissions = {row.number: row for row in rows(house, Submission, assessment_id=case.assessment_id)}
    assert submissions[1].content == first.content != submissions[2].content
    signed = rows(house, Signature, assessment_id=case.assessment_id)
    assert {row.record_digest for row in signed} == {submissions[1].digest, submissions[2].digest}
    receipt = make.visitor(case, inbox).get("/answering/receipt").text
    assert "Submission 2" in receipt and "Earlier signatures" in receipt
    # What came back needs a verdict again; what was judged stays judged.
    verdicts = {row.question_id: row.outcome for row in rows(house, Verdict, assessment_id=case.assessment_id)}
    assert verdicts == {"P11-01": "pending", "P11-03": "gap"}
    with trying(house):
        left = {question.id for question in reviewing.undecided(answers.view(reviewing.get(case.assessment_id)))}
        assert "P11-01" in left and "P11-03" not in left
        assert judge(case, "P11-01", "accepted", "E2", version=2).outcome == "accepted"


def test_a_review_closes_only_when_every_answer_has_its_verdict(house):
    case = make.submitted(house)
    with acting(house):
        judge(case, "P11-01", "accepted", "E2")
    with pytest.raises(Conflict, match=r"\d+ answers still need a verdict"):
        make.close(case)
    assert rows(house, Rating, assessment_id=case.assessment_id) == []
    with acting(house):
        judge(case, "P11-02", "question_back", remark="Which system?")
        for question in reviewing.undecided(answers.view(reviewing.get(case.assessment_id))):
            if question.id != "P11-02":
                judge(case, question.id, "accepted", "E2")
    with pytest.raises(Conflict, match=r"1 answer"):
        make.close(case)


def test_closing_fixes_rating_signature_state_and_supplier_in_one_step(house):
    case = make.closed(house, {"P11-16": ("no", "")})
    rating = rows(house, Rating, assessment_id=case.assessment_id)[0]
    row = rows(house, Assessment, id=case.assessment_id)[0]
    (signature,) = rows(house, Signature, record_id=rating.id)
    assert (row.state, rating.submission_number, rating.as_of) == ("closed", 1, make.today())
    assert signature.record_digest == reviewing.content_digest(rating)
    assert signature.person_id == house.persons["qa"]
    supplier = rows(house, Supplier, id=case.supplier_id)[0]
    # A failed gate alone: four, or the inherent level where that is higher (SRM-1.0 step 6).
    assert supplier.rating == rating.final == max(4, supplier.inherent)
    assert (supplier.status, supplier.next_due) == ("assessed", None)


def test_what_changed_after_it_was_shown_is_not_closed(house):
    case = make.submitted(house)
    make.judged(case)
    with trying(house):
        shown = reviewing.content_digest(
            reviewing.rating_row(answers.view(reviewing.get(case.assessment_id)), make.today())
        )
    with acting(house):
        judge(case, "P11-01", "gap", remark="Second thoughts", version=1)
    form = {"email": house.emails["qa"], "password": make.PASSWORD, "meaning": "reviewed", "shown_digest": shown}
    assert house.client().post(f"/assessments/{case.assessment_id}/close", data=form).status_code == 409
    assert rows(house, Rating, assessment_id=case.assessment_id) == []
    assert rows(house, Assessment, id=case.assessment_id)[0].state == "in_review"


def test_of_closing_and_a_late_verdict_one_comes_first_and_the_rating_fits_the_verdicts(house):
    case = make.submitted(house)
    make.judged(case)
    client, colleague = house.client(), house.client("approver")
    with trying(house):
        shown = reviewing.content_digest(
            reviewing.rating_row(answers.view(reviewing.get(case.assessment_id)), make.today())
        )
    form = {"email": house.emails["qa"], "password": make.PASSWORD, "meaning": "reviewed", "shown_digest": shown}
    late = {"outcome": "gap", "remark": "Second thoughts", "version": "1", "reason": WHY}
    closed, judged = at_once(
        lambda: client.post(f"/assessments/{case.assessment_id}/close", data=form),
        lambda: colleague.post(f"/assessments/{case.assessment_id}/verdicts/P11-01", data=late),
    )
    assert (closed.status_code, judged.status_code) in {(302, 409), (409, 302)}
    assert len(rows(house, Rating, assessment_id=case.assessment_id)) == (closed.status_code == 302)


def test_another_sponsors_assessment_is_like_an_unknown_one(other, case):
    for row_id in (case.assessment_id, uuid4()):
        with trying(other), pytest.raises(NotFound) as refused:
            reviewing.get(row_id)
        assert refused.value.text == NotFound().text
    assert len(rows(case.sponsor, Answer, assessment_id=case.assessment_id)) > 20


def test_who_signed_the_answers_does_not_close_their_review(house):
    case = make.answered(house)
    case.signer["id"] = house.persons["qa"]
    make.submit(case, email=house.emails["qa"])
    make.judged(case)
    with pytest.raises(Forbidden, match="Somebody else has to close"):
        make.close(case)
