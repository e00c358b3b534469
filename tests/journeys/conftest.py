"""The portal served on loopback, with its jobs done and its mail delivered, and real browsers that visit it."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import waitress
from flask import Flask
from playwright.sync_api import BrowserContext
from waitress import wasyncore

from portal import config, create_app
from portal.db import db
from tests.journeys.browsers import Browsers

# Whatever a browser does for itself, towards its maker, is no part of a test.
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

# How a page looks does not depend on the database: it is seen once, on SQLite.
LOOKS = {"test_accessibility.py", "test_small_screen.py"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database") == "postgresql":
        left_out = [item for item in items if item.path.name in LOOKS]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def app(settings: config.Config) -> Iterator[Flask]:
    """The application of the test installation with all its guards, served on a free port of loopback."""
    door = socket.create_server(("127.0.0.1", 0))
    app = create_app(replace(settings, base_url=f"http://127.0.0.1:{door.getsockname()[1]}"))
    server = waitress.create_server(app, sockets=[door], threads=8, ident=None)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    yield app
    # The loop ends when nothing is left to listen to; it must be told so in its own thread.
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    thread.join()
    server.task_dispatcher.shutdown()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def base_url() -> None:
    """Leave the address to each test's browsers: the demo has one of its own."""


@pytest.fixture
def jobs(app: Flask) -> Iterator[None]:
    """Do the portal's background jobs while a test runs."""
    runner = app.extensions["portal.runner"]
    runner.run()
    yield
    runner.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the Chromium that the machine has."""
    return {**browser_type_launch_args, "executable_path": shutil.which("chromium"), "args": list(QUIET)}


@pytest.fixture
def browsers(new_context: Callable[..., BrowserContext], app: Flask, jobs: None) -> Iterator[Browsers]:
    """Browsers of different people; whatever goes wrong in one of them fails the test."""
    settings: config.Config = app.extensions["portal.config"]
    opened = Browsers(new_context, settings.base_url)
    yield opened
    assert opened.unexpected() == []
