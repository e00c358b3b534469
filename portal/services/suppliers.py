"""Suppliers: list, create, describe; their sites and contacts; what their profile says about inherent risk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select
from sqlalchemy.orm import selectinload

from portal import audit, tenancy
from portal.db import db, now
from portal.errors import Conflict, Invalid
from portal.models.accounts import Tenant
from portal.models.assessments import Assessment, Rating
from portal.models.suppliers import EXPOSURE, FACTORS, IMPACT, Contact, Site, Supplier
from portal.services.audit import reasons
from questionnaires import lifecycle
from scoring import risk, rubric

PAGE = 25
# The method by which profiles are read; an assessment pins its own at sending.
METHOD = "SRM-1.0"
STATUSES = {
    "prospective": "Prospective",
    "under_assessment": "Under assessment",
    "assessed": "Assessed",
}
CHANGED = "Somebody else changed this profile meanwhile. Compare both, then open it again."
USED = "This form has added a supplier already. Compare both; for a second supplier, open Add supplier again."
TIERS = range(1, 5)
# What stands in the address of the list for suppliers without a rating.
NOT_RATED = 0
SORTS: Mapping[str, Any] = {
    "name": func.lower(Supplier.legal_name),
    "sites": select(func.count()).where(Site.supplier_id == Supplier.id).correlate(Supplier).scalar_subquery(),
    "tier": Supplier.tier,
    "status": Supplier.status,
    "rating": Supplier.rating,
    "due": Supplier.next_due,
}

SITES: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "none": lambda count: count == 0,
    "one": lambda count: count == 1,
    "several": lambda count: count > 1,
}
DUE: Mapping[str, Callable[[date], ColumnElement[bool]]] = {
    "overdue": lambda today: Supplier.next_due < today,
    "open": lambda _today: Supplier.next_due.is_not(None),
    "nothing": lambda _today: Supplier.next_due.is_(None),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is to show: free text, exact filters, order and page."""

    text: str = ""
    sites: str = ""
    tier: int | None = None
    status: str = ""
    rating: int | None = None
    due: str = ""
    sort: str = "name"
    descending: bool = False
    page: int = 1

    @property
    def filtered(self) -> bool:
        """Tell whether anything is left out of the list."""
        return any((self.text, self.sites, self.tier, self.status, self.rating is not None, self.due))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list."""

    rows: Sequence[Supplier]
    total: int
    page: int
    pages: int


def find(wanted: Wanted, *, today: date) -> Page:
    """Return a page of suppliers, filtered and sorted by the database, in a constant number of statements."""
    found = _filtered(select(Supplier), wanted, today)
    total = db.session.scalar(_filtered(select(func.count()).select_from(Supplier), wanted, today)) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    key = SORTS.get(wanted.sort, SORTS["name"])
    order = (key.desc() if wanted.descending else key.asc()).nulls_last()
    rows = db.session.scalars(
        found.options(selectinload(Supplier.sites))
        .order_by(order, SORTS["name"], Supplier.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return Page(rows, total, page, pages)


def _filtered(statement: Select[Any], wanted: Wanted, today: date) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.text:
        conditions.append(_mentions(wanted.text))
    if wanted.sites in SITES:
        conditions.append(SITES[wanted.sites](SORTS["sites"]))
    if wanted.tier in TIERS:
        conditions.append(Supplier.tier == wanted.tier)
    if wanted.status in STATUSES:
        conditions.append(Supplier.status == wanted.status)
    if wanted.rating in risk.LEVELS:
        conditions.append(Supplier.rating == wanted.rating)
    elif wanted.rating == NOT_RATED:
        conditions.append(Supplier.rating.is_(None))
    if wanted.due in DUE:
        conditions.append(DUE[wanted.due](today))
    return statement.where(*conditions)


def _mentions(words: str) -> ColumnElement[bool]:
    """Match a text in the name, a site or a country; what a person types is literal, wildcards included."""
    if "\0" in words:
        return false()  # no text holds one, and PostgreSQL would refuse to look for it
    at_a_site = exists().where(
        Site.supplier_id == Supplier.id,
        or_(Site.name.icontains(words, autoescape=True), Site.country.icontains(words, autoescape=True)),
    )
    return or_(Supplier.legal_name.icontains(words, autoescape=True), at_a_site)


def get(supplier_id: UUID) -> Supplier:
    """Return a supplier of the present sponsor; raise NotFound otherwise."""
    return tenancy.fetch(Supplier, supplier_id)


def create(*, supplier_id: UUID, legal_name: str, services: str, factors: Mapping[str, int | None]) -> Supplier:
    """Create a supplier under the id that the form carried, so that a doubled submit makes one.

    Raises Invalid for a name that is taken, Conflict if the form has made a supplier that differs.
    """
    _one_at_a_time()
    given = _profile(legal_name, services, factors)
    existing = db.session.scalar(select(Supplier).where(Supplier.id == supplier_id))
    if existing is not None:
        if _differing(existing, given):
            raise _conflict(existing, given, USED)
        return existing
    _refuse_known_name(legal_name, supplier_id)
    supplier = Supplier(id=supplier_id, created_at=now())
    db.session.add(supplier)
    _apply(supplier, given)
    return supplier


def change(
    *,
    supplier: Supplier,
    version: int,
    legal_name: str,
    services: str,
    factors: Mapping[str, int | None],
    reason: str,
) -> Supplier:
    """Change the profile.

    Raises Conflict if somebody else did meanwhile, Invalid for a name that is taken, and without a reason once a
    questionnaire was sent.
    """
    # Of two who save at the same moment, the second waits here and finds what the first one saved.
    supplier = tenancy.fetch(Supplier, supplier.id, lock=True)
    given = _profile(legal_name, services, factors)
    if supplier.version != version:
        raise _conflict(supplier, given, CHANGED)
    _refuse_known_name(legal_name, supplier.id)
    if _differing(supplier, given) and needs_reason(supplier):
        reasons.demand(reason, "Say in a few words why you change this profile: a questionnaire rests on it.")
    audit.because(reason)
    _apply(supplier, given)
    supplier.version += 1
    return supplier


def needs_reason(supplier: Supplier) -> bool:
    """Tell whether a questionnaire was sent, so that a change of the profile needs a reason."""
    statement = select(Assessment.id).where(Assessment.supplier_id == supplier.id).limit(1)
    return db.session.scalar(statement) is not None


def _profile(legal_name: str, services: str, factors: Mapping[str, int | None]) -> dict[str, Any]:
    """Return what a profile's form gives, by column."""
    levels = {name: factors.get(name) for name in FACTORS}
    return {"legal_name": legal_name.strip(), "services": services.strip(), **levels}


def _differing(supplier: Supplier, given: Mapping[str, Any]) -> list[str]:
    return [name for name, value in given.items() if getattr(supplier, name) != value]


def _conflict(supplier: Supplier, given: Mapping[str, Any], text: str) -> Conflict:
    """Return a conflict that shows both texts, field by field, where they differ."""
    differing = _differing(supplier, given)
    present = {name: getattr(supplier, name) for name in differing}
    return Conflict(text, yours=_written(given, differing), theirs=_written(present, differing))


def _written(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    lines = [f"{name.replace('_', ' ').capitalize()}: {values[name] or 'not set'}" for name in names]
    return {"label": "Profile", "comment": "\n".join(lines) or "Nothing differs."}


def add_site(*, supplier: Supplier, name: str, country: str, services: str) -> Site:
    """Add a site; raise Invalid if the supplier has one of this name."""
    if any(site.name.casefold() == name.strip().casefold() for site in supplier.sites):
        raise Invalid(f"{supplier.legal_name} has a site of this name already.")
    site = Site(supplier_id=supplier.id, name=name.strip(), country=country.strip(), services=services.strip())
    db.session.add(site)
    return site


def add_contact(*, supplier: Supplier, name: str, email: str, position: str) -> Contact:
    """Add a contact; raise Invalid if the supplier has one with this address."""
    if any(contact.email == email.strip().lower() for contact in supplier.contacts):
        raise Invalid("This address is among the contacts already.")
    contact = Contact(
        supplier_id=supplier.id, name=name.strip(), email=email.strip().lower(), position=position.strip()
    )
    db.session.add(contact)
    return contact


def inherent(supplier: Supplier) -> risk.Inherent | None:
    """Return the inherent level with its reason, or nothing while a factor is missing."""
    impact = [getattr(supplier, name) for name in IMPACT]
    exposure = [getattr(supplier, name) for name in EXPOSURE]
    if None in (*impact, *exposure):
        return None
    return risk.inherent(tuple(impact), tuple(exposure), rubric.method(METHOD))


def tier_of(level: int) -> int:
    """Return the tier that an inherent level leads to."""
    return rubric.method(METHOD).tier(level)


def settle(supplier: Supplier) -> None:
    """Bring what the list shows up to date with the supplier's assessments: status, rating and next due date."""
    db.session.flush()
    tenancy.fetch(Supplier, supplier.id, lock=True)
    rows = assessments_of(supplier)
    open_rows = [row for row in rows if row.state not in {"closed", "withdrawn"}]
    ratings = ratings_by_assessment(supplier)
    # Of each questionnaire the newest rating counts; the rows come newest first.
    newest = {row.questionnaire_key: ratings[row.id] for row in reversed(rows) if row.id in ratings}
    supplier.next_due = min((row.due_on for row in open_rows if lifecycle.allowed(row.state, "answer")), default=None)
    # SRM-1.0 step 10: a supplier is as good as its worst rating, never the average.
    supplier.rating = max((row.final for row in newest.values() if row.final is not None), default=None)
    supplier.status = "under_assessment" if open_rows else "assessed" if newest else "prospective"


def assessments_of(supplier: Supplier) -> Sequence[Assessment]:
    """Return the supplier's assessments, newest first."""
    statement = select(Assessment).where(Assessment.supplier_id == supplier.id)
    return db.session.scalars(statement.order_by(Assessment.sent_at.desc())).all()


def ratings_by_assessment(supplier: Supplier) -> dict[UUID, Rating]:
    """Return the final rating of each closed assessment of the supplier, oldest first."""
    statement = (
        select(Rating)
        .join(Assessment, (Assessment.id == Rating.assessment_id) & (Assessment.tenant_id == Rating.tenant_id))
        .where(Assessment.supplier_id == supplier.id, Assessment.state == "closed")
        .order_by(Rating.computed_at)
    )
    return {rating.assessment_id: rating for rating in db.session.scalars(statement)}


def _apply(supplier: Supplier, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        setattr(supplier, name, value)
    level = inherent(supplier)
    supplier.inherent, supplier.tier = (level.level, level.tier) if level else (None, None)


def _one_at_a_time() -> None:
    """Let one supplier be made at a time for each sponsor: of two submits, the second finds what the first made."""
    tenant_id = tenancy.scope().tenant_id
    # The weaker lock: it holds up nobody who only writes a row that belongs to the sponsor.
    db.session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))


def _refuse_known_name(legal_name: str, own_id: UUID) -> None:
    same = func.lower(Supplier.legal_name) == func.lower(legal_name.strip())
    if db.session.scalar(select(Supplier.id).where(same, Supplier.id != own_id)) is not None:
        raise Invalid("There is a supplier of this name already.")
