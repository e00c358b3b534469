"""Attaching beside others: whoever sends a big file, or sends it slowly, holds up nobody."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from portal import tenancy
from portal.db import db
from portal.errors import Conflict, PortalError
from portal.models.evidence import Evidence
from portal.services.assessments import answers
from portal.services.evidence import attaching
from portal.services.evidence.attaching import Upload
from tests import make
from tests.scopes import acting, rows

QUESTION = "P11-01"


class Held(io.BytesIO):
    """Bytes that do not come until they are let go."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked, self.let_go = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self._wait()
        return super().read(size)

    def readinto(self, buffer: memoryview) -> int:
        self._wait()
        return super().readinto(buffer)

    def _wait(self) -> None:
        self.asked.set()
        assert self.let_go.wait(timeout=20)


@contextmanager
def uploading(case: make.Sent) -> Iterator[list[object]]:
    """Attach a file as a request does; its bytes come when the block is done, and the result when all is."""
    stream, result = Held(make.PDF), []

    def request() -> None:
        with case.sponsor.app.app_context():
            tenancy.enter(case.scope(writes=False))
            try:
                result.extend(attaching.attach(question_id=QUESTION, uploads=[Upload("slow.pdf", stream)]))
                db.session.commit()
            except PortalError as refused:
                result.append(refused)
            finally:
                tenancy.leave()

    thread = threading.Thread(target=request)
    thread.start()
    try:
        assert stream.asked.wait(timeout=20)
        yield result
    finally:
        stream.let_go.set()
        thread.join(timeout=30)


def test_answers_are_saved_while_the_bytes_of_a_file_are_looked_at(app):
    case = make.sent(make.sponsor(app))
    with uploading(case):
        started = time.monotonic()
        with acting(case):
            answers.save(question_id=QUESTION, raw={"value": "no", "comment": ""}, version=0)
        assert time.monotonic() - started < 5
    assert [row.name for row in rows(case.sponsor, Evidence)] == ["slow.pdf"]


def test_a_file_whose_answers_were_submitted_while_it_came_is_refused(app):
    case = make.answered(make.sponsor(app))
    make.signer(case)
    with uploading(case) as result:
        make.submit(case)
    assert [type(found) for found in result] == [Conflict]
    assert rows(case.sponsor, Evidence) == []
