"""Signatures: both components each time, wrong ones counted and on record, one person's own, the same in every form."""

from __future__ import annotations

import ast
import html
import re
from datetime import timedelta
from uuid import uuid4

import pytest

from portal import tenancy
from portal.errors import Conflict, Forbidden, Invalid, TooMany, Unavailable
from portal.models.assessments import Rating
from portal.models.signatures import Signature
from portal.services import signatures
from portal.services.assessments import answers, reviewing, submitting
from portal.services.signatures import Confirmed, Credential
from tests import make
from tests.house.source import files, text, tree
from tests.scopes import entries, later, reading, rows, trying

WRONG_PASSWORD = "seven green bottles falling"


@pytest.fixture(scope="module")
def closed(house) -> make.Sent:
    """An assessment with both signatures, for tests that change nothing."""
    return make.closed(house)


@pytest.fixture
def signer(house) -> make.Sent:
    case = make.sent(house)
    make.signer(case)
    return case


def confirm(case: make.Sent, email: str | None = None, password: str = make.PASSWORD) -> object:
    with trying(case):
        return signatures.confirm(Credential(case.email if email is None else email, password)).person_id


def refused(case: make.Sent) -> list[object]:
    return entries(case.sponsor, action="signature.refused", actor_id=case.signer["id"])


def test_both_components_are_asked_for_each_time_and_give_the_identity(signer):
    for _ in range(3):
        assert confirm(signer) == signer.signer["id"]
    assert confirm(signer, email=f"  {signer.email.upper()} ") == signer.signer["id"]
    assert refused(signer) == []


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (None, WRONG_PASSWORD),
        (None, ""),
        ("somebody@else.example", make.PASSWORD),
        (None, make.PASSWORD.upper()),
        (None, make.PASSWORD + " "),
    ],
)
def test_one_right_component_is_not_enough_and_the_try_is_on_record(signer, email, password):
    with pytest.raises(Invalid) as error:
        confirm(signer, email, password)
    assert error.value.text == signatures.WRONG
    ((entry, _told),) = refused(signer)
    assert (entry.record_id, entry.actor_name, entry.origin) == (signer.signer["id"], signer.name, "127.0.0.1")


def test_somebody_elses_right_credential_signs_nothing(house, signer):
    with pytest.raises(Invalid):
        confirm(signer, email=house.emails["qa"])
    with trying(house), pytest.raises(Invalid):
        signatures.confirm(Credential(signer.email, make.PASSWORD))
    with trying(house, "admin"), pytest.raises(Invalid):
        signatures.confirm(Credential(house.emails["qa"], make.PASSWORD))


def test_after_five_wrong_tries_even_the_right_one_is_refused_for_15_minutes(signer, house):
    other = make.sent(house)
    make.signer(other)
    for _ in range(5):
        with pytest.raises(Invalid):
            confirm(signer, password=WRONG_PASSWORD)
    with pytest.raises(TooMany) as error:
        confirm(signer)
    assert 880 <= int(error.value.headers["Retry-After"]) <= 901
    assert len(refused(signer)) == 5
    assert confirm(other) == other.signer["id"], "nobody else is locked out"
    with later(minutes=14), pytest.raises(TooMany):
        confirm(signer)
    with later(minutes=15, seconds=2):
        assert confirm(signer) == signer.signer["id"]


def test_the_pause_lasts_15_minutes_from_the_last_try_however_slowly_they_came(signer):
    for _ in range(4):
        with pytest.raises(Invalid):
            confirm(signer, password=WRONG_PASSWORD)
    with later(minutes=14), pytest.raises(Invalid):
        confirm(signer, password=WRONG_PASSWORD)
    with later(minutes=28), pytest.raises(TooMany):
        confirm(signer)
    with later(minutes=29, seconds=2):
        assert confirm(signer) == signer.signer["id"]


def test_the_right_credential_clears_the_count(signer):
    for _ in range(3):
        with pytest.raises(Invalid):
            confirm(signer, password=WRONG_PASSWORD)
        with pytest.raises(Invalid):
            confirm(signer, password=WRONG_PASSWORD)
        assert confirm(signer) == signer.signer["id"]


def test_the_page_counts_too_whatever_address_is_claimed_and_says_when_to_try_again(house, inbox):
    case = make.answered(house)
    make.signer(case)
    client = make.visitor(case, inbox)
    digest = re.search(r'name="shown_digest"[^>]*value="([0-9a-f]{64})"', client.get("/answering/submit").text)[1]
    form = {"email": case.email, "password": WRONG_PASSWORD, "meaning": "authored", "shown_digest": digest}
    for number in range(5):
        answer = client.post("/answering/submit", data=form, headers={"X-Forwarded-For": f"203.0.113.{number}"})
        assert answer.status_code == 422 and html.unescape(signatures.WRONG) in html.unescape(answer.text)
        assert WRONG_PASSWORD not in answer.text
    locked = client.post("/answering/submit", data={**form, "password": make.PASSWORD})
    assert locked.status_code == 429 and 0 < int(locked.headers["Retry-After"]) <= 901
    assert rows(house, Signature, assessment_id=case.assessment_id) == []
    assert len(refused(case)) == 5
    assert WRONG_PASSWORD not in str([told for _, told in entries(house)])


@pytest.mark.parametrize("missing", ["email", "password", "meaning", "shown_digest"])
def test_a_signature_without_one_of_its_parts_is_refused_before_anything_is_counted(half_way, missing):
    case, client, form = half_way
    answer = client.post("/answering/submit", data={**form, missing: ""})
    assert answer.status_code == 422
    assert refused(case) == [] == list(rows(case.sponsor, Signature, assessment_id=case.assessment_id))


@pytest.mark.parametrize("meaning", ["reviewed", "I gave these answers", "x"])
def test_a_meaning_that_the_record_does_not_have_is_refused(half_way, meaning):
    case, client, form = half_way
    assert client.post("/answering/submit", data={**form, "meaning": meaning}).status_code == 422
    assert rows(case.sponsor, Signature, assessment_id=case.assessment_id) == []


@pytest.fixture(scope="module")
def half_way(house, inbox):
    """A case that is complete and not signed, its signer's browser, and a form that would sign."""
    case = make.answered(house)
    make.signer(case)
    with trying(case):
        digest = submitting.digest_of(submitting.content(answers.room()))
    form = {"email": case.email, "password": make.PASSWORD, "meaning": "authored", "shown_digest": digest}
    return case, make.visitor(case, inbox), form


def test_only_the_confirmed_content_is_signed(house, half_way):
    with trying(half_way[0].sponsor), pytest.raises(Conflict, match="The content changed after it was shown"):
        signatures.sign(
            record=Rating(id=uuid4()), assessment_id=half_way[0].assessment_id, meaning="reviewed",
            by=Confirmed(house.persons["qa"], signatures.BOTH), content_digest="a" * 64, shown_digest="b" * 64,
        )  # fmt: skip


def test_the_portal_itself_has_no_identity_and_signs_nothing(app, house):
    with app.app_context():
        tenancy.enter(tenancy.system(house.id, "test"))
        with pytest.raises(Forbidden, match="Create your signing identity first"):
            signatures.confirm(Credential(house.emails["admin"], make.PASSWORD))
        tenancy.leave()


# Whatever puts a signature on record, and whose own act it is.
SIGNING = {
    "portal/services/assessments/submitting.py": ["submit"],
    "portal/services/assessments/reviewing.py": ["close"],
    "portal/services/audit/marks.py": ["mark"],
    "portal/services/accounts/access_review.py": ["mark"],
}


def calling(name: str) -> dict[str, list[str]]:
    """Return file -> functions that call something by a name."""
    found: dict[str, list[str]] = {}
    for path in files(".py", under=("portal",)):
        for function in ast.walk(tree(path)):
            if isinstance(function, ast.FunctionDef) and any(_calls(node, name) for node in ast.walk(function)):
                found.setdefault(path, []).append(function.name)
    return found


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == name


def test_11_200_a_2_every_function_that_signs_takes_a_person_who_proved_himself_a_moment_ago():
    """These functions sign and no other; a signer comes from the credential alone, or from the provider's answer."""
    assert calling("signatures.sign") == SIGNING
    assert set(calling("Confirmed")) == {
        "portal/services/signatures.py", "portal/services/accounts/single_sign_on/asking_again.py",
    }  # fmt: skip


def test_11_200_a_3_no_command_and_no_job_signs_for_anybody():
    """Commands and background jobs hold no credential; the demo alone signs, as its invented people (H035)."""
    doing = ("signatures.sign", "signatures.confirm", "submitting.submit", "reviewing.close", "signatures.Credential")
    found = {path for name in doing for path in calling(name)}
    assert {path for path in found if path.startswith(("portal/cli/", "portal/jobs"))} == {"portal/cli/seed.py"}
    seeding = [path for path in files(".py", under=("portal",)) if "seed.fill(" in text(path)]
    assert seeding == ["portal/cli/serve.py"] and calling("seed.fill") == {"portal/cli/serve.py": ["demo_command"]}


@pytest.mark.parametrize("role", ["admin", "viewer", "auditor"])
def test_a_role_that_may_not_close_is_refused_with_an_entry(house, closed, role):
    address = f"/assessments/{closed.assessment_id}/close"
    form = {"email": house.emails["qa"], "password": make.PASSWORD, "meaning": "reviewed", "shown_digest": "0" * 64}
    assert house.client(role).post(address, data=form).status_code == 403
    found = [told for _, told in entries(house, action="access.refused", actor_id=house.persons[role])]
    assert {"permission": "assessments.close", "method": "POST", "address": address} in found


def test_staff_never_come_to_sign_as_the_supplier_nor_the_supplier_as_staff(house, closed, half_way):
    form = {"email": house.emails["qa"], "password": make.PASSWORD, "meaning": "authored", "shown_digest": "0" * 64}
    assert house.client("admin").post("/answering/submit", data=form).status_code == 401
    answer = half_way[1].post(f"/assessments/{closed.assessment_id}/close", data=form)
    assert answer.status_code == 303 and answer.location.startswith("/sign-in")


def test_a_review_is_not_closed_before_the_supplier_has_signed(house):
    case = make.answered(house)
    with pytest.raises(Conflict):
        make.close(case)
    with trying(house), pytest.raises(Conflict) as error:
        given = {"outcome": "accepted", "level": "E2", "remark": "", "version": 0}
        reviewing.give_verdict(assessment=reviewing.get(case.assessment_id), question_id="P11-01", **given)
    assert error.value.title == "Not possible in this state"


@pytest.mark.parametrize("field", signatures.COVERED)
def test_11_70_every_part_of_a_signature_is_bound_to_it(house, closed, field):
    """Name, time, meaning, identity and content are under one digest and a keyed seal: altered or copied, it shows."""
    with trying(house):
        row = signatures.of_assessment(closed.assessment_id)[0]
        assert list(signatures.damage(row)) == []
        others = {"at": row.at + timedelta(microseconds=1)}
        present = getattr(row, field)
        altered = {name: getattr(row, name) for name in (*signatures.COVERED, "digest", "seal")}
        altered[field] = others.get(field, uuid4() if isinstance(present, type(row.id)) else f"{present}.")
        assert list(signatures.damage(Signature(**altered))) == [
            "name, time, meaning or what it is bound to was altered"
        ]
        # Whoever computes the digest anew lacks the key of the seal.
        forged = Signature(**altered)
        forged.digest = signatures.digest_of(forged)
        assert list(signatures.damage(forged)) == ["the seal does not fit: it was made without the key"]


def test_a_signature_keeps_the_name_of_its_day(house, closed):
    with reading(house):
        row = signatures.of_assessment(closed.assessment_id)[0]
        assert (row.printed_name, row.title, row.components) == (closed.name, "Head of IT", "address and password")


@pytest.mark.parametrize("act", [make.submit, make.close], ids=["submitting", "closing"])
def test_11_50_nothing_is_signed_at_a_time_before_what_is_signed(house, act):
    """While the clock shows a time before the last change, signing is refused and leaves no signature (H088)."""
    case = make.answered(house) if act is make.submit else make.submitted(house)
    make.signer(case) if act is make.submit else make.judged(case)
    before = rows(case.sponsor, Signature, assessment_id=case.assessment_id)
    with later(hours=-1), pytest.raises(Unavailable, match="clock was set back"):
        act(case)
    assert len(rows(case.sponsor, Signature, assessment_id=case.assessment_id)) == len(before)
    act(case)
