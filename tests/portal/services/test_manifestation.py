"""What a signature shows, the same in every form; what becomes of it when its record is followed by another."""

from __future__ import annotations

import html
import io
import json
import re
from datetime import timedelta

import pytest
from pypdf import PdfReader

from portal.dossier import contents, layout, print
from portal.models.assessments import Rating, Submission
from portal.models.signatures import Signature
from portal.services import dossiers, suppliers
from portal.services.assessments import answers, reviewing, submitting
from tests import make
from tests.scopes import acting, at_once, rows, trying

QUESTION, WHY = "P11-01", "Looked at it again"


@pytest.fixture(scope="module")
def closed(house) -> make.Sent:
    """An assessment with both signatures, for tests that change nothing."""
    return make.closed(house)


def tight(text: str) -> str:
    """Return a text without its blanks: a PDF breaks lines where it likes."""
    return re.sub(r"\s+", "", html.unescape(text))


def forms(case: make.Sent, inbox) -> dict[str, str]:
    """Return every readable form of a signed assessment as text: page, receipt, print, PDF and JSON."""
    with trying(case.sponsor):
        supplier = suppliers.get(case.supplier_id)
        issued = {form: dossiers.issue(supplier=supplier, form=form).data for form in ("pdf", "json")}
        structure = contents.structure(dossiers.gather(supplier))
        printed = print.to_html(layout.document(structure))
    return {
        "page": case.sponsor.client().get(f"/assessments/{case.assessment_id}").text,
        "receipt": make.visitor(case, inbox).get("/answering/receipt").text,
        "print": printed,
        "pdf": "".join(page.extract_text() for page in PdfReader(io.BytesIO(issued["pdf"])).pages),
        "json": issued["json"].decode().replace('\\"', '"'),
    }


def test_11_50_name_time_with_zone_and_meaning_are_equal_in_every_form(house, closed, inbox):
    """Printed name, date and time with offset, and meaning are the same in page, receipt, print, PDF and JSON."""
    with trying(house):
        shown = submitting.manifested(reviewing.get(closed.assessment_id))
    assert [row["printed_name"] for row in shown] == [closed.name, f"Qa of {house.name}"]
    for name, text in forms(closed, inbox).items():
        # The manufacturer sees its own signature, and not how it was rated.
        for signature in shown[:1] if name == "receipt" else shown:
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(\+00:00\)", signature["at"])
            for field in ("printed_name", "title", "at", "meaning"):
                assert tight(signature[field]) in tight(text), (name, field)


@pytest.fixture(scope="module")
def twice(house) -> make.Sent:
    """An assessment that was signed, sent back, changed and signed again."""
    case = make.submitted(house)
    send_back(case)
    with acting(case):
        answers.save(question_id=QUESTION, raw={"value": "no", "comment": "None yet"}, version=1, reason=WHY)
    make.submit(case)
    return case


def send_back(case: make.Sent) -> None:
    with acting(case.sponsor):
        row = reviewing.get(case.assessment_id)
        given = {"outcome": "question_back", "level": "", "remark": "Which one?", "version": 0}
        reviewing.give_verdict(assessment=row, question_id=QUESTION, **given)
        due = make.today() + timedelta(days=9)
        reviewing.return_to_supplier(assessment=row, due_on=due, today=make.today())


def test_11_70_the_first_signature_stays_with_its_submission_and_shows_as_superseded(house, twice, inbox):
    """After a return the first signature stands on what it was given for, and says which submission followed (H034)."""
    with trying(house):
        first, second = submitting.manifested(reviewing.get(twice.assessment_id))
        numbers = {row.id: row.number for row in rows(house, Submission, assessment_id=twice.assessment_id)}
        signed = sorted(rows(house, Signature, assessment_id=twice.assessment_id), key=lambda row: row.at)
    assert [numbers[row.record_id] for row in signed] == [1, 2]
    assert (first["on"], first["superseded"]) == ("Submission 1", "Submission 2")
    assert (second["on"], second["superseded"]) == ("Submission 2", "")
    for name, text in forms(twice, inbox).items():
        if name == "json":
            (assessment,) = json.loads(text.replace("\n", ""))["assessments"]
            assert [item["superseded"] for item in assessment["signatures"]] == ["Submission 2", ""]
        else:
            assert tight(text).lower().count("supersededbysubmission2") == 1, name
            assert tight(first["at"]) in tight(text) and tight(second["at"]) in tight(text), name


def signing(client, address: str, email: str, meaning: str) -> dict[str, str]:
    """Return the form that a page shows, filled in."""
    page = client.get(address).text
    carried = {
        name: html.unescape(re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1])
        for name in ("shown_digest", "shown")
    }
    return {"email": email, "password": make.PASSWORD, "meaning": meaning, **carried}


def told(page: str) -> list[str]:
    """Return the differences that a page tells, each as one line."""
    listed = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page.split('class="changed"')[1].split("</section>")[0], re.S)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", " ".join(pair))).split()) for pair in listed]


def test_11_70_what_changed_between_showing_and_signing_is_told_with_old_and_new(house, inbox):
    """Where the answers changed after they were shown nothing is signed, and old and new value are shown (H033)."""
    case = make.answered(house, {QUESTION: ("partial", "All but one")})
    make.attached(case, "P11-02", "old.pdf")
    make.signer(case)
    client = make.visitor(case, inbox)
    form = signing(client, "/answering/submit", case.email, "authored")
    with acting(case):
        answers.save(question_id=QUESTION, raw={"value": "no", "comment": "None <b>yet</b>"}, version=1)
    make.attached(case, "P11-02", "new.pdf", make.PDF + b"%")
    refused = client.post("/answering/submit", data=form)
    assert refused.status_code == 409 and rows(house, Signature, assessment_id=case.assessment_id) == []
    answer, comment, files = told(refused.text)
    assert re.fullmatch(rf"{QUESTION} Answer Partly.* became No", answer) or answer.startswith(f"{QUESTION} Answer")
    assert comment == f"{QUESTION} Comment All but one None <b>yet</b>"
    assert re.fullmatch(r"P11-02 Files old\.pdf \(\w{12}\) old\.pdf \(\w{12}\), new\.pdf \(\w{12}\)", files)
    again = signing(client, "/answering/submit", case.email, "authored")
    assert client.post("/answering/submit", data=again).location == "/answering/receipt"


def test_11_70_a_verdict_that_changed_before_closing_is_told_with_old_and_new(house):
    """Where a verdict changed after the rating was shown nothing is closed, and what it counts as is shown (H033)."""
    case = make.submitted(house)
    make.judged(case)
    client, address = house.client(), f"/assessments/{case.assessment_id}/close"
    form = signing(client, address, house.emails["qa"], "reviewed")
    with acting(house):
        given = {"outcome": "gap", "level": "", "remark": "Second thoughts", "version": 1, "reason": WHY}
        reviewing.give_verdict(assessment=reviewing.get(case.assessment_id), question_id=QUESTION, **given)
    refused = client.post(address, data=form)
    assert refused.status_code == 409 and rows(house, Rating, assessment_id=case.assessment_id) == []
    assert told(refused.text)[0].startswith(f"{QUESTION} Counts as implemented, evidence E2")
    again = signing(client, address, house.emails["qa"], "reviewed")
    assert client.post(address, data=again).location == f"/assessments/{case.assessment_id}"


@pytest.mark.parametrize("shown", ["", "{}", "x" * 1000])
def test_a_form_that_carries_something_else_is_told_no_difference(house, inbox, shown):
    case = make.answered(house)
    make.signer(case)
    client = make.visitor(case, inbox)
    form = {**signing(client, "/answering/submit", case.email, "authored"), "shown": shown, "shown_digest": "0" * 64}
    refused = client.post("/answering/submit", data=form)
    assert refused.status_code == 409 and 'class="changed"' not in refused.text


def test_the_longest_comments_are_carried_by_the_form_that_signs(house, inbox):
    case = make.answered(house, {f"P11-S{number}": ("yes", "") for number in range(1, 8)})
    with acting(case):
        for question, row in answers.room().answers.items():
            raw = {"value": row.value, "comment": "記" * 4000}
            answers.save(question_id=question, raw=raw, version=1)
    make.signer(case)
    client = make.visitor(case, inbox)
    form = signing(client, "/answering/submit", case.email, "authored")
    assert len(form["shown"].encode()) > 400_000
    answer = client.post("/answering/submit", data=form, content_type="multipart/form-data")
    assert answer.location == "/answering/receipt"


def test_11_10_f_a_double_click_signs_once_and_nothing_is_signed_out_of_turn(house, inbox):
    """No signing before everything is answered, none twice, no review before a signature, no change after (H036)."""
    case = make.sent(house)
    make.answer_all(case, {}, but=[QUESTION])
    make.signer(case)
    client, address = make.visitor(case, inbox), f"/assessments/{case.assessment_id}/close"
    form = {"email": case.email, "password": make.PASSWORD, "meaning": "authored", "shown_digest": "0" * 64}
    assert client.post("/answering/submit", data=form).status_code == 422
    closing = {"email": house.emails["qa"], "password": make.PASSWORD, "meaning": "reviewed", "shown_digest": "0" * 64}
    assert house.client().post(address, data=closing).status_code == 409
    with acting(case):
        answers.save(question_id=QUESTION, raw={"value": "no", "comment": ""}, version=0)
    form = signing(client, "/answering/submit", case.email, "authored")
    given = at_once(*[lambda: client.post("/answering/submit", data=form)] * 2)
    assert {answer.location for answer in given} == {"/answering/receipt"}
    assert len(rows(house, Signature, assessment_id=case.assessment_id)) == 1
    late = {"value": "implemented", "comment": "", "version": "1"}
    json_answer = {"Accept": "application/json"}
    assert client.post(f"/answering/answers/{QUESTION}", data=late, headers=json_answer).status_code == 409


def test_11_10_f_a_doubled_closing_signs_once(house):
    """Two submits of the same closing leave one rating and one signature."""
    case = make.submitted(house)
    make.judged(case)
    client, address = house.client(), f"/assessments/{case.assessment_id}/close"
    form = signing(client, address, house.emails["qa"], "reviewed")
    given = at_once(*[lambda: client.post(address, data=form)] * 2)
    assert sorted(answer.status_code for answer in given) == [302, 409]
    assert len(rows(house, Rating, assessment_id=case.assessment_id)) == 1
    assert (
        len([row for row in rows(house, Signature, assessment_id=case.assessment_id) if row.record_type == "Rating"])
        == 1
    )
