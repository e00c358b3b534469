"""Requests to other people's servers: what is never reached, however an address is written (H067)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from portal import wire
from portal.errors import Unavailable

Talk = Callable[[socket.socket], None]


@pytest.fixture
def strict(in_production: Flask) -> Iterator[Flask]:
    """The application as it runs in production."""
    with in_production.app_context():
        yield in_production


class Listener:
    """A server of a few lines that counts who knocks."""

    def __init__(self, talk: Talk) -> None:
        self.hits = 0
        self._talk = talk
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self.hits += 1
            with line:
                try:
                    self._talk(line)
                except OSError:
                    return

    def stop(self) -> None:
        """Stop listening."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join()


@pytest.fixture
def listener() -> Iterator[Callable[[Talk], Listener]]:
    open_ones: list[Listener] = []

    def start(talk: Talk) -> Listener:
        open_ones.append(Listener(talk))
        return open_ones[-1]

    yield start
    for one in open_ones:
        one.stop()


def says(head: str, body: bytes = b"{}") -> Talk:
    """Return what answers every request with one head and body."""

    def talk(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)

    return talk


INNER = (
    "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]",
    "0.0.0.0",  # noqa: S104  # nothing listens there: it is asked for
    "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fd00::1]",
    "[2002:7f00:1::]", "224.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("host", INNER)
def test_in_production_no_address_of_an_inner_network_is_asked(strict, listener, host):
    found = listener(says("200 OK"))
    with pytest.raises(Unavailable, match=r"inner network|no server of the name"):
        wire.get(f"https://{host}:{found.port}/")
    assert found.hits == 0


def test_a_name_that_has_an_inner_address_beside_an_open_one_is_not_asked(strict, monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443)) for host in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: both)
    with pytest.raises(Unavailable, match="inner network"):
        wire.get("https://both.example/")


def test_a_name_is_looked_up_once_so_that_it_cannot_lead_elsewhere_the_second_time(app, listener, monkeypatch):
    found, real, asked = listener(says("200 OK")), socket.getaddrinfo, []
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **named: asked.append(host) or real(host, *rest, **named)
    )
    with app.app_context():
        assert wire.get(f"http://localhost:{found.port}/").status == 200
    assert asked.count("localhost") == 1


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "ftp://idp.example/", "gopher://idp.example/", "https://", "https://user:word@idp.example/",
        "https://idp.example:0/", "https://idp.example/\r\nHost: other", "https://idp.example/ x", "//idp.example/", "",
        "https://[::1", "https://bücher.example/",
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_not_asked(app, address):
    with app.app_context(), pytest.raises(Unavailable, match="no address that can be asked"):
        wire.get(address)


def test_without_encryption_only_this_machine_is_asked_and_never_in_production(app, strict, listener):
    with pytest.raises(Unavailable, match="must be asked over https://"):
        wire.get("http://93.184.215.14/")
    found = listener(says("200 OK"))
    with pytest.raises(Unavailable, match="must be asked over https://"):
        wire.get(f"http://127.0.0.1:{found.port}/")
    assert found.hits == 0
    with app.app_context():
        assert wire.get(f"http://127.0.0.1:{found.port}/").document() == {}


def test_nobody_leads_us_elsewhere(app, listener):
    goal = listener(says("200 OK"))
    found = listener(says(f"302 Found\r\nLocation: http://127.0.0.1:{goal.port}/"))
    with app.app_context(), pytest.raises(Unavailable, match="sends us elsewhere"):
        wire.get(f"http://127.0.0.1:{found.port}/")
    assert goal.hits == 0


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (says("200 OK", b"[1]"), "no JSON object"),
        (says("200 OK", b"<html>"), "no JSON object"),
        (says("200 OK", b"[" * 100_000), "no JSON object"),
        (says("404 Not Found"), "answers with status 404"),
        (says("200 OK", b"x" * (wire.BIGGEST + 1)), "too long"),
        (lambda line: line.sendall(b"SSH-2.0-OpenSSH\r\n"), "does not answer"),
        (socket.socket.close, "does not answer"),
    ],
)
def test_an_answer_of_no_use_is_told_in_plain_words(app, listener, talk, words):
    found = listener(talk)
    with app.app_context(), pytest.raises(Unavailable, match=words):
        wire.get(f"http://127.0.0.1:{found.port}/").document()


def test_a_server_that_drips_is_cut_off(app, listener, monkeypatch):
    def drip(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            line.sendall(b" ")
            time.sleep(0.1)

    monkeypatch.setattr(wire, "LONGEST_WAIT", 0.5)
    found, began = listener(drip), time.monotonic()
    with app.app_context(), pytest.raises(Unavailable, match="does not answer"):
        wire.get(f"http://127.0.0.1:{found.port}/")
    assert time.monotonic() - began < 3


def test_a_server_that_cannot_prove_its_name_is_not_believed(app, listener):
    found = listener(lambda line: line.recv(65536))
    with app.app_context(), pytest.raises(Unavailable, match=r"cannot prove its name|does not answer"):
        wire.get(f"https://127.0.0.1:{found.port}/")
