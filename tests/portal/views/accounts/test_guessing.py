"""Guessing of passwords and codes: counted, paused, on record, and told to those whom it concerns (H022)."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

from portal.db import db
from portal.errors import Invalid, TooMany
from portal.models.accounts import Tenant
from portal.services.accounts import signing_in, throttle
from tests import make
from tests.scopes import entries, later, rows, tampering

WRONG = "certainly not the right one"


@pytest.fixture
def origin() -> str:
    """A network address that nobody used before."""
    parts = uuid4().bytes
    return f"10.{parts[0]}.{parts[1]}.{parts[2]}"


def tries(app, email: str, password: str = WRONG, origin: str = "127.0.0.1", **headers: str):
    """Try to sign in from a network address."""
    return app.test_client().post(
        "/sign-in", data={"email": email, "password": password}, environ_base={"REMOTE_ADDR": origin}, headers=headers
    )


def failures(sponsor) -> list[str]:
    """Return the actions of the wrong tries in a sponsor's trail."""
    return [
        row.action for row, _ in entries(sponsor) if row.action.startswith(("accounts.sign_in_", "accounts.factor"))
    ]


def test_11_300_d_five_wrong_passwords_pause_the_person_there_for_15_minutes_the_right_one_included(
    app, sponsor, origin
):
    """Five wrong tries in 15 minutes are followed by a pause; each try is on record; others are not affected."""
    email = sponsor.emails["qa"]
    assert [tries(app, email, origin=origin).status_code for _ in range(5)] == [422] * 5
    answer = tries(app, email, make.PASSWORD, origin)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert failures(sponsor) == ["accounts.sign_in_failed"] * 5 + ["accounts.sign_in_paused"]
    assert tries(app, sponsor.emails["approver"], make.PASSWORD, origin).status_code == 302
    assert tries(app, email, make.PASSWORD, "10.99.99.99").status_code == 302
    with later(minutes=15, seconds=2):
        assert tries(app, email, make.PASSWORD, origin).status_code == 302


def test_11_300_d_the_security_contact_and_the_person_are_mailed_at_the_fifth_wrong_try(app, sponsor, inbox, origin):
    """The fifth wrong try mails the sponsor's security contact and the person, with when and from where."""
    security, email = f"security-{uuid4().hex[:8]}@sponsor.example", sponsor.emails["qa"]
    with tampering(sponsor):
        db.session.get_one(Tenant, sponsor.id).security_email = security
    for _ in range(4):
        tries(app, email, origin=origin)
    make.do_jobs(app)
    assert not inbox.to(security)
    tries(app, email, origin=origin)
    make.do_jobs(app)
    assert email in inbox.text(security)
    assert inbox.text(security).count(f"from {origin}: wrong password when signing in") == 5
    assert f"from {origin}" in inbox.text(email)
    assert len(inbox.to(security)) == len(inbox.to(email)) == 1


def test_without_a_security_contact_the_sponsors_contact_is_mailed(app, sponsor, inbox, origin):
    contact = rows(sponsor, Tenant)[0].contact_email
    for _ in range(5):
        tries(app, sponsor.emails["qa"], origin=origin)
    make.do_jobs(app)
    assert sponsor.emails["qa"] in inbox.text(contact)


def test_11_300_d_guessing_from_many_sources_pauses_the_person_everywhere(app, sponsor, origin):
    """Twenty wrong tries from any number of sources pause the person at all of them."""
    email = sponsor.emails["qa"]
    sources = [f"{origin.rsplit('.', 1)[0]}.{number}" for number in range(throttle.PERSON.most)]
    assert {tries(app, email, origin=source).status_code for source in sources} == {422}
    assert tries(app, email, make.PASSWORD, "10.200.200.200").status_code == 429
    with later(minutes=15, seconds=2):
        assert tries(app, email, make.PASSWORD, "10.200.200.200").status_code == 302


def test_11_300_d_guessing_for_many_people_pauses_the_source(app, sponsor, origin):
    """Fifty tries from one source in 15 minutes, for whomever, pause that source; others are not affected."""
    for _ in range(throttle.SOURCE.most):
        tries(app, f"nobody-{uuid4().hex[:8]}@example.com", origin=origin)
    assert tries(app, sponsor.emails["qa"], make.PASSWORD, origin).status_code == 429
    assert tries(app, sponsor.emails["qa"], make.PASSWORD, "10.201.201.201").status_code == 302


def test_who_gives_the_right_one_leaves_no_count_behind(app, sponsor, origin):
    for _ in range(2):
        for _ in range(4):
            tries(app, sponsor.emails["qa"], origin=origin)
        assert tries(app, sponsor.emails["qa"], make.PASSWORD, origin).status_code == 302


def test_another_forwarded_address_does_not_begin_another_count(app, sponsor, origin):
    email = sponsor.emails["qa"]
    for number in range(5):
        tries(app, email, origin=origin, **{"X-Forwarded-For": f"198.51.100.{number}"})
    answer = tries(app, email, make.PASSWORD, origin, **{"X-Forwarded-For": "198.51.100.99"})
    assert answer.status_code == 429


def test_11_300_a_every_way_to_be_wrong_is_answered_alike(app, sponsor, origin):
    """A wrong password, an unknown address and an ended membership get one and the same answer."""
    admin = sponsor.client("admin")
    admin.post(f"/people/{make.membership(sponsor, 'viewer')}/end", data={"reason": "Left the company"})
    answers = [
        tries(app, email, password, origin)
        for email, password in (
            (sponsor.emails["qa"], WRONG),
            (f"nobody-{uuid4().hex[:8]}@sponsor.example", WRONG),
            (sponsor.emails["viewer"], make.PASSWORD),
        )
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.text.count("The address or the password is not right.") for answer in answers}) == 1


def test_11_300_d_wrong_tries_to_sign_a_record_sound_the_same_alarm(app, sponsor, inbox):
    """Five wrong credentials at the signature mail the security contact and the signer, and pause the signing."""
    case = make.answered(sponsor)
    make.signer(case)
    for _ in range(5):
        with pytest.raises(Invalid):
            make.submit(case, password=WRONG)
    with pytest.raises(TooMany):
        make.submit(case)
    make.do_jobs(app)
    contact = rows(sponsor, Tenant)[0].contact_email
    assert inbox.text(contact).count("wrong credential when signing a record") == 5
    assert "in your name" in inbox.text(case.email)


def test_a_watch_does_not_tell_which_addresses_have_an_identity(app, sponsor, origin, monkeypatch):
    monkeypatch.setattr(signing_in, "SLOWEST", 0.5)
    for email in (sponsor.emails["qa"], f"nobody-{uuid4().hex[:8]}@sponsor.example"):
        for _ in range(6):
            begun = time.monotonic()
            assert tries(app, email, origin=origin).status_code in {422, 429}
            assert time.monotonic() - begun >= 0.5


def test_wrong_tries_are_counted_on_the_people_page(app, sponsor, origin):
    for _ in range(3):
        tries(app, sponsor.emails["qa"], origin=origin)
    page = sponsor.client("admin").get("/people/").text
    row = page[page.index(sponsor.emails["qa"]) :]
    assert '<td data-label="Wrong tries" class="n">3</td>' in row[: row.index("</tr>")]
