"""Processes that serve on loopback, and clients that load them: bounded in number, ended by process id."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_LIMIT = 60.0


@dataclass(frozen=True)
class Server:
    """A process that answers on a port."""

    port: int
    pid: int
    seconds_to_first_answer: float

    @property
    def resident_mib(self) -> float:
        """Return the process's resident memory in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def serving(command: list[str], env: Mapping[str, str], port: int) -> Iterator[Server]:
    """Start a server, wait for its first answer, and end it by its process id."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError((process.stderr.read() if process.stderr else b"").decode()[-2000:])
            if time.perf_counter() - begun > START_LIMIT:
                raise TimeoutError(f"{command} did not answer in {START_LIMIT} s")
            time.sleep(0.01)
        yield Server(port, process.pid, time.perf_counter() - begun)
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """Return a port that is free on loopback."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def bare_command(url: str, port: int) -> list[str]:
    """Return the command of the yardstick."""
    return [sys.executable, "-m", "tests.bench.bare", url, str(port)]


def portal_command(port: int) -> list[str]:
    """Return the command of the portal."""
    return [str(Path(sys.executable).parent / "portal"), "serve", "--port", str(port)]


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


Call = Callable[[http.client.HTTPConnection, int], None]


@dataclass(frozen=True)
class Load:
    """What a bounded load gave: requests a second and the time that 95 % stayed under."""

    per_second: float
    p95_ms: float


def load(port: int, calls: list[Call], each: int) -> Load:
    """Let each client make its calls, `each` times, all at once."""
    seconds: list[float] = []
    faults: list[BaseException] = []

    def client(call: Call) -> None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for number in range(each):
                begun = time.perf_counter()
                call(connection, number)
                seconds.append(time.perf_counter() - begun)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=client, args=(call,)) for call in calls]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    total = time.perf_counter() - begun
    return Load(len(seconds) / total, statistics.quantiles(seconds, n=20)[-1] * 1000)
