"""Electronic signatures: who signed which content, when, meaning what (11.50, 11.70)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.tenancy import AssessmentOwned, within


class Signature(AssessmentOwned, Base):
    """One signature, bound to the digest of what was signed and sealed together with it."""

    __tablename__ = "signature"
    __table_args__ = (
        within("assessment_id", "assessment"),
        Index(None, "tenant_id", "record_id"),
    )

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
