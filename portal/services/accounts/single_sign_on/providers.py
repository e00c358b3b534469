"""A sponsor's provider: what its administrator says of it, whether it works, and how a mail domain leads to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from portal import tenancy
from portal.access import STAFF_ROLES
from portal.config import Config
from portal.db import db, now
from portal.errors import Conflict, Invalid, NotFound, Unavailable
from portal.models.accounts import Provider
from portal.services.accounts import doors, encryption, people

TASK = "single sign-on"
# Where a provider sends people back to; its administrator registers the whole address there.
BACK = "/sign-in/company/back"
DOOR = "provider"


@dataclass(frozen=True, slots=True)
class Setting:
    """A provider as it stands, beyond the session that read it."""

    tenant_id: UUID
    provider_id: UUID
    tenant_name: str
    issuer: str
    client_id: str
    secret: str = field(repr=False)
    domain: str
    default_role: str
    group_claim: str
    group_roles: Mapping[str, str]

    def role_of(self, groups: Sequence[str]) -> str:
        """Return the role of the first line that names one of the groups, else the usual one; it may be none."""
        return next((role for group, role in self.group_roles.items() if group in groups), self.default_role)


def openid() -> Any:
    """Return the room that speaks with providers, loaded when the first person needs it."""
    return resolve_name("portal.services.accounts.single_sign_on.openid")


def client(setting: Setting) -> Any:
    """Return what the portal is to a provider."""
    return openid().Client(setting.issuer, setting.client_id, setting.secret, back())


def back() -> str:
    """Return the address to which providers send people back."""
    config: Config = current_app.extensions["portal.config"]
    return config.base_url + BACK


def own() -> Provider | None:
    """Return the provider of the present sponsor, one that was switched off too."""
    return db.session.scalar(select(Provider))


def standing() -> Setting | None:
    """Return the provider of the present sponsor, if people may sign in through it."""
    row = own()
    return _setting(row) if row is not None and row.ended_at is None else None


def of_domain(domain: str, *, request_id: str, origin: str) -> Setting | None:
    """Return the provider that answers for a mail domain; the session is left in no scope."""
    found = None
    for tenant_id, provider_id in doors.behind(DOOR, domain):
        tenancy.enter(tenancy.system(tenant_id, TASK, request_id=request_id, origin=origin, writes=False))
        row = own()
        # A door stays when its provider moves to another domain or is switched off: the row decides.
        if row is not None and (row.id, row.domain, row.ended_at) == (provider_id, domain, None):
            found = _setting(row)
            break
    tenancy.leave()
    return found


def save(
    *, issuer: str, client_id: str, secret: str, domain: str, default_role: str, group_claim: str,
    group_roles: Mapping[str, str],
) -> Provider:  # fmt: skip
    """Set or change the sponsor's provider; without a secret, the present one stays.

    Raises Invalid for a domain that is not the administrator's own, a role that does not exist or a secret that is
    missing, Conflict for a domain that another sponsor's provider answers for.
    """
    _check_roles({"default_role": [default_role] if default_role else [], "group_roles": group_roles.values()})
    has_door = _check_domain(domain)
    row = own()
    if not secret and (row is None or row.issuer != issuer):
        # What was given to one server is never sent to another.
        raise Invalid("Enter the secret that belongs to this issuer.", field="secret")
    row = row or Provider(client_secret="", since=now())
    row.issuer, row.client_id, row.domain = issuer, client_id, domain
    row.default_role, row.group_claim, row.ended_at = default_role, group_claim, None
    row.group_roles = json.dumps(dict(group_roles), ensure_ascii=False)
    if secret:
        row.client_secret = encryption.encrypted(secret)
    db.session.add(row)
    if not has_door:
        doors.cut(DOOR, row, secret=domain)
    return row


def switch_off() -> None:
    """Switch the provider off; raise NotFound if there is none."""
    row = own()
    if row is None:
        raise NotFound("No provider is set up.")
    row.ended_at = now()


def try_out() -> str:
    """Ask the provider what it offers and for its keys; return what is wrong, in plain words, or nothing."""
    setting = standing()
    if setting is None:
        raise NotFound("No provider is set up.")
    tenancy.let_go()
    try:
        openid().keys(openid().discover(setting.issuer))
    except Unavailable as error:
        return error.text
    return ""


def lines(group_roles: str) -> str:
    """Write the groups' roles as they are typed: one line each."""
    return "\n".join(f"{group} = {role}" for group, role in json.loads(group_roles).items())


def _check_roles(given: Mapping[str, Any]) -> None:
    for name, roles in given.items():
        for role in roles:
            if role not in STAFF_ROLES:
                text = f"There is no role “{role}”. Choose one of: {', '.join(STAFF_ROLES)}."
                raise Invalid(text, field=name)


def _check_domain(domain: str) -> bool:
    """Tell whether the domain leads to this sponsor's provider already; raise unless it may."""
    scope, person, row = tenancy.scope(), people.acting(), own()
    # Whoever answers for a domain may say who anybody in it is, so it must be where the administrator is at home.
    if person is None or person.email.rpartition("@")[2] != domain:
        raise Invalid("Enter the domain of your own mail address: for another one you cannot speak.", field="domain")
    here = (scope.tenant_id, row.id) if row is not None else None
    has_door = here in doors.behind(DOOR, domain)
    other = of_domain(domain, request_id=scope.request_id, origin=scope.origin)
    tenancy.enter(scope)
    if other is not None and other.tenant_id != scope.tenant_id:
        raise Conflict("Another provider answers for this mail domain already. Ask whoever runs this installation.")
    return has_door


def _setting(row: Provider) -> Setting:
    try:
        secret = encryption.decrypted(row.client_secret)
    except resolve_name("cryptography.fernet:InvalidToken"):
        raise Unavailable(
            "The secret of the provider cannot be read, because the key of this installation was changed. An "
            "administrator has to enter it again."
        ) from None
    return Setting(
        tenant_id=row.tenant_id, provider_id=row.id, tenant_name=people.own_tenant().name, issuer=row.issuer,
        client_id=row.client_id, secret=secret, domain=row.domain, default_role=row.default_role,
        group_claim=row.group_claim, group_roles=json.loads(row.group_roles),
    )  # fmt: skip
