"""Passwords: choosing one, changing it, a forgotten one, and who may never set it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import click
import pytest
from flask.testing import FlaskClient

from portal import tenancy
from portal.cli import main
from portal.db import db, now
from portal.errors import Invalid
from portal.models.accounts import Person, Reset, SignIn
from portal.services.accounts import passwords, people
from tests import make
from tests.scopes import acting, entries, later, reading, rows
from tests.services import Inbox

NEW = "a kettle, two ladders and the moon"
LINK = re.compile(r"http://localhost(/reset/\S+)")


def sign_in(app, email: str, password: str = make.PASSWORD, **options: object):
    """Try to sign in with a browser of its own."""
    client = app.test_client()
    return client, client.post("/sign-in", data={"email": email, "password": password}, **options)


def inside(client: FlaskClient) -> bool:
    """Tell whether a browser is signed in."""
    return client.get("/suppliers/").status_code == 200


def link(app, inbox: Inbox, email: str) -> str:
    """Return the path of the link in the newest mail to an address."""
    make.do_jobs(app)
    found = LINK.search(inbox.text(email))
    assert found is not None, inbox.text(email)
    return found[1]


def asked(app, inbox: Inbox, email: str) -> str:
    """Say that a password is forgotten and return the path of the link that is mailed."""
    assert app.test_client().post("/forgot", data={"email": email}).status_code == 200
    return link(app, inbox, email)


@pytest.mark.parametrize(
    "password",
    [
        "fourteen signs",
        "x" * 201,
        "passwordpassword",
        "aaaaaaaaaaaaaaaaaaaa",
        "1234567890123456",
        "qwertyuiopasdfghjkl",
        "anna.berg@acme.example",
        "Anna Berg Acme Pharma",
        "letmeinletmeinletmein",
    ],
)
def test_11_300_b_a_password_that_is_short_known_or_made_of_ones_own_names_is_refused(password):
    """A new password has 15 to 200 characters and stands on no list of known or easily guessed ones."""
    with pytest.raises(Invalid):
        passwords.check_choice(password, personal=("anna.berg@acme.example", "Anna Berg", "Acme Pharma"))


@pytest.mark.parametrize("password", [make.PASSWORD, NEW, "gr4nit? otter lantern 42", "Grüße aus dem Süden, 1874"])
def test_a_sentence_or_a_few_words_that_do_not_belong_together_are_taken(password):
    passwords.check_choice(password, personal=("anna.berg@acme.example", "Anna Berg", "Acme Pharma"))


def test_a_password_is_changed_with_the_old_one_and_ends_every_other_stay(app, sponsor, inbox):
    here, elsewhere = sponsor.client("qa"), sponsor.client("qa")
    before = here.get_cookie("portal_staff")
    answer = here.post("/account/password", data={"old": make.PASSWORD, "password": NEW})
    assert answer.status_code == 302, answer.text
    assert here.get_cookie("portal_staff").value != before.value
    assert inside(here)
    assert not inside(elsewhere)
    assert sign_in(app, sponsor.emails["qa"])[1].status_code == 422
    assert sign_in(app, sponsor.emails["qa"], NEW)[1].status_code == 302
    make.do_jobs(app)
    assert "your password was changed" in inbox.text(sponsor.emails["qa"])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("not the old password at all", NEW, "present password is not right"),
        (make.PASSWORD, "passwordpassword", "harder to guess"),
        (make.PASSWORD, make.PASSWORD, "differs from the present one"),
    ],
)
def test_a_password_is_not_changed_without_the_old_one_or_to_a_weak_one(app, sponsor, old, new, says):
    client = sponsor.client("qa")
    answer = client.post("/account/password", data={"old": old, "password": new})
    assert answer.status_code == 422
    assert says in answer.text
    assert sign_in(app, sponsor.emails["qa"])[1].status_code == 302


def test_11_300_c_a_forgotten_password_is_replaced_by_a_link_to_ones_own_mailbox(app, sponsor, inbox):
    """A reset goes to the person's mailbox, ends every stay, is mailed to the person and stands in the trail."""
    email, open_stay = sponsor.emails["qa"], sponsor.client("qa")
    with later(seconds=1):
        path = asked(app, inbox, email)
        assert app.test_client().get(path).status_code == 200
        answer = app.test_client().post(path, data={"password": NEW})
        assert answer.status_code == 200, answer.text
        assert not inside(open_stay)
        assert sign_in(app, email)[1].status_code == 422
        assert sign_in(app, email, NEW)[1].status_code == 302
        make.do_jobs(app)
    assert "your password was changed" in inbox.text(email)
    told = [(row.action, row.reason) for row, new in entries(sponsor, record_type="Person") if "password_hash" in new]
    assert told[-1] == ("changed", "Chosen with a link that was mailed to the person")


def used(app, inbox, sponsor, path):
    assert app.test_client().post(path, data={"password": NEW}).status_code == 200


def signed_in_since(app, inbox, sponsor, path):
    sponsor.client("qa")


def changed_since(app, inbox, sponsor, path):
    # In a browser that was signed in before the link was asked for.
    client = sponsor.client("qa")
    client.post("/account/password", data={"old": make.PASSWORD, "password": NEW})


@pytest.mark.parametrize(("act", "hours"), [(used, 0), (signed_in_since, 0), (changed_since, 0), (None, 6.01)])
def test_11_300_c_a_link_is_dead_after_its_use_a_sign_in_a_change_and_six_hours(app, sponsor, inbox, act, hours):
    """A reset link works once, for six hours, and no longer after the password was given or changed."""
    path = asked(app, inbox, sponsor.emails["qa"])
    if act:
        act(app, inbox, sponsor, path)
    with later(hours=hours):
        for answer in (app.test_client().get(path), app.test_client().post(path, data={"password": NEW + "!"})):
            assert answer.status_code == 410
            assert sponsor.emails["qa"] not in answer.text
            assert sponsor.name not in answer.text


def test_an_unknown_link_answers_as_nothing(app):
    assert app.test_client().get("/reset/no-such-link").status_code == 404
    assert app.test_client().post("/reset/no-such-link", data={"password": NEW}).status_code == 404


def test_looking_at_a_link_and_posting_it_empty_changes_nothing(app, sponsor, inbox):
    path = asked(app, inbox, sponsor.emails["qa"])
    for _ in range(3):
        app.test_client().get(path)
        app.test_client().head(path)
        assert app.test_client().post(path).status_code == 422
    assert app.test_client().post(path, data={"password": NEW}).status_code == 200


def test_11_100_a_nobody_outside_learns_which_addresses_have_an_identity(app, sponsor, inbox):
    """Asking for a link answers alike for people, for those whose membership ended, and for nobody."""
    ended = sponsor.emails["viewer"]
    admin = sponsor.client("admin")
    admin.post(f"/people/{make.membership(sponsor, 'viewer')}/end", data={"reason": "Left the company"})
    known, gone, nobody = (
        app.test_client().post("/forgot", data={"email": email})
        for email in (sponsor.emails["qa"], ended, f"nobody-{uuid4().hex[:8]}@example.com")
    )
    assert known.status_code == gone.status_code == nobody.status_code == 200
    body = [re.sub(r'value="[^"]*"', "", answer.text) for answer in (known, gone, nobody)]
    assert body[0] == body[1] == body[2]
    make.do_jobs(app)
    assert not inbox.to(ended)


def test_a_second_link_within_a_minute_is_not_mailed_and_nobody_is_told_so(app, sponsor, inbox):
    email = sponsor.emails["qa"]
    answers = [app.test_client().post("/forgot", data={"email": email}).status_code for _ in range(3)]
    make.do_jobs(app)
    assert answers == [200, 200, 200]
    assert len(inbox.to(email)) == 1


def test_a_link_uses_the_address_of_the_portal_whatever_the_request_says(app, sponsor, inbox):
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    app.test_client().post("/forgot", data={"email": sponsor.emails["qa"]}, headers=headers)
    make.do_jobs(app)
    assert "evil.example" not in inbox.text(sponsor.emails["qa"])
    assert LINK.search(inbox.text(sponsor.emails["qa"]))


def test_11_200_a_3_an_administrator_sends_a_link_and_never_sees_or_sets_a_password(app, sponsor, inbox):
    """An administrator has a link mailed to the person; no page, form or answer gives him the link or a password."""
    admin, email = sponsor.client("admin"), sponsor.emails["qa"]
    member = make.membership(sponsor, "qa")
    answer = admin.post(f"/people/{member}/reset", data={"password": NEW, "email": "admin@evil.example"})
    assert answer.status_code == 302
    path = link(app, inbox, email)
    for address in ("/people/", f"/people/{member}", "/audit"):
        assert path not in admin.get(address).text
    assert 'type="password"' not in admin.get(f"/people/{member}").text
    assert sign_in(app, email)[1].status_code == 302
    with reading(sponsor):
        reset = db.session.query(Reset).filter_by(person_id=sponsor.persons["qa"]).one()
        assert not path.endswith(str(reset.id))
    assert [row.actor_id for row, _ in entries(sponsor, record_type="Reset", action="created")] == [
        sponsor.persons["admin"]
    ]


def test_11_200_a_3_no_command_sets_the_password_of_an_identity_that_exists():
    """The command line asks for a password only where it makes a new identity."""
    context = click.Context(main)
    commands = {name: main.get_command(context, name) for name in main.list_commands(context)}
    asking = {name for name, command in commands.items() if any("password" in str(part) for part in command.params)}
    assert asking == {"add-staff"}


def test_11_300_c_a_signer_of_the_manufacturer_asks_from_his_own_visit(app, sponsor, inbox):
    """The manufacturer's signer has a link mailed to his own mailbox, and nobody who only holds the address can."""
    case = make.answered(sponsor)
    make.signer(case)
    client = make.visitor(case, inbox)
    assert client.post("/answering/forgot").status_code == 302
    path = link(app, inbox, case.email)
    assert app.test_client().post(path, data={"password": NEW}).status_code == 200
    with reading(sponsor):
        assert passwords.fits(db.session.get_one(Person, case.signer["id"]).password_hash, NEW)
    app.test_client().post("/forgot", data={"email": case.email})
    make.do_jobs(app)
    assert "your password was changed" in inbox.text(case.email)


def test_every_sponsor_of_a_person_reads_of_a_new_password_in_its_own_trail(app, sponsor, other, inbox):
    with acting(other, "admin"):
        person = people.with_email(sponsor.emails["qa"])
        assert person is not None
        people.add_member(person=person, role="viewer")
    path = asked(app, inbox, sponsor.emails["qa"])
    assert app.test_client().post(path, data={"password": NEW}).status_code == 200
    make.do_jobs(app)
    noted = [bool(entries(house, action="accounts.password_changed")) for house in (sponsor, other)]
    changed = [
        any("password_hash" in new for _, new in entries(house, record_type="Person", action="changed"))
        for house in (sponsor, other)
    ]
    assert sorted(zip(noted, changed, strict=True)) == [(False, True), (True, False)]


def test_the_time_of_the_choice_is_kept(sponsor):
    with reading(sponsor):
        chosen = db.session.get_one(Person, sponsor.persons["qa"]).credential_at
    assert chosen is not None
    assert now() - chosen < timedelta(minutes=5)


def test_without_a_mail_server_nobody_can_ask_and_an_administrator_is_told_what_to_do(mailless, sponsor):
    client = mailless.test_client()
    assert client.post("/forgot", data={"email": sponsor.emails["qa"]}).status_code == 200
    client.post("/sign-in", data={"email": sponsor.emails["admin"], "password": make.PASSWORD})
    member = make.membership(sponsor, "qa")
    answer = client.post(f"/people/{member}/reset")
    assert answer.status_code == 409
    assert "No mail server is set" in answer.text
    assert rows(sponsor, SignIn)
    with mailless.app_context():
        tenancy.leave()
