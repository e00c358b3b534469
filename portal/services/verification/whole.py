"""All that one sponsor holds, recomputed as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal import manifest
from portal.db import Base, db
from portal.models.assessments import Assessment, FrozenDocument, Rating, Submission
from portal.models.audit import AuditEntry, ReviewMark
from portal.models.evidence import Evidence
from portal.models.signatures import Signature
from portal.services import signatures
from portal.services.assessments import answers, reviewing, submitting
from portal.services.audit.heads import Head
from portal.services.verification import records
from portal.services.verification.chain import Chain
from portal.services.verification.walking import Damage, each, place
from portal.store import Damaged, store

# What a signature must still fit, as it is now.
CONTENTS: Mapping[str, tuple[type[Base], Callable[[Any], str]]] = {
    "Submission": (Submission, lambda row: manifest.text_digest(row.content)),
    "Rating": (Rating, reviewing.content_digest),
    "ReviewMark": (ReviewMark, lambda row: manifest.text_digest(row.content)),
}


@dataclass(frozen=True, slots=True)
class Verified:
    """What was recomputed, the head that the trail ends with, and every damage that was found."""

    entries: int
    head: str
    signatures: int
    files: int
    documents: int
    damages: Sequence[Damage]


def verify(outside: Sequence[Head] = ()) -> Verified:
    """Recompute all that the scope's tenant holds, and compare it with its heads that were kept outside."""
    _at_one_moment()
    chain = Chain(outside)
    entries, damages = each(AuditEntry, chain.follow, AuditEntry.number)
    damages += chain.end()
    documents, broken = each(FrozenDocument, _document)
    damages += broken
    damages += [*each(Submission, _submission)[1], *each(Rating, _rating)[1], *each(ReviewMark, _mark)[1]]
    signed, broken = each(Signature, _signature)
    damages += [*broken, *records.against_trail()]
    files, lost = _files()
    # A row that cannot be read is met by every pass over its table.
    found = list(dict.fromkeys([*damages, *lost]))
    return Verified(entries, f"{chain.number}:{chain.previous}", signed, files, documents, found)


def _at_one_moment() -> None:
    """Let every pass see the same rows: what others write meanwhile would look like damage."""
    if db.engine.dialect.name == "postgresql":
        db.session.rollback()
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


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


def _mark(row: ReviewMark) -> Iterator[str]:
    if manifest.text_digest(row.content) != row.digest:
        yield "its content was altered"


def _signature(row: Signature) -> Iterator[str]:
    yield from signatures.damage(row)
    model, digest = CONTENTS[row.record_type]
    record = db.session.scalar(select(model).where(model.id == row.record_id))
    if record is None or digest(record) != row.record_digest:
        yield "the signed content was altered or is missing"


def _files() -> tuple[int, list[Damage]]:
    """Check each file once; the database is let go before, as reading gigabytes must hold up nobody's writing."""
    places: dict[str, str] = {}
    _, damages = each(Evidence, lambda row: places.setdefault(row.digest, place(row)) and ())
    db.session.rollback()
    for digest, where in places.items():
        try:
            store().check(digest)
        except Damaged as error:
            damages.append(Damage(where, error.fault))
        except ValueError:
            damages.append(Damage(where, "its digest was altered"))
    return len(places), damages
