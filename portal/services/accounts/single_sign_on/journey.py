"""The way to a provider and back: what is asked there, and what must fit when the browser returns.

Between the two, what must fit travels with the browser in a signed ticket of ten minutes. It is taken back at the
first return, and the provider redeems a code once: a return that is repeated proves nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from portal import audit, manifest, tenancy
from portal.config import Config
from portal.db import now
from portal.errors import Gone, Unavailable
from portal.models.accounts import Provider
from portal.services.accounts.single_sign_on import facts, providers
from portal.services.accounts.single_sign_on.facts import Facts, Refused
from portal.services.accounts.single_sign_on.providers import Setting

LIFE = timedelta(minutes=10)
OVER = "This took longer than ten minutes, was begun in another browser, or was finished before. Begin again."
AWAY = "Your company's sign-in does not answer at present. Sign in with your password, or try again in a few minutes."
REFUSED, FAILED = "accounts.provider_refused", "accounts.provider_failed"


@dataclass(frozen=True, slots=True)
class Trip:
    """What must fit when the browser returns, and what it was sent away for."""

    tenant_id: str
    provider_id: str
    issuer: str
    state: str
    nonce: str
    verifier: str
    begun_at: int
    purpose: str
    carried: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, whose sign-in that is, and the ticket that it takes along."""

    address: str
    sponsor: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser brings back from the provider."""

    state: str
    code: str
    error: str
    issuer: str


def depart(
    setting: Setting, *, email: str, purpose: str, afresh: bool, carried: Mapping[str, Any], **request: str
) -> Departure:
    """Send a browser to the provider; the session ends. Raises Unavailable if nobody answers there."""
    tenancy.leave()
    try:
        way = providers.openid().way(
            providers.client(setting), state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48), email=email, afresh=afresh,
        )  # fmt: skip
    except Unavailable as error:
        put_on_record(setting, FAILED, error.text, **request)
        raise Unavailable(AWAY) from None
    trip = Trip(
        str(setting.tenant_id), str(setting.provider_id), setting.issuer, way.state, way.nonce, way.verifier,
        int(now().timestamp()), purpose, carried,
    )  # fmt: skip
    return Departure(way.address, setting.tenant_name, signed("trip", asdict(trip)))


def trip_of(ticket: str, answer: Answer) -> Trip:
    """Return what a browser was sent away for; raise Gone for another browser, a late or a repeated return."""
    trip = Trip(**read("trip", ticket))
    # Where a provider names itself (RFC 9207), it must be the one that we sent the browser to.
    if not manifest.same(trip.state, answer.state) or answer.issuer not in {"", trip.issuer}:
        raise Gone(OVER)
    return trip


def arrived(trip: Trip, answer: Answer, **request: str) -> tuple[Setting, Facts]:
    """Return who the provider says came back; the session ends. What is not believed is on record, with the reason.

    Raises Refused for what proves nothing, Gone if the provider was switched off meanwhile, Unavailable if it is away.
    """
    tenancy.enter(tenancy.system(UUID(trip.tenant_id), providers.TASK, **request, writes=False))
    setting = providers.standing()
    tenancy.leave()
    if setting is None or (str(setting.provider_id), setting.issuer) != (trip.provider_id, trip.issuer):
        raise Gone("Your company's sign-in was changed meanwhile. Begin again.")
    try:
        if answer.error or not answer.code:
            raise Refused(f"the provider answers: {answer.error}", "Your company's sign-in did not let you in.")
        found = providers.openid().claims(
            providers.client(setting), code=answer.code, nonce=trip.nonce, verifier=trip.verifier
        )
        return setting, facts.believed(found, domain=setting.domain, group_claim=setting.group_claim)
    except Refused as error:
        put_on_record(setting, REFUSED, error.reason, **request)
        raise
    except Unavailable as error:
        put_on_record(setting, FAILED, error.text, **request)
        raise Unavailable(AWAY) from None


def put_on_record(setting: Setting, action: str, reason: str, **request: str) -> None:
    """Put into the sponsor's trail why nobody got through; the session ends."""
    tenancy.enter(tenancy.system(setting.tenant_id, providers.TASK, **request, writes=False))
    audit.record_now(action, tenancy.fetch(Provider, setting.provider_id), reason=reason)
    tenancy.leave()


def signed(purpose: str, content: Mapping[str, Any]) -> str:
    """Return content that a browser carries and cannot alter."""
    return _signer(purpose).dumps(dict(content))


def read(purpose: str, ticket: str) -> dict[str, Any]:
    """Return what a browser carried; raise Gone once it is too old, or was not made here for this purpose."""
    try:
        content: dict[str, Any] = _signer(purpose).loads(ticket, max_age=int(LIFE.total_seconds()))
    except BadData:
        raise Gone(OVER) from None
    return content


def _signer(purpose: str) -> URLSafeTimedSerializer:
    config: Config = current_app.extensions["portal.config"]
    return URLSafeTimedSerializer(config.secret_key, salt=f"single sign-on: {purpose}")
