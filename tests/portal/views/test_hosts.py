"""The portal answers at its own address alone: a link or a redirect made from a forged Host would lead elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from portal import create_app
from portal.db import db

ADDRESS = "https://portal.example.com"
PAGES = [
    ("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/suppliers"), ("GET", "/static/portal.css"), ("GET", "/none"),
]  # fmt: skip
OWN = ["portal.example.com", "portal.example.com:8443", "Portal.Example.com"]
FOREIGN = [
    "evil.example", "evil.example:443", "portal.example.com.evil.example", "evil.example.portal.example.com",
    "portal.example.com@evil.example", "portal.example.com, evil.example", "10.0.0.7:8000", "[::1]", "[::::]", "[", "",
    "portal.example.com:99999",
]  # fmt: skip
LOOPBACK = ["localhost", "127.0.0.1:8000", "[::1]:8000"]


@pytest.fixture(scope="module")
def production(app, settings):
    """The same installation as people reach it in production."""
    running = create_app(replace(settings, mode="production", base_url=ADDRESS))
    yield running
    with running.app_context():
        db.engine.dispose()


def ask(app, host: str, path: str, method: str = "GET") -> tuple[int, str]:
    """Ask as a client may that writes its own head; return the status and all that comes back."""
    environ = EnvironBuilder(path, method=method, base_url=ADDRESS).get_environ() | {"HTTP_HOST": host}
    body, status, headers = run_wsgi_app(app.wsgi_app, environ, buffered=True)
    return int(status[:3]), f"{headers}{b''.join(body).decode()}"


@pytest.mark.parametrize("host", FOREIGN)
def test_a_request_for_another_host_is_refused_and_nothing_of_it_comes_back(production, host):
    for method, path in PAGES:
        status, text = ask(production, host, path, method)
        assert status == 400, path
        assert "The portal is not at this address" in text and f'href="{ADDRESS}"' in text
        assert "evil" not in text and "10.0.0.7" not in text


@pytest.mark.parametrize("host", OWN)
def test_its_own_host_may_be_written_as_browsers_do(production, host):
    assert ask(production, host, "/sign-in")[0] == 200


@pytest.mark.parametrize("host", LOOPBACK)
def test_the_machine_itself_may_be_asked_short_of_production(production, secure, host):
    assert (ask(production, host, "/sign-in")[0], ask(secure, host, "/sign-in")[0]) == (400, 200)


@pytest.mark.parametrize("host", FOREIGN)
def test_whether_it_is_alive_is_told_under_any_host(production, host):
    """A load balancer asks each machine by its address in the network."""
    assert ask(production, host, "/healthz")[0] == 200
