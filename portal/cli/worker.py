"""The worker: a process of its own for the background jobs."""

from __future__ import annotations

import logging
import signal
import time

import click
from flask import Flask

from portal import config, outbox, redis_queue
from portal.cli import opening
from portal.db import db

log = logging.getLogger(__name__)
# Before a worker knocks at Redis again.
PAUSE_SECONDS = 5


@click.command("worker")
@click.option("--burst", is_flag=True, help="Stop when nothing is left to do.")
def worker_command(burst: bool) -> None:
    """Do the background jobs: what is due in the table, and with REDIS_URL what RQ hands out."""
    app = opening.ready()
    with app.app_context():
        try:
            work(app, burst=burst)
        finally:
            db.engine.dispose()


def work(app: Flask, *, burst: bool) -> None:
    """Do what is due and what RQ hands out: once, or until told to stop."""
    settings: config.Config = app.extensions["portal.config"]
    if burst:
        outbox.look_at_timetable()
        outbox.drain()
        listen(settings, burst=True)
        return
    sweeper = outbox.ThreadRunner(app)
    sweeper.run()
    try:
        while not listen(settings):
            pause()
    except KeyboardInterrupt:
        log.info("told to stop while the sweeper works alone")
    finally:
        sweeper.stop()


def listen(settings: config.Config, *, burst: bool = False) -> bool:
    """Do what RQ hands out, as redis_queue.listen does; without Redis, nothing."""
    return settings.redis_url is not None and redis_queue.listen(settings.redis_url, burst=burst)


def pause() -> None:
    """Let the sweeper work alone for a while; raise KeyboardInterrupt when told to stop, as RQ cannot tell now."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    time.sleep(PAUSE_SECONDS)
