"""Suppliers, their sites and contacts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.tenancy import OneSupplier, StaffOnly, SupplierOwned, within

# SRM-1.0 step 1: three impact factors, four exposure factors, each 1 (very low) to 5 (critical).
IMPACT = ("impact_patient", "impact_data", "impact_supply")
EXPOSURE = ("exposure_connectivity", "exposure_complexity", "exposure_subcontracting", "exposure_history")
FACTORS = IMPACT + EXPOSURE
FACTOR_LABELS = {
    "impact_patient": "Patient and product",
    "impact_data": "Data",
    "impact_supply": "Supply",
    "exposure_connectivity": "Connectivity",
    "exposure_complexity": "System complexity",
    "exposure_subcontracting": "Subcontracting depth",
    "exposure_history": "Compliance history",
}


class Supplier(OneSupplier, Base):
    """A contract manufacturer of one sponsor."""

    __tablename__ = "supplier"
    __table_args__ = (
        UniqueConstraint("tenant_id", "legal_name"),
        Index(None, "tenant_id", "tier"),
        Index(None, "tenant_id", "rating"),
        Index(None, "tenant_id", "next_due"),
        *(CheckConstraint(f"{name} BETWEEN 1 AND 5", name=name) for name in FACTORS),
    )

    legal_name: Mapped[str] = mapped_column(String(200))
    services: Mapped[str] = mapped_column(Text, default="")
    impact_patient: Mapped[int | None]
    impact_data: Mapped[int | None]
    impact_supply: Mapped[int | None]
    exposure_connectivity: Mapped[int | None]
    exposure_complexity: Mapped[int | None]
    exposure_subcontracting: Mapped[int | None]
    exposure_history: Mapped[int | None]
    inherent: Mapped[int | None] = mapped_column(comment="level 1-5, computed from the seven factors")
    tier: Mapped[int | None] = mapped_column(comment="1-4, from the inherent level")
    status: Mapped[str] = mapped_column(String(30), default="prospective")
    rating: Mapped[int | None] = mapped_column(comment="worst final rating of the latest closed assessments")
    next_due: Mapped[date | None] = mapped_column(Date, comment="earliest due date of what is open")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1, info={"untracked": True})

    sites: Mapped[list[Site]] = relationship(
        order_by="Site.name",
        primaryjoin="and_(foreign(Site.supplier_id) == Supplier.id, Site.tenant_id == Supplier.tenant_id)",
    )
    contacts: Mapped[list[Contact]] = relationship(
        order_by="Contact.name",
        primaryjoin="and_(foreign(Contact.supplier_id) == Supplier.id, Contact.tenant_id == Supplier.tenant_id)",
    )

    # Counted by whoever changes the profile: what follows from assessments must not make an open form stale.
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012


class Site(StaffOnly, SupplierOwned, Base):
    """A place where the supplier works for the sponsor."""

    __tablename__ = "site"
    __table_args__ = (within("supplier_id", "supplier"), UniqueConstraint("tenant_id", "supplier_id", "name"))

    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(80))
    services: Mapped[str] = mapped_column(String(500), default="")


class Contact(StaffOnly, SupplierOwned, Base):
    """A person at the supplier to whom questionnaires may go."""

    __tablename__ = "contact"
    __table_args__ = (
        within("supplier_id", "supplier"),
        UniqueConstraint("tenant_id", "supplier_id", "email"),
    )

    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    position: Mapped[str] = mapped_column(String(200), default="")
