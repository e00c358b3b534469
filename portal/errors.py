"""The faults that a person can cause, drawn as a tree, and how each is shown.

    PortalError
    |- WrongHost 400
    |- SignInNeeded 401      |- Forbidden 403        |- NotFound 404
    |- Conflict 409          |- Gone 410             |- TooBig 413
    |                        |  (AccessEnded)
    |- KindRefused 415       |- Invalid 422          |- VersionMissing 428
    |- TooMany 429           '- Unavailable 503      (Unwritten)

Each says in plain words what happened and what to do. What is not in the tree is a bug: it is logged
with a reference number, and the page shows that number alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request, session
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, MethodNotAllowed


class PortalError(Exception):
    """Carries the status, a title and one plain sentence that says what to do."""

    status = 400
    title = "That did not work"

    def __init__(self, text: str, **details: Any) -> None:
        super().__init__(text)
        self.text = text
        self.details = details

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what the status needs beside it."""
        return {}


class WrongHost(PortalError):
    title = "The portal is not at this address"

    def __init__(self, home: str) -> None:
        super().__init__("Open it at its own address.", home=home)


class SignInNeeded(PortalError):
    status = 401
    title = "Please sign in"


class Forbidden(PortalError):
    status = 403
    title = "Your role does not allow this"


class NotFound(PortalError):
    status = 404
    title = "Not found"

    def __init__(self, text: str = "There is nothing at this address that you may see.") -> None:
        super().__init__(text)


class Conflict(PortalError):
    status = 409
    title = "This has changed in the meantime"


class Gone(PortalError):
    status = 410
    title = "This link no longer works"

    def __init__(self, text: str = "Ask the person who sent you the link for a new one.") -> None:
        super().__init__(text)


class AccessEnded(Gone):
    """An auditor's time is over (11.10(d))."""

    title = "Your access has ended"


class TooBig(PortalError):
    status = 413
    title = "That file is too big"


class KindRefused(PortalError):
    status = 415
    title = "That kind of file is not taken"


class Invalid(PortalError):
    status = 422
    title = "Please check what you entered"


class VersionMissing(PortalError):
    status = 428
    title = "Please reload the page"

    def __init__(self, text: str = "The page did not say which version it changes. Reload it and try again.") -> None:
        super().__init__(text)


class TooMany(PortalError):
    status = 429
    title = "Please wait"

    @property
    def headers(self) -> Mapping[str, str]:
        """Say after how many seconds another try makes sense."""
        return {"Retry-After": str(self.details.get("wait", 60))}


class Unavailable(PortalError):
    status = 503
    title = "Not available for a moment"

    @property
    def headers(self) -> Mapping[str, str]:
        """Say after how many seconds another try makes sense, if it ever does."""
        wait = self.details.get("wait", 10)
        return {"Retry-After": str(wait)} if wait else {}


class Unwritten(Unavailable):
    """The audit trail could not be written, so nothing else may be (11.10(e))."""

    def __init__(self) -> None:
        super().__init__(
            "The audit trail cannot be written, so nothing was saved. "
            "Try again in a few seconds; if it stays so, tell your administrator."
        )


# PostgreSQL's code for a database that only reads: a standby, or one whose disk is nearly full.
READ_ONLY = "25006"
# What the web framework itself refuses, in our words.
HTTP_TEXTS: Mapping[int, tuple[str, str]] = {
    400: ("That request was not understood", "Go back, reload the page and try again."),
    404: (NotFound.title, "There is nothing at this address that you may see."),
    405: ("Not possible here", "This address does not take that kind of request."),
    413: (TooBig.title, "It is over the limit. Send a smaller one, or split it."),
    415: (KindRefused.title, "Send it in one of the kinds that the page names."),
}


def register(app: Flask) -> None:
    """Show every fault in its own words, as a page or, where the caller asked for it, as JSON."""
    app.register_error_handler(PortalError, show)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(StaleDataError, _stale_row)
    app.register_error_handler(IntegrityError, _collided)
    app.register_error_handler(OperationalError, _database_down)
    app.register_error_handler(DBAPIError, _database_down_if_lost)
    app.register_error_handler(Unwritten, _unwritten)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def show(error: PortalError) -> Response:
    """Answer with the fault as JSON for the page's own script, else as a page."""
    # What was undone must not be announced as done on the next page.
    session.pop("_flashes", None)
    if isinstance(error, SignInNeeded) and not wants_json() and "to" in error.details:
        return make_response("", 303, {"Location": error.details["to"]})
    body: Any
    if wants_json():
        body = jsonify(title=error.title, text=error.text, **error.details)
    else:
        body = render_template(
            "errors/fault.html", title=error.title, text=error.text, details=error.details, status=error.status
        )
    return make_response(body, error.status, dict(error.headers))


def wants_json() -> bool:
    """Tell whether the page's own script asks, which shows the answer in place."""
    return request.accept_mimetypes.best == "application/json"


def _stale_form(_error: CSRFError) -> Response:
    # RFC 9110: understood and refused; another site may have sent it.
    stale = Forbidden("The page was open for too long, or came from another window. Go back, reload it and try again.")
    stale.title = "This form is out of date"
    return show(stale)


def _stale_row(_error: Exception) -> Response:
    return show(
        Conflict("Somebody else saved this at the same moment. Reload the page to see it; nothing was overwritten.")
    )


def _collided(error: IntegrityError) -> Response:
    # Two people made the same thing at once, and the database let one of them through.
    current_app.logger.warning("refused by the database at %s", request.endpoint, exc_info=error)
    return _stale_row(error)


def _unwritten(error: Unwritten) -> Response:
    current_app.logger.error("the audit trail was not written at %s", request.endpoint, exc_info=error)
    return show(error)


def _database_down(_error: DBAPIError) -> Response:
    return show(Unavailable("The database does not answer. Nothing was saved; try again in a few seconds."))


def _database_down_if_lost(error: DBAPIError) -> Response:
    down = error.connection_invalidated or getattr(error.orig, "sqlstate", None) == READ_ONLY
    return _database_down(error) if down else _bug(error)


def _http(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    fault = PortalError(HTTP_TEXTS.get(status, (error.name, "Go back and try again."))[1])
    fault.title = HTTP_TEXTS.get(status, (error.name, ""))[0]
    fault.status = status
    response = show(fault)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _bug(error: Exception) -> Response:
    reference = uuid4().hex[:12]
    # The message may hold what a person typed; the log keeps the trace, the page only the number.
    current_app.logger.error("fault %s at %s", reference, request.endpoint, exc_info=error)
    fault = PortalError(f"The fault is ours. It is on record under {reference}; nothing half-done was kept.")
    fault.title, fault.status = "Something went wrong", 500
    return show(fault)
