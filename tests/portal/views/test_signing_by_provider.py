"""Closing a review under a signature for which the company's provider asked again (11.200(a)(1), 11.50)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import tenancy
from portal.db import now
from portal.models.accounts import Membership
from portal.models.assessments import Assessment, Rating
from portal.models.signatures import Signature
from portal.services.assessments import reviewing
from tests import make, scopes, single_sign_on
from tests.provider import Provider, asked_for
from tests.single_sign_on import House, address, come, linked

COMPONENTS = "single sign-on, asked again"


@dataclass(frozen=True)
class Desk:
    """A reviewer who signs in through the provider, with a review that is ready to be closed."""

    house: House
    case: make.Sent
    client: FlaskClient
    login: str

    def form(self) -> dict[str, str]:
        """Return what the closing page shows and the reviewer chooses."""
        page = self.client.get(f"/assessments/{self.case.assessment_id}/close").text
        [digest] = re.findall(r'name="shown_digest"[^>]*value="([0-9a-f]{64})"', page)
        return {"meaning": "reviewed", "shown_digest": digest}

    def leave(self, **changes: str) -> str:
        """Choose to confirm with the company's sign-in, and return the address there."""
        place = f"/assessments/{self.case.assessment_id}/close/company"
        return address(self.client.post(place, data=self.form() | changes))

    def sign(self, login: str = "") -> TestResponse:
        """Leave, prove oneself at the provider and come back."""
        return self.client.get(self.house.provider.send_back(self.leave(), login or self.login))

    def signatures(self) -> list[Signature]:
        """Return the signatures on the rating."""
        found = scopes.rows(self.house.sponsor, Signature, assessment_id=self.case.assessment_id)
        return [row for row in found if row.record_type == "Rating"]

    def state(self) -> str:
        """Return where the assessment is."""
        return str(scopes.rows(self.house.sponsor, Assessment, id=self.case.assessment_id)[0].state)

    def refusals(self) -> list[str]:
        """Return the reasons of refused signatures."""
        return [told["reason"] for _, told in scopes.entries(self.house.sponsor, action="signature.refused")]


def _desk(app: Flask, provider: Provider) -> Desk:
    house = single_sign_on.house(app, provider)
    case = make.submitted(house.sponsor)
    make.judged(case)
    client, login = linked(house, "qa")
    return Desk(house, case, client, login)


@pytest.fixture
def own_desk(app: Flask, provider: Provider) -> Desk:
    """A desk for one test, which closes the review or changes it."""
    return _desk(app, provider)


@pytest.fixture(scope="module")
def _shared_desk(app: Flask, _provider: Provider) -> Desk:
    return _desk(app, _provider)


@pytest.fixture
def desk(_shared_desk: Desk, provider: Provider) -> Desk:
    """A desk for the tests in which nothing may be signed."""
    return _shared_desk


def test_11_200_a_1_at_signing_the_provider_asks_for_both_components_again(own_desk: Desk):
    """Signing through the company's provider demands a login there at that moment, never the one of the morning."""
    asked = asked_for(own_desk.leave())
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    answer = own_desk.sign()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/assessments/{own_desk.case.assessment_id}")
    assert own_desk.state() == "closed"
    [signature] = own_desk.signatures()
    assert signature.components == COMPONENTS
    assert signature.person_id == own_desk.house.sponsor.persons["qa"]
    [rating] = scopes.rows(own_desk.house.sponsor, Rating, assessment_id=own_desk.case.assessment_id)
    assert signature.record_id == rating.id


@pytest.mark.parametrize(
    ("twisted", "reason"),
    [
        (
            {"auth_time": int((now() - timedelta(minutes=1)).timestamp())},
            "did not ask again",
        ),  # before it was sent there
        ({"auth_time": int((now() + timedelta(hours=1)).timestamp())}, "did not ask again"),
        ({"auth_time": True}, "did not ask again"),
        ({"auth_time": None}, "did not ask again"),
    ],
)
def test_11_200_a_1_an_old_login_at_the_provider_signs_nothing(desk: Desk, twisted: dict[str, object], reason: str):
    """The time of the login at the provider must lie after the moment when the signer was sent there."""
    desk.house.provider.twisted = twisted
    answer = desk.sign()
    assert answer.status_code == 422
    assert "did not ask you again" in answer.text
    assert (desk.state(), desk.signatures()) == ("in_review", [])
    assert reason in desk.refusals()[-1]


def test_11_200_a_1_a_login_that_was_long_ago_when_the_browser_returns_signs_nothing(desk: Desk):
    """Between the login at the provider and the signature lie two minutes at most."""
    back = desk.house.provider.send_back(desk.leave(), desk.login)
    with scopes.later(minutes=3):
        assert desk.client.get(back).status_code == 422
    assert desk.signatures() == []


def test_11_200_a_2_somebody_else_who_comes_back_signs_nothing(desk: Desk):
    """The person whom the provider proved must be the one who is signed in here."""
    other, email = desk.house.employ()
    come(desk.house, other, email)
    answer = desk.sign(other)
    assert answer.status_code == 403
    assert "Somebody else came back" in answer.text
    assert (desk.state(), desk.signatures()) == ("in_review", [])
    assert desk.refusals()[-1] == "somebody else came back"


def test_what_was_changed_after_it_was_shown_is_not_signed(own_desk: Desk):
    leaving = own_desk.leave()
    with scopes.acting(own_desk.house.sponsor):
        reviewing.give_verdict(
            assessment=reviewing.get(own_desk.case.assessment_id), question_id="P11-01", outcome="gap", level="",
            remark="Seen again, not in place", version=1, reason="Seen again on site",
        )  # fmt: skip
    answer = own_desk.client.get(own_desk.house.provider.send_back(leaving, own_desk.login))
    assert answer.status_code == 409
    assert own_desk.signatures() == []


def test_a_return_that_is_repeated_signs_once(own_desk: Desk):
    leaving = own_desk.leave()
    ticket = own_desk.client.get_cookie("portal_trip").value
    back = own_desk.house.provider.send_back(leaving, own_desk.login)
    assert own_desk.client.get(back).status_code == 302
    own_desk.client.set_cookie("portal_trip", ticket)
    assert own_desk.client.get(back).status_code == 422
    assert len(own_desk.signatures()) == 1


def test_a_way_to_sign_that_another_stay_began_is_refused(desk: Desk):
    leaving = desk.leave()
    ticket = desk.client.get_cookie("portal_trip").value
    back = desk.house.provider.send_back(leaving, desk.login)
    second = desk.house.sponsor.client("qa")
    second.set_cookie("portal_trip", ticket)
    assert second.get(back).status_code == 410
    assert desk.house.app.test_client().get(back).status_code == 410
    assert desk.signatures() == []


def test_whose_right_to_close_has_gone_on_the_way_signs_nothing(own_desk: Desk):
    """The right is checked again at the moment of signing (11.10(g))."""
    back = own_desk.house.provider.send_back(own_desk.leave(), own_desk.login)
    with scopes.tampering(own_desk.house.sponsor):
        tenancy.fetch(Membership, make.membership(own_desk.house.sponsor, "qa")).role = "viewer"
    assert own_desk.client.get(back).status_code == 403
    assert own_desk.signatures() == []


def test_a_provider_that_is_away_signs_nothing_and_the_password_still_does(own_desk: Desk):
    own_desk.house.provider.answers["/.well-known/openid-configuration"] = (500, {})
    answer = own_desk.client.post(f"/assessments/{own_desk.case.assessment_id}/close/company", data=own_desk.form())
    assert answer.status_code == 503
    make.close(own_desk.case)
    assert own_desk.state() == "closed"


def test_who_is_not_known_to_the_provider_is_not_offered_it(desk: Desk):
    client = desk.house.sponsor.client("approver")
    place = f"/assessments/{desk.case.assessment_id}/close"
    assert "company’s sign-in" in desk.client.get(place).text
    assert "company’s sign-in" not in client.get(place).text
    assert client.post(f"{place}/company", data=desk.form()).status_code == 404


def test_without_a_meaning_nobody_is_sent_anywhere(desk: Desk):
    form = desk.form()
    answer = desk.client.post(f"/assessments/{desk.case.assessment_id}/close/company", data=form | {"meaning": ""})
    assert answer.headers["Location"] == f"/assessments/{desk.case.assessment_id}/close"
    assert "Choose the meaning." in desk.client.get(answer.headers["Location"]).text
