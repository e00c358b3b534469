"""A sponsor whose staff sign in at a provider, and what their browsers do on the way there and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal import tenancy
from portal.db import db
from portal.models.accounts import Person
from portal.services.accounts.single_sign_on import providers
from tests import make
from tests.provider import CLIENT_ID, CLIENT_SECRET, Provider


@dataclass(frozen=True)
class House:
    """A sponsor, its mail domain, and its provider."""

    sponsor: make.Sponsor
    domain: str
    provider: Provider

    @property
    def app(self) -> Flask:
        return self.sponsor.app

    def browser(self) -> FlaskClient:
        """Return a browser at an address of its own, so that no test uses up the tries of another."""
        client = self.app.test_client()
        client.environ_base["REMOTE_ADDR"] = f"2001:db8::{uuid4().hex[:4]}:{uuid4().hex[:4]}"
        return client

    def employ(self, login: str = "", **claims: object) -> tuple[str, str]:
        """Let somebody work there whom the portal does not know yet; return name at the provider and address."""
        login = login or f"new{uuid4().hex[:10]}"
        email = str(claims.pop("email", f"{login}@{self.domain}"))
        self.provider.employ(login, email, **claims)
        return login, email

    def member(self, role: str = "qa") -> str:
        """Let the provider know a member of the sponsor's staff; return the name at the provider."""
        login = f"{role}{uuid4().hex[:10]}"
        self.provider.employ(login, self.sponsor.emails[role])
        return login

    def person(self, email: str) -> Person | None:
        """Return who has an address."""
        with self.app.app_context():
            tenancy.enter_unscoped(writes=False)
            found = db.session.scalar(select(Person).where(Person.email == email))
            tenancy.leave()
        return found


def house(
    app: Flask, provider: Provider, *, default_role: str = "viewer", group_roles: Mapping[str, str] | None = None
) -> House:
    """Make a sponsor with a mail domain of its own and a provider that answers for it."""
    domain = f"{uuid4().hex[:12]}.example"
    found = House(make.sponsor(app, domain=domain), domain, provider)
    setup(found, default_role=default_role, group_roles=group_roles or {})
    return found


def setup(found: House, *, default_role: str = "viewer", group_roles: Mapping[str, str]) -> None:
    """Set the provider up as the sponsor's administrator does."""
    with found.app.app_context(), tenancy.scoped(found.sponsor.scope("admin")):
        providers.save(
            issuer=found.provider.issuer, client_id=CLIENT_ID, secret=CLIENT_SECRET, domain=found.domain,
            default_role=default_role, group_claim="groups", group_roles=group_roles,
        )  # fmt: skip


def address(answer: TestResponse) -> str:
    """Return where the page leads that a browser gets before it leaves."""
    assert answer.status_code == 200, answer.text
    found = re.fullmatch(r"0; url=(\S+)", answer.headers["Refresh"])
    assert found is not None
    return found[1]


def depart(client: FlaskClient, email: str, wanted: str = "") -> str:
    """Ask for the company's sign-in and return the address at the provider."""
    return address(client.post("/sign-in/company", query_string={"next": wanted}, data={"email": email}))


def come(found: House, login: str, email: str, wanted: str = "") -> tuple[FlaskClient, TestResponse]:
    """Go to the provider, sign in there and come back; return the browser and what the portal answers."""
    client = found.browser()
    return client, client.get(found.provider.send_back(depart(client, email, wanted), login))


def linked(found: House, role: str = "qa") -> tuple[FlaskClient, str]:
    """Bring a member in through the provider, who proves himself once; return the browser and the provider's name."""
    login = found.member(role)
    client, answer = come(found, login, found.sponsor.emails[role])
    assert answer.headers["Location"] == "/sign-in/company/proof", answer.text
    answer = client.post("/sign-in/company/proof", data={"password": make.PASSWORD})
    assert answer.status_code == 302, answer.text
    return client, login
