"""The CMO oversight portal: everything that needs a wire. `create_app` reads the configuration, starts the rooms
and registers the views; nothing else belongs here.
"""

from __future__ import annotations

import os

from flask import Flask, Response
from flask.typing import ResponseReturnValue
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import access, audit, config, db, errors, jobs, mail, outbox, store, views

__all__ = ["create_app"]
assert audit  # noqa: S101  # its listeners write the trail; without them there must be no portal


class Portal(Flask):
    """Commits each answered request once, and undoes each failed one: no view and no service does either."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view, then settle its transaction before anything of the answer is sent."""
        response: Response = self.make_response(super().dispatch_request())
        if response.status_code < 400:
            db.db.session.commit()
        else:
            db.db.session.rollback()
        return response


def create_app(settings: config.Config | None = None) -> Flask:
    """Build the application; raise config.Unsafe for settings it must not start with."""
    settings = settings or config.from_environment(os.environ)
    app = Portal(__name__)
    app.extensions["portal.config"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key,
        # A form is held in memory, whoever sent it; where files are taken, doors.make_room allows for them.
        MAX_CONTENT_LENGTH=config.MIB,
        MAX_FORM_MEMORY_SIZE=config.MIB // 16,
        MAX_FORM_PARTS=500,
        SESSION_COOKIE_NAME="__Host-portal_form" if settings.secure else "portal_form",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=12 * 60 * 60,
        WTF_CSRF_SSL_STRICT=False,  # no referrer is ever sent, by our own policy; the token decides
        BOOTSTRAP_SERVE_LOCAL=True,
        PREFERRED_URL_SCHEME="https" if settings.secure else "http",
    )
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    for room in (db, store, mail):
        room.start(app, settings)
    outbox.start(app, settings, jobs.JOBS, jobs.TIMETABLE)
    for step in (views.doors.know_host, views.doors.make_room):
        app.before_request(step)
    CSRFProtect(app)
    Bootstrap5(app)
    errors.register(app)
    views.register(app)
    access.refuse_silence(app)
    return app
