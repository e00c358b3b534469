"""Signing in through a company's own provider, over HTTP and against a real one (11.10(d), 11.200(a)(3))."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import db, now
from portal.errors import Forbidden
from portal.models.accounts import Membership, ProviderSubject, SignIn
from portal.services.accounts import own, people
from tests import make, scopes, single_sign_on
from tests.provider import Provider, asked_for
from tests.single_sign_on import House, come, depart, linked

HOME = "/suppliers/"


@pytest.fixture
def house(app: Flask, provider: Provider) -> House:
    return single_sign_on.house(app, provider)


def refusals(house: House) -> list[str]:
    """Return the reasons that the sponsor's trail names for those who did not get through."""
    return [told["reason"] for _, told in scopes.entries(house.sponsor, action="accounts.provider_refused")]


def test_11_10_d_a_newcomer_of_the_company_joins_with_the_usual_role_and_no_password(house: House):
    """Whoever the company's provider proves, with a verified address of its domain, gets the role for newcomers."""
    login, email = house.employ(name="Nora New")
    client, answer = come(house, login, email, "/suppliers/?q=x")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/suppliers/?q=x")
    assert client.get(HOME).status_code == 200
    person = house.person(email)
    assert (person.printed_name, person.password_hash) == ("Nora New", "")
    [member] = scopes.rows(house.sponsor, Membership, person_id=person.id)
    assert member.role == "viewer"
    [stay] = scopes.rows(house.sponsor, SignIn, membership_id=member.id)
    assert (stay.proved_by, stay.factor_due) == ("provider", False)
    assert {row.action for row, _ in scopes.entries(house.sponsor, actor_id=person.id)} == {"created"}


def test_what_is_asked_of_the_provider(house: House):
    asked = asked_for(depart(house.browser(), f"somebody@{house.domain}"))
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid email profile"
    assert asked["redirect_uri"] == "http://localhost/sign-in/company/back"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) == len(asked["nonce"]) == 43
    assert asked["login_hint"] == f"somebody@{house.domain}"
    assert "prompt" not in asked


def test_without_a_default_role_nobody_joins_by_signing_in(app: Flask, provider: Provider):
    house = single_sign_on.house(app, provider, default_role="")
    login, email = house.employ()
    _, answer = come(house, login, email)
    assert answer.status_code == 403
    assert "you have no access here" in answer.text
    assert house.person(email) is None
    assert refusals(house) == [
        f"{email}: You are known, but you have no access here. Ask an administrator of your sponsor."
    ]


def test_11_200_a_3_an_identity_that_exists_is_opened_by_its_owner_alone_the_first_time(house: House):
    """The first time, the password of the identity is asked for: who only rules over the provider signs for nobody."""
    login = house.member("qa")
    client, answer = come(house, login, house.sponsor.emails["qa"], "/audit")
    assert answer.headers["Location"] == "/sign-in/company/proof"
    assert client.get(HOME).status_code == 303
    assert house.sponsor.emails["qa"] in client.get("/sign-in/company/proof").text
    wrong = client.post("/sign-in/company/proof", data={"password": "not the password at all"})
    assert wrong.status_code == 422
    assert client.get(HOME).status_code == 303
    right = client.post("/sign-in/company/proof", data={"password": make.PASSWORD})
    assert (right.status_code, right.headers["Location"]) == (302, "/audit")
    assert client.get(HOME).status_code == 200
    # The ticket is spent, and from now on the provider alone opens the identity.
    assert client.post("/sign-in/company/proof", data={"password": make.PASSWORD}).status_code == 410
    again, answer = come(house, login, house.sponsor.emails["qa"])
    assert answer.headers["Location"] == HOME
    assert again.get(HOME).status_code == 200


def test_proving_oneself_is_throttled_like_signing_in(house: House):
    client, _ = come(house, house.member("qa"), house.sponsor.emails["qa"])
    tries = [client.post("/sign-in/company/proof", data={"password": "wrong"}).status_code for _ in range(6)]
    assert tries == [422] * 5 + [429]
    assert len(scopes.entries(house.sponsor, action="accounts.sign_in_failed")) == 5


def test_a_known_subject_keeps_its_person_when_the_address_changes(house: House):
    _, login = linked(house, "qa")
    house.provider.employ(login, f"married-{login}@{house.domain}")
    client, answer = come(house, login, f"married-{login}@{house.domain}")
    assert answer.headers["Location"] == HOME
    assert f"Qa of {house.sponsor.name}" in client.get(HOME).text
    assert house.person(f"married-{login}@{house.domain}") is None


def test_an_address_that_belongs_to_somebody_elsewhere_is_refused(house: House, other: make.Sponsor):
    """A provider of one sponsor must not open the identity of a person of another, or of a manufacturer."""
    email = f"shared@{house.domain}"
    with scopes.tampering(other):
        people.create_person(email=email, printed_name="Somebody", title="", password=make.PASSWORD)
    login, _ = house.employ(email=email)
    _, answer = come(house, login, email)
    assert answer.status_code == 403
    assert "does not open this identity" in answer.text
    assert scopes.rows(house.sponsor, Membership, person_id=house.person(email).id) == []


def test_whoever_left_does_not_come_back_through_the_provider(house: House):
    login, email = house.employ()
    come(house, login, email)
    person = house.person(email)
    with scopes.tampering(house.sponsor):
        member = db.session.scalars(select(Membership).where(Membership.person_id == person.id)).one()
        member.ended_at = now()
    _, answer = come(house, login, email)
    assert answer.status_code == 403


GROUPS = {"Quality = all": "qa", "Portal admins": "admin", "Everyone": "viewer"}


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["Everyone", "Quality = all"], "qa"),  # the first line that fits
        (["Portal admins"], "admin"),
        ("Everyone", "viewer"),  # one text instead of a list
        (["Canteen"], "approver"),  # none: the role for newcomers
        (None, "approver"),
        ([{"name": "Portal admins"}, 7], "approver"),  # what is no text is no group
    ],
)
def test_groups_decide_the_role_at_each_sign_in(app: Flask, provider: Provider, groups: object, role: str):
    house = single_sign_on.house(app, provider, default_role="approver", group_roles=GROUPS)
    login, email = house.employ(groups=groups)
    come(house, login, email)
    [member] = scopes.rows(house.sponsor, Membership, person_id=house.person(email).id)
    assert member.role == role


def test_a_role_that_changes_with_the_groups_is_an_entry_with_its_reason(app: Flask, provider: Provider):
    house = single_sign_on.house(app, provider, group_roles=GROUPS)
    login, email = house.employ(groups=["Everyone"])
    come(house, login, email)
    house.provider.employ(login, email, groups=["Quality = all"])
    come(house, login, email)
    [(entry, told)] = scopes.entries(house.sponsor, record_type="Membership", action="changed")
    assert told == {"role": "qa"}
    assert "groups" in entry.reason


def test_the_last_administrator_stays_one_whatever_the_groups_say(app: Flask, provider: Provider):
    house = single_sign_on.house(app, provider, group_roles=GROUPS)
    linked(house, "admin")
    [member] = scopes.rows(house.sponsor, Membership, person_id=house.sponsor.persons["admin"])
    assert member.role == "admin"
    login, email = house.employ(groups=["Portal admins"])
    come(house, login, email)
    house.provider.employ(login, email, groups=["Everyone"])
    come(house, login, email)
    [second] = scopes.rows(house.sponsor, Membership, person_id=house.person(email).id)
    assert second.role == "viewer"


HOUR = 3600
TWISTED: dict[str, tuple[dict[str, object], str]] = {
    "another nonce": ({"nonce": "of another question"}, "nonce"),
    "for another client": ({"aud": ["somebody-else"]}, "aud"),
    "for several, none of them presenting it": ({"aud": ["portal-at-acme", "other"]}, "azp"),
    "presented by another": ({"azp": "somebody-else"}, "azp"),
    "of another issuer": ({"iss": "https://elsewhere.example"}, "iss"),
    "expired": ({"exp": int(time.time()) - HOUR}, "exp"),
    "never expiring": ({"exp": "never"}, "exp"),
    "from the future": ({"iat": int(time.time()) + HOUR}, "in the future"),
    "without a subject": ({"sub": ""}, "sub"),
    "another access token": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
    "an address that is not verified": ({"email_verified": False}, "not verified"),
    "verified in words alone": ({"email_verified": "true"}, "not verified"),
    "a foreign domain": ({"email": "somebody@elsewhere.example"}, "not of"),
    "a domain within a domain": ({"email": "somebody@sub.elsewhere.example"}, "not of"),
    "no address": ({"email": None}, "not of"),
}


@pytest.mark.parametrize("case", TWISTED)
def test_11_10_d_a_token_that_does_not_fit_lets_nobody_in(house: House, case: str):
    """Issuer, audience, expiry, nonce, verified address and domain are checked; each refusal is on record with why."""
    login, email = house.employ()
    house.provider.twisted, reason = TWISTED[case]
    client, answer = come(house, login, email)
    assert answer.status_code == 422, answer.text
    assert house.provider.redeemed
    assert client.get(HOME).status_code == 303
    assert house.person(email) is None
    [on_record] = refusals(house)
    assert reason in on_record


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_11_10_d_a_token_that_nobody_signed_lets_nobody_in(house: House, algorithm: str):
    """A token with the algorithm none, or signed with what others may know, proves nothing."""
    login, email = house.employ()
    house.provider.forged = algorithm
    _, answer = come(house, login, email)
    assert answer.status_code == 422, answer.text
    assert f"Algorithm of '{algorithm}'" in refusals(house)[0]


def test_a_token_signed_with_another_key_lets_nobody_in(house: House):
    login, email = house.employ()
    house.provider.sign_with_another_key()
    _, answer = come(house, login, email)
    assert answer.status_code == 422, answer.text
    assert "signature" in refusals(house)[0]


def test_a_return_that_is_repeated_is_refused(house: House):
    """The ticket is taken back at the first return, and the provider redeems a code once."""
    login, email = house.employ()
    client = house.browser()
    back = house.provider.send_back(depart(client, email), login)
    ticket = client.get_cookie("portal_trip")
    assert client.get(back).status_code == 302
    assert client.get_cookie("portal_trip") is None
    assert client.get(back).status_code == 410
    thief = house.browser()
    thief.set_cookie("portal_trip", ticket.value)
    assert thief.get(back).status_code == 422
    assert thief.get(HOME).status_code == 303


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda back: back.replace("state=", "state=x"), 410),
        (lambda back: back.partition("?")[0], 410),
        (lambda back: back + "&iss=https://elsewhere.example", 410),
        (lambda back: back.replace("code=", "code=x"), 422),
        (lambda back: f"{back.partition('?')[0]}?error=access_denied&state={asked_for(back)['state']}", 422),
    ],
)
def test_a_return_that_does_not_fit_is_refused(house: House, change: Callable[[str], str], status: int):
    login, email = house.employ()
    client = house.browser()
    answer = client.get(change(house.provider.send_back(depart(client, email), login)))
    assert answer.status_code == status
    assert "Sign in" in answer.text
    assert client.get(HOME).status_code == 303


def test_a_return_in_another_browser_or_too_late_is_refused(house: House):
    login, email = house.employ()
    client = house.browser()
    back = house.provider.send_back(depart(client, email), login)
    assert house.browser().get(back).status_code == 410
    with scopes.later(minutes=11):
        assert client.get(back).status_code == 410


def test_the_ticket_of_one_use_is_none_for_another(house: House):
    client = house.browser()
    depart(client, f"somebody@{house.domain}")
    client.set_cookie("portal_proof", client.get_cookie("portal_trip").value)
    assert client.get("/sign-in/company/proof").status_code == 410


def test_a_provider_that_is_away_is_said_in_plain_words_and_passwords_go_on_working(house: House):
    house.provider.answers["/.well-known/openid-configuration"] = (500, {})
    client = house.browser()
    answer = client.post("/sign-in/company", data={"email": house.sponsor.emails["qa"]})
    assert answer.status_code == 503
    assert "does not answer at present. Sign in with your password" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    [(_, told)] = scopes.entries(house.sponsor, action="accounts.provider_failed")
    assert told["reason"].endswith("answers with status 500.")
    assert house.sponsor.client("qa").get(HOME).status_code == 200


@pytest.mark.parametrize("path", ["/token", "/keys"])
def test_a_provider_that_goes_away_on_the_way_lets_nobody_in(house: House, path: str):
    login, email = house.employ()
    house.provider.answers[path] = (503, {})
    _, answer = come(house, login, email)
    assert answer.status_code == 503
    assert house.person(email) is None


def test_an_address_without_a_provider_is_told_so(house: House):
    client = house.browser()
    for email in ("nobody@nowhere.example", f"x@sub.{house.domain}", "no address"):
        answer = client.post("/sign-in/company", data={"email": email})
        assert answer.status_code == 422
        assert "Sign in" in answer.text


def test_a_provider_that_was_switched_off_meanwhile_lets_nobody_in(house: House):
    login, email = house.employ()
    client = house.browser()
    back = house.provider.send_back(depart(client, email), login)
    house.sponsor.client("admin").post("/single-sign-on/end")
    assert client.get(back).status_code == 410
    assert client.post("/sign-in/company", data={"email": email}).status_code == 422


def test_nobody_has_us_ask_a_provider_without_end(house: House):
    client = house.browser()
    statuses = [client.post("/sign-in/company", data={"email": "a@nowhere.example"}).status_code for _ in range(51)]
    assert statuses == [422] * 50 + [429]


def test_the_wanted_page_is_one_of_ours(house: House):
    login, email = house.employ()
    _, answer = come(house, login, email, "https://elsewhere.example/")
    assert answer.headers["Location"] == HOME


def test_the_ticket_is_held_to_this_host_and_to_ten_minutes(secure: Flask, provider: Provider):
    house = single_sign_on.house(secure, provider)
    answer = secure.test_client().post(
        "/sign-in/company", data={"email": f"a@{house.domain}"}, base_url="https://portal.example.com"
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-portal_trip=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"))


def test_one_subject_is_one_person(house: House):
    login, email = house.employ()
    come(house, login, email)
    come(house, login, email)
    with scopes.reading(house.sponsor):
        bound = db.session.scalars(
            select(ProviderSubject).where(ProviderSubject.subject == f"subject-of-{login}")
        ).all()
    assert len(bound) == 1


def test_who_came_in_through_a_provider_adds_no_factor_that_would_count_elsewhere(house: House):
    """A factor belongs to the person with every sponsor: a provider of one of them must not open the others."""
    client, _ = linked(house, "qa")
    member = make.membership(house.sponsor, "qa")
    [stay] = scopes.rows(house.sponsor, SignIn, membership_id=member, proved_by="provider")
    with scopes.acting(house.sponsor), pytest.raises(Forbidden, match="Sign in with your password"):
        own.add_app(sign_in_id=stay.id, kept="", code="123456")
    assert client.get(HOME).status_code == 200
