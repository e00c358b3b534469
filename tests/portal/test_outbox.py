"""Work after a change: it happens if, and only if, the change does; once; and it outlives whatever breaks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import mail, outbox, tenancy
from portal.db import db, now
from portal.models.outbox import OutboxRow, Timetable
from portal.models.suppliers import Supplier
from tests import make
from tests.scopes import at_once

HOUR = timedelta(hours=1)
PATIENCE = 20


class Jobs:
    """Jobs that note what they were given, and break if told to."""

    def __init__(self) -> None:
        self.done: list[UUID] = []
        self.fault: Exception | None = None

    def work(self, subject_id: UUID) -> None:
        if self.fault is not None:
            raise self.fault
        self.done.append(subject_id)

    def send(self, subject_id: UUID) -> Callable[[UUID], None]:
        return lambda _row_id: self.work(subject_id)


@pytest.fixture
def jobs(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    jobs = Jobs()
    for job in (jobs.work, jobs.send):
        monkeypatch.setitem(app.extensions, "portal.jobs", {**app.extensions["portal.jobs"], job.__name__: job})
    return jobs


def asked(sponsor: make.Sponsor, job: str = "work") -> OutboxRow:
    """Ask for a job, as a service does."""
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()):
        row_id = outbox.later(job, uuid4()).id
    return row(sponsor.app, row_id)


def row(app: Flask, row_id: UUID) -> OutboxRow:
    with app.app_context():
        tenancy.enter_unscoped(writes=False)
        return db.session.get_one(OutboxRow, row_id)


def row_of(app: Flask, subject_id: UUID) -> OutboxRow:
    with app.app_context():
        tenancy.enter_unscoped(writes=False)
        return db.session.scalars(select(OutboxRow).where(OutboxRow.subject_id == subject_id)).one()


def perform(app: Flask, row_id: UUID, *, at: datetime | None = None) -> bool:
    with time_machine.travel(at or now(), tick=False), app.app_context():
        return outbox.perform(row_id)


def test_a_job_is_there_only_if_its_transaction_commits(app, sponsor, jobs):
    subject_id = uuid4()
    with app.app_context(), pytest.raises(ZeroDivisionError), tenancy.scoped(sponsor.scope()):
        outbox.later("work", subject_id)
        db.session.flush()
        raise ZeroDivisionError
    make.do_jobs(app)
    kept = asked(sponsor)
    make.do_jobs(app)
    assert (jobs.done.count(kept.subject_id), jobs.done.count(subject_id)) == (1, 0)


def test_the_runner_is_told_after_the_commit_and_not_of_what_was_undone(app, sponsor, monkeypatch):
    told: list[UUID] = []
    monkeypatch.setattr(app.extensions["portal.runner"], "release", told.append)
    with app.app_context():
        tenancy.enter(sponsor.scope())
        outbox.later("work", uuid4())
        db.session.rollback()
        kept = outbox.later("work", uuid4())
        db.session.flush()
        assert told == []
        db.session.commit()
        assert told == [kept.id]


@pytest.mark.parametrize("job", ["work", "send"])
def test_a_job_is_done_once_however_often_it_is_handed_over(app, sponsor, jobs, job):
    asked_for = asked(sponsor, job)
    assert [perform(app, asked_for.id) for _ in range(3)] == [True, False, False]
    make.do_jobs(app)
    assert jobs.done.count(asked_for.subject_id) == 1
    found = row(app, asked_for.id)
    assert (found.state, found.attempts, found.last_error) == ("done", 1, "")
    assert found.done_at is not None


def test_parallel_runners_share_the_jobs(app, sponsor, jobs):
    asked_for = [asked(sponsor).subject_id for _ in range(20)]
    threads = [threading.Thread(target=make.do_jobs, args=[app]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [jobs.done.count(subject_id) for subject_id in asked_for] == [1] * 20


@pytest.mark.postgresql
def test_a_row_in_another_runners_hands_is_passed_by(app, sponsor, jobs):
    held, free = asked(sponsor), asked(sponsor)
    runner = threading.Thread(target=make.do_jobs, args=[app])
    with app.app_context(), db.engine.connect() as other:
        other.execute(select(OutboxRow.id).where(OutboxRow.id == held.id).with_for_update())
        runner.start()
        runner.join(timeout=PATIENCE)
        assert (held.subject_id in jobs.done, free.subject_id in jobs.done) == (False, True)
    runner.join()


@pytest.mark.parametrize("job", ["work", "send"])
def test_a_failure_is_noted_and_tried_again_later_and_later(app, sponsor, jobs, job):
    jobs.fault = ZeroDivisionError()
    found, pauses = asked(sponsor, job), []
    for _ in range(6):
        at = found.due_at
        assert perform(app, found.id, at=at) is False
        found = row(app, found.id)
        assert (found.state, found.last_error) == ("waiting", "ZeroDivisionError")
        assert perform(app, found.id, at=found.due_at - timedelta(seconds=1)) is False
        pauses.append((found.due_at - at) / timedelta(minutes=1))
    assert (pauses, found.attempts) == ([1, 5, 15, 60, 60, 60], 6)
    jobs.fault = None
    assert perform(app, found.id, at=found.due_at) is True
    assert row(app, found.id).last_error == ""


def test_a_job_that_fails_for_a_day_is_given_up(app, sponsor, jobs):
    jobs.fault = ZeroDivisionError()
    found = asked(sponsor)
    while found.state == "waiting":
        perform(app, found.id, at=found.due_at)
        found = row(app, found.id)
    assert found.state == "failed"
    assert timedelta(days=1) < found.due_at - found.made_at < timedelta(days=1) + 3 * HOUR
    jobs.fault = None
    assert perform(app, found.id, at=found.due_at) is False


def test_a_failing_job_holds_up_no_other(app, sponsor, jobs, monkeypatch):
    jobs.fault = ZeroDivisionError()
    # The first job fails; what the second does after its commit is a plain note.
    failing, going = asked(sponsor), asked(sponsor, "send")
    monkeypatch.setattr(jobs, "work", jobs.done.append)
    make.do_jobs(app)
    assert going.subject_id in jobs.done
    assert row(app, failing.id).state == "waiting"


def test_a_job_that_nobody_knows_any_more_is_a_failure_like_any_other(app, sponsor):
    found = asked(sponsor, "forgotten")
    assert perform(app, found.id) is False
    assert row(app, found.id).last_error == "KeyError"


def test_what_a_job_changed_before_it_failed_is_undone(app, sponsor, monkeypatch):
    supplier_id = make.supplier(sponsor)

    def rename(_subject_id: UUID) -> None:
        tenancy.fetch(Supplier, supplier_id).services = "changed"
        db.session.flush()
        raise ZeroDivisionError

    monkeypatch.setitem(app.extensions["portal.jobs"], "rename", rename)
    assert perform(app, asked(sponsor, "rename").id) is False
    with app.app_context():
        tenancy.enter(sponsor.scope(writes=False))
        assert tenancy.fetch(Supplier, supplier_id).services == "Sterile fill and finish"


def test_a_job_whose_process_died_is_done_by_another_when_its_lease_is_over(app, sponsor, jobs):
    found = asked(sponsor)
    with app.app_context():
        assert outbox._claim(OutboxRow.id == found.id)
    assert perform(app, found.id) is False
    assert perform(app, found.id, at=now() + outbox.LEASE) is True
    assert jobs.done == [found.subject_id]


def test_a_mail_server_that_refuses_keeps_the_mail_waiting(app, sponsor, inbox):
    case = make.sent(sponsor)
    found = row_of(app, case.invite_id)
    inbox.answer = "451 try again later"
    try:
        assert perform(app, found.id) is False
    finally:
        inbox.answer = "250 OK"
    found = row(app, found.id)
    assert (found.state, found.last_error) == ("waiting", "SMTPDataError")
    assert inbox.to(case.email) == []
    assert perform(app, found.id, at=found.due_at) is True
    assert len(inbox.to(case.email)) == 1


def test_a_mail_that_leaves_twice_carries_the_same_number(app, sponsor, inbox, monkeypatch):
    case = make.sent(sponsor)
    found = row_of(app, case.invite_id)
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "_mark_done", lambda _row_id: 1 / 0)
        assert perform(app, found.id) is False
    assert perform(app, found.id, at=row(app, found.id).due_at) is True
    numbers = [message["Message-ID"] for message in inbox.to(case.email)]
    assert numbers == [f"<{found.id}@localhost>"] * 2


def test_a_mail_server_that_says_nothing_is_not_waited_for(app, sponsor, silent, monkeypatch):
    case = make.sent(sponsor)
    found = row_of(app, case.invite_id)
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(app.extensions["mail"], "port", silent)
    assert perform(app, found.id) is False
    assert row(app, found.id).last_error == "SMTPServerDisconnected"


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def timetable(app: Flask, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """A timetable with one job of the tests, which no process has looked at yet."""
    monkeypatch.setitem(app.extensions, "portal.timetable", {"work": HOUR})
    with app.app_context():
        tenancy.enter_unscoped(writes=True)
        for known in db.session.scalars(select(Timetable).where(Timetable.task == "work")):
            known.ran_at = now() - HOUR
        db.session.commit()
        tenancy.leave()
    return jobs


def look(app: Flask, at: datetime) -> None:
    with time_machine.travel(at, tick=False), app.app_context():
        outbox.look_at_timetable()
        outbox.drain()


def test_a_recurring_job_is_done_once_a_period_for_each_sponsor(app, sponsor, other, timetable):
    start = now()
    times = []
    for minutes in (0, 1, 59, 61, 62):
        look(app, start + timedelta(minutes=minutes))
        times.append([timetable.done.count(who.id) for who in (sponsor, other)])
    assert times == [[1, 1], [1, 1], [1, 1], [2, 2], [2, 2]]


def test_of_several_processes_one_asks_for_a_recurring_job(app, sponsor, timetable):
    start = now()
    at_once(*[lambda: look(app, start)] * 4)
    look(app, start)
    assert timetable.done.count(sponsor.id) == 1


def test_a_clock_that_was_set_back_puts_no_recurring_job_off(app, sponsor, timetable):
    look(app, now())
    look(app, now() - timedelta(days=1))
    assert timetable.done.count(sponsor.id) == 2
