"""What stands around every answer: protective headers, cookies, no copy in a cache, and no act without a token."""

from __future__ import annotations

import logging
import re

import pytest
from sqlalchemy import func, select

from portal import access
from portal.db import db
from portal.models.audit import AuditEntry
from portal.views import doors
from tests import make
from tests.house.source import refuse
from tests.portal import world
from tests.portal.world import Values, World, address, door, walk
from tests.scopes import reading

IDENTITIES = ("nobody", "qa", "signer")
SECRET = "a sentence that belongs to nobody"


@pytest.fixture(scope="module")
def here(app, inbox) -> World:
    return world.build(app, inbox)


@pytest.fixture(autouse=True)
def _calm(here, monkeypatch):
    world.calm(monkeypatch)
    here.forget_codes(here.closed)


def faults(answer, *, static: bool) -> list[str]:
    """Return which protective headers an answer lacks."""
    headers = answer.headers
    found = [name for name, value in doors.HEADERS.items() if headers.get(name) != value]
    if headers.get("Content-Security-Policy") not in {doors.CSP, "default-src 'none'; sandbox"}:
        found.append("Content-Security-Policy")
    if not static and headers.get("Cache-Control") != "no-store":
        found.append("Cache-Control")
    return found + ([] if static else [name for name in ("ETag", "Last-Modified") if name in headers])


def walked(client, values: Values, method: str):
    """Yield every address that takes a method, with its answer to one identity."""
    for rule, found in walk(client.application):
        if found == method:
            yield rule, client.open(address(rule, values), method=method, buffered=True)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_answer_carries_the_protective_headers(here, identity, method):
    lacking = [
        f"{method} {rule.rule} ({answer.status_code}): {found}"
        for rule, answer in walked(here.client(identity), here.values(identity), method)
        if (found := faults(answer, static=rule.endpoint.endswith("static")))
    ]
    refuse(lacking, "Every answer carries the headers of portal/views/doors.py, and nothing personal is cached.")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/no-such-page", "GET", 404),
        ("/suppliers/not-an-id", "GET", 404),
        ("/static/no-such-file.css", "GET", 404),
        ("/static/../config.py", "GET", 404),
        ("/sign-in", "DELETE", 405),
        ("/", "TRACE", 405),
        ("/healthz", "GET", 200),
    ],
)
def test_so_does_what_is_not_there(app, path, method, status):
    answer = app.test_client().open(path, method=method)
    assert answer.status_code == status
    assert faults(answer, static=path.startswith("/static/")) == []


def test_the_policy_lets_nothing_run_or_load_that_is_not_ours():
    rules = dict(part.strip().split(" ", 1) for part in doors.CSP.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert not re.search(r"unsafe|https?:|\*", doors.CSP)


def test_over_tls_every_answer_asks_for_tls_from_then_on(secure):
    client = secure.test_client()
    for path in ("/sign-in", "/no-such-page", "/static/portal.css"):
        answer = client.get(path, base_url="https://portal.example.com", buffered=True)
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_without_tls_nobody_is_locked_out(app):
    assert "Strict-Transport-Security" not in app.test_client().get("/sign-in").headers


@pytest.mark.parametrize("tag", ["*", '"abc"', 'W/"abc"'])
def test_an_answer_is_never_not_modified_because_somebody_else_has_it(app, here, tag):
    client = here.client("qa")
    asked = {"If-None-Match": tag, "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    for path in ("/suppliers/", f"/evidence/{here.files['closed']}", f"/suppliers/{here.closed.supplier_id}"):
        assert client.get(path, headers=asked, buffered=True).status_code == 200


def test_a_fault_in_any_view_shows_a_number_and_nothing_of_how_it_came_about(app, here, monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL)
    clients = {identity: here.client(identity) for identity in IDENTITIES}
    told = []

    def boom(**_values: object) -> str:
        raise RuntimeError(SECRET)

    for endpoint, view in list(app.view_functions.items()):
        if hasattr(view, "mark"):
            broken = access._mark(view.mark)(lambda **values: boom(**values))
            monkeypatch.setitem(app.view_functions, endpoint, broken)
    for identity, client in clients.items():
        for rule, answer in walked(client, here.values(identity), "GET"):
            if answer.status_code != 500:
                continue
            told.append(rule.endpoint)
            text = answer.text
            assert re.search(r"on record under [0-9a-f]{12}", text)
            for word in (SECRET, "Traceback", "RuntimeError", ".py", "SELECT", "token="):
                assert word not in text, (rule.rule, word)
            assert faults(answer, static=False) == []
    assert len(set(told)) > 15, told


def test_the_log_of_a_fault_has_its_number_and_its_trace(app, here, monkeypatch, caplog):
    def boom() -> str:
        raise RuntimeError(SECRET)

    monkeypatch.setitem(app.view_functions, "accounts.sign_in", access.public("test")(boom))
    text = app.test_client().get("/sign-in").text
    number = re.search(r"under ([0-9a-f]{12})", text)[1]
    assert number in caplog.text and SECRET in caplog.text and "accounts.sign_in" in caplog.text


@pytest.mark.parametrize(("base", "prefix"), [("http://localhost", ""), ("https://portal.example.com", "__Host-")])
def test_cookies_of_the_staff_are_out_of_reach(request, here, base, prefix):
    app = request.getfixturevalue("secure" if prefix else "app")
    client = app.test_client()
    client.get("/sign-in", base_url=base)
    form = {"email": here.sponsor.emails["qa"], "password": make.PASSWORD}
    given = client.post("/sign-in", data=form, base_url=base).headers.getlist("Set-Cookie")
    (cookie,) = [value for value in given if value.startswith(f"{prefix}portal_staff=")]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
    assert ("Secure" in cookie) == bool(prefix) and "Max-Age=43200" in cookie


@pytest.fixture
def guarded(app, monkeypatch):
    """The application with the check for tokens on, as everywhere outside of tests."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    return app


def written(here: World) -> int:
    with reading(here.sponsor):
        return db.session.scalar(select(func.count()).select_from(AuditEntry))


@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_act_without_a_token_is_refused_and_does_nothing(app, here, monkeypatch, identity):
    client, values = here.client(identity), here.values(identity)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    before = written(here)
    for rule, method in walk(app):
        if method in access.SAFE_METHODS:
            continue
        for headers in ({}, {"Accept": "application/json", "Content-Type": "application/json"}):
            answer = client.open(address(rule, values), method=method, headers=headers)
            text = answer.json["text"] if headers else answer.text
            # A token may come within the body, and no stranger's file is read to look for it.
            stranger = rule.endpoint in doors.TAKE_FILES and door(identity) != "cmo"
            assert answer.status_code == (401 if stranger else 403), (rule.rule, answer.status_code)
            assert stranger or "This form is out of date" in (answer.json["title"] if headers else text)
            assert stranger or "reload it and try again" in text
    assert written(here) == before


def token(client, path: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)[1]


def test_a_token_of_another_session_is_refused_and_ones_own_is_taken(guarded, here):
    mine, theirs = guarded.test_client(), guarded.test_client()
    form = {"email": here.sponsor.emails["qa"], "password": make.PASSWORD}
    foreign, own = token(theirs, "/sign-in"), token(mine, "/sign-in")
    assert mine.post("/sign-in", data={**form, "csrf_token": foreign}).status_code == 403
    assert mine.post("/sign-in", data={**form, "csrf_token": own}).status_code == 302
    assert mine.get("/suppliers/").status_code == 200


def test_the_pages_script_may_send_its_token_in_a_header(guarded, here, monkeypatch):
    monkeypatch.setitem(guarded.config, "WTF_CSRF_ENABLED", False)
    client = make.visitor(here.open, here.inbox)
    monkeypatch.setitem(guarded.config, "WTF_CSRF_ENABLED", True)
    own = token(client, "/answering/validation")
    form, asks = {"value": "no", "version": "1"}, {"Accept": "application/json"}
    path = "/answering/answers/P11-03"
    assert client.post(path, data=form, headers=asks).status_code == 403
    assert client.post(path, data=form, headers={**asks, "X-CSRFToken": own}).status_code == 200


def test_signing_out_takes_a_post(app, here):
    client = here.client("qa")
    assert client.get("/sign-out").status_code == 405
    assert client.get("/suppliers/").status_code == 200
    secret = client.get_cookie("portal_staff").value
    assert client.post("/sign-out").location == "/sign-in"
    client.set_cookie("portal_staff", secret)
    assert client.get("/suppliers/").status_code == 303
