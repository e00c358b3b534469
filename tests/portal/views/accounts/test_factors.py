"""Second factors: an app's codes and recovery codes; passkeys need a browser and are tested in journeys."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest

from portal import tenancy
from portal.db import db, now
from portal.models.accounts import Authenticator, Person, SignIn, Tenant
from portal.services.accounts import encryption, factors
from tests import make
from tests.scopes import at, entries, later, rows, tampering

SEED = re.compile(r'<code class="seed">(\w+)</code>')
KEPT = re.compile(r'name="kept"[^>]*value="([^"]+)"')
CODE = re.compile(r"<li><code>([a-z0-9-]+)</code></li>")


def enrol(client) -> tuple[str, list[str]]:
    """Set an app up in a browser; return its seed and the recovery codes."""
    page = client.get("/account/app").text
    seed, kept = SEED.search(page)[1], html.unescape(KEPT.search(page)[1])
    answer = client.post("/account/app", data={"kept": kept, "code": code(seed)})
    assert answer.status_code == 200, answer.text
    return seed, CODE.findall(answer.text)


def code(seed: str, moment=None) -> str:
    """Return what the app shows."""
    return pyotp.TOTP(seed).at(moment or now())


def begin(sponsor, role: str = "qa"):
    """Give the password, and no more."""
    client = sponsor.app.test_client()
    answer = client.post("/sign-in", data={"email": sponsor.emails[role], "password": make.PASSWORD})
    assert answer.status_code == 302
    return client


def give(client, digits: str):
    return client.post("/second-factor", data={"code": digits})


def inside(client) -> bool:
    return client.get("/suppliers/").status_code == 200


def test_an_app_that_is_set_up_is_asked_for_and_the_secret_is_a_new_one_afterwards(sponsor):
    seed, _ = enrol(sponsor.client("qa"))
    with later(minutes=1):
        client = begin(sponsor)
        half = client.get_cookie("portal_staff").value
        answer = client.get("/suppliers/")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/second-factor")
        assert client.get("/suppliers/", headers={"Accept": "application/json"}).status_code == 401
        assert client.get("/account").status_code == 303
        assert give(client, code(seed)).status_code == 302
        assert inside(client)
        assert client.get_cookie("portal_staff").value != half
        stranger = sponsor.app.test_client()
        stranger.set_cookie("portal_staff", half)
        assert stranger.get("/suppliers/").headers["Location"].startswith("/sign-in")
    assert rows(sponsor, SignIn, proved_by="password and app code", factor_due=False)


def test_11_300_b_a_code_is_taken_once_and_never_one_before_it(sponsor):
    """The same code, and one of an earlier step, are refused once a code was taken (RFC 6238)."""
    seed, _ = enrol(sponsor.client("qa"))
    with at(now() + timedelta(minutes=2)):
        assert give(begin(sponsor), code(seed)).status_code == 302
        assert give(begin(sponsor), code(seed)).status_code == 422
        assert give(begin(sponsor), code(seed, now() - timedelta(seconds=30))).status_code == 422
        assert give(begin(sponsor), code(seed, now() + timedelta(seconds=30))).status_code == 302
        assert give(begin(sponsor), code(seed)).status_code == 422


def test_11_300_e_an_app_is_tested_when_it_is_set_up_and_a_clock_that_is_off_is_on_record(sponsor):
    """Without a right code no app is set up; where an app's clock is off by a step, the trail says so."""
    client = sponsor.client("qa")
    page = client.get("/account/app").text
    kept = html.unescape(KEPT.search(page)[1])
    assert client.post("/account/app", data={"kept": kept, "code": "000000"}).status_code == 422
    assert not rows(sponsor, Authenticator, person_id=sponsor.persons["qa"])
    seed, _ = enrol(client)
    with at(now() + timedelta(minutes=2)):
        assert give(begin(sponsor), code(seed, now() + timedelta(seconds=30))).status_code == 302
    assert [new["steps"] for _, new in entries(sponsor, action="accounts.clock_drift")] == [1]


def test_a_seed_that_was_made_for_somebody_else_is_refused(sponsor):
    page = sponsor.client("approver").get("/account/app").text
    kept, seed = html.unescape(KEPT.search(page)[1]), SEED.search(page)[1]
    for given in (kept, "nonsense", ""):
        answer = sponsor.client("qa").post("/account/app", data={"kept": given, "code": code(seed)})
        assert answer.status_code == 422


def test_the_seed_is_not_in_the_database_in_clear(sponsor):
    seed, codes = enrol(sponsor.client("qa"))
    kept = [row.secret for row in rows(sponsor, Authenticator, person_id=sponsor.persons["qa"])]
    assert len(kept) == 11
    assert not any(seed in text or codes[0].replace("-", "") in text for text in kept)
    with sponsor.app.app_context():
        assert encryption.decrypted(next(text for text in kept if len(text) > 64)) == seed


def test_under_another_key_a_recovery_code_opens_and_the_app_can_be_set_up_again(sponsor, monkeypatch):
    seed, codes = enrol(sponsor.client("qa"))
    monkeypatch.setattr(encryption, "_key", lambda: "another key, as after a change of the setting")
    with later(minutes=1):
        assert give(begin(sponsor), code(seed)).status_code == 422
        client = begin(sponsor)
        assert give(client, codes[0]).status_code == 302
        enrol_again = SEED.search(client.get("/account/app").text)
        assert enrol_again is not None


def test_11_300_c_switching_a_factor_on_or_off_ends_every_other_stay_and_is_on_record(app, sponsor, inbox):
    """Adding and removing a factor end all other stays, are mailed to the person and stand in the trail."""
    here, elsewhere = sponsor.client("qa"), sponsor.client("qa")
    seed, codes = enrol(here)
    assert inside(here)
    assert not inside(elsewhere)
    factor = rows(sponsor, Authenticator, person_id=sponsor.persons["qa"], kind="totp")[0]
    with later(minutes=1):
        other = begin(sponsor)
        give(other, code(seed))
    with later(minutes=2):
        answer = here.post(
            "/account/factors/remove", data={"factor": str(factor.id), "password": make.PASSWORD, "code": codes[0]}
        )
        assert answer.status_code == 302, answer.text
        assert inside(here)
        assert not inside(other)
        assert inside(begin(sponsor))
    make.do_jobs(app)
    assert "your second factor was changed" in inbox.text(sponsor.emails["qa"])
    told = [(row.action, new.get("kind")) for row, new in entries(sponsor, record_id=factor.id)]
    assert told[0] == ("created", "totp")
    assert "removed_at" in entries(sponsor, record_id=factor.id)[-1][1]
    # With the last factor its recovery codes go.
    assert not rows(sponsor, Authenticator, person_id=sponsor.persons["qa"], removed_at=None)


@pytest.mark.parametrize(("password", "digits"), [("not the right password", "right"), (make.PASSWORD, "000000")])
def test_a_factor_goes_only_with_the_password_and_a_factor(sponsor, password, digits):
    client = sponsor.client("qa")
    seed, _ = enrol(client)
    factor = rows(sponsor, Authenticator, person_id=sponsor.persons["qa"], kind="totp")[0]
    with later(minutes=1):
        given = {"factor": str(factor.id), "password": password, "code": code(seed) if digits == "right" else digits}
        assert client.post("/account/factors/remove", data=given).status_code == 422
        assert client.get("/account").status_code == 200
    assert not rows(sponsor, Authenticator, id=factor.id)[0].removed_at


def test_nobody_removes_a_factor_of_somebody_else(sponsor):
    enrol(sponsor.client("approver"))
    client = sponsor.client("qa")
    seed, _ = enrol(client)
    foreign = rows(sponsor, Authenticator, person_id=sponsor.persons["approver"], kind="totp")[0]
    with later(minutes=1):
        given = {"factor": str(foreign.id), "password": make.PASSWORD, "code": code(seed)}
        assert client.post("/account/factors/remove", data=given).status_code == 422
    assert not rows(sponsor, Authenticator, id=foreign.id)[0].removed_at


def test_a_recovery_code_opens_once(sponsor):
    _, codes = enrol(sponsor.client("qa"))
    assert len(set(codes)) == 10
    with later(minutes=1):
        client = begin(sponsor)
        assert give(client, codes[3].upper()).status_code == 302
        assert inside(client)
        assert "9 codes left" in client.get("/account").text
        assert give(begin(sponsor), codes[3]).status_code == 422
        assert give(begin(sponsor), codes[4]).status_code == 302


def test_new_recovery_codes_replace_the_ones_before_and_need_the_password(sponsor):
    client = sponsor.client("qa")
    _, codes = enrol(client)
    client.post("/account/recovery-codes", data={"password": "not the right password"})
    renewed = client.post("/account/recovery-codes", data={"password": make.PASSWORD})
    assert len(CODE.findall(renewed.text)) == 10
    with later(minutes=1):
        assert give(begin(sponsor), codes[0]).status_code == 422
        assert give(begin(sponsor), CODE.findall(renewed.text)[0]).status_code == 302


def test_11_300_d_codes_are_guessed_no_oftener_than_passwords(app, sponsor):
    """Five wrong codes pause the person as five wrong passwords do, and each is on record."""
    seed, _ = enrol(sponsor.client("qa"))
    with at(now() + timedelta(minutes=1)):
        client = begin(sponsor)
        assert [give(client, "000000").status_code for _ in range(5)] == [422] * 5
        assert give(client, code(seed)).status_code == 429
    assert len(entries(sponsor, action="accounts.factor_failed")) == 5


def test_11_300_d_the_password_in_between_gives_no_further_tries_at_the_code(app, sponsor, inbox):
    """Whoever has the password guesses no more codes by signing in again, and the alarm sounds all the same."""
    enrol(sponsor.client("qa"))
    with at(now() + timedelta(minutes=1)):
        client = begin(sponsor)
        assert [give(client, "000000").status_code for _ in range(4)] == [422] * 4
        client = begin(sponsor)
        assert give(client, "000000").status_code == 422
        assert give(client, "000000").status_code == 429
        make.do_jobs(app)
    assert "wrong credentials too often in your name" in inbox.text(sponsor.emails["qa"])


def test_a_half_way_stay_adds_no_other_factor_and_opens_nothing(sponsor):
    enrol(sponsor.client("qa"))
    with later(minutes=1):
        client = begin(sponsor)
        page = client.get("/account/app").text
        kept, seed = html.unescape(KEPT.search(page)[1]), SEED.search(page)[1]
        assert client.post("/account/app", data={"kept": kept, "code": code(seed)}).status_code == 403
        for address in ("/", "/account", "/people/", "/audit"):
            assert client.get(address, follow_redirects=True).request.path == "/second-factor"
        assert client.post("/sign-out").status_code == 302


def test_where_a_factor_is_demanded_whoever_has_none_sets_one_up_first(sponsor):
    with tampering(sponsor):
        db.session.get_one(Tenant, sponsor.id).second_factor = "required"
    client = begin(sponsor)
    assert client.get("/suppliers/").headers["Location"] == "/second-factor"
    assert "Use an authenticator app" in client.get("/second-factor").text
    _, codes = enrol(client)
    assert inside(client)
    factor = rows(sponsor, Authenticator, person_id=sponsor.persons["qa"], kind="totp")[0]
    given = {"factor": str(factor.id), "password": make.PASSWORD, "code": codes[0]}
    assert client.post("/account/factors/remove", data=given).status_code == 409


def test_11_300_c_a_lost_device_is_cut_off_by_its_owner_with_a_recovery_code(app, sponsor):
    """Whoever lost the device comes in with a recovery code and removes it, with the password and another code."""
    _, codes = enrol(sponsor.client("qa"))
    with later(minutes=1):
        client = begin(sponsor)
        give(client, codes[0])
        factor = rows(sponsor, Authenticator, person_id=sponsor.persons["qa"], kind="totp")[0]
        given = {"factor": str(factor.id), "password": make.PASSWORD, "code": codes[1]}
        assert client.post("/account/factors/remove", data=given).status_code == 302
        assert inside(begin(sponsor))


def test_11_300_c_the_operator_cuts_off_all_that_a_person_lost_and_says_why(app, sponsor, inbox):
    """Without a device and without a code the operator ends the factors: stays end, the person is told, and why."""
    client = sponsor.client("qa")
    enrol(client)
    with app.app_context(), tenancy.scoped(tenancy.system(sponsor.id, "command line")):
        me = db.session.get_one(Person, sponsor.persons["qa"])
        assert factors.cut_off(person=me, reason="Telephone stolen, known by voice") == 11
    with later(minutes=1):
        assert not inside(client)
        assert inside(begin(sponsor))
    make.do_jobs(app)
    assert "your second factor was changed" in inbox.text(sponsor.emails["qa"])
    assert {row.reason for row, new in entries(sponsor, record_type="Authenticator") if "removed_at" in new} == {
        "Telephone stolen, known by voice"
    }


KNOWN = json.dumps({"rawId": "HANDLE"})


@pytest.mark.parametrize(
    "answer",
    [
        "", "nonsense", "[]", "{}", "null", '{"rawId": null}', '{"rawId": "\\u0000"}', '{"rawId": "\\ud800"}',
        '{"rawId": "bm9ib2R5"}', KNOWN, "[" * 5000, json.dumps({"rawId": "HANDLE", "response": 7}),
        json.dumps({"id": "HANDLE", "rawId": "HANDLE", "type": "public-key", "response": {
            "clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}}),
    ],
)  # fmt: skip
def test_whatever_is_sent_as_a_passkey_is_refused_calmly(app, sponsor, answer):
    handle, person_id = uuid4().hex, sponsor.persons["qa"]
    with tampering(sponsor):
        kept = {"kind": "passkey", "name": "Key", "secret": "AA", "handle": handle, "added_at": now()}
        db.session.add(Authenticator(person_id=person_id, **kept))
    client = app.test_client()
    client.get("/sign-in")
    for _ in range(2):
        assert client.post("/sign-in/passkey", data={"answer": answer.replace("HANDLE", handle)}).status_code == 422
    assert not inside(client)


def test_a_reset_does_not_spare_the_second_factor(app, sponsor, inbox):
    enrol(sponsor.client("qa"))
    with later(minutes=2):
        app.test_client().post("/forgot", data={"email": sponsor.emails["qa"]})
        make.do_jobs(app)
        path = re.search(r"http://localhost(/reset/\S+)", inbox.text(sponsor.emails["qa"]))[1]
        app.test_client().post(path, data={"password": "a kettle, two ladders and the moon"})
        client = app.test_client()
        client.post("/sign-in", data={"email": sponsor.emails["qa"], "password": "a kettle, two ladders and the moon"})
        assert client.get("/suppliers/").headers["Location"] == "/second-factor"
