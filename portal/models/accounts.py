"""Tenants, persons with what proves them, memberships, sign-ins, and the doors from a secret to a tenant."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.tenancy import StaffOnly, SupplierOwned, TheTenant, within


class Tenant(TheTenant, Base):
    """A sponsor."""

    __tablename__ = "tenant"

    name: Mapped[str] = mapped_column(String(200))
    contact_email: Mapped[str] = mapped_column(String(254), comment="whom suppliers may ask")
    security_email: Mapped[str | None] = mapped_column(
        String(254), comment="whom the portal warns (11.300(d)); none: the contact"
    )
    second_factor: Mapped[str] = mapped_column(
        String(10), default="offered", server_default="offered", comment="offered, or required of all staff"
    )
    created_at: Mapped[datetime]


class Person(Base):
    """One individual, for ever: deactivated, never deleted, never given to another (11.100(a))."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("email"),)

    email: Mapped[str] = mapped_column(String(254), comment="lower case; proved before it is stored")
    printed_name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200), default="")
    # Empty for whoever signs in through a provider alone.
    password_hash: Mapped[str] = mapped_column(String(200), info={"secret": True})
    credential_at: Mapped[datetime | None] = mapped_column(comment="when the password was chosen")
    stays_from: Mapped[datetime | None] = mapped_column(
        comment="stays begun before are over: a password or second factor changed since, or the person ended them"
    )
    created_at: Mapped[datetime]


class Authenticator(Base):
    """What a person proves himself with beside the password: an app's codes, a passkey, a recovery code."""

    __tablename__ = "authenticator"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10), comment="totp, passkey, recovery")
    name: Mapped[str] = mapped_column(String(100), comment="as its owner calls it")
    secret: Mapped[str] = mapped_column(
        Text, info={"secret": True}, comment="encrypted seed, public key, or digest of a recovery code"
    )
    handle: Mapped[str] = mapped_column(String(400), default="", comment="a passkey's credential id")
    counter: Mapped[int] = mapped_column(
        default=0, info={"untracked": True}, comment="last time step of a code, or a passkey's own count: never again"
    )
    added_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(info={"untracked": True})
    removed_at: Mapped[datetime | None]


class Reset(Base):
    """A way to choose a new password: one use, six hours, dead after any sign-in; the link's secret is in the door."""

    __tablename__ = "reset"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ProviderSubject(Base):
    """What an OpenID provider calls a person; the address may change there, this does not."""

    __tablename__ = "provider_subject"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[datetime]


class Membership(StaffOnly, Base):
    """A person's role with a sponsor; ended, never deleted."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("tenant_id", "person_id"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()


class StaffInvite(StaffOnly, Base):
    """An administrator's invitation to a colleague; the link's secret is in the door."""

    __tablename__ = "staff_invite"

    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    identity_how: Mapped[str] = mapped_column(
        String(300), default="", comment="how whoever invites knows who this is (11.100(b)); empty: not said yet"
    )
    invited_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    invited_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class AuditorGrant(StaffOnly, SupplierOwned, Base):
    """One supplier that an auditor may look at, and from when to when."""

    __tablename__ = "auditor_grant"
    __table_args__ = (
        within("membership_id", "membership"),
        within("supplier_id", "supplier"),
        Index(None, "tenant_id", "membership_id"),
    )

    membership_id: Mapped[UUID]
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date, comment="the last day, in UTC")
    given_by: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]


class Provider(StaffOnly, Base):
    """The OpenID provider through which a sponsor's staff sign in."""

    __tablename__ = "provider"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(200))
    client_secret: Mapped[str] = mapped_column(Text, info={"secret": True}, comment="encrypted")
    domain: Mapped[str] = mapped_column(String(253), comment="of the addresses that this provider answers for")
    default_role: Mapped[str] = mapped_column(String(20), default="", comment="empty: nobody joins by signing in")
    group_claim: Mapped[str] = mapped_column(String(60), default="groups")
    group_roles: Mapped[str] = mapped_column(Text, default="{}", comment="JSON: the provider's group -> role")
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SignIn(StaffOnly, Base):
    """One stay of a member of staff, kept on the server so that it can be ended from here."""

    __tablename__ = "sign_in"
    __table_args__ = (within("membership_id", "membership"),)

    membership_id: Mapped[UUID]
    origin: Mapped[str] = mapped_column(String(64))
    proved_by: Mapped[str] = mapped_column(
        String(40), default="password", server_default="password", comment="password, passkey, provider ..."
    )
    factor_due: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="the second factor is still to come: opens that page alone"
    )
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(info={"untracked": True})
    signing_since: Mapped[datetime | None] = mapped_column(
        info={"untracked": True}, comment="beginning of the continuous period of signing (11.200(a)(1)(i))"
    )
    signed_at: Mapped[datetime | None] = mapped_column(info={"untracked": True}, comment="last signing in the period")
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
