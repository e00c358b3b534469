"""A real OpenID provider on loopback, made of the library's server pieces: discovery, a page to sign in, tokens, keys.

It can be told to misbehave as providers of others do, and worse.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import os
import socket
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import waitress
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from flask import Flask, jsonify, request, session
from joserfc.jwk import KeySet, RSAKey
from waitress import wasyncore

CLIENT_ID, CLIENT_SECRET = "portal-at-acme", "a-secret-between-two-servers"
PASSWORD = "known to the company alone"
PAGE = """<!doctype html><html lang="en"><title>Sign in at work</title><h1>Sign in at work</h1><form method="post">
<label for="login">Name</label><input id="login" name="login"><label for="password">Password</label>
<input id="password" name="password" type="password"><button>Go on</button></form>"""


@dataclass
class Client(ClientMixin):
    """The portal, as the provider knows it; any address on this machine may be returned to."""

    client_id: str = CLIENT_ID

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return urlsplit(redirect_uri).path == "/sign-in/company/back"

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code:
    """What was asked for, kept until the code is redeemed, once."""

    code: str
    login: str
    auth_time: int
    asked: dict[str, str] = field(default_factory=dict)

    @property
    def code_challenge(self) -> str:
        return self.asked.get("code_challenge", "")

    @property
    def code_challenge_method(self) -> str:
        return self.asked.get("code_challenge_method", "")

    def get_redirect_uri(self) -> str:
        return self.asked.get("redirect_uri", "")

    def get_scope(self) -> str:
        return self.asked.get("scope", "")

    def get_nonce(self) -> str:
        return self.asked.get("nonce", "")

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Provider:
    """The provider, its people, and what it does wrong."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.twisted: dict[str, Any] = {}
        self.offer: dict[str, Any] = {}
        self.client = Client()
        self.asks_again = True
        self.forged: str | None = None
        self.redeemed = 0
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self._codes: dict[str, Code] = {}
        self.keys = KeySet([_key()])
        self.signs_with = self.keys
        door = socket.create_server(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{door.getsockname()[1]}"
        self._server = waitress.create_server(self._app(), sockets=[door], threads=4, ident=None)
        self._thread = threading.Thread(target=self._server.run, name="provider")
        self._thread.start()

    def stop(self) -> None:
        """Stop listening: nobody answers from then on."""
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join()
        self._server.task_dispatcher.shutdown()

    def employ(self, login: str, email: str, **claims: Any) -> str:
        """Let somebody sign in here, and return his subject."""
        self.people[login] = {
            "sub": f"subject-of-{login}", "email": email, "email_verified": True, "name": login.title(), **claims
        }  # fmt: skip
        return str(self.people[login]["sub"])

    def behave(self) -> None:
        """Do nothing wrong from here on."""
        self.twisted, self.offer, self.answers, self.asks_again = {}, {}, {}, True
        self.signs_with, self.forged = self.keys, None

    def sign_with_another_key(self) -> None:
        """Sign with a key of the same name that is not the one it shows."""
        self.signs_with = KeySet([_key()])

    def send_back(self, address: str, login: str) -> str:
        """Sign somebody in at an address of this provider, as a browser would, and return where he is sent."""
        parts = urlsplit(address)
        line = http.client.HTTPConnection(parts.netloc, timeout=10)
        line.request(
            "POST", f"{parts.path}?{parts.query}", urlencode({"login": login, "password": PASSWORD}),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        answer = line.getresponse()
        body = answer.read().decode()
        line.close()
        place = answer.getheader("Location")
        assert place is not None, (answer.status, body)
        back = urlsplit(place)
        return f"{back.path}?{back.query}"

    def _app(self) -> Flask:
        app = Flask("provider")
        app.secret_key = os.urandom(16)
        app.config["SESSION_COOKIE_NAME"] = "provider"
        # The library demands TLS of a server unless told otherwise; this one is on loopback.
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
        server = AuthorizationServer(app, lambda _id: self.client, lambda _token, _request: None)
        server.register_grant(self._grant(), [self._identity(), CodeChallenge(required=True)])
        app.get("/.well-known/openid-configuration")(self._discovery)
        app.get("/keys", endpoint="keys")(lambda: jsonify(self.keys.as_dict(private=False)))
        app.post("/token", endpoint="token")(server.create_token_response)
        app.route("/authorize", methods=["GET", "POST"], endpoint="authorize")(lambda: self._authorize(server))

        @app.before_request
        def _as_told() -> Any:
            return ("told to", *self.answers[request.path]) if request.path in self.answers else None

        return app

    def _discovery(self) -> Any:
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return jsonify(
            {
                "issuer": self.issuer, "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
                **{name: self.issuer + path for name, path in places.items()}, **self.offer,
            }
        )  # fmt: skip

    def _authorize(self, server: AuthorizationServer) -> Any:
        if request.method == "POST":
            if request.form["login"] not in self.people or request.form["password"] != PASSWORD:
                return PAGE, 401
            session.update(login=request.form["login"], auth_time=int(time.time()))
        again = self.asks_again and "login" in request.args.get("prompt", "") and request.method == "GET"
        if again or "login" not in session:
            return PAGE
        grant = server.get_consent_grant(end_user=SimpleNamespace(login=session["login"]))
        return server.create_authorization_response(grant_user=SimpleNamespace(login=session["login"]), grant=grant)

    def _grant(self) -> type[AuthorizationCodeGrant]:
        provider = self

        class Grant(AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

            def save_authorization_code(self, code: str, asked: Any) -> None:
                told = {name: str(value) for name, value in asked.payload.data.items()}
                provider._codes[code] = Code(code, session["login"], session["auth_time"], told)

            def query_authorization_code(self, code: str, _client: Client) -> Code | None:
                return provider._codes.get(code)

            def delete_authorization_code(self, authorization_code: Code) -> None:
                provider.redeemed += 1
                del provider._codes[authorization_code.code]

            def authenticate_user(self, authorization_code: Code) -> Any:
                return SimpleNamespace(login=authorization_code.login)

        return Grant

    def _identity(self) -> OpenIDCode:
        provider = self

        class Identity(OpenIDCode):
            def exists_nonce(self, nonce: str, _asked: Any) -> bool:
                return any(code.get_nonce() == nonce for code in provider._codes.values())

            def resolve_client_private_key(self, _client: Client) -> KeySet:
                return provider.signs_with

            def get_encode_header(self, client: Client) -> dict[str, str]:
                return {"alg": self.get_client_algorithm(client), "kid": "first"}

            def encode_id_token(self, token: Any, asked: Any) -> str:
                signed = str(super().encode_id_token(token, asked))
                return forged(signed, provider.forged) if provider.forged else signed

            def get_client_claims(self, client: Client) -> dict[str, Any]:
                return {"iss": provider.issuer, "aud": [client.client_id]}

            def generate_user_info(self, user: Any, _scope: str) -> dict[str, Any]:
                # It comes last, so whatever is twisted stands in the token.
                return {**provider.people[user.login], **provider.twisted}

        return Identity(require_nonce=True)


def forged(token: str, algorithm: str) -> str:
    """Put another algorithm into a token: none at all, or one whose key the client knows as well."""
    header = json.dumps({"alg": algorithm, "kid": "first"}).encode()
    signed = f"{_base64(header)}.{token.split('.')[1]}"
    proof = hmac.digest(CLIENT_SECRET.encode(), signed.encode(), "sha256") if algorithm != "none" else b""
    return f"{signed}.{_base64(proof)}"


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "kid": "first"})


def asked_for(address: str) -> dict[str, str]:
    """Return what an address asks of a provider."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
