"""Requests that are too much, or that two servers could read in two ways, end at once (H071)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import waitress
from waitress import wasyncore

from tests import make

POST = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n"


FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
MIB = 1024 * 1024


def part(name: str, value: bytes) -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"


@pytest.fixture(scope="module")
def clients(app, inbox):
    sponsor = make.sponsor(app)
    return {
        "staff": sponsor.client(),
        "respondent": make.visitor(make.sent(sponsor), inbox),
        "nobody": app.test_client(),
    }


@pytest.mark.parametrize(
    ("who", "address", "body", "kind", "status"),
    [
        ("staff", "/suppliers/new", b"&".join(b"f%d=1" % number for number in range(10_000)), FORM, 422),
        # A form without files is held in memory, so it is cut at a size that no page needs.
        ("staff", "/suppliers/new", b"legal_name=" + b"n" * MIB, FORM, 413),
        ("nobody", "/sign-in", b"email=" + b"n" * MIB, FORM, 413),
        ("nobody", "/sign-in", b"x" * MIB + b"x", "application/json", 413),
        ("staff", "/suppliers/new", part("legal_name", b"n" * 100_000), PARTS, 413),
        ("respondent", "/answering/evidence/P11-01", part("file", b"n" * 100_000), PARTS, 413),
        ("respondent", "/answering/evidence/P11-01", b"".join(part(f"f{n}", b"1") for n in range(5_000)), PARTS, 413),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_a_body_that_is_too_much_is_refused_within_a_second(clients, who, address, body, kind, status):
    body += b"--x--\r\n" if kind == PARTS else b""
    started = time.process_time()
    answer = clients[who].post(address, data=body, content_type=kind)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert time.process_time() - started < 1


@pytest.fixture
def port(app) -> Iterator[int]:
    """The port of the application behind the web server that it ships with."""
    door = socket.create_server(("127.0.0.1", 0))
    server = waitress.create_server(app, sockets=[door], threads=2, ident=None)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield door.getsockname()[1]
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    thread.join()
    server.task_dispatcher.shutdown()


@pytest.mark.parametrize(
    "head",
    [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        POST + b"X-Long: " + b"a" * 300_000 + b"\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
    ],
    ids=["both length headers", "two lengths", "a head of 300 KB", "a length below nothing"],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused_at_once(port, head):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(head)
        status = wire.recv(64).split(b" ", 2)[1]
    assert b"400" <= status < b"500", status
