"""Serving: the demo, the embedded server, the worker."""

from __future__ import annotations

import fcntl
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
from waitress.server import BaseWSGIServer

from portal import config, create_app, database, demo, outbox
from portal.cli import opening, seed

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
    with held(folder):
        with plainly(folder):
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


@click.command("worker")
@click.option("--burst", is_flag=True, help="Stop when nothing is left to do.")
def worker_command(burst: bool) -> None:
    """Do the background jobs: what is due in the table, and with REDIS_URL what RQ hands out."""
    app = opening.ready()
    settings: config.Config = app.extensions["portal.config"]
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
            log.info("told to stop while the sweeper works alone")
        finally:
            sweeper.stop()


class Listener(SimpleWorker):
    """Does RQ's jobs without forking, as a fork would share the database's connections with the sweeper."""

    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember that somebody asked, so that it differs from Redis going away."""
        self.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # the library has no types here


def listen(redis_url: str | None, *, burst: bool = False) -> bool:
    """Do what RQ hands out, until told to stop (True) or until Redis goes away (False); without Redis, nothing."""
    if redis_url is None:
        return False
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
    """Let the sweeper work alone for a while; raise KeyboardInterrupt when told to stop, as RQ cannot tell now."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    time.sleep(PAUSE_SECONDS)


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


COMMANDS = (demo_command, serve_command, worker_command)
