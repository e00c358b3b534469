"""The audit trail: one entry for each change, the sealed head of each tenant's chain, and marks of its review."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base
from portal.tenancy import StaffOnly, TenantOwned, Told


class AuditEntry(Told, Base):
    """One act: who, when, from where, which record, old -> new, and why (11.10(e), Annex 11 9)."""

    __tablename__ = "audit_entry"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        Index(None, "tenant_id", "supplier_id"),
        Index(None, "tenant_id", "assessment_id"),
        Index(None, "tenant_id", "record_id"),
    )

    number: Mapped[int] = mapped_column(comment="place in the tenant's chain, from 1, without gaps")
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(200))
    actor_role: Mapped[str] = mapped_column(String(20))
    origin: Mapped[str] = mapped_column(String(64), comment="network address, or 'portal'")
    request_id: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(60), comment="created, changed, deleted, or noun.event")
    record_type: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[UUID | None]
    changes: Mapped[str] = mapped_column(Text, comment="canonical JSON: field -> [old, new]")
    reason: Mapped[str] = mapped_column(Text, default="")
    previous: Mapped[str] = mapped_column(String(64), comment="digest of the entry before")
    digest: Mapped[str] = mapped_column(String(64))


class AuditHead(TenantOwned, Base):
    """The end of a tenant's chain, sealed with a key that the database does not hold."""

    __tablename__ = "audit_head"
    __audited__ = False
    __table_args__ = (UniqueConstraint("tenant_id"),)

    number: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64), default="0" * 64)
    seal: Mapped[str] = mapped_column(String(64), default="")
    at: Mapped[datetime | None] = mapped_column(comment="when the newest entry was written")


class ReviewMark(StaffOnly, Base):
    """A signed statement that the trail, or who may do what, was looked through (Annex 11 9 and 12.3)."""

    __tablename__ = "review_mark"

    kind: Mapped[str] = mapped_column(String(10), comment="trail or access")
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    content: Mapped[str] = mapped_column(Text, info={"secret": True}, comment="canonical JSON of what was looked at")
    digest: Mapped[str] = mapped_column(String(64))
    remark: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
