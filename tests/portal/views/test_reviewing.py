"""The reviewer's page: filters, verdicts that are refused, and what is called provisional."""

from __future__ import annotations

import re

import pytest

from tests import make

VALUES = {
    "P11-01": ("no", "Not yet in place, planned for next year"),
    "P11-03": ("not_applicable", "No such systems are used for these products."),
}


@pytest.fixture
def case(sponsor: make.Sponsor) -> make.Sent:
    return make.submitted(sponsor, VALUES)


@pytest.mark.parametrize(("wanted", "shown"), [("gaps", ["P11-01"]), ("na", ["P11-03"]), ("nonsense", None)])
def test_a_filter_shows_what_it_says(case: make.Sent, wanted: str, shown: list[str] | None):
    text = case.sponsor.client("qa").get(f"/assessments/{case.assessment_id}/review?show={wanted}").text
    found = re.findall(r'<article class="question" id="([^"]+)"', text)
    assert found == shown if shown else len(found) > 2


def test_a_refused_verdict_keeps_what_was_typed_and_changes_nothing(case: make.Sent):
    client = case.sponsor.client("qa")
    answer = client.post(
        f"/assessments/{case.assessment_id}/verdicts/P11-02",
        data={"outcome": "accepted", "level": "", "remark": "typed with care", "version": "0"},
    )
    assert answer.status_code == 422
    assert "Say how well the evidence proves it" in answer.text
    assert "typed with care" in answer.text
    page = client.get(f"/assessments/{case.assessment_id}").text
    assert "Submitted" in page
    assert "Start the review" in page


def test_a_complete_rating_is_provisional_until_each_answer_has_its_verdict(case: make.Sent):
    client = case.sponsor.client("qa")
    address = f"/assessments/{case.assessment_id}/rating"
    assert "provisional</span>" in client.get(address).text
    make.judged(case)
    assert "final</span>" in client.get(address).text


def test_a_viewer_reads_and_gives_no_verdict(case: make.Sent):
    text = case.sponsor.client("viewer").get(f"/assessments/{case.assessment_id}/review").text
    assert "Answers and verdicts" in text
    assert 'class="verdict"' not in text
