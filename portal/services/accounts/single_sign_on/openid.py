"""OpenID Connect as a client speaks it: what a provider offers, the way there, and what may be believed of its answer.

It is loaded by name (see journey.py), so that only who signs in through a provider pays for the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from portal import wire
from portal.db import now
from portal.errors import Unavailable
from portal.services.accounts.single_sign_on.facts import Refused

# Signed with the provider's own key: "none" proves nothing, and a shared secret could be ours or another client's.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
SCOPES = "openid email profile"
# How far the provider's clock may be from ours, in seconds.
LEEWAY = 60
LONGEST_TOKEN = 100_000
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """What the portal is to a provider."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    back: str


@dataclass(frozen=True, slots=True)
class Way:
    """The address at the provider, and what must be known again when the browser comes back from there."""

    address: str
    state: str
    nonce: str
    verifier: str


def discover(issuer: str) -> Mapping[str, Any]:
    """Return what a provider says of itself; raise Unavailable, in plain words, where it cannot be used."""
    offer = wire.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration").document()
    if offer.get("issuer") != issuer:
        raise Unavailable(
            f"The provider calls itself “{str(offer.get('issuer'))[:300]}”. Enter exactly that as issuer."
        )
    for name in ENDPOINTS:
        if not isinstance(offer.get(name), str):
            raise Unavailable(f"The provider does not say its {name.replace('_', ' ')}.")
    for name, needed in (
        ("response_types_supported", ("code",)),
        ("code_challenge_methods_supported", ("S256",)),
        ("id_token_signing_alg_values_supported", ALGORITHMS),
    ):
        offered = offer.get(name)
        if isinstance(offered, list) and not set(needed) & {str(value) for value in offered}:
            raise Unavailable(f"The provider offers none of {', '.join(needed)} ({name.replace('_', ' ')}).")
    return offer


def keys(offer: Mapping[str, Any]) -> KeySet:
    """Return the keys that a provider signs with; raise Unavailable if there are none."""
    try:
        return KeySet.import_key_set({"keys": wire.get(offer["jwks_uri"]).document()["keys"]})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise Unavailable("The keys of the provider cannot be read.") from None


def way(client: Client, *, state: str, nonce: str, verifier: str, email: str, afresh: bool) -> Way:
    """Return the way to the provider; `afresh` demands that the person proves himself there again, now."""
    offer = discover(client.issuer)
    asked: dict[str, Any] = {"prompt": "login", "max_age": 0} if afresh else {}
    address, _ = _library(client, offer).create_authorization_url(
        offer["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce, login_hint=email, **asked
    )
    return Way(address, state, nonce, verifier)


def claims(client: Client, *, code: str, nonce: str, verifier: str) -> Claims:
    """Redeem a code and return what the provider says of the person, signed, for us, and in answer to our question.

    Raises Refused for what proves nothing, Unavailable if the provider does not answer.
    """
    offer = discover(client.issuer)
    try:
        token = _library(client, offer).fetch_token(
            offer["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier,
            redirect_uri=client.back,
        )  # fmt: skip
    except (AuthlibBaseError, ValueError) as error:
        raise Refused(f"the code was not redeemed: {error}") from None
    given = token.get("id_token")
    if not isinstance(given, str) or len(given) > LONGEST_TOKEN:
        raise Refused("there is no identity token")
    registry, known = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False), keys(offer)
    expected = {
        "iss": {"essential": True, "value": client.issuer},
        "aud": {"essential": True, "value": client.client_id},
        "nonce": {"essential": True, "value": nonce},
        "sub": {"essential": True},
    }
    params = {"nonce": nonce, "client_id": client.client_id, "access_token": token.get("access_token")}
    try:
        read = jwt.decode(given, known, registry=registry)
        found = CodeIDToken(read.claims, read.header, expected, params)
        found.validate(now=int(now().timestamp()), leeway=LEEWAY)
    except (JoseError, ValueError, TypeError) as error:
        raise Refused(str(error)) from None
    return dict(found)


def _library(client: Client, offer: Mapping[str, Any]) -> OAuth2Client:
    offered = offer.get("token_endpoint_auth_methods_supported")
    # Without a word, a provider takes the secret in the header (OpenID Connect Discovery, 3).
    basic = not isinstance(offered, list) or "client_secret_basic" in offered
    return OAuth2Client(
        _Session(), client.client_id, client.secret, scope=SCOPES, redirect_uri=client.back,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
    )  # fmt: skip


class _Session:
    """What the library asks through: our own wire."""

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientAuth) -> _Response:
        """Send a form under the client's own name."""
        address, named, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Response(wire.post(address, body, named))


class _Response:
    """An answer as the library reads it."""

    def __init__(self, answer: wire.Answer) -> None:
        self.status_code = answer.status
        self._answer = answer

    def json(self) -> Any:
        """Return what the answer says, whatever its status: a refusal has its own words."""
        return self._answer.parsed()

    def raise_for_status(self) -> None:
        """Raise Unavailable for what is no answer of use."""
        if self.status_code >= 400:
            raise Unavailable(f"{self._answer.host} answers with status {self.status_code}.")
