"""Rating: how answers, files and verdicts become the method's input, and that a signed one stays what it was."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from portal import tenancy
from portal.db import db
from portal.errors import Conflict
from portal.models.assessments import Rating
from portal.models.suppliers import FACTORS
from portal.services import suppliers
from portal.services.assessments import answers, documents, rating, reviewing
from portal.services.evidence import keeping
from scoring import document, score
from scoring import rubric as rubrics
from tests import make
from tests.scopes import rows, trying

GIVEN = {**make.GIVEN, "P11-08": ("not_applicable", make.NA)}


@pytest.fixture(scope="module")
def case(house) -> make.Sent:
    """A submitted assessment with a file and without a verdict; no test changes it."""
    found = make.answered(house, GIVEN)
    make.attached(found, "P11-06")
    make.signer(found)
    make.submit(found)
    return found


@pytest.fixture(scope="module")
def closed(house) -> make.Sent:
    return make.closed(house, {**GIVEN, "P11-16": ("no", "")})


def room(case: make.Sent) -> answers.Room:
    return answers.view(reviewing.get(case.assessment_id))


def judge(case: make.Sent, question: str, outcome: str, level: str = "", remark: str = "Because it is so") -> None:
    row = reviewing.get(case.assessment_id)
    reviewing.give_verdict(assessment=row, question_id=question, outcome=outcome, level=level, remark=remark, version=0)


def counted(case: make.Sent) -> dict[str, tuple[str, str]]:
    rated = rating.must_rate(room(case))
    return {item["id"]: (item["answer"], item["evidence"]) for item in rated.input["questions"]}


@pytest.mark.parametrize(
    ("question", "verdict", "told"),
    [
        # Claimed, and nobody looked: asserted only, or supplied and not reviewed.
        ("P11-02", None, ("implemented", "E0")),
        ("P11-06", None, ("implemented", "E1")),
        ("P11-01", None, ("partial", "E0")),
        ("P11-03", None, ("planned", "E0")),
        ("P11-05", None, ("no", "E0")),
        ("P11-07", None, ("na_pending", "E0")),
        # Reviewed: the level that the sponsor accepted.
        ("P11-02", ("accepted", "E2"), ("implemented", "E2")),
        ("P11-02", ("accepted", "E0"), ("implemented", "E0")),
        ("P11-06", ("accepted", "E4"), ("implemented", "E4")),
        ("P11-01", ("accepted", "E3"), ("partial", "E3")),
        # A gap counts as no, whatever was claimed.
        ("P11-02", ("gap", ""), ("no", "E0")),
        ("P11-01", ("gap", ""), ("no", "E0")),
        ("P11-03", ("gap", ""), ("planned", "E0")),
        # A reason counts once it is accepted; refused, it is a gap.
        ("P11-07", ("accepted", ""), ("na_accepted", "E0")),
        ("P11-07", ("gap", ""), ("no", "E0")),
        ("P11-07", ("question_back", ""), ("na_pending", "E0")),
        # What is asked back still stands as it was claimed.
        ("P11-06", ("question_back", ""), ("implemented", "E1")),
    ],
)
def test_answer_file_and_verdict_become_the_methods_words(case, question, verdict, told):
    with trying(case.sponsor):
        if verdict:
            judge(case, question, *verdict)
        assert counted(case)[question] == told


def test_a_file_that_was_withdrawn_proves_nothing(house):
    found = make.answered(house)
    evidence_id = make.attached(found, "P11-06")
    with house.app.app_context(), tenancy.scoped(found.scope()):
        keeping.withdraw(evidence_id=evidence_id, reason="Wrong version")
    with trying(house):
        assert counted(found)["P11-06"] == ("implemented", "E0")


def test_the_input_names_only_what_is_in_scope_with_domain_and_class_of_the_rubric(case):
    with trying(case.sponsor):
        found = room(case)
        told = {item["id"]: item for item in rating.must_rate(found).input["questions"]}
        weights, _ = documents.weights(found.assessment)
    assert set(told) == {question.id for question in found.visible if question.type == "control"}
    assert "P11-25" not in told and "P11-S1" not in told
    for key, item in told.items():
        assert (item["domain"], item["class"]) == (weights.questions[key].domain, weights.questions[key].deficiency)


def test_a_rating_is_what_the_method_alone_makes_of_the_same_case(case):
    with trying(case.sponsor):
        supplier = suppliers.get(case.supplier_id)
        rated = rating.must_rate(room(case))
        factors = [getattr(supplier, name) for name in FACTORS]
    alone = json.loads(json.dumps(rated.input))
    assert (alone["impact"], alone["exposure"]) == (factors[:3], factors[3:])
    again = score.rate(document.read(alone), rubrics.method("SRM-1.0"))
    assert again.document() == rated.result.document()
    assert {line.id for line in rated.lines} == {item["id"] for item in alone["questions"]}


def test_the_weight_of_a_domain_that_scoping_has_emptied_is_left_out(case):
    with trying(case.sponsor):
        found = room(case)
        weights, _ = documents.weights(found.assessment)
        weighed = replace(weights, domain_weights={"signature-identity": 3, "access": 2})
        told = rating.case(found, suppliers.get(case.supplier_id), weighed)
    assert "signature-identity" not in {item["domain"] for item in told["questions"]}
    assert told["domain_weights"] == {"access": 2}
    assert document.read(told).domain_weights["access"] == 2


def test_a_rating_is_provisional_until_everything_counts_as_answered(case):
    with trying(case.sponsor):
        before = rating.must_rate(room(case)).result
        assert (before.status, before.document()["completeness"] < 100) == ("provisional", True)
        for question in ("P11-07", "P11-08"):
            judge(case, question, "accepted")
        after = rating.must_rate(room(case)).result
        assert (after.status, after.document()["completeness"]) == ("final", 100.0)


def test_without_all_seven_factors_nothing_is_rated(case):
    with trying(case.sponsor):
        suppliers.get(case.supplier_id).exposure_history = None
        assert rating.rate(room(case)) is None
        with pytest.raises(Conflict, match="seven risk factors are not all set"):
            rating.must_rate(room(case))
    page = case.sponsor.client("viewer").get(f"/assessments/{case.assessment_id}/rating")
    assert page.status_code == 200


def test_a_better_verdict_never_makes_a_rating_worse(case):
    worst_to_best = [("gap", ""), ("accepted", "E0"), ("accepted", "E2"), ("accepted", "E4")]
    finals, assurances = [], []
    for verdict in worst_to_best:
        with trying(case.sponsor):
            judge(case, "P11-02", *verdict)
            result = rating.must_rate(room(case)).result
            finals.append(result.final)
            assurances.append(result.result.assurance)
    assert finals == sorted(finals, reverse=True)
    assert assurances == sorted(assurances) and len(set(assurances)) == 4


def test_a_signed_rating_can_be_computed_again_from_its_stored_input_alone(closed):
    row = rows(closed.sponsor, Rating, assessment_id=closed.assessment_id)[0]
    again = score.rate(document.read(json.loads(row.input)), rubrics.method(row.method))
    assert json.loads(row.result) == json.loads(json.dumps(again.document()))
    assert (row.final, row.status, row.input_digest) == (again.final, again.status, again.case.digest)


def test_what_the_profile_says_later_does_not_change_a_signed_rating(closed):
    with trying(closed.sponsor):
        before = rating.must_rate(room(closed)).result.document()
        supplier = suppliers.get(closed.supplier_id)
        for name in FACTORS:
            setattr(supplier, name, 1)
        db.session.flush()
        assert rating.must_rate(room(closed)).result.document() == before
        supplier.impact_data = None
        db.session.flush()
        assert rating.must_rate(room(closed)).result.document() == before


@pytest.mark.parametrize("field", ["input", "input_digest", "result", "final", "status"])
def test_a_rating_that_no_longer_recomputes_is_found(closed, field):
    with trying(closed.sponsor):
        row = db.session.query(Rating).filter_by(assessment_id=closed.assessment_id).one()
        assert reviewing.recomputes(row)
        altered = {
            "input": row.input.replace('"no"', '"implemented"'),
            "input_digest": "0" * 64,
            "result": row.result.replace("provisional", "final") if "provisional" in row.result else "{}",
            "final": 1,
            "status": "altered",
        }
        with db.session.no_autoflush:
            setattr(row, field, altered[field])
            assert not reviewing.recomputes(row)
