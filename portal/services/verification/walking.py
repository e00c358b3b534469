"""Going through every row of a table, and naming what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, String, func, select, type_coerce
from sqlalchemy.exc import OperationalError

from portal.db import Base, db

Row = TypeVar("Row", bound=Base)
BATCH = 1000
# How a record is named to whoever has to look for it.
PLACES = {
    "AuditEntry": "entry {0.number} ({0.action} {0.record_type} {0.record_id})",
    "FrozenDocument": "{0.kind} {0.key} {0.version}",
    "Evidence": "evidence {0.name} ({0.digest:.16}) of question {0.question_id}",
    "Signature": "signature {0.id} on {0.record_type} {0.record_id}",
    "ReviewMark": "review mark of {0.from_on} to {0.until_on} by {0.by}",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that verification found wrong: where and what kind."""

    place: str
    kind: str


def each(model: type[Row], check: Callable[[Row], Iterable[str]], *order: Any) -> tuple[int, list[Damage]]:
    """Check every row of the scope; return how many there are and what is wrong with them."""
    count, damages = 0, []
    for rows in batches(model, *order):
        for row in rows:
            count += 1
            damages += [row] if isinstance(row, Damage) else checked(row, check)
    return count, damages


def checked(row: Row, check: Callable[[Row], Iterable[str]]) -> list[Damage]:
    """Return what is wrong with one row."""
    damages: list[Damage] = []
    try:
        damages.extend(Damage(place(row), kind) for kind in check(row))
    except Exception as error:  # whatever an altered value makes a check stumble over, its record is named
        damages.append(Damage(place(row), f"cannot be checked ({type(error).__name__})"))
    return damages


def batches(model: type[Row], *order: Any) -> Iterator[list[Row | Damage]]:
    """Yield the rows of the scope, some at a time, so that memory stays bounded."""
    count = db.session.scalar(select(func.count()).select_from(model)) or 0
    for start in range(0, count, BATCH):
        yield list(_span(model, order or (model.id,), start, BATCH))


def _span(model: type[Row], order: Sequence[ColumnElement[Any]], start: int, length: int) -> Iterator[Row | Damage]:
    """Yield a span of rows; halve what cannot be read until the one row to blame stands alone."""
    try:
        rows = db.session.scalars(select(model).order_by(*order).offset(start).limit(length)).all()
    except (ValueError, TypeError, OperationalError):
        if length > 1:
            half = length // 2
            yield from _span(model, order, start, half)
            yield from _span(model, order, start + half, length - half)
            return
        row_id = db.session.scalar(select(type_coerce(model.id, String)).order_by(*order).offset(start).limit(1))
        yield Damage(f"{model.__name__} {row_id}", "cannot be read: a value is not of its kind")
    else:
        yield from rows


def place(row: Base) -> str:
    """Name a record to whoever has to look for it."""
    return PLACES.get(type(row).__name__, "{0.__class__.__name__} {0.id}").format(row)
