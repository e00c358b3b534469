"""A sponsor for a whole module, and the same installation set up in another way, on the database of the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Connection, event

from portal import config, create_app, database, tenancy
from portal.db import db
from tests import make


@pytest.fixture(scope="module")
def house(app: Flask) -> make.Sponsor:
    """A sponsor for all tests of a module, which leave alone what others look at."""
    return make.sponsor(app)


@pytest.fixture
def no_filter() -> Iterator[None]:
    """Take the first wall away: the session's own filter."""
    event.remove(db.session, "do_orm_execute", tenancy._filter)
    yield
    event.listen(db.session, "do_orm_execute", tenancy._filter, insert=True)


@pytest.fixture(params=["both walls", pytest.param("the second wall alone", marks=pytest.mark.postgresql)])
def walls(request: pytest.FixtureRequest) -> None:
    """Stand behind both walls, and then, on PostgreSQL, behind the database's own alone (H006)."""
    if request.param != "both walls":
        request.getfixturevalue("no_filter")


def _another(settings: config.Config, **changes: object) -> Iterator[Flask]:
    app = create_app(replace(settings, **changes))
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def mailless(settings: config.Config) -> Iterator[Flask]:
    """An installation without a mail server."""
    yield from _another(settings, mail=None)


@pytest.fixture(scope="session")
def secure(settings: config.Config) -> Iterator[Flask]:
    """An installation that people reach over TLS."""
    yield from _another(settings, base_url="https://portal.example.com")


@pytest.fixture(scope="session")
def printing(settings: config.Config) -> Iterator[Flask]:
    """An installation that prints its PDF with pdfkit."""
    yield from _another(settings, pdf_engine="pdfkit")


@pytest.fixture(scope="session")
def in_production(settings: config.Config) -> Iterator[Flask]:
    """An installation in production mode, for what is only allowed short of it."""
    yield from _another(settings, mode="production")


@pytest.fixture
def owner(database_urls: tuple[str, str]) -> Iterator[Connection]:
    """Whoever owns the tables."""
    engine = database.owner_engine(database_urls[1])
    with engine.connect() as connection:
        yield connection
    engine.dispose()
