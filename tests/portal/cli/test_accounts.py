"""Setting up a sponsor and its staff from the command line, until somebody can sign in."""

from __future__ import annotations

from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from portal.cli import main
from tests import make


@pytest.fixture
def portal(app, settings, monkeypatch):
    """The `portal` command on the database of the tests."""
    for name, value in {
        "PORTAL_MODE": "test",
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(settings.data_dir),
        "SECRET_KEY": settings.secret_key,
        "AUDIT_KEY": settings.audit_key,
    }.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, **options: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False, **options)

    return run


@pytest.fixture
def email() -> str:
    return f"anna-{uuid4().hex[:12]}@sponsor.example"


@pytest.fixture
def sponsor_id(portal) -> str:
    result = portal("add-sponsor", "Acme Pharma", "--contact", "qa@acme.example")
    assert result.exit_code == 0, result.output
    return str(result.output.strip())


def add(portal, sponsor_id: str, email: str, *, role: str = "admin", password: str = make.PASSWORD) -> Result:
    words = ("--name", "Anna Berg", "--title", "Head of QA", "--role", role, "--password", password)
    return portal("add-staff", sponsor_id, email, *words)


def signs_in(app, email: str, password: str = make.PASSWORD) -> bool:
    answer = app.test_client().post("/sign-in", data={"email": email, "password": password})
    return bool(answer.status_code == 302 and answer.headers["Location"] == "/suppliers/")


def test_a_sponsor_and_its_first_administrator_can_begin(app, portal, sponsor_id, email):
    result = add(portal, sponsor_id, email)
    assert (result.exit_code, result.output) == (0, f"{email} is admin now.\n")
    assert signs_in(app, email)
    assert not signs_in(app, email, "another password altogether")


def test_a_password_is_asked_for_twice_and_not_shown(app, portal, sponsor_id, email):
    words = ("add-staff", sponsor_id, email, "--name", "Anna Berg", "--role", "qa")
    result = portal(*words, input=f"{make.PASSWORD}\n{make.PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert make.PASSWORD not in result.output
    assert signs_in(app, email)


def test_who_exists_already_keeps_name_and_password_with_a_second_sponsor(app, portal, sponsor_id, sponsor):
    email = sponsor.emails["qa"]
    result = add(portal, sponsor_id, email, password="an attempt at another password")
    assert result.exit_code == 0, result.output
    assert signs_in(app, email)
    assert not signs_in(app, email, "an attempt at another password")


@pytest.mark.parametrize("password", ["short", "anna berg", "a" * 20])
def test_a_weak_password_makes_nobody(app, portal, sponsor_id, email, password):
    result = add(portal, sponsor_id, email, password=password)
    assert result.exit_code == 1
    assert "Choose a password" in result.output
    assert not signs_in(app, email, password)


def test_a_person_has_one_role_with_a_sponsor(app, portal, sponsor_id, email):
    assert add(portal, sponsor_id, email).exit_code == 0
    result = add(portal, sponsor_id, email, role="qa")
    assert result.exit_code == 1
    assert "has a role with this sponsor already" in result.output


def test_nobody_is_added_to_a_sponsor_that_is_not_there(portal, email):
    result = add(portal, str(uuid4()), email)
    assert result.exit_code == 1
    assert "There is no sponsor of this id" in result.output


def test_a_role_that_is_not_there_is_refused_with_those_that_are(portal, sponsor_id, email):
    result = add(portal, sponsor_id, email, role="owner")
    assert result.exit_code == 2
    assert "approver" in result.output


@pytest.mark.parametrize(
    ("name", "contact", "what_to_do"),
    [
        ("", "qa@acme.example", "1 to 200 characters"),
        ("  ", "qa@acme.example", "1 to 200 characters"),
        ("A" * 201, "qa@acme.example", "1 to 200 characters"),
        ("Acme\nPharma", "qa@acme.example", "1 to 200 characters"),
        ("Acme Pharma", "", "Enter one mail address"),
        ("Acme Pharma", "qa", "Enter one mail address"),
        ("Acme Pharma", "qa@acme", "Enter one mail address"),
        ("Acme Pharma", "qa@acme.example, b@acme.example", "Enter one mail address"),
        ("Acme Pharma", "qa@acme.example\nBcc: b@acme.example", "Enter one mail address"),
        ("Acme Pharma", "q" * 250 + "@acme.example", "Enter one mail address"),
    ],
)
def test_a_sponsor_needs_a_name_and_an_address_that_mail_can_reach(portal, name, contact, what_to_do):
    result = portal("add-sponsor", name, "--contact", contact)
    assert result.exit_code == 2
    assert what_to_do in " ".join(result.output.split())


def test_a_person_needs_a_name_and_an_address_that_mail_can_reach(portal, sponsor_id, email):
    words = ("--role", "qa", "--password", make.PASSWORD, "--name")
    assert portal("add-staff", sponsor_id, "anna", *words, "Anna Berg").exit_code == 2
    assert portal("add-staff", sponsor_id, email, *words, " ").exit_code == 2


@pytest.mark.postgresql
def test_doctor_finds_no_way_round_the_second_wall(portal, sponsor):
    result = portal("doctor")
    lines = {line.split()[1].rstrip(":"): line for line in result.output.splitlines()}
    assert lines["PostgreSQL"].startswith("ok")
    assert lines["role"].startswith("ok")
    assert lines["tables"].startswith("ok")
    assert lines["schema"].startswith("ok")


@pytest.mark.postgresql
def test_doctor_warns_of_an_application_that_signs_in_as_the_owner(portal, database_urls, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_urls[1])
    result = portal("doctor")
    assert result.exit_code == 1
    assert "The application's role must own nothing" in result.output


@pytest.mark.postgresql
def test_migrate_runs_as_the_owner_under_an_address_without_a_driver(portal, database_urls):
    owner = database_urls[1].replace("postgresql+psycopg://", "postgresql://")
    result = portal("migrate", "--owner-url", owner)
    assert result.exit_code == 0, result.output


@pytest.mark.postgresql
def test_verify_reads_every_sponsor_as_the_application_does(portal, sponsor):
    make.supplier(sponsor)
    result = portal("verify")
    assert f"{sponsor.name}: " in result.output


def test_lost_factors_are_cut_off_with_a_reason_and_of_a_known_person_alone(portal, sponsor_id, email):
    add(portal, sponsor_id, email)
    result = portal("end-factors", sponsor_id, email, "--because", "Telephone stolen")
    assert (result.exit_code, result.output) == (0, f"{email} has no second factor now; 0 were cut off.\n")
    assert portal("end-factors", sponsor_id, email).exit_code == 2
    assert portal("end-factors", sponsor_id, f"x{email}", "--because", "Lost").output == f"Nobody is x{email}.\n"
