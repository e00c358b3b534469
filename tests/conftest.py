"""The application on a real database, a real mail server, and one client for each kind of person.

Each test makes sponsors of its own and cleans nothing up: the walls between sponsors keep tests apart, so they
run in any order and in parallel on one database.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask

from portal import config, create_app, database, tenancy
from portal.db import db
from portal.services.accounts import passwords, signing_in
from tests import make, postgresql
from tests.provider import Provider
from tests.services import Inbox, reachable, redis_url

ON_CI = os.environ.get("CI") == "true"
CHROMIUM = shutil.which("chromium")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--database") == "postgresql" and not reachable(postgresql.POSTGRESQL):
        if ON_CI:
            pytest.exit(f"PostgreSQL must be reachable on CI: {postgresql.POSTGRESQL}", returncode=1)
        pytest.exit("LEFT OUT: every test on PostgreSQL, because none is reachable", returncode=0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    on_postgresql = config.getoption("--database") == "postgresql"
    reasons = {
        "browser": "" if CHROMIUM else "Chromium is not installed",
        "wkhtmltopdf": "" if shutil.which("wkhtmltopdf") else "wkhtmltopdf is not installed",
        "postgresql": "" if on_postgresql else "needs --database postgresql",
    }
    for item in items:
        for name, reason in reasons.items():
            if reason and item.get_closest_marker(name) and (name == "postgresql" or not ON_CI):
                item.add_marker(pytest.mark.skip(reason=reason))
    if on_postgresql:
        # What touches no database is proved once, on SQLite.
        pure = [item for item in items if not {"app", "empty_app"} & set(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=pure)
        items[:] = [item for item in items if item not in set(pure)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        left_out[reason] = left_out.get(reason, 0) + 1
    for reason, count in sorted(left_out.items()):
        terminalreporter.write_line(f"LEFT OUT: {count} tests. {reason}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """Keep Argon2id, at its lowest cost, and refuse at once: the time is not what these tests are about."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._hasher = lambda: hasher
    signing_in.SLOWEST = 0.0


@pytest.fixture(scope="session")
def inbox() -> Iterator[Inbox]:
    """A real mail server on loopback."""
    server = Inbox()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _provider() -> Iterator[Provider]:
    server = Provider()
    yield server
    server.stop()


@pytest.fixture
def provider(_provider: Provider) -> Iterator[Provider]:
    """A real OpenID provider on loopback, which does nothing wrong until it is told to."""
    yield _provider
    _provider.behave()


@pytest.fixture(scope="session")
def database_urls(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """The application's and the owner's address of a fresh, migrated database."""
    if request.config.getoption("--database") == "postgresql":
        with postgresql.temporary() as urls:
            yield urls
        return
    url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'portal.db'}"
    database.migrate(url)
    yield url, url


@pytest.fixture(scope="session")
def settings(database_urls: tuple[str, str], inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> config.Config:
    """Settings of the test installation."""
    return config.from_environment(
        {
            "PORTAL_MODE": "test",
            "SECRET_KEY": "test-secret-key-" * 3,
            "AUDIT_KEY": "test-audit-key-" * 3,
            "DATABASE_URL": database_urls[0],
            "DATA_DIR": str(tmp_path_factory.mktemp("data")),
            "BASE_URL": "http://localhost",
            "MAIL_URL": f"smtp://127.0.0.1:{inbox.port}",
            "UPLOAD_LIMIT_MIB": "1",
        }
    )


@pytest.fixture(scope="session")
def app(settings: config.Config) -> Iterator[Flask]:
    """The application, without its background thread: a test does the jobs with `outbox.drain()`."""
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _no_session_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "app" in request.fixturenames:
        with request.getfixturevalue("app").app_context():
            tenancy.leave()


@pytest.fixture
def sponsor(app: Flask) -> make.Sponsor:
    """A sponsor with one person for each role."""
    return make.sponsor(app)


@pytest.fixture
def other(app: Flask) -> make.Sponsor:
    """Another sponsor, who must never be seen by the first."""
    return make.sponsor(app)


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis-protocol server: the one that is there, else one from a wheel."""
    with redis_url(Path(tmp_path_factory.mktemp("redis"))) as url:
        yield url
