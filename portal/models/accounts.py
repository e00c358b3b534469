"""Tenants, persons and their memberships, sign-ins, and the doors that lead from a secret to a tenant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.tenancy import StaffOnly, within


class Tenant(Base):
    """A sponsor."""

    __tablename__ = "tenant"

    name: Mapped[str] = mapped_column(String(200))
    contact_email: Mapped[str] = mapped_column(String(254), comment="whom suppliers may ask")
    created_at: Mapped[datetime]


class Person(Base):
    """One individual, for ever: deactivated, never deleted, never given to another (11.100(a))."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("email"),)

    email: Mapped[str] = mapped_column(String(254), comment="lower case; proved before it is stored")
    printed_name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str] = mapped_column(String(200), info={"secret": True})
    created_at: Mapped[datetime]


class Membership(StaffOnly, Base):
    """A person's role with a sponsor; ended, never deleted."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("tenant_id", "person_id"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


class SignIn(StaffOnly, Base):
    """One stay of a member of staff, kept on the server so that it can be ended from here."""

    __tablename__ = "sign_in"
    __table_args__ = (within("membership_id", "membership"),)

    membership_id: Mapped[UUID]
    origin: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(info={"untracked": True})
    ended_at: Mapped[datetime | None]


class Door(Base):
    """From the digest of a secret to the tenant and row that it opens; it holds no name and no content.

    Whoever knocks is not known yet, so this table stands outside the walls: sign-in, session and invite
    secrets are looked up here, and only then is the tenant's scope entered.
    """

    __tablename__ = "door"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("kind", "digest", "subject_id"),
        Index(None, "subject_id"),
    )

    kind: Mapped[str] = mapped_column(String(10), comment="person, sign_in, invite, visit")
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the secret or of the person's id")
    for_tenant: Mapped[UUID]
    subject_id: Mapped[UUID]
    made_at: Mapped[datetime]


class Throttle(Base):
    """Counts tries against one thing in one period: guessing a password, asking for codes."""

    __tablename__ = "throttle"
    __audited__ = False
    __table_args__ = (UniqueConstraint("key"),)

    key: Mapped[str] = mapped_column(String(64), comment="digest of what is counted")
    count: Mapped[int] = mapped_column(Integer, default=0)
    since: Mapped[datetime]
