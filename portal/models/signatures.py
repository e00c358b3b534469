"""Electronic signatures: who signed which content, when, meaning what (11.50, 11.70), and what comes before one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.tenancy import AssessmentOwned, TenantOwned, within


class Signature(AssessmentOwned, Base):
    """One signature, bound to the digest of what was signed and sealed together with it."""

    __tablename__ = "signature"
    __table_args__ = (
        within("assessment_id", "assessment"),
        Index(None, "tenant_id", "record_id"),
    )

    assessment_id: Mapped[UUID | None] = mapped_column(index=True)  # type: ignore[assignment]  # a mark has none
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    printed_name: Mapped[str] = mapped_column(String(200), comment="as it was when signing")
    title: Mapped[str] = mapped_column(String(200))
    meaning: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]
    record_type: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[UUID]
    record_digest: Mapped[str] = mapped_column(String(64))
    components: Mapped[str] = mapped_column(String(60), comment="what was proved: identity and password")
    digest: Mapped[str] = mapped_column(String(64), comment="of all of the above")
    seal: Mapped[str] = mapped_column(String(64), comment="keyed digest: a copied row does not carry it")


class Confirmation(TenantOwned, Base):
    """Who confirmed to this sponsor that a signing identity is the individual whom it names, and how (11.100(b))."""

    __tablename__ = "confirmation"
    __table_args__ = (UniqueConstraint("tenant_id", "person_id"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    by: Mapped[str] = mapped_column(String(200))
    by_kind: Mapped[str] = mapped_column(String(12), comment="staff, cmo, or system for the operator")
    how: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]


class Acknowledgement(TenantOwned, Base):
    """A person's word that the signature binds like one on paper, and which instruction was read (11.10(i), (j))."""

    __tablename__ = "acknowledgement"
    __table_args__ = (UniqueConstraint("tenant_id", "person_id", "version"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    version: Mapped[str] = mapped_column(String(20), comment="of the signing instruction")
    digest: Mapped[str] = mapped_column(String(64), comment="of its text")
    at: Mapped[datetime]
