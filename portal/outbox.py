"""Work after a change: `later("send_invite", id)` writes a row in the same transaction.

After the commit the row is handed to a runner: to RQ where Redis is set, else to a thread of this process.
A sweep hands over what was left behind, so that Redis or the process may vanish between the two.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

from flask import Flask, current_app
from redis import Redis, RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from portal import tenancy
from portal.config import Config
from portal.db import db, now
from portal.models.outbox import OutboxRow

log = logging.getLogger(__name__)
# What must wait for the commit because it leaves the house, such as a mail; it gets the row's id as its number.
After = Callable[[UUID], None]
Job = Callable[[UUID], After | None]
LEASE = timedelta(minutes=2)
SWEEP_SECONDS = 2.0
QUEUE = "portal"
# After 1, 5, 15, 60 minutes, then hourly; given up after a day.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
GIVE_UP = timedelta(hours=24)


class Runner(Protocol):
    """Takes the id of a row whose transaction is committed."""

    def release(self, row_id: UUID) -> None:
        """Hand the row over; must not raise."""


def later(job: str, subject_id: UUID) -> OutboxRow:
    """Ask for a job after this transaction; it happens if, and only if, the transaction commits."""
    tenant_id = tenancy.scope().tenant_id
    row = OutboxRow(for_tenant=tenant_id, job=job, subject_id=subject_id, made_at=now(), due_at=now())
    db.session.add(row)
    db.session().info.setdefault("released", []).append(row.id)
    return row


@event.listens_for(db.session, "after_commit")
def _release(session: Session) -> None:
    for row_id in session.info.pop("released", []):
        runner().release(row_id)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("released", None)


def runner() -> Runner:
    """Return the runner of the present application."""
    found: Runner = current_app.extensions["portal.runner"]
    return found


def start(app: Flask, config: Config, jobs: Mapping[str, Job]) -> None:
    """Choose the runner: RQ where Redis is set, else a thread of this process."""
    app.extensions["portal.jobs"] = jobs
    app.extensions["portal.runner"] = RqRunner(config.redis_url) if config.redis_url else ThreadRunner(app)


def perform(row_id: UUID) -> bool:
    """Do a row's job once; return whether it was done now. A failure is noted and tried again later."""
    claimed = _claim(row_id)
    if claimed is None:
        return False
    tenant_id, job, subject_id = claimed
    try:
        with tenancy.scoped(tenancy.system(tenant_id, job.replace("_", " "))):
            after = current_app.extensions["portal.jobs"][job](subject_id)
            if after is None:
                _mark_done(row_id)
        if after is not None:
            # Outside of any transaction: a slow mail server must not hold the database.
            after(row_id)
            with tenancy.scoped(tenancy.system(tenant_id, "outbox")):
                _mark_done(row_id)
    except Exception as error:  # whatever a job raises, the row must say so and be tried again
        log.warning("job %s (%s) failed: %s", job, row_id, type(error).__name__, exc_info=True)
        _note_failure(row_id, error)
        return False
    return True


def _mark_done(row_id: UUID) -> None:
    row = db.session.get_one(OutboxRow, row_id)
    row.state, row.done_at, row.last_error = "done", now(), ""


def sweep() -> int:
    """Hand over the rows that are due and were left behind; return how many."""
    tenancy.enter_unscoped(writes=False)
    statement = select(OutboxRow.id).where(OutboxRow.state == "waiting", OutboxRow.due_at <= now()).limit(500)
    ids = db.session.scalars(statement).all()
    tenancy.leave()
    for row_id in ids:
        runner().release(row_id)
    return len(ids)


def drain() -> int:
    """Do what is due in this thread until nothing is left; return how many jobs were done."""
    done = 0
    while (row_id := _next_due()) is not None:
        done += perform(row_id)
    return done


def _next_due() -> UUID | None:
    tenancy.enter_unscoped(writes=False)
    statement = select(OutboxRow.id).where(OutboxRow.state == "waiting", OutboxRow.due_at <= now()).limit(1)
    found = db.session.scalar(statement)
    tenancy.leave()
    return found


def _claim(row_id: UUID) -> tuple[UUID, str, UUID] | None:
    """Take a lease on the row, so that a second runner leaves it alone."""
    tenancy.enter_unscoped(writes=True)
    row = db.session.scalar(select(OutboxRow).where(OutboxRow.id == row_id).with_for_update(skip_locked=True))
    if row is None or row.state != "waiting" or row.due_at > now():
        tenancy.leave()
        return None
    row.attempts += 1
    row.due_at = now() + LEASE
    claimed = (row.for_tenant, row.job, row.subject_id)
    db.session.commit()
    tenancy.leave()
    return claimed


def _note_failure(row_id: UUID, error: Exception) -> None:
    tenancy.enter_unscoped(writes=True)
    row = db.session.get_one(OutboxRow, row_id)
    row.last_error = type(error).__name__
    row.due_at = now() + PAUSES[min(row.attempts, len(PAUSES)) - 1]
    if now() - row.made_at > GIVE_UP:
        row.state = "failed"
    db.session.commit()
    tenancy.leave()


class ThreadRunner:
    """Does the jobs in one thread of this process; the table is the queue, this is only its bell."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._bell: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def release(self, row_id: UUID) -> None:
        """Ring the bell; without a running thread the row waits for the next one."""
        if self._thread is not None:
            self._bell.put(row_id)

    def run(self) -> None:
        """Start the thread, which also sweeps."""
        self._thread = threading.Thread(target=self._loop, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the job in hand."""
        if self._thread is not None:
            self._bell.put(None)
            self._thread.join(timeout=30)
            self._thread = None

    def _loop(self) -> None:
        while True:
            try:
                row_id = self._bell.get(timeout=SWEEP_SECONDS)
                if row_id is None:
                    return
                self._guarded(partial(perform, row_id))
            except queue.Empty:
                self._guarded(sweep)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            with self._app.app_context():
                work()
        except Exception:  # the thread must outlive a database that is away for a moment
            log.exception("the outbox could not be read")


class RqRunner:
    """Hands rows to RQ; when Redis is away the row simply waits for the sweep."""

    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self.queue = Queue(QUEUE, connection=self.redis, serializer=JSONSerializer)

    def release(self, row_id: UUID) -> None:
        """Enqueue under the row's own id, so that a second release of a waiting row changes nothing."""
        try:
            self.queue.enqueue(
                "portal.jobs.perform", str(row_id), job_id=f"outbox-{row_id}", unique=True,
                result_ttl=0, failure_ttl=60, job_timeout=300,
            )  # fmt: skip
        except (DuplicateJobError, RedisError) as error:
            log.info("row %s waits for the sweep: %s", row_id, type(error).__name__)
