"""Why something is changed: asked for wherever what was submitted, decided or sent is changed later (H044)."""

from __future__ import annotations

import pytest

from portal.errors import Invalid
from portal.services import suppliers
from portal.services.assessments import answers, reviewing
from tests import make
from tests.scopes import acting, entries, trying

WHY = "Moved to the new system"
NONE = ("", "   ", "x", "xxxxxxxx", "abcd", ".....")
RAW = {"value": "implemented", "comment": "Now on every system"}


@pytest.fixture(scope="module")
def returned(house) -> make.Sent:
    """An assessment of which one question was sent back."""
    case = make.submitted(house, make.GIVEN)
    make.judged(
        case, lambda *said: ("question_back", "", "Which?") if said[0] == "P11-01" else make.usual_verdict(*said)
    )
    make.returned(case)
    return case


@pytest.mark.parametrize("reason", NONE)
def test_annex_11_9_a_submitted_answer_changes_only_with_a_reason(returned, reason):
    """No, a blank or a one-letter reason is refused, and nothing is saved."""
    with trying(returned), pytest.raises(Invalid) as refused:
        answers.save(question_id="P11-01", raw=RAW, version=1, reason=reason)
    assert refused.value.details["field"] == "reason"


def test_without_the_script_the_typed_answer_is_kept_when_its_reason_is_missing(returned, inbox):
    client = make.visitor(returned, inbox)
    answer = client.post("/answering/answers/P11-01", data={**RAW, "version": "1", "reason": "x"})
    assert answer.status_code == 422
    assert RAW["comment"] in answer.text
    assert "Say in a few words why you change what you submitted." in answer.text


def test_the_reason_stands_in_the_trail_and_beside_the_answer_for_the_reviewer(house):
    case = make.submitted(house, make.GIVEN)
    make.judged(
        case, lambda *said: ("question_back", "", "Which?") if said[0] == "P11-01" else make.usual_verdict(*said)
    )
    make.returned(case)
    with acting(case):
        answers.save(question_id="P11-01", raw=RAW, version=1, reason=f" {WHY} ")
    (entry, _), *_ = entries(house, record_type="Answer", action="changed", assessment_id=case.assessment_id)
    assert entry.reason == WHY
    assert WHY in house.client().get(f"/assessments/{case.assessment_id}/review").text


@pytest.mark.parametrize("reason", NONE)
def test_a_verdict_that_was_given_changes_only_with_a_reason(house, reason):
    case = make.submitted(house)
    given = {"question_id": "P11-01", "outcome": "gap", "level": ""}
    with trying(house):
        row = reviewing.get(case.assessment_id)
        reviewing.give_verdict(assessment=row, **given, remark="No protocol", version=0)
        with pytest.raises(Invalid):
            reviewing.give_verdict(assessment=row, **given, remark="No report", version=1, reason=reason)
        same = reviewing.give_verdict(assessment=row, **given, remark="No protocol", version=1)
        assert same.version == 1
        assert reviewing.give_verdict(assessment=row, **given, remark="No report", version=1, reason=WHY).version == 2


def test_a_profile_changes_without_a_reason_only_until_a_questionnaire_was_sent(house):
    supplier_id = make.supplier(house)
    given = {"services": "Vials", "factors": make.FACTOR_LEVELS}
    for sent in (False, True):
        with acting(house):
            row = suppliers.get(supplier_id)
            change = {**given, "supplier": row, "version": row.version, "legal_name": f"{row.legal_name} {sent}"}
            if sent:
                with pytest.raises(Invalid):
                    suppliers.change(**change, reason="")
            suppliers.change(**change, reason=WHY if sent else "")
        if not sent:
            make.sent(house, supplier_id)
