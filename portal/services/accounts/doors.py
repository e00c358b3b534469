"""From a secret that somebody shows to the tenant's row that it opens."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

from sqlalchemy import select

from portal import tenancy
from portal.db import Base, db, now
from portal.models.accounts import Door


def digest(secret: str) -> str:
    """Return what is stored of a secret: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def cut(kind: str, row: Base, secret: str = "") -> str:
    """Make a door to a row of the present tenant and return its secret: 256 random bits, kept as digest only."""
    secret = secret or secrets.token_urlsafe(32)
    db.session.add(
        Door(
            kind=kind,
            digest=digest(secret),
            for_tenant=tenancy.scope().tenant_id,
            subject_id=row.id,
            made_at=now(),
        )
    )
    return secret


def behind(kind: str, secret: str) -> list[tuple[UUID, UUID]]:
    """Return (tenant, row) for each door that a secret opens; the session is unscoped and only reads."""
    tenancy.enter_unscoped(writes=False)
    statement = select(Door.for_tenant, Door.subject_id).where(Door.kind == kind, Door.digest == digest(secret))
    return [(tenant_id, subject_id) for tenant_id, subject_id in db.session.execute(statement)]
