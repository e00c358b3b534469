"""Work after a change: `later("send_invite", id)` writes a row in the same transaction.

After the commit a runner is told: RQ where Redis is set, else a thread of this process. The table is the queue,
and a runner only its bell: whatever comes due unheard, a sweeper takes from the table. So Redis may be away or
empty, and the process may vanish between the two.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pkgutil import resolve_name
from typing import Protocol
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy import ColumnElement, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import tenancy
from portal.config import Config
from portal.db import db, now
from portal.models.accounts import Tenant
from portal.models.outbox import OutboxRow, Timetable

log = logging.getLogger(__name__)
# What must wait for the commit because it leaves the house, such as a mail; it gets the row's id as its number.
After = Callable[[UUID], None]
Job = Callable[[UUID], After | None]
# Row, tenant, job and subject.
Claim = tuple[UUID, UUID, str, UUID]
LEASE = timedelta(minutes=2)
SWEEP_SECONDS = 2.0
# After 1, 5, 15, 60 minutes, then hourly; given up after a day.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
GIVE_UP = timedelta(hours=24)


class Runner(Protocol):
    """Takes the id of a row whose transaction is committed."""

    def release(self, row_id: UUID) -> None:
        """Hand the row over; must not raise."""


def later(job: str, subject_id: UUID, *, tenant_id: UUID | None = None) -> OutboxRow:
    """Ask for a job after this transaction; it happens if, and only if, the transaction commits.

    A job for another sponsor's tenant is for what concerns one person everywhere.
    """
    tenant_id = tenant_id or tenancy.scope().tenant_id
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


def start(app: Flask, config: Config, jobs: Mapping[str, Job], timetable: Mapping[str, timedelta]) -> None:
    """Choose the runner: RQ where Redis is set, else a thread of this process."""
    app.extensions["portal.jobs"], app.extensions["portal.timetable"] = jobs, timetable
    if config.redis_url is None:
        app.extensions["portal.runner"] = ThreadRunner(app)
        return
    # By name, so that only who has a Redis pays for its libraries: an eighth of the time that a start takes.
    app.extensions["portal.runner"] = resolve_name("portal.redis_queue:RqRunner")(config.redis_url)


def look_at_timetable() -> None:
    """Ask for each recurring job that is due, for every sponsor; of several processes one does so."""
    for job, period in current_app.extensions["portal.timetable"].items():
        tenancy.enter_unscoped(writes=False)
        if _due(db.session.scalar(select(Timetable).where(Timetable.task == job)), period):
            with suppress(IntegrityError):  # another process was the first ever to ask
                _ask(job, period)
        tenancy.leave()


def _due(row: Timetable | None, period: timedelta) -> bool:
    # A clock that was set back must not put a task off by as much.
    return row is None or not row.ran_at <= now() < row.ran_at + period


def _ask(job: str, period: timedelta) -> None:
    tenancy.enter_unscoped(writes=True)
    row = db.session.scalar(select(Timetable).where(Timetable.task == job).with_for_update())
    if not _due(row, period):
        return
    if row is None:
        row = Timetable(task=job)
        db.session.add(row)
    row.ran_at = now()
    for tenant_id in db.session.scalars(select(Tenant.id)):
        later(job, tenant_id, tenant_id=tenant_id)
    db.session.commit()


def perform(row_id: UUID) -> bool:
    """Do a row's job if it is due; return whether it was done now."""
    claimed = _claim(OutboxRow.id == row_id)
    return claimed is not None and _do(*claimed)


def drain(stopping: threading.Event | None = None) -> int:
    """Do in this thread what is due, oldest first, until nothing is left; return how many jobs were done."""
    done = 0
    while not (stopping and stopping.is_set()) and (claimed := _claim()) is not None:
        done += _do(*claimed)
    return done


def _claim(*which: ColumnElement[bool]) -> Claim | None:
    """Take a lease on a row that is due, so that a second runner leaves it alone."""
    tenancy.enter_unscoped(writes=True)
    due = select(OutboxRow).where(OutboxRow.state == "waiting", OutboxRow.due_at <= now(), *which)
    row = db.session.scalar(due.order_by(OutboxRow.due_at).limit(1).with_for_update(skip_locked=True))
    claim = None
    if row is not None:
        row.attempts += 1
        row.due_at = now() + LEASE
        claim = row.id, row.for_tenant, row.job, row.subject_id
        db.session.commit()
    tenancy.leave()
    return claim


def _do(row_id: UUID, tenant_id: UUID, job: str, subject_id: UUID) -> bool:
    """Do a job once; a failure is noted and tried again later."""
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
    """Does what is due in one thread of this process: when its bell rings, and every two seconds."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._bell, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def release(self, _row_id: UUID) -> None:
        """Ring the bell; without a running thread the row waits for the next one."""
        self._bell.set()

    def run(self) -> None:
        """Start the thread."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the job in hand."""
        self._stopping.set()
        self._bell.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
            self._thread = None

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._app.app_context():
                    look_at_timetable()
                    drain(self._stopping)
            except Exception:  # the thread must outlive a database that is away for a moment
                log.exception("the outbox could not be read")
            self._bell.wait(SWEEP_SECONDS)
            self._bell.clear()
