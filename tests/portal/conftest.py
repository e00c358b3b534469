"""A sponsor for a whole module, and the same installation set up in another way, on the database of the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from portal import config, create_app
from portal.db import db
from tests import make


@pytest.fixture(scope="module")
def house(app: Flask) -> make.Sponsor:
    """A sponsor for all tests of a module, which leave alone what others look at."""
    return make.sponsor(app)


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
