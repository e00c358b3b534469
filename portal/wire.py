"""Requests to other people's servers: encrypted, to public addresses, answered soon and never led elsewhere.

Addresses come from people, so in production nothing on this machine or behind it can be reached through them.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import current_app

from portal.config import MIB, Config
from portal.errors import Unavailable

LONGEST_WAIT = 10  # seconds
BIGGEST = MIB
Peer = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    host: str
    status: int
    body: bytes

    def document(self) -> dict[str, Any]:
        """Return the JSON object that was asked for; raise Unavailable if it is none."""
        if self.status != 200:
            raise Unavailable(f"{self.host} answers with status {self.status}.")
        found = self.parsed()
        if not isinstance(found, dict):
            raise Unavailable(f"What {self.host} answers is no JSON object.")
        return found

    def parsed(self) -> Any:
        """Return what the body says, None if it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def get(address: str) -> Answer:
    """Ask for an address; raise Unavailable, saying why, if nothing comes back that may be used."""
    return _ask("GET", address, None, {})


def post(address: str, body: str, headers: Mapping[str, str]) -> Answer:
    """Send a form; raise Unavailable, saying why, if nothing comes back that may be used."""
    return _ask("POST", address, body.encode(), headers)


def _ask(method: str, address: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    parts = _parts(address)
    host = parts.netloc
    line = _Line(parts, _peer(parts))
    # The time-out of a socket counts from byte to byte: a server that drips would hold us for ever.
    end = threading.Timer(LONGEST_WAIT, line.cut)
    end.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request(method, path, body, {"Accept": "application/json", **headers})
        answer = line.getresponse()
        taken = answer.read(BIGGEST + 1)
        if answer.length and len(taken) <= BIGGEST:
            raise http.client.IncompleteRead(taken, answer.length)
    except ssl.SSLError as error:
        raise Unavailable(f"{host} cannot prove its name: {error.reason or 'no encrypted connection'}.") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise Unavailable(f"{host} does not answer, or not within {LONGEST_WAIT} seconds.") from None
    finally:
        end.cancel()
        line.close()
    if 300 <= answer.status < 400:
        raise Unavailable(f"{host} sends us elsewhere. Enter the address that answers itself.")
    if len(taken) > BIGGEST:
        raise Unavailable(f"The answer of {host} is too long.")
    return Answer(host, answer.status, taken)


class _Line(http.client.HTTPConnection):
    """A connection to an address that was looked at first: the name cannot lead elsewhere in between."""

    def __init__(self, parts: SplitResult, peer: Peer) -> None:
        self.tls = parts.scheme == "https"
        self.default_port = 443 if self.tls else 80
        super().__init__(parts.hostname or "", parts.port or self.default_port, timeout=LONGEST_WAIT)
        self.peer = peer

    def connect(self) -> None:
        """Connect to the address, and over TLS only to a server that can prove its name."""
        self.sock = socket.create_connection(self.peer[:2], self.timeout)
        if self.tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """End the connection under whoever waits on it."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _parts(address: str) -> SplitResult:
    """Return the parts of an address that may be asked; raise Unavailable for another."""
    try:
        parts = urlsplit(address)
        well_formed = bool(parts.hostname) and parts.port != 0 and address.isascii() and address.isprintable()
    except ValueError:
        well_formed = False
    if not well_formed or parts.scheme not in {"http", "https"} or parts.username is not None or " " in address:
        raise Unavailable("This is no address that can be asked. It must begin with https:// and name a host.")
    return parts


def _peer(parts: SplitResult) -> Peer:
    """Return the network address of a host, once each that it has was found to be in bounds."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable(f"There is no server of the name {parts.hostname}.") from None
    peers = [entry[4] for entry in found]
    addresses = [ip_address(str(peer[0]).partition("%")[0]) for peer in peers]
    config: Config = current_app.extensions["portal.config"]
    trusted = config.mode != "production"
    if parts.scheme != "https" and not (trusted and all(address.is_loopback for address in addresses)):
        raise Unavailable(f"{parts.hostname} must be asked over https://.")
    if not trusted and not all(map(_public, addresses)):
        raise Unavailable(f"{parts.hostname} is at an address of an inner network, which is never asked from here.")
    return peers[0]


def _public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of the open network, also where it wraps another one."""
    inner = address
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or address
    return inner.is_global and not inner.is_multicast
