"""Each record against what the trail said last of it: whoever changes one past the trail is found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import String, exists, select, type_coerce
from sqlalchemy.exc import OperationalError

from portal import audit, manifest, tenancy
from portal.db import Base, db
from portal.models.audit import AuditEntry
from portal.services.verification import walking
from portal.services.verification.walking import Damage
from portal.tenancy import TenantOwned

ACTS = ("created", "changed", "deleted")
# Field -> (when it was said, value); of a record.
Said = dict[str, tuple[Any, Any]]


def against_trail() -> list[Damage]:
    """Compare each record of the scope's tenant with its entries, table by table and some at a time."""
    damages: list[Damage] = []
    for model in _followed(owned=True):
        for rows in walking.batches(model):
            said = _said(model, [row.id for row in rows if isinstance(row, Base)])
            for row in rows:
                damages += [row] if isinstance(row, Damage) else _compared(row, said)
        damages += _missing(model)
    return damages


def shared_against_trails(tenants: Sequence[UUID]) -> list[Damage]:
    """Compare what no sponsor owns, such as people, with the entries of all sponsors, of which the newest counts."""
    said: dict[type[Base], dict[UUID, Said]] = {model: {} for model in _followed(owned=False)}
    for tenant_id in tenants:
        tenancy.enter(tenancy.system(tenant_id, "verify", writes=False))
        for model, known in said.items():
            for row_id, fields in _said(model).items():
                _merge(known.setdefault(row_id, {}), fields)
    tenancy.enter_unscoped(writes=False)
    damages = []
    for model, known in said.items():
        present = set()
        for rows in walking.batches(model):
            for row in rows:
                damages += [row] if isinstance(row, Damage) else _compared(row, known)
                present.add(getattr(row, "id", None))
        damages += [Damage(f"{model.__name__} {row_id}", "is missing") for row_id in known if row_id not in present]
    return damages


def _followed(*, owned: bool) -> list[type[Base]]:
    """Return the tables whose rows have all their changes in the trail: the sponsors' own, or the shared ones."""
    models = (mapper.class_ for mapper in Base.registry.mappers)
    found = [model for model in models if audit.audited(model) and issubclass(model, TenantOwned) == owned]
    return sorted(found, key=lambda model: model.__name__)


def _compared(row: Base, said: Mapping[UUID, Said]) -> list[Damage]:
    def check(row: Base) -> Iterator[str]:
        fields = said.get(row.id)
        if fields is None:
            yield "is not in the trail"
            return
        for key, secret in audit.tracked(type(row)):
            if not secret and manifest.plain(getattr(row, key)) != fields.get(key, (None, None))[1]:
                yield f"{key} differs from what the trail says"

    return walking.checked(row, check)


def _said(model: type[Base], ids: Sequence[UUID] | None = None) -> dict[UUID, Said]:
    """Return what the entries of the scope say last of some rows, or of all."""
    try:
        return _folded(model, ids)
    except (ValueError, TypeError, OperationalError):
        # An entry that cannot be read; the chain names it. Halved, until only its own record goes without.
        if ids is None or len(ids) < 2:
            return {}
        half = len(ids) // 2
        return _said(model, ids[:half]) | _said(model, ids[half:])


def _folded(model: type[Base], ids: Sequence[UUID] | None) -> dict[UUID, Said]:
    statement = select(AuditEntry.record_id, AuditEntry.action, AuditEntry.at, AuditEntry.changes).where(
        AuditEntry.record_type == model.__name__, AuditEntry.action.in_(ACTS)
    )
    if ids is not None:
        statement = statement.where(AuditEntry.record_id.in_(ids))
    said: dict[UUID, Said] = {}
    for row_id, action, at, changes in db.session.execute(statement.order_by(AuditEntry.number)):
        if row_id is None:
            continue
        if action == "deleted":
            said.pop(row_id, None)
        else:
            said.setdefault(row_id, {}).update(_new(at, changes))
    return said


def _new(at: Any, changes: str) -> Said:
    """Return the new values of an entry; of one that cannot be read, which the chain names, nothing."""
    try:
        return {field: (at, values[1]) for field, values in json.loads(changes).items()}
    except (ValueError, TypeError, LookupError, AttributeError):
        return {}


def _merge(known: Said, fields: Said) -> None:
    for field, (at, value) in fields.items():
        if field not in known or known[field][0] <= at:
            known[field] = at, value


def _missing(model: type[Base]) -> list[Damage]:
    """Name what the trail says was created, and what is there no more though nobody deleted it."""
    of_kind = AuditEntry.record_type == model.__name__
    gone = select(AuditEntry.record_id).where(of_kind, AuditEntry.action == "deleted")
    statement = select(type_coerce(AuditEntry.record_id, String)).where(
        of_kind, AuditEntry.action == "created", ~exists().where(model.id == AuditEntry.record_id),
        AuditEntry.record_id.not_in(gone),
    )  # fmt: skip
    return [Damage(f"{model.__name__} {_id(row_id)}", "is missing") for row_id in db.session.scalars(statement)]


def _id(text: Any) -> str:
    """Write an id as people see it elsewhere, whatever the database keeps."""
    try:
        return str(UUID(str(text)))
    except ValueError:
        return str(text)
