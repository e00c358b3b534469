"""The signing instruction: its present version, and who acknowledged it before the first signature (11.10(i), (j))."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from uuid import UUID

from sqlalchemy import select

from portal import manifest
from portal.db import db, now
from portal.errors import Invalid
from portal.models.signatures import Acknowledgement

FIELD = "acknowledged"
READ_IT = "Read the signing instruction and tick the box below it. Nothing was signed."


@dataclass(frozen=True, slots=True)
class Instruction:
    """One version of what a signer has to know and accept."""

    version: str
    text: str

    @property
    def digest(self) -> str:
        """Return the digest of the text, so that a version means one wording for ever."""
        return manifest.text_digest(self.text)

    @property
    def paragraphs(self) -> list[str]:
        """Return the text as paragraphs."""
        return self.text.strip().split("\n\n")


@cache
def present() -> Instruction:
    """Return the newest version that ships with the portal."""
    names = [file.name for file in files("portal").joinpath("instructions").iterdir() if file.name.endswith(".md")]
    versions = [name.removeprefix("signing-").removesuffix(".md") for name in names]
    newest = max(versions, key=lambda version: [int(part) for part in version.split(".")])
    text = files("portal").joinpath(f"instructions/signing-{newest}.md").read_text(encoding="utf-8")
    return Instruction(newest, text)


def due(person_id: UUID | None) -> Instruction | None:
    """Return the instruction that a person has not acknowledged to this sponsor yet, or nothing."""
    found = present()
    statement = select(Acknowledgement.id).where(
        Acknowledgement.person_id == person_id, Acknowledgement.version == found.version
    )
    return found if db.session.scalar(statement) is None else None


def acknowledge(person_id: UUID, *, given: bool) -> None:
    """Put a person's acknowledgement on record, once for each version; raise Invalid if it is due and not given."""
    instruction = due(person_id)
    if instruction is None:
        return
    if not given:
        raise Invalid(READ_IT, field=FIELD)
    db.session.add(
        Acknowledgement(person_id=person_id, version=instruction.version, digest=instruction.digest, at=now())
    )
