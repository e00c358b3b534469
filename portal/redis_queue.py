"""All that knows Redis and RQ: the runner that hands rows over, and the worker that takes them.

Loaded only where Redis is set.
"""

from __future__ import annotations

import logging
from types import FrameType
from uuid import UUID

from redis import Redis, RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)
QUEUE = "portal"


class RqRunner:
    """Hands rows to RQ; when Redis is away the row simply waits for a worker's sweeper."""

    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self.queue = Queue(QUEUE, connection=self.redis, serializer=JSONSerializer)

    def release(self, row_id: UUID) -> None:
        """Enqueue the row; whoever comes second, this job or a sweeper, finds it done."""
        try:
            self.queue.enqueue("portal.jobs.perform", str(row_id), result_ttl=0, failure_ttl=60, job_timeout=300)
        except RedisError as error:
            log.info("row %s waits for the sweeper: %s", row_id, type(error).__name__)


class Listener(SimpleWorker):
    """Does RQ's jobs without forking, as a fork would share the database's connections with the sweeper."""

    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember that somebody asked, so that it differs from Redis going away."""
        self.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # the library has no types here


def listen(url: str, *, burst: bool = False) -> bool:
    """Do what RQ hands out, until told to stop (True) or until Redis goes away (False)."""
    connection = Redis.from_url(url)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    try:
        worker = Listener([queue], connection=connection, serializer=JSONSerializer)
        worker.work(burst=burst)
    except RedisError as error:
        log.warning("Redis is away (%s); the sweeper goes on without it", type(error).__name__)
        return False
    return worker.told_to_stop
