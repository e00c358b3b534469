"""Answering: each answer by itself, two people on one question, questions that come and go, and a constant cost."""

from __future__ import annotations

import html

import pytest

from portal.db import db
from portal.models.assessments import Answer, Assessment
from portal.services.assessments import answers, submitting
from questionnaires import load
from tests import make
from tests.scopes import at_once, entries, reading, rows, trying
from tests.statements import counted

JSON = {"Accept": "application/json"}
REASON = "There is no such system on this site"


@pytest.fixture
def case(house) -> make.Sent:
    return make.sent(house)


@pytest.fixture
def client(case, inbox):
    return make.visitor(case, inbox)


@pytest.fixture(scope="module")
def shared(house, inbox):
    """A case that no test changes, and its respondent's browser."""
    found = make.sent(house)
    return found, make.visitor(found, inbox)


def twin(client, case):
    """Return another browser of the same visit."""
    other = case.sponsor.app.test_client()
    other.set_cookie("portal_cmo", client.get_cookie("portal_cmo").value)
    return other


def save(client, question: str, value: str, comment: str = "", version: object = 0, **options: object):
    form = {"value": value, "comment": comment, **({} if version is None else {"version": version})}
    return client.post(f"/answering/answers/{question}", data=form, headers=JSON, **options)


def stored(case: make.Sent) -> dict[str, tuple[str, str]]:
    found = rows(case.sponsor, Answer, assessment_id=case.assessment_id)
    return {row.question_id: (row.value, row.comment) for row in found}


def told(case: make.Sent) -> list[dict[str, object]]:
    return [new for _, new in entries(case.sponsor, assessment_id=case.assessment_id, record_type="Answer")]


def test_an_answer_is_saved_by_itself_with_its_time_and_an_entry(case, client):
    answer = save(client, "P11-01", "partial", " All but the old balance\r\n")
    assert answer.status_code == 200
    said = answer.json
    assert (said["version"], said["answered"], said["reload"]) == (1, 1, False)
    assert said["saved"].endswith("UTC") and said["section"]["id"] == "validation" and said["section"]["answered"] == 1
    assert stored(case) == {"P11-01": ("partial", "All but the old balance")}
    assert [(new["value"], new["comment"]) for new in told(case)] == [("partial", "All but the old balance")]
    assert rows(case.sponsor, Assessment, id=case.assessment_id)[0].state == "answering"
    page = client.get("/answering/validation").text
    assert "All but the old balance" in page and said["saved"] in page


def test_a_changed_answer_tells_old_and_new(case, client):
    save(client, "P11-01", "planned", "In May")
    assert save(client, "P11-01", "planned", "In June", version=1).json["version"] == 2
    assert told(case)[-1].keys() == {"comment", "saved_at"}
    assert told(case)[-1]["comment"] == "In June"


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize(
    ("question", "form", "status", "words"),
    [
        ("P11-01", {"value": "no", "comment": "kept"}, 428, "did not say which version"),
        ("P11-01", {"value": "no", "comment": "kept", "version": "two"}, 422, "This form is incomplete"),
        ("P11-01", {"value": "no", "comment": "kept", "version": "-1"}, 422, "This form is incomplete"),
        ("P11-01", {"value": "no", "comment": "kept", "version": "9" * 30}, 422, "This form is incomplete"),
        ("P11-01", {"value": "", "comment": "kept", "version": "0"}, 422, "Choose one of: Implemented"),
        ("P11-01", {"value": "maybe", "comment": "kept", "version": "0"}, 422, "Choose one of: Implemented"),
        (
            "P11-S1",
            {"value": "implemented", "comment": "kept", "version": "0"},
            422,
            "Choose one of: Yes (yes), No (no)",
        ),
        ("P11-01", {"value": "not_applicable", "comment": " \n ", "version": "0"}, 422, "Say why this does not apply"),
        ("P11-01", {"value": "not_applicable", "comment": "none kept", "version": "0"}, 422, "at least 10 characters"),
        ("P11-01", {"value": "no", "comment": "k" * 4001, "version": "0"}, 422, "may have 4000 characters"),
        ("P11-01", {"value": "no", "comment": "kept\x1b[31m", "version": "0"}, 422, "U+001B"),
        ("P11-01", {"value": "no", "comment": "kept\0", "version": "0"}, 422, "U+0000"),
        # Nobody saved anything yet, so nobody can have seen version 3.
        ("P11-01", {"value": "no", "comment": "kept", "version": "3"}, 409, "Another answer was saved"),
        ("P11-99", {"value": "no", "comment": "kept", "version": "0"}, 404, "nothing at this address"),
        ("P11-S3", {"value": "no", "comment": "kept", "version": "0"}, 404, "nothing at this address"),
    ],
)
def test_what_is_no_answer_is_refused_in_plain_words_and_nothing_is_stored(
    shared, question, form, status, words, accept
):
    case, client = shared
    answer = client.post(f"/answering/answers/{question}", data=form, headers={"Accept": accept})
    text = answer.json["text"] if accept == "application/json" else html.unescape(answer.text)
    assert (answer.status_code, words in text) == (status, True), text[:500]
    assert stored(case) == {}
    if accept == "text/html" and status in {409, 422} and "incomplete" not in words:
        assert form["comment"].strip()[:4] in text, "what was typed is lost"


def test_two_people_on_one_question_get_both_texts_and_none_is_overwritten(case, client):
    colleague = twin(client, case)
    save(client, "P11-01", "planned", "In May")
    answer = save(colleague, "P11-01", "no", "Nobody plans this")
    assert answer.status_code == 409
    said = answer.json
    assert (said["yours"]["label"], said["yours"]["comment"]) == ("No", "Nobody plans this")
    assert (said["theirs"]["label"], said["theirs"]["comment"]) == ("Planned", "In May")
    assert said["theirs"]["by"] == case.name and said["theirs"]["at"].endswith("UTC") and said["version"] == 1
    assert stored(case) == {"P11-01": ("planned", "In May")}
    assert len(told(case)) == 1
    assert save(colleague, "P11-01", "no", "Nobody plans this", version=said["version"]).status_code == 200


def test_without_the_script_the_page_shows_both_texts_and_saving_again_replaces_the_other(case, client):
    save(client, "P11-01", "planned", "In May")
    form = {"value": "no", "comment": "Nobody <plans> this", "version": "0"}
    answer = client.post("/answering/answers/P11-01", data=form)
    assert answer.status_code == 409
    for words in ("In May", "Planned", "Nobody &lt;plans&gt; this", case.name, 'name="version" value="1"'):
        assert words in answer.text, words
    again = client.post("/answering/answers/P11-01", data={**form, "version": "1"})
    assert again.location == "/answering/validation#P11-01"
    assert stored(case) == {"P11-01": ("no", "Nobody <plans> this")}


def test_the_same_text_twice_is_no_conflict_and_no_second_entry(case, client):
    for _ in range(3):
        answer = save(client, "P11-01", "no", "Not yet")
        assert (answer.status_code, answer.json["version"]) == (200, 1)
    assert len(told(case)) == 1


@pytest.mark.parametrize("version", [0, 1])
def test_of_two_answers_at_the_same_moment_one_wins_and_the_other_is_told(case, client, version):
    if version:
        save(client, "P11-01", "planned")
    pairs = zip((client, twin(client, case)), ("first", "second"), strict=True)
    given = at_once(
        *(lambda browser=browser, text=text: save(browser, "P11-01", "no", text, version) for browser, text in pairs)
    )
    assert sorted(answer.status_code for answer in given) == [200, 409]
    won = next(answer for answer in given if answer.status_code == 200)
    lost = next(answer for answer in given if answer.status_code == 409)
    assert lost.json["theirs"]["comment"] == stored(case)["P11-01"][1] != lost.json["yours"]["comment"]
    assert won.json["version"] == version + 1 and len(told(case)) == version + 1


def test_answers_to_different_questions_at_the_same_moment_are_all_kept(case, client):
    asked = ["P11-01", "P11-02", "P11-03", "P11-05"]
    browsers = [twin(client, case) for _ in asked]
    given = at_once(
        *(
            lambda browser=browser, question=question: save(browser, question, "no").status_code
            for browser, question in zip(browsers, asked, strict=True)
        )
    )
    assert given == [200] * 4
    assert sorted(stored(case)) == asked
    with reading(case.sponsor):
        assert db.session.get_one(Assessment, (case.sponsor.id, case.assessment_id)).state == "answering"


def test_questions_come_and_go_with_the_answers_that_call_for_them(case, client):
    assert save(client, "P11-25", "no").status_code == 404
    shown = save(client, "P11-S1", "yes").json
    assert shown["reload"] is True
    assert save(client, "P11-25", "no", "Kept for later").status_code == 200
    hidden = save(client, "P11-S1", "no", version=1).json
    assert hidden["reload"] is True and hidden["total"] < shown["total"]
    assert save(client, "P11-25", "planned", version=1).status_code == 404
    with trying(case):
        said = submitting.content(answers.room())
    assert [answer["question"] for answer in said["answers"]] == ["P11-S1"]
    assert stored(case)["P11-25"] == ("no", "Kept for later")


def test_nothing_is_answered_after_the_submission(house, inbox):
    case = make.submitted(house)
    client = make.visitor(case, inbox)
    before = stored(case)
    answer = save(client, "P11-01", "no", "Too late", version=1)
    assert (answer.status_code, answer.json["title"]) == (409, "Not possible in this state")
    plain = client.post("/answering/answers/P11-01", data={"value": "no", "version": "1"})
    assert plain.status_code == 409 and "These answers are submitted" in plain.text
    assert stored(case) == before
    assert client.get("/answering").location == "/answering/receipt"


def test_an_unknown_section_is_not_found(shared):
    assert shared[1].get("/answering/no-such-section").status_code == 404


def test_every_section_shows_what_is_asked_and_what_an_answer_rests_on(shared):
    case, client = shared
    with trying(case):
        room = answers.room()
    for section in load.released(make.KEY).sections:
        page = html.unescape(client.get(f"/answering/{section.id}").text)
        for question in section.questions:
            assert (question.text in page) == (question in room.visible), question.id
            assert (question.guidance in page) == (question in room.visible), question.id


def test_page_and_save_take_as_many_statements_with_all_answers_and_files_as_with_none(app, house, inbox):
    few, lots = make.sent(house), make.sent(house)
    make.answer_all(lots, {"P11-01": ("planned", "")})
    for number in range(6):
        make.attached(lots, "P11-02", data=make.PDF + b"%%" + bytes([65 + number]))
    taken = []
    for case, version in ((few, 0), (lots, 1)):
        client = make.visitor(case, inbox)
        if case is few:
            save(client, "P11-02", "no")
        with app.app_context(), counted(db.engine) as page:
            assert client.get("/answering/validation").status_code == 200
        with app.app_context(), counted(db.engine) as saving:
            assert save(client, "P11-01", "no", version=version).status_code == 200
        taken.append((len(page), sum("audit" not in statement for statement in saving)))
    assert taken[0] == taken[1]
    assert taken[0][0] <= 10 and taken[0][1] <= 10, taken
