"""Settings: what keeps the portal from starting, said all at once and each with what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portal import config, create_app
from portal.db import db
from portal.views import doors
from tests import make

ADDRESS = "https://portal.example.com"
GOOD = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": "mXw2-vT9q_Rk4sLz8YbN1cHd6JfG3pAe5UiO7yQt",
    "AUDIT_KEY": "8d1f0a37c25be946d07c1f8ea3b2596447ecad19",
    "DATABASE_URL": "postgresql://portal@db.example.com/portal",
    "DATA_DIR": "/srv/portal",
    "BASE_URL": ADDRESS,
    "MAIL_URL": "smtp://portal:p%40ss@mail.example.com:587",
    "MAIL_SENDER": "CMO oversight <portal@example.com>",
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "TRUSTED_PROXIES": "1",
    "UPLOAD_LIMIT_MIB": "50",
}
IN_MEMORY = [
    "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true",
    "sqlite:///file::memory:?cache=shared&uri=true", "sqlite:///file:/x?vfs=memdb&uri=true",
]  # fmt: skip
# Setting, value, and what the person who starts the portal reads.
UNSAFE = [
    ("PORTAL_MODE", "prod", "must be one of production, demo, test"),
    ("SECRET_KEY", "", "32 or more random characters"),
    ("SECRET_KEY", "short-but-random-8fKq2", "32 or more random characters"),
    ("SECRET_KEY", "changeme" * 5, "32 or more random characters"),
    ("SECRET_KEY", "secret-key" * 4, "32 or more random characters"),
    ("AUDIT_KEY", "", "32 or more random characters of its own"),
    ("AUDIT_KEY", "x" * 64, "32 or more random characters of its own"),
    ("AUDIT_KEY", GOOD["SECRET_KEY"], "32 or more random characters of its own"),
    ("DATABASE_URL", "mysql://db/portal", "must begin with postgresql:// or sqlite:///"),
    *(("DATABASE_URL", url, "must name a file") for url in IN_MEMORY),
    ("BASE_URL", "http://portal.example.com", "must be the https:// address"),
    ("BASE_URL", "portal.example.com", "must be a web address such as"),
    ("BASE_URL", "https://", "must be a web address such as"),
    ("BASE_URL", "https://anna:pass@portal.example.com", "must be a web address such as"),
    ("BASE_URL", "https://example.com/portal", "must end after the host"),
    ("BASE_URL", "https://example.com/?next=1", "must end after the host"),
    ("BASE_URL", "https://example.com:99999", "Port out of range"),
    ("BASE_URL", "https://example..com", "must be a web address such as"),
    ("MAIL_URL", "mail.example.com", "must look like smtp://user:password@host:587"),
    ("MAIL_URL", "http://mail.example.com", "must look like smtp://user:password@host:587"),
    ("MAIL_SENDER", "", "the address that mails come from"),
    ("MAIL_SENDER", "CMO oversight <portal@localhost>", "the address that mails come from"),
    ("MAIL_SENDER", "CMO oversight", "the address that mails come from"),
    ("REDIS_URL", "http://redis.example.com", "must begin with redis://"),
    ("PDF_ENGINE", "word", "must be one of typst, pdfkit"),
    ("UPLOAD_LIMIT_MIB", "0", "must be a whole number between 1 and 1024"),
    ("UPLOAD_LIMIT_MIB", "5000", "must be a whole number between 1 and 1024"),
    ("UPLOAD_LIMIT_MIB", "many", "must be a whole number between 1 and 1024"),
    ("TRUSTED_PROXIES", "-1", "must be a whole number between 0 and 8"),
    ("TRUSTED_PROXIES", "all", "must be a whole number between 0 and 8"),
]


@pytest.mark.parametrize(("name", "value", "what_to_do"), UNSAFE)
def test_an_unsafe_setting_is_named_with_what_to_do(name, value, what_to_do):
    with pytest.raises(config.Unsafe) as refused:
        config.from_environment(GOOD | {name: value})
    (fault,) = refused.value.faults
    assert fault.startswith(f"{name}: ")
    assert what_to_do in fault


def test_every_fault_is_named_at_once():
    bad = {"PORTAL_MODE": "live", "BASE_URL": "ftp://x", "MAIL_URL": "x", "PDF_ENGINE": "x", "UPLOAD_LIMIT_MIB": "x"}
    with pytest.raises(config.Unsafe) as refused:
        config.from_environment(bad)
    named = [fault.partition(":")[0] for fault in refused.value.faults]
    assert set(named) == {*bad, "SECRET_KEY", "AUDIT_KEY"}
    assert str(refused.value).splitlines() == refused.value.faults


def test_no_setting_at_all_is_a_production_that_does_not_start():
    with pytest.raises(config.Unsafe) as refused:
        config.from_environment({})
    assert {fault.partition(":")[0] for fault in refused.value.faults} == {"SECRET_KEY", "AUDIT_KEY", "BASE_URL"}


def test_good_settings_are_read_once_and_stay():
    settings = config.from_environment(GOOD)
    assert settings.mode == "production"
    assert settings.database_url == "postgresql+psycopg://portal@db.example.com/portal"
    assert settings.data_dir == Path("/srv/portal")
    assert settings.mail == config.MailServer("mail.example.com", 587, "portal", "p@ss", tls=False)
    assert (settings.upload_limit, settings.proxies) == (50 * 1024 * 1024, 1)
    assert settings.secure
    assert not settings.sqlite
    with pytest.raises(AttributeError):
        settings.mode = "demo"  # type: ignore[misc]


def test_what_is_left_out_has_a_usual_value():
    settings = config.from_environment({name: GOOD[name] for name in ("SECRET_KEY", "AUDIT_KEY", "BASE_URL")})
    assert settings.sqlite
    assert settings.database_url.endswith("/var/portal.db")
    assert (settings.mail, settings.redis_url, settings.pdf_engine, settings.proxies) == (None, None, "typst", 0)


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://mail.example.com", 25, False),
        ("smtps://mail.example.com", 465, True),
        ("smtps://mail.example.com:2465", 2465, True),
    ],
)
def test_a_mail_server_is_read_from_its_address(url, port, tls):
    server = config.from_environment(GOOD | {"MAIL_URL": url}).mail
    assert server is not None
    assert (server.port, server.tls, server.user) == (port, tls, None)


def test_a_sender_is_needed_beside_a_mail_server_alone():
    without = {name: value for name, value in GOOD.items() if name != "MAIL_SENDER"}
    with pytest.raises(config.Unsafe, match="MAIL_SENDER"):
        config.from_environment(without)
    assert config.from_environment(without | {"MAIL_URL": ""}).mail is None


@pytest.mark.parametrize(
    ("url", "encrypted", "on_this_machine"),
    [
        ("smtp://mail.example.com", False, False),
        ("smtp://portal:secret@mail.example.com", True, False),
        ("smtps://mail.example.com", True, False),
        ("smtp://localhost", False, True),
        ("smtp://127.0.0.1:2525", False, True),
        ("smtp://[::1]:2525", False, True),
        ("smtp://10.0.0.5", False, False),
        ("smtp://127.0.0.1.example.com", False, False),
    ],
)
def test_a_mail_server_says_whether_its_mails_can_be_read_on_the_way(url, encrypted, on_this_machine):
    server = config.from_environment(GOOD | {"MAIL_URL": url}).mail
    assert server is not None
    assert (server.encrypted, server.on_this_machine) == (encrypted, on_this_machine)


def test_settings_that_are_printed_show_no_secret():
    secrets = {"DATABASE_URL": "postgresql://portal:hidden1@db/portal", "REDIS_URL": "redis://:hidden2@redis/0"}
    shown = repr(config.from_environment(GOOD | secrets))
    for secret in (GOOD["SECRET_KEY"], GOOD["AUDIT_KEY"], "hidden1", "hidden2", "p@ss", "p%40ss"):
        assert secret not in shown
    assert GOOD["BASE_URL"] in shown


@pytest.mark.parametrize("mode", ["demo", "test"])
def test_demo_and_test_start_without_keys(mode):
    assert config.from_environment({"PORTAL_MODE": mode}).mode == mode


@pytest.mark.parametrize(("name", "value"), [("AUDIT_KEY", ""), *(("DATABASE_URL", url) for url in IN_MEMORY)])
@pytest.mark.parametrize("mode", ["demo", "test"])
def test_no_mode_serves_with_records_that_are_not_sealed_or_not_kept(mode, name, value):
    given = GOOD | {"PORTAL_MODE": mode, name: value}
    assert config.from_environment(given).mode == mode
    with pytest.raises(config.Unsafe, match=name):
        config.from_environment(given, serving=True)


@pytest.mark.parametrize(
    ("mode", "address", "hosts"),
    [
        ("production", ADDRESS, {"portal.example.com"}),
        ("production", "https://Prüfung.example:8443", {"xn--prfung-4ya.example"}),
        ("test", ADDRESS, {"portal.example.com", *config.LOOPBACK}),
        ("demo", "http://127.0.0.1:8000", {*config.LOOPBACK}),
    ],
)
def test_the_portal_answers_for_the_host_of_its_address(mode, address, hosts):
    assert config.from_environment(GOOD | {"PORTAL_MODE": mode, "BASE_URL": address}).hosts == hosts


def test_an_application_is_not_made_from_an_unsafe_environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SECRET_KEY", "changeme")
    with pytest.raises(config.Unsafe, match="SECRET_KEY"):
        create_app()


@pytest.fixture
def production(app, settings):
    """The same installation as people reach it in production, over TLS."""
    keys = {"secret_key": GOOD["SECRET_KEY"], "audit_key": settings.audit_key}
    running = create_app(replace(settings, mode="production", base_url=ADDRESS, **keys))
    yield running
    with running.app_context():
        db.engine.dispose()


def test_in_production_a_stay_is_held_to_this_host_and_to_tls(production, sponsor):
    production.config["WTF_CSRF_ENABLED"] = False
    client = production.test_client()
    answer = client.post("/sign-in", base_url=ADDRESS, data={"email": sponsor.emails["qa"], "password": make.PASSWORD})
    assert answer.status_code == 302
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if "portal_staff" in line]
    name, _, rest = cookie.partition("=")
    flags = {part.strip().lower() for part in rest.split(";")[1:]}
    # The prefix makes the browser refuse the cookie from another host of the domain, or without TLS.
    assert name == "__Host-portal_staff"
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)
    assert client.get("/suppliers/", base_url=ADDRESS).status_code == 200


def test_in_production_the_form_token_is_held_as_tightly(production):
    answer = production.test_client().get("/sign-in", base_url=ADDRESS)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-portal_form=")
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
    assert "Domain" not in cookie


def test_in_production_the_browser_is_told_to_use_tls_alone(production, app):
    told = production.test_client().get("/sign-in", base_url=ADDRESS).headers["Strict-Transport-Security"]
    assert told == "max-age=63072000; includeSubDomains"
    assert "Strict-Transport-Security" not in app.test_client().get("/sign-in").headers


def test_cookies_have_the_plain_name_where_there_is_no_tls(app, production):
    for running, name in ((app, "portal_cmo"), (production, "__Host-portal_cmo")):
        with running.app_context():
            assert doors.cookie("cmo") == name
