"""The administrator's page for single sign-on: who may set what, what is kept secret, and what a trial says."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import db
from portal.models.accounts import Provider as ProviderRow
from portal.services.accounts import encryption
from tests import make, scopes, single_sign_on
from tests.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.single_sign_on import House

PAGE = "/single-sign-on"
UNUSABLE = [
    ({"issuer": "https://elsewhere.example"}, "calls itself “https://elsewhere.example”"),
    ({"token_endpoint": None}, "does not say its token endpoint"),
    ({"response_types_supported": ["token"]}, "offers none of code"),
    ({"code_challenge_methods_supported": ["plain"]}, "offers none of S256"),
    ({"id_token_signing_alg_values_supported": ["none", "HS256"]}, "offers none of RS256"),
    ({"jwks_uri": "file:///etc/passwd"}, "no address that can be asked"),
]


@pytest.fixture
def house(app: Flask, provider: Provider) -> House:
    return single_sign_on.house(app, provider)


def typed(house: House, **changes: str) -> dict[str, str]:
    """Return what the form sends."""
    return {
        "issuer": house.provider.issuer, "client_id": CLIENT_ID, "secret": "", "domain": house.domain,
        "default_role": "viewer", "group_claim": "groups", "group_roles": "",
    } | changes  # fmt: skip


def row(house: House) -> ProviderRow:
    """Return the provider of the house."""
    [found] = scopes.rows(house.sponsor, ProviderRow)
    return found


def test_the_secret_is_encrypted_where_it_lies_hidden_in_the_trail_and_on_no_page(house: House):
    kept = row(house).client_secret
    assert CLIENT_SECRET not in kept
    with house.app.app_context():
        assert encryption.decrypted(kept) == CLIENT_SECRET
    client = house.sponsor.client("admin")
    assert CLIENT_SECRET not in client.get(PAGE).text
    assert kept not in client.get(PAGE).text
    trail = [entry.changes for entry, _ in scopes.entries(house.sponsor)]
    assert not any(CLIENT_SECRET in text or kept in text for text in trail)


def test_every_change_of_the_provider_is_an_entry_with_old_and_new(house: House):
    client = house.sponsor.client("admin")
    client.post(PAGE, data=typed(house, default_role="qa", group_roles="Quality = qa\n\n Heads=of=all = Admin "))
    client.post(f"{PAGE}/end")
    changes = [told for _, told in scopes.entries(house.sponsor, record_type="Provider", action="changed")]
    assert changes[0] == {"default_role": "qa", "group_roles": '{"Quality": "qa", "Heads=of=all": "admin"}'}
    assert changes[1].keys() == {"ended_at"}
    assert "Quality = qa\nHeads=of=all = admin</textarea>" in client.get(PAGE).text


def test_an_empty_secret_keeps_the_present_one_but_never_for_another_issuer(house: House):
    client, before = house.sponsor.client("admin"), row(house).client_secret
    assert client.post(PAGE, data=typed(house, client_id="another")).status_code == 302
    assert row(house).client_secret == before
    answer = client.post(PAGE, data=typed(house, issuer="https://elsewhere.example"))
    assert answer.status_code == 422
    assert "Enter the secret that belongs to this issuer." in answer.text
    assert row(house).issuer == house.provider.issuer


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domain": "elsewhere.example"}, "Enter the domain of your own mail address"),
        ({"domain": "no domain"}, "Enter a mail domain alone"),
        ({"issuer": "login.example.com"}, "Enter an address that begins with https://"),
        ({"issuer": "https://user@login.example.com"}, "Enter an address that begins with https://"),
        ({"client_id": "with a blank"}, "Copy it once more"),
        ({"secret": "bücher"}, "Copy it once more"),
        ({"group_roles": "Quality = qa\nQuality: qa"}, "Line 2 must read"),
        ({"group_roles": "Quality = owner"}, "Line 1 must read"),
        ({"default_role": "signer"}, "Not a valid choice"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(house: House, changes: dict[str, str], words: str):
    before = row(house)
    answer = house.sponsor.client("admin").post(PAGE, data=typed(house, **changes))
    assert answer.status_code == 422
    assert words in answer.text
    assert row(house).domain == before.domain
    assert (row(house).issuer, row(house).group_roles) == (before.issuer, before.group_roles)


def test_a_domain_has_one_provider_and_is_free_again_once_that_is_switched_off(house: House):
    second = House(make.sponsor(house.app, domain=house.domain), house.domain, house.provider)
    client = second.sponsor.client("admin")
    answer = client.post(PAGE, data=typed(second, secret=CLIENT_SECRET))
    assert answer.status_code == 409
    assert "Another provider answers for this mail domain" in answer.text
    assert house.sponsor.name not in answer.text
    house.sponsor.client("admin").post(f"{PAGE}/end")
    assert client.post(PAGE, data=typed(second, secret=CLIENT_SECRET)).status_code == 302
    login, email = second.employ()
    single_sign_on.come(second, login, email)
    assert f"Sponsor {second.sponsor.name.split()[1]}" in client.get("/suppliers/").text


def test_it_can_be_switched_on_again(house: House):
    client = house.sponsor.client("admin")
    client.post(f"{PAGE}/end")
    assert "Save and switch on" in client.get(PAGE).text
    assert client.post(PAGE, data=typed(house)).status_code == 302
    assert row(house).ended_at is None
    single_sign_on.depart(house.browser(), f"a@{house.domain}")


def test_a_trial_that_goes_well_says_so(house: House):
    client = house.sponsor.client("admin")
    assert "offers all that is needed" in client.get(f"{PAGE}/try", follow_redirects=True).text


@pytest.mark.parametrize(("offer", "words"), UNUSABLE)
def test_a_trial_says_in_plain_words_what_is_wrong(house: House, offer: dict[str, object], words: str):
    house.provider.offer = offer
    assert words in house.sponsor.client("admin").get(f"{PAGE}/try", follow_redirects=True).text


def test_a_trial_of_keys_that_are_none_says_so(house: House):
    house.provider.answers["/keys"] = (404, {})
    text = house.sponsor.client("admin").get(f"{PAGE}/try", follow_redirects=True).text
    assert "answers with status 404" in text


def test_a_trial_without_a_provider_finds_nothing(sponsor: make.Sponsor):
    client = sponsor.client("admin")
    assert client.get(f"{PAGE}/try").status_code == 404
    assert client.post(f"{PAGE}/end").status_code == 404


def test_the_secret_of_a_provider_that_takes_it_in_the_form_is_sent_there(house: House):
    house.provider.offer = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    login, email = house.employ()
    _, answer = single_sign_on.come(house, login, email)
    assert answer.status_code == 302


def test_a_key_of_the_installation_that_was_changed_is_said_in_plain_words(house: House):
    with scopes.acting(house.sponsor, "admin"):
        db.session.scalars(select(ProviderRow)).one().client_secret = "of another key"
    answer = house.browser().post("/sign-in/company", data={"email": f"a@{house.domain}"})
    assert answer.status_code == 503
    assert "an administrator has to enter it again" in " ".join(answer.text.split()).lower()
