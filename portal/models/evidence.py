"""Evidence: which file was attached to which question; the bytes are in the store, by digest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.tenancy import AssessmentOwned, within


class Evidence(AssessmentOwned, Base):
    """A file under a question. It can be withdrawn with a reason, never destroyed."""

    __tablename__ = "evidence"
    __table_args__ = (
        within("assessment_id", "assessment"),
        Index(None, "tenant_id", "assessment_id", "question_id"),
    )

    question_id: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200), comment="for showing; never part of a path")
    size: Mapped[int] = mapped_column(BigInteger, comment="bytes")
    digest: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(100), comment="by content, not by name")
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(200), default="")
    withdrawn_because: Mapped[str] = mapped_column(Text, default="")
