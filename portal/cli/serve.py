"""Serving: the demo, the embedded server, the worker."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click
import waitress
from flask import Flask
from redis import Redis, RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import OperationalError

from portal import config, create_app, database, demo, outbox, tenancy
from portal.cli import seed
from portal.db import db

log = logging.getLogger(__name__)
THREADS = 8
FILLED = "filled"
# Before a worker knocks at Redis again.
PAUSE_SECONDS = 5


@click.command("demo")
@click.option("--port", default=8000, envvar="PORT", show_default=True)
@click.option("--reset", is_flag=True, help="Throw the demo's data away first.")
def demo_command(port: int, reset: bool) -> None:
    """Serve a portal with fictional data on 127.0.0.1, with its jobs and a mailbox in the same process."""
    folder = Path(os.environ.get("DATA_DIR", "var")).resolve() / "demo"
    state = demo_state(folder, reset=reset)
    settings = demo_settings(folder, port)
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


def demo_state(folder: Path, *, reset: bool) -> Path:
    """Return the file that says how far a demo's folder is; begin afresh where asked, or where filling was cut off."""
    state = folder / "demo.state"
    if reset or (state.exists() and state.read_text() != FILLED):
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    if not state.exists():
        state.write_text("being filled")
    return state


def demo_settings(folder: Path, port: int) -> config.Config:
    """Return the demo's settings; its secrets are made once and kept beside its data."""
    return config.from_environment(
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
    run(application(), host, port)


@click.command("worker")
@click.option("--burst", is_flag=True, help="Stop when nothing is left to do.")
def worker_command(burst: bool) -> None:
    """Do the background jobs: what RQ hands out, and what a sweeper finds left behind in the table."""
    app = application()
    settings: config.Config = app.extensions["portal.config"]
    if not settings.redis_url:
        sys.exit("REDIS_URL is not set: without Redis the web process does the jobs itself.")
    with app.app_context():
        if burst:
            outbox.drain()
            listen(settings.redis_url, burst=True)
            return
        sweeper = outbox.ThreadRunner(app)
        sweeper.run()
        try:
            while not listen(settings.redis_url):
                pause()
        except KeyboardInterrupt:
            log.info("told to stop while Redis is away")
        finally:
            sweeper.stop()


class Listener(SimpleWorker):
    """Does RQ's jobs without forking, as a fork would share the database's connections with the sweeper."""

    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember that somebody asked, so that it differs from Redis going away."""
        self.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # the library has no types here


def listen(redis_url: str, *, burst: bool = False) -> bool:
    """Do what RQ hands out, until told to stop (True) or until Redis goes away (False)."""
    connection = Redis.from_url(redis_url)
    queue = Queue(outbox.QUEUE, connection=connection, serializer=JSONSerializer)
    try:
        worker = Listener([queue], connection=connection, serializer=JSONSerializer)
        worker.work(burst=burst)
    except RedisError as error:
        log.warning("Redis is away (%s); the sweeper goes on without it", type(error).__name__)
        return False
    return worker.told_to_stop


def pause() -> None:
    """Wait before knocking at Redis again; raise KeyboardInterrupt when told to stop, as RQ cannot tell now."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    time.sleep(PAUSE_SECONDS)


def application() -> Flask:
    """Build the application of this installation."""
    return create_app(installation())


def installation() -> config.Config:
    """Return the settings of the environment, or say in plain words which of them the portal does not start with."""
    try:
        return config.from_environment(os.environ)
    except config.Unsafe as error:
        sys.exit("The portal does not start with these settings:\n- " + "\n- ".join(error.faults))


@contextmanager
def opened(*, at_head: bool = True) -> Iterator[Flask]:
    """Open the application for a command, or say in plain words why its database cannot be used."""
    app = application()
    with app.app_context():
        try:
            tenancy.enter_unscoped(writes=False)
            if at_head and (present := revision()) != database.HEAD:
                raise click.ClickException(f"The database is at revision {present}. Run: portal migrate")
            yield app
        except OperationalError as error:
            raise click.ClickException(f"The database does not answer: {error.orig}") from None
        finally:
            tenancy.leave()
            db.engine.dispose()


def revision() -> str:
    """Return the revision of the open database, or 'none'."""
    return database.revision(db.session.connection()) or "none"


def run(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted; the embedded runner works in the same process."""
    try:
        server = waitress.create_server(app, host=host, port=port, threads=THREADS, ident=None)
    except OSError as error:
        sys.exit(f"Cannot serve on {host}:{port}: {error.strerror}. Choose another port, for example PORT={port + 1}.")
    runner = app.extensions["portal.runner"]
    if isinstance(runner, outbox.ThreadRunner):
        runner.run()
    try:
        server.run()
    finally:
        if isinstance(runner, outbox.ThreadRunner):
            runner.stop()


COMMANDS = (demo_command, serve_command, worker_command)
