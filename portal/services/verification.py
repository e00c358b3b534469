"""Verifying what the portal holds: the chain of the trail, and each record against trail, digest and signature.

Nothing here trusts a stored value: what can no longer be read is named like any other damage (11.10(a)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, String, func, select, type_coerce
from sqlalchemy.exc import OperationalError

from portal import audit, manifest
from portal.db import Base, db
from portal.models.assessments import Assessment, FrozenDocument, Rating, Submission
from portal.models.audit import AuditEntry, AuditHead
from portal.models.evidence import Evidence
from portal.models.signatures import Signature
from portal.services import signatures
from portal.services.assessments import answers, reviewing, submitting
from portal.store import Damaged, store
from portal.tenancy import TenantOwned

Row = TypeVar("Row", bound=Base)
BATCH = 1000
# What a signature must still fit, as it is now.
CONTENTS: Mapping[str, tuple[type[Base], Callable[[Any], str]]] = {
    "Submission": (Submission, lambda row: manifest.text_digest(row.content)),
    "Rating": (Rating, reviewing.content_digest),
}
# How a record is named to whoever has to look for it.
PLACES = {
    "AuditEntry": "entry {0.number} ({0.action} {0.record_type} {0.record_id})",
    "FrozenDocument": "{0.kind} {0.key} {0.version}",
    "Evidence": "evidence {0.name} ({0.digest:.16}) of question {0.question_id}",
    "Signature": "signature {0.id} on {0.record_type} {0.record_id}",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that verification found wrong: where and what kind."""

    place: str
    kind: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was recomputed, the head that the trail ends with, and every damage that was found."""

    entries: int
    head: str
    signatures: int
    files: int
    documents: int
    damages: Sequence[Damage]


def verify() -> Verified:
    """Recompute all that the scope's tenant holds, as of one moment."""
    _at_one_moment()
    chain = _Chain()
    entries, damages = _each(AuditEntry, chain.follow, AuditEntry.number)
    damages += _head(chain)
    documents, broken = _each(FrozenDocument, _document)
    damages += broken
    damages += [*_each(Submission, _submission)[1], *_each(Rating, _rating)[1]]
    signed, broken = _each(Signature, _signature)
    damages += [*broken, *_against_trail(chain.said)]
    files, lost = _files()
    damages += lost
    return Verified(entries, f"{chain.number}:{chain.previous}", signed, files, documents, damages)


def _at_one_moment() -> None:
    """Let every pass see the same rows: what others write meanwhile would look like damage."""
    if db.engine.dialect.name == "postgresql":
        db.session.rollback()
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


class _Chain:
    """Follows the trail from its first entry and remembers what it said last of each record."""

    def __init__(self) -> None:
        self.number, self.previous = 0, audit.START
        self.said: dict[tuple[str, UUID], dict[str, Any]] = {}

    def follow(self, entry: AuditEntry) -> Iterator[str]:
        number, previous = self.number, self.previous
        self.number, self.previous = entry.number, entry.digest
        if entry.number != number + 1:
            yield f"comes directly after entry {number}: an entry is missing or out of place"
        elif entry.previous != previous:
            yield "does not follow the entry before it"
        row = {name: getattr(entry, name) for name in (*audit.COVERED, "tenant_id", "previous")}
        if not manifest.same(audit.digest_of(row), entry.digest):
            yield "content was altered"
        self._remember(entry)

    def _remember(self, entry: AuditEntry) -> None:
        if entry.record_id is None or entry.action not in {"created", "changed", "deleted"}:
            return
        record = (entry.record_type, entry.record_id)
        if entry.action == "deleted":
            self.said.pop(record, None)
        else:
            new = {field: values[1] for field, values in audit.told(entry).items()}
            self.said.setdefault(record, {}).update(new)


def _head(chain: _Chain) -> Iterator[Damage]:
    head = db.session.scalar(select(AuditHead))
    if head is None:
        yield Damage("head", "the sealed head is missing")
    elif (head.number, head.digest) != (chain.number, chain.previous):
        yield Damage("head", f"history ends at {chain.number}, the sealed head is {head.number}")
    elif not manifest.same(head.seal, audit.seal_of(head.tenant_id, head.number, head.digest)):
        yield Damage("head", "the seal does not fit: the chain was made again without the key")


def _document(row: FrozenDocument) -> Iterator[str]:
    if manifest.text_digest(row.body) != row.digest:
        yield "its text was altered"


def _submission(row: Submission) -> Iterator[str]:
    if manifest.text_digest(row.content) != row.digest:
        yield "its content was altered"
        return
    assessment = db.session.scalars(select(Assessment).where(Assessment.id == row.assessment_id)).one()
    # Earlier submissions were followed by other answers, and after a return the supplier is changing them.
    if assessment.state == "returned" or row.number != submitting.latest_number(assessment):
        return
    signed, present = manifest.parsed(row.content), manifest.plain(submitting.content(answers.view(assessment)))
    before, after = ({item["question"]: item for item in said["answers"]} for said in (signed, present))
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield f"answer {key} differs from what was signed"


def _rating(row: Rating) -> Iterator[str]:
    if not reviewing.recomputes(row):
        yield "its input does not give its result"


def _signature(row: Signature) -> Iterator[str]:
    yield from signatures.damage(row)
    model, digest = CONTENTS[row.record_type]
    record = db.session.scalar(select(model).where(model.id == row.record_id))
    if record is None or digest(record) != row.record_digest:
        yield "the signed content was altered or is missing"


def _files() -> tuple[int, list[Damage]]:
    """Check each file once; the database is let go before, as reading gigabytes must hold up nobody's writing."""
    places: dict[str, str] = {}
    _, damages = _each(Evidence, lambda row: places.setdefault(row.digest, _place(row)) and ())
    db.session.rollback()
    for digest, place in places.items():
        try:
            store().check(digest)
        except Damaged as error:
            damages.append(Damage(place, error.fault))
        except ValueError:
            damages.append(Damage(place, "its digest was altered"))
    return len(places), damages


def _against_trail(said: dict[tuple[str, UUID], dict[str, Any]]) -> list[Damage]:
    """Compare each record with what the trail said last of it: whoever changes one past the trail is found."""
    damages: list[Damage] = []

    def check(row: Base) -> Iterator[str]:
        fields = said.pop((type(row).__name__, row.id), None)
        if fields is None:
            yield "is not in the trail"
            return
        for key, secret in audit.tracked(type(row)):
            if not secret and manifest.plain(getattr(row, key)) != fields.get(key):
                yield f"{key} differs from what the trail says"

    followed = {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers if _followed(mapper.class_)}
    for name in sorted(followed):
        damages += _each(followed[name], check)[1]
    return damages + [Damage(f"{name} {row_id}", "is missing") for name, row_id in said if name in followed]


def _followed(model: type[Any]) -> bool:
    """Tell whether all that happens to a table's rows is in the trail of one tenant."""
    return audit.audited(model) and issubclass(model, TenantOwned)


def _each(model: type[Row], check: Callable[[Row], Iterable[str]], *order: Any) -> tuple[int, list[Damage]]:
    """Check every row of the tenant; return how many there are and what is wrong with them."""
    count, damages = 0, []
    for row in _rows(model, *order):
        count += 1
        if isinstance(row, Damage):
            damages.append(row)
            continue
        try:
            damages.extend(Damage(_place(row), kind) for kind in check(row))
        except Exception as error:  # whatever an altered value makes a check stumble over, its record is named
            damages.append(Damage(_place(row), f"cannot be checked ({type(error).__name__})"))
    return count, damages


def _rows(model: type[Row], *order: Any) -> Iterator[Row | Damage]:
    count = db.session.scalar(select(func.count()).select_from(model)) or 0
    for start in range(0, count, BATCH):
        yield from _span(model, order or (model.id,), start, BATCH)


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


def _place(row: Base) -> str:
    return PLACES.get(type(row).__name__, "{0.__class__.__name__} {0.id}").format(row)
