"""Serving: the demo and the embedded server."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
import waitress
from flask import Flask
from waitress.server import BaseWSGIServer

from portal import config, create_app, database, demo, outbox
from portal.cli import opening, seed

THREADS = 8
FILLED = "filled"


@click.command("demo")
@click.option("--port", default=8000, envvar="PORT", show_default=True)
@click.option("--reset", is_flag=True, help="Throw the demo's data away first.")
def demo_command(port: int, reset: bool) -> None:
    """Serve a portal with fictional data on 127.0.0.1, with its jobs and a mailbox in the same process."""
    folder = Path(os.environ.get("DATA_DIR", "var")).resolve() / "demo"
    with held(folder):
        with plainly(folder):
            state = demo_state(folder, reset=reset)
            settings = demo_settings(folder, port)
        if database.reached(settings.database_url) != database.HEAD:
            database.migrate(settings.database_url)
        server = demo.serve(demo.folder_of(settings))
        app = create_app(replace(settings, mail=config.MailServer("127.0.0.1", server.port, None, None, False)))
        with app.app_context():
            seed.fill()
        state.write_text(FILLED)
        click.echo(seed.welcome(settings.base_url))
        try:
            run(app, "127.0.0.1", port)
        finally:
            server.stop()


@contextmanager
def plainly(folder: Path) -> Iterator[None]:
    """Say in plain words why a demo cannot have its folder."""
    other = "choose another folder, for example DATA_DIR=var2"
    try:
        yield
    except BlockingIOError:
        sys.exit(f"Another demo runs on {folder}. Stop it, or {other}.")
    except OSError as error:
        sys.exit(f"The demo cannot write to {folder}: {error.strerror}. Mend that, or {other}.")


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a demo's folder for this process alone."""
    with plainly(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # It lies beside the folder, because a demo that starts over throws its folder away.
        lock = folder.with_suffix(".lock").open("w")
    with lock:
        with plainly(folder):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def demo_state(folder: Path, *, reset: bool) -> Path:
    """Return the file that says how far a demo's folder is; begin afresh where asked, or where filling was cut off."""
    state = folder / "demo.state"
    cut_off = state.exists() and state.read_text() != FILLED
    if cut_off or (reset and folder.exists()):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state.write_text(FILLED if state.exists() else "being filled")
    return state


def demo_settings(folder: Path, port: int) -> config.Config:
    """Return the demo's settings; its secrets are made once and kept beside its data."""
    return opening.installation(
        {
            "PORTAL_MODE": "demo",
            "DATA_DIR": str(folder),
            "BASE_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": kept_secret(folder / "secret.key"),
            "AUDIT_KEY": kept_secret(folder / "audit.key"),
            "PDF_ENGINE": os.environ.get("PDF_ENGINE", "typst"),
        }
    )


def kept_secret(path: Path) -> str:
    """Return a secret from its file, making it first if it is not there."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, envvar="PORT", show_default=True)
def serve_command(host: str, port: int) -> None:
    """Serve the portal in one process; without REDIS_URL it does its jobs too."""
    run(opening.ready(), host, port)


def run(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted; the embedded runner works in the same process."""
    server = listening(app, host, port)
    runner = app.extensions["portal.runner"]
    if isinstance(runner, outbox.ThreadRunner):
        runner.run()
    try:
        server.run()
    finally:
        if isinstance(runner, outbox.ThreadRunner):
            runner.stop()


def listening(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """Return the embedded server, which has taken its port, or say in plain words that it cannot be had."""
    settings: config.Config = app.extensions["portal.config"]
    try:
        return waitress.create_server(
            app, host=host, port=port, threads=THREADS, ident=None,
            # Twice the limit, so that whoever is a little over it reads why on the portal's own page.
            max_request_body_size=2 * settings.upload_limit + config.MIB,
            # Who sets TRUSTED_PROXIES leaves these headers to portal/__init__.py; all others must not have them.
            clear_untrusted_proxy_headers=not settings.proxies,
        )  # fmt: skip
    except OSError as error:
        sys.exit(f"Cannot serve on {host}:{port}: {error.strerror}. Choose another port, for example PORT={port + 1}.")
