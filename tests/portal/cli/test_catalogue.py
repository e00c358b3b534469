"""Nothing is served as a role of PostgreSQL that goes round the wall between sponsors; doctor says why (H006)."""

from __future__ import annotations

import secrets

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from portal.cli import main
from tests import postgresql

pytestmark = pytest.mark.postgresql
PRODUCTION = {
    "PORTAL_MODE": "production", "SECRET_KEY": secrets.token_urlsafe(48), "AUDIT_KEY": secrets.token_urlsafe(48),
    "BASE_URL": "https://portal.example.com",
}  # fmt: skip


@pytest.fixture
def urls(app, monkeypatch, tmp_path):
    """The application's and the owner's address of a database of its own."""
    with postgresql.temporary() as found:
        for name in ("MAIL_URL", "REDIS_URL", "OWNER_DATABASE_URL", "APP_ROLE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**PRODUCTION, "DATA_DIR": str(tmp_path), "DATABASE_URL": found[0]}.items():
            monkeypatch.setenv(name, value)
        yield found


def portal(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def test_a_role_that_owns_nothing_is_safe_and_may_work(urls):
    assert portal("doctor").exit_code == 0
    assert portal("worker", "--burst").exit_code == 0


def test_the_owner_of_the_tables_may_not_serve(urls, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", urls[1])
    assert "UNSAFE  tables owned by the role" in portal("doctor").output
    for command in (["serve"], ["worker", "--burst"]):
        result = portal(*command)
        assert result.exit_code == 1
        assert "The application's role must own nothing" in result.output


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("CREATE VIEW peek AS SELECT legal_name FROM supplier", "A view shows what its owner may see"),
        ("ALTER TABLE supplier NO FORCE ROW LEVEL SECURITY", "must be enabled and forced"),
        ("ALTER TABLE answer DISABLE ROW LEVEL SECURITY", "must be enabled and forced"),
    ],
)
def test_a_wall_with_a_hole_is_named_and_nothing_is_served(urls, harm, said):
    run(urls[1], harm)
    for command in (["doctor"], ["worker", "--burst"]):
        result = portal(*command)
        assert result.exit_code == 1
        assert said in result.output


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ("ALTER ROLE {app} BYPASSRLS", "It goes round row-level security"),
        ("ALTER ROLE {app} SUPERUSER", "It goes round row-level security"),
        ("GRANT {owner} TO {app}", "must be a member of no other"),
    ],
)
def test_a_role_that_could_go_round_the_wall_is_named_and_nothing_is_served(urls, right, said):
    app, owner = (url.split("//")[1].split(":")[0] for url in urls)
    run(postgresql.POSTGRESQL.replace("postgresql://", "postgresql+psycopg://"), right.format(app=app, owner=owner))
    for command in (["doctor"], ["serve"]):
        result = portal(*command)
        assert result.exit_code == 1
        assert said in result.output


def run(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
