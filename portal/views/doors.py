"""The doors: before any view runs, the present scope is entered or the request ends here."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote, urlsplit
from uuid import uuid4

from flask import Flask, Response, current_app, g, request, url_for

from portal import access, audit, tenancy
from portal.config import MIB, Config
from portal.errors import AccessEnded, NotFound, SignInNeeded, WrongHost
from portal.services.accounts import auditors, sessions
from portal.services.assessments import visits
from portal.services.evidence.keeping import Opened

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The invite's secret is in an address: no other site may see where a person came from.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# A load balancer asks each machine by its own address, and learns nothing but that it is alive.
UNDER_ANY_HOST = frozenset({"health.healthz"})
TAKE_FILES = frozenset({"answering.attach"})
# The form that signs brings back all that it showed, so that a difference can be told.
TAKE_BACK_WHAT_THEY_SHOWED = frozenset({"answering.submit", "review.close"})
# All that a stay opens which still owes its second factor.
HALF_WAY = frozenset(
    {"factors.ask", "factors.give", "factors.app", "factors.add_app", "factors.passkey", "factors.add_passkey",
     "accounts.sign_out"}
)  # fmt: skip


def register(app: Flask) -> None:
    """Put the doors before every view and the headers on every answer."""
    app.before_request(knock)
    app.after_request(harden)


def know_host() -> None:
    """Refuse what is meant for another host, before anything is read from it; raise WrongHost."""
    config: Config = current_app.extensions["portal.config"]
    asked = re.sub(r":\d*$", "", request.host.lower()).strip("[]")
    if asked not in config.hosts and request.endpoint not in UNDER_ANY_HOST:
        raise WrongHost(config.base_url)


def make_room() -> None:
    """Let a body be as big as a file may be, from whoever may send one; called before anything reads it."""
    if request.endpoint in TAKE_FILES:
        _enter()
        tenancy.let_go()
        config: Config = current_app.extensions["portal.config"]
        request.max_content_length = config.upload_limit + MIB
    if request.endpoint in TAKE_BACK_WHAT_THEY_SHOWED:
        request.max_form_memory_size = MIB * 7 // 8


def knock() -> None:
    """Enter the scope of whoever asks, and let pass who may; where files are taken, make_room did so."""
    if request.endpoint not in TAKE_FILES:
        _enter()


def _enter() -> None:
    g.request_id = uuid4().hex[:12]
    if request.endpoint is None:
        return
    mark = access.mark_of(current_app, request.endpoint)
    DOORS[mark.door](mark)
    if request.method == "HEAD":
        audit.nothing_taken()


def _public(_mark: access.Mark) -> None:
    """Enter nothing: a session without a scope reaches no sponsor, and a static file needs no database at all."""


def _staff(mark: access.Mark) -> None:
    secret = request.cookies.get(cookie("staff"), "")
    try:
        g.staff = sessions.enter(secret=secret, request_id=g.request_id, origin=origin(), writes=_writes())
    except SignInNeeded as error:
        asked = request.full_path if request.method == "GET" else None
        raise SignInNeeded(error.text, to=url_for("accounts.sign_in", next=asked)) from None
    if g.staff.factor_due and request.endpoint not in HALF_WAY:
        raise SignInNeeded("Give your second factor first.", to=url_for("factors.ask"))
    access.check(mark.permission)
    if g.staff.role == auditors.ROLE:
        _audit()


def _audit() -> None:
    """Show an auditor what is open to him, and put on record what he looks at (11.10(d)).

    Raises AccessEnded once all of it is over; he may still sign out.
    """
    ended_on = auditors.narrow()
    if ended_on is not None and request.endpoint != "accounts.sign_out":
        raise AccessEnded(f"Your access ended on {ended_on}. Ask whoever invited you, if you need more time.")
    if request.method == "GET":
        audit.record_now("auditor.viewed", address=request.path)


def _cmo(mark: access.Mark) -> None:
    secret = request.cookies.get(cookie("cmo"), "")
    g.respondent = visits.enter(secret=secret, request_id=g.request_id, origin=origin(), writes=_writes())
    access.check(mark.permission)


DOORS = {"public": _public, "staff": _staff, "cmo": _cmo}


def come_as_staff(permission: str) -> None:
    """Enter the staff's door from a page that is public because another server sends people there."""
    _staff(access.Mark("staff", permission))


def _writes() -> bool:
    """Tell whether a scope may write; where files are taken, it may once their bytes are stored."""
    return request.method not in access.SAFE_METHODS and request.endpoint not in TAKE_FILES


def origin() -> str:
    """Return the network address that the request came from (11.10(h)); a proxy must be trusted by name."""
    return (request.remote_addr or "")[:64]


def cookie(door: str) -> str:
    """Return a door's cookie name, held to this host wherever there is TLS."""
    config: Config = current_app.extensions["portal.config"]
    return f"__Host-portal_{door}" if config.secure else f"portal_{door}"


def give(response: Response, door: str, secret: str, *, life: timedelta = sessions.LONGEST_STAY) -> Response:
    """Hand a door's secret to the browser, out of reach of scripts and of other sites' posts."""
    config: Config = current_app.extensions["portal.config"]
    response.set_cookie(
        cookie(door), secret, max_age=int(life.total_seconds()), path="/",
        secure=config.secure, httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


def take_back(response: Response, door: str) -> Response:
    """Remove a door's cookie from the browser."""
    config: Config = current_app.extensions["portal.config"]
    response.delete_cookie(cookie(door), path="/", secure=config.secure, httponly=True, samesite="Lax")
    return response


def own_page(address: str) -> str:
    """Return an address of this portal, or nothing for one that leads elsewhere."""
    if not address.isprintable():
        return ""
    try:
        parts = urlsplit(address.replace("\\", "/"))
    except ValueError:
        return ""
    own = address.startswith("/") and not address.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return address if own else ""


def secret_of(door: str) -> str:
    """Return the secret that the browser holds for a door; raise NotFound without one."""
    secret = request.cookies.get(cookie(door), "")
    if not secret:
        raise NotFound("Open the link in your mail in this browser first.")
    return secret


def harden(response: Response) -> Response:
    """Put the protective headers on every answer; what belongs to a person is never kept in a cache."""
    config: Config = current_app.extensions["portal.config"]
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", CSP)
    if config.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
    if not (request.endpoint or "").endswith("static"):
        response.headers["Cache-Control"] = "no-store"
        response.headers.pop("ETag", None)
    return response


def hand_out(file: Opened) -> Response:
    """Hand out stored bytes."""
    response = Response(file.chunks, mimetype=file.media_type)
    response.content_length = file.size
    response.headers["X-Content-SHA256"] = file.digest
    return as_download(response, file.name)


def as_download(response: Response, name: str) -> Response:
    """Make a response a download under a name, which cannot act in our origin."""
    # RFC 6266: a header holds Latin-1 alone, so a name in other letters travels percent-encoded beside a plain one.
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    options = {"filename": plain}
    if plain != name:
        options["filename*"] = f"UTF-8''{quote(name, safe='')}"
    response.headers.set("Content-Disposition", "attachment", **options)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
