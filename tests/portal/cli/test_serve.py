"""What serves: the embedded server behind a proxy, what it says before it serves, and the demo's folder."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from portal import config, create_app
from portal.cli import main, serve
from portal.db import db
from portal.models.accounts import SignIn
from tests import make, postgresql
from tests.scopes import rows

SETTINGS = {"PORTAL_MODE": "test", "AUDIT_KEY": "test-audit-key-" * 3}
CLIENT, LIAR = "203.0.113.7", "198.51.100.1"


@contextmanager
def listening(settings: config.Config) -> Iterator[int]:
    """The embedded server on a free port of loopback."""
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    server = serve.listening(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        with suppress(OSError):  # the loop may have closed the bell before it finished ringing
            server.trigger.pull_trigger(server.close)
        thread.join(timeout=30)
        server.task_dispatcher.shutdown()
        with app.app_context():
            db.engine.dispose()


def sign_in(port: int, sponsor: make.Sponsor, headers: dict[str, str]) -> int:
    body = urlencode({"email": sponsor.emails["qa"], "password": make.PASSWORD})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(
        "POST", "/sign-in", body, {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"} | headers
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize(
    ("proxies", "forwarded", "origin"),
    [(0, CLIENT, "127.0.0.1"), (1, CLIENT, CLIENT), (1, f"{LIAR}, {CLIENT}", CLIENT), (2, f"{CLIENT}, {LIAR}", CLIENT)],
)
def test_the_trail_names_whom_a_trusted_proxy_names_and_nobody_else(settings, sponsor, proxies, forwarded, origin):
    with listening(replace(settings, proxies=proxies)) as port:
        assert sign_in(port, sponsor, {"X-Forwarded-For": forwarded}) == 302
    (stay,) = rows(sponsor, SignIn)
    assert stay.origin == origin


def test_a_body_somewhat_over_the_limit_is_refused_on_a_page_of_the_portal(settings, app):
    with listening(settings) as port:
        assert post(port, 2 * config.MIB, b"x" * 2 * config.MIB) == (413, True)


def test_a_body_beyond_every_limit_is_refused_before_it_is_taken(settings, app):
    with listening(settings) as port:
        assert post(port, 2 * settings.upload_limit + 2 * config.MIB, b"") == (413, False)


def post(port: int, length: int, body: bytes) -> tuple[int, bool]:
    """Announce a body and send what there is of it; return the status, and whether the answer is a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("POST", "/sign-in")
    connection.putheader("Content-Length", str(length))
    connection.endheaders(body)
    answer = connection.getresponse()
    page = answer.read().startswith(b"<!doctype html>")
    connection.close()
    return answer.status, page


def portal(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


@pytest.fixture
def environment(monkeypatch, tmp_path) -> Callable[..., None]:
    """Set the environment of an installation of its own."""

    def put(**settings: str) -> None:
        for name in ("DATABASE_URL", "MAIL_URL", "REDIS_URL", "OWNER_DATABASE_URL", "APP_ROLE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**SETTINGS, "DATA_DIR": str(tmp_path / "data"), **settings}.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("folder", [True, False], ids=["folder there", "no folder"])
def test_nothing_is_served_from_a_database_that_is_not_migrated(environment, tmp_path, command, folder):
    environment()
    if folder:
        (tmp_path / "data").mkdir()
    result = portal(command)
    assert result.exit_code == 1
    assert "Run: portal migrate" in result.output


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("mode", ["demo", "test"])
@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"AUDIT_KEY": ""}, "AUDIT_KEY: set it to 32 or more random characters"),
        ({"DATABASE_URL": "sqlite:///file:x?mode=memory&uri=true"}, "DATABASE_URL: must name a file"),
    ],
)
def test_nothing_is_served_with_records_that_are_not_sealed_or_not_kept(environment, command, mode, setting, words):
    environment(PORTAL_MODE=mode, **setting)
    result = portal(command)
    assert result.exit_code == 1
    assert words in result.output


@pytest.mark.postgresql
def test_rights_are_given_by_whichever_migrate_first_names_the_role(app, environment):
    with postgresql.temporary(migrated=False) as (app_url, owner_url):
        role = app_url.split("//")[1].split(":")[0]
        environment(DATABASE_URL=app_url, OWNER_DATABASE_URL=owner_url)
        assert "No rights were given" in portal("migrate").output
        refused = portal("verify")
        assert (refused.exit_code, "with APP_ROLE" in refused.output) == (1, True)
        for _ in range(2):
            result = portal("migrate", "--app-role", role)
            assert (result.exit_code, "No rights" in result.output) == (0, False)
        assert "Everything fits." in portal("verify").output
        assert portal("add-sponsor", "Acme", "--contact", "qa@acme.example").exit_code == 0


@pytest.mark.postgresql
def test_a_role_that_is_not_there_is_named_without_a_trace(app, environment, database_urls):
    environment(DATABASE_URL=database_urls[0], OWNER_DATABASE_URL=database_urls[1])
    result = portal("migrate", "--app-role", "nobody_at_all")
    assert result.exit_code == 1
    assert 'The database refused: role "nobody_at_all" does not exist' in result.output


@pytest.mark.postgresql
def test_the_role_may_not_destroy_and_may_not_change_what_is_permanent(database_urls, app):
    found = rights(database_urls[0])
    assert {name for name, granted in found.items() if "UPDATE" not in granted} == {
        "alembic_version", "audit_entry", "submission", "rating", "signature", "frozen_document", "review_mark",
        "acknowledgement", "confirmation",
    }  # fmt: skip
    assert found.pop("alembic_version") == {"SELECT"}
    assert {frozenset(granted - {"UPDATE"}) for granted in found.values()} == {frozenset({"SELECT", "INSERT"})}


def rights(url: str) -> dict[str, set[str]]:
    """Return what the role of an address may do, table by table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        granted = connection.execute(
            text("SELECT table_name, privilege_type FROM information_schema.role_table_grants")
        ).all()
    engine.dispose()
    return {table: {right for name, right in granted if name == table} for table, _ in granted}


@pytest.mark.parametrize("reset", [[], ["--reset"]])
def test_a_second_demo_leaves_the_folder_of_the_first_alone(environment, tmp_path, reset):
    environment()
    folder = tmp_path / "data" / "demo"
    with serve.held(folder):
        folder.mkdir()
        (folder / "demo.state").write_text("being filled")
        result = portal("demo", *reset)
    assert result.exit_code == 1
    assert "Another demo runs on" in result.output
    assert (folder / "demo.state").read_text() == "being filled"


def test_a_demo_says_that_its_folder_cannot_be_written(environment, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    environment(DATA_DIR=str(blocked))
    result = portal("demo")
    assert result.exit_code == 1
    assert f"The demo cannot write to {Path(blocked) / 'demo'}" in result.output


def test_a_demo_that_cannot_start_with_a_setting_says_which(environment, monkeypatch):
    environment(PDF_ENGINE="word")
    result = portal("demo")
    assert result.exit_code == 1
    assert "PDF_ENGINE: must be one of" in result.output


def test_the_demo_does_not_wait_for_the_tools_that_it_does_not_use():
    slow = {"alembic", "redis", "rq", "psycopg"}
    ask = f"import sys, portal.cli.serve; print(sorted({slow} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "[]\n"
