"""Who does the jobs: a thread of the web process, or workers behind Redis; the table decides, whoever is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from portal import outbox, redis_queue, tenancy
from portal.cli import opening
from portal.cli.worker import worker_command
from portal.config import Config
from portal.db import db
from portal.models.outbox import OutboxRow
from tests import make
from tests.scopes import later

# Nothing listens there.
NOWHERE = "redis://127.0.0.1:1/0"
PATIENCE = 30
PORTAL = Path(sys.executable).with_name("portal")
DIES_BEFORE_THE_BELL = """
import os, signal, sys
from uuid import UUID
from portal import create_app, outbox, tenancy
app = create_app()
app.extensions["portal.runner"].release = lambda _row_id: os.kill(os.getpid(), signal.SIGKILL)
with app.app_context(), tenancy.scoped(tenancy.system(UUID(sys.argv[1]), "test")):
    outbox.later("mail_invite", UUID(sys.argv[2]))
"""


class Jobs:
    """A job that notes what it was given; its name is its test's own."""

    def __init__(self) -> None:
        self.name = f"note {uuid4().hex}"
        self.done: list[UUID] = []
        self.heard = threading.Semaphore(0)

    def note(self, subject_id: UUID) -> None:
        self.done.append(subject_id)
        self.heard.release()


@pytest.fixture
def jobs(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    jobs = Jobs()
    monkeypatch.setitem(app.extensions, "portal.jobs", {**app.extensions["portal.jobs"], jobs.name: jobs.note})
    return jobs


@pytest.fixture
def thread(app: Flask, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[outbox.ThreadRunner]:
    """The runner of an installation in one process; the test starts it."""
    runner = outbox.ThreadRunner(app)
    monkeypatch.setitem(app.extensions, "portal.runner", runner)
    yield runner
    runner.stop()


@pytest.fixture
def rq(app: Flask, redis: str, monkeypatch: pytest.MonkeyPatch) -> redis_queue.RqRunner:
    """The runner of an installation with Redis, on an empty database of this process of tests alone."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    runner = redis_queue.RqRunner(f"{redis.rsplit('/', 1)[0]}/{number + 1}")
    runner.redis.flushdb()
    monkeypatch.setitem(app.extensions, "portal.runner", runner)
    return runner


def asked(sponsor: make.Sponsor, jobs: Jobs) -> UUID:
    """Ask for a job, as a service does."""
    subject_id = uuid4()
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()):
        outbox.later(jobs.name, subject_id)
    return subject_id


def state(app: Flask, subject_id: UUID) -> str:
    with app.app_context():
        tenancy.enter_unscoped(writes=False)
        states = db.session.scalars(select(OutboxRow.state).where(OutboxRow.subject_id == subject_id)).all()
        tenancy.leave()
    assert len(set(states)) == 1
    return states[0]


def work(app: Flask, url: str) -> None:
    """Work off RQ's queue in this process."""
    with signals_given_back(), app.app_context():
        redis_queue.listen(url, burst=True)


@contextmanager
def signals_given_back() -> Iterator[None]:
    """Put back the answers to signals, which a worker makes its own."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process, which cannot ring."""
    for _ in range(PATIENCE * 20):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came to be")


def test_the_thread_does_a_job_when_its_bell_rings_and_stops_when_told(app, sponsor, jobs, thread, monkeypatch):
    monkeypatch.setattr(outbox, "SWEEP_SECONDS", PATIENCE)
    thread.run()
    first = asked(sponsor, jobs)
    assert jobs.heard.acquire(timeout=PATIENCE)
    thread.stop()
    assert "outbox" not in [running.name for running in threading.enumerate()]
    second = asked(sponsor, jobs)
    assert jobs.done == [first]
    assert (state(app, first), state(app, second)) == ("done", "waiting")


def test_the_thread_sweeps_up_what_was_left_behind(app, sponsor, jobs, thread, monkeypatch):
    monkeypatch.setattr(outbox, "SWEEP_SECONDS", 0.01)
    before = asked(sponsor, jobs)
    thread.run()
    assert jobs.heard.acquire(timeout=PATIENCE)
    monkeypatch.setattr(thread, "release", lambda _row_id: None)
    unheard = asked(sponsor, jobs)
    assert jobs.heard.acquire(timeout=PATIENCE)
    assert jobs.done == [before, unheard]


def test_the_thread_outlives_a_database_that_is_away(app, sponsor, jobs, thread, monkeypatch):
    real, faults = outbox.drain, [OSError(), OSError()]

    def drain(stopping: threading.Event) -> int:
        if faults:
            raise faults.pop()
        return real(stopping)

    monkeypatch.setattr(outbox, "SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(outbox, "drain", drain)
    thread.run()
    asked(sponsor, jobs)
    assert jobs.heard.acquire(timeout=PATIENCE)


def test_a_worker_does_what_was_handed_to_redis(app, sponsor, jobs, rq):
    subjects = [asked(sponsor, jobs) for _ in range(3)]
    assert rq.queue.count == 3
    work(app, url_of(rq))
    assert jobs.done == subjects
    assert [state(app, subject_id) for subject_id in subjects] == ["done"] * 3
    assert rq.redis.keys("rq:job:*") == []


def test_a_job_that_a_sweeper_did_first_is_not_done_again_by_a_worker(app, sponsor, jobs, rq):
    subject_id = asked(sponsor, jobs)
    make.do_jobs(app)
    work(app, url_of(rq))
    assert jobs.done.count(subject_id) == 1


def test_when_redis_is_away_a_request_succeeds_and_the_mail_goes_later(app, sponsor, inbox, monkeypatch):
    monkeypatch.setitem(app.extensions, "portal.runner", redis_queue.RqRunner(NOWHERE))
    case = make.sent(sponsor)
    # One mail a minute for one invite.
    with later(minutes=2):
        answer = sponsor.client("qa").post(f"/assessments/{case.assessment_id}/mail")
        assert answer.status_code == 302, answer.text
        assert inbox.to(case.email) == []
        make.do_jobs(app)
    assert len(inbox.to(case.email)) == 2


def test_a_redis_that_was_emptied_loses_no_job(app, sponsor, jobs, rq):
    subjects = [asked(sponsor, jobs) for _ in range(50)]
    rq.redis.flushdb()
    work(app, url_of(rq))
    assert jobs.done == []
    make.do_jobs(app)
    assert [jobs.done.count(subject_id) for subject_id in subjects] == [1] * 50


def test_a_process_killed_between_commit_and_bell_loses_no_mail(app, sponsor, settings, inbox):
    case = make.sent(sponsor)
    make.do_jobs(app)
    command = [sys.executable, "-c", DIES_BEFORE_THE_BELL, str(sponsor.id), str(case.invite_id)]
    killed = subprocess.run(command, env=environment(settings), timeout=PATIENCE, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(inbox.to(case.email)) == 1
    make.do_jobs(app)
    assert len(inbox.to(case.email)) == 2


REDIS = pytest.mark.parametrize("where", ["there", "away", "not set"])


def address(rq: redis_queue.RqRunner, where: str) -> str:
    """Return the address of Redis as an installation has it."""
    return {"there": url_of(rq), "away": NOWHERE, "not set": ""}[where]


@REDIS
def test_the_worker_command_does_in_a_burst_what_is_left(app, sponsor, jobs, rq, where, monkeypatch):
    settings = replace(app.extensions["portal.config"], redis_url=address(rq, where) or None)
    monkeypatch.setitem(app.extensions, "portal.config", settings)
    monkeypatch.setattr(opening, "ready", lambda: app)
    subject_id = asked(sponsor, jobs)
    with signals_given_back():
        outcome = CliRunner().invoke(worker_command, ["--burst"])
    assert outcome.exit_code == 0, outcome.output
    assert jobs.done == [subject_id]
    assert rq.queue.count == (0 if where == "there" else 1)


@REDIS
def test_the_worker_command_sweeps_while_it_runs_and_stops_when_told(
    app, sponsor, settings, inbox, rq, where, monkeypatch
):
    with worker(settings, address(rq, where)) as process:
        # Nobody rings for this one.
        monkeypatch.setitem(app.extensions, "portal.runner", redis_queue.RqRunner(NOWHERE))
        case = make.sent(sponsor)
        until(lambda: state(app, case.invite_id) == "done")
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
    assert len(inbox.to(case.email)) == 1


@contextmanager
def worker(settings: Config, redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [PORTAL, "worker"]
    process = subprocess.Popen(command, env=environment(settings, redis_url), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def url_of(runner: redis_queue.RqRunner) -> str:
    where = runner.redis.connection_pool.connection_kwargs
    return f"redis://{where['host']}:{where['port']}/{where['db']}"


def environment(settings: Config, redis_url: str = "") -> dict[str, str]:
    """Return the environment of another process of the same installation."""
    assert settings.mail is not None
    return {
        **os.environ, "PORTAL_MODE": settings.mode, "SECRET_KEY": settings.secret_key, "AUDIT_KEY": settings.audit_key,
        "DATABASE_URL": settings.database_url, "DATA_DIR": str(settings.data_dir), "BASE_URL": settings.base_url,
        "MAIL_URL": f"smtp://{settings.mail.host}:{settings.mail.port}", "REDIS_URL": redis_url,
    }  # fmt: skip
