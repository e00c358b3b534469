"""Work that follows a change: a row in the same transaction, so that neither happens without the other."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base


class OutboxRow(Base):
    """A job to do for a tenant. It holds ids alone, so that the runner may see every tenant's rows."""

    __tablename__ = "outbox"
    __audited__ = False
    __table_args__ = (Index(None, "state", "due_at"),)

    for_tenant: Mapped[UUID]
    job: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(10), default="waiting", comment="waiting, done, failed")
    attempts: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(comment="not before; also the end of a running attempt's lease")
    done_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")


class Timetable(Base):
    """When a recurring task last ran, so that of several processes one does it."""

    __tablename__ = "timetable"
    __audited__ = False
    __table_args__ = (UniqueConstraint("task"),)

    task: Mapped[str] = mapped_column(String(60))
    ran_at: Mapped[datetime]
