"""What a browser's passkey has to sign: kept in its own signed cookie between the page and its answer."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from flask import current_app, request, session

from portal.config import Config
from portal.db import now
from portal.errors import Invalid
from portal.services.accounts.passkeys import STALE, Challenge

KEY = "challenge"


def offer(purpose: str) -> Challenge:
    """Make a challenge for a page, in place of the one before."""
    made = Challenge(secrets.token_urlsafe(32), now(), _home())
    session[KEY] = [purpose, made.value, int(made.made_at.timestamp())]
    return made


def taken(purpose: str) -> Challenge:
    """Return the challenge of the page that this answers, which then is gone; raise Invalid without one."""
    kept = session.pop(KEY, None)
    if not kept or kept[0] != purpose:
        raise Invalid(STALE)
    return Challenge(kept[1], datetime.fromtimestamp(kept[2], UTC), _home())


def _home() -> str:
    """Return where the page stands; in production that is one address, whatever the request says."""
    config: Config = current_app.extensions["portal.config"]
    return config.base_url if config.mode == "production" else request.host_url.rstrip("/")
