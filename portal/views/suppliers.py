"""Suppliers: the list, the page of one, its profile, sites and contacts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.access import allows
from portal.db import today
from portal.errors import Invalid
from portal.forms.assessments import version_of
from portal.forms.suppliers import AuditorForm, ContactForm, SiteForm, SupplierForm
from portal.models.suppliers import EXPOSURE, FACTOR_LABELS, FACTORS, IMPACT, Supplier
from portal.services import suppliers
from portal.services.accounts import auditors
from scoring.risk import LEVELS

blueprint = Blueprint("suppliers", __name__, url_prefix="/suppliers")
# What the filters above the list offer: (value in the address, words).
OPTIONS = {
    "sites": [("", "Any"), ("none", "None named"), ("one", "One"), ("several", "Several")],
    "tier": [("", "Any"), *((tier, f"Tier {tier}") for tier in range(1, 5))],
    "status": [("", "Any"), *suppliers.STATUSES.items()],
    "rating": [("", "Any"), *((level, f"{level} {name}") for level, name in LEVELS.items()), (0, "Not rated")],
    "due": [("", "Any"), ("overdue", "Overdue"), ("open", "Open"), ("nothing", "Nothing open")],
}


@blueprint.get("/")
@allows("suppliers.view")
def index() -> ResponseReturnValue:
    """Show a page of suppliers, filtered and sorted as the address says."""
    wanted = _wanted()
    page = suppliers.find(wanted, today=today())
    return render_template(
        "suppliers/index.html", page=page, wanted=wanted, statuses=suppliers.STATUSES, today=today(), options=OPTIONS,
        state={"sort": wanted.sort, "order": "desc" if wanted.descending else "asc"}, filtered=wanted.filtered,
    )  # fmt: skip


@blueprint.get("/new")
@allows("suppliers.edit")
def new() -> ResponseReturnValue:
    """Show an empty profile."""
    return _edit(SupplierForm(), None)


@blueprint.post("/new")
@allows("suppliers.edit")
def create() -> ResponseReturnValue:
    """Create a supplier."""
    form = SupplierForm()
    try:
        form.check()
        supplier = suppliers.create(
            supplier_id=form.id.uuid, legal_name=form.legal_name.data,
            services=form.services.data or "", factors=form.factors,
        )  # fmt: skip
    except Invalid as error:
        return _edit(form, None, problem=error.text), error.status
    flash(f"{supplier.legal_name} is among your suppliers now.")
    return redirect(url_for(".show", supplier_id=supplier.id))


@blueprint.get("/<uuid:supplier_id>")
@allows("suppliers.view")
def show(supplier_id: UUID) -> ResponseReturnValue:
    """Show a supplier: profile, inherent risk with its reason, assessments, contacts."""
    return _page(suppliers.get(supplier_id), SiteForm(), ContactForm())


@blueprint.get("/<uuid:supplier_id>/edit")
@allows("suppliers.edit")
def edit(supplier_id: UUID) -> ResponseReturnValue:
    """Show the profile for changing."""
    supplier = suppliers.get(supplier_id)
    levels = {name: str(getattr(supplier, name) or "") for name in FACTORS}
    form = SupplierForm(formdata=None, obj=supplier, data=levels)
    for name, level in levels.items():
        form[name].data = level
    return _edit(form, supplier)


@blueprint.post("/<uuid:supplier_id>/edit")
@allows("suppliers.edit")
def change(supplier_id: UUID) -> ResponseReturnValue:
    """Change the profile."""
    supplier, form = suppliers.get(supplier_id), SupplierForm()
    try:
        form.check()
        suppliers.change(
            supplier=supplier, version=version_of(form), legal_name=form.legal_name.data,
            services=form.services.data or "", factors=form.factors, reason=form.reason.data or "",
        )  # fmt: skip
    except Invalid as error:
        return _edit(form, supplier, problem=error.text), error.status
    flash("The profile is saved.")
    return redirect(url_for(".show", supplier_id=supplier.id))


@blueprint.post("/<uuid:supplier_id>/sites")
@allows("suppliers.edit")
def add_site(supplier_id: UUID) -> ResponseReturnValue:
    """Add a site."""
    supplier, form = suppliers.get(supplier_id), SiteForm()
    try:
        form.check()
        site = suppliers.add_site(
            supplier=supplier,
            name=form.name.data,
            country=form.country.data,
            services=form.services.data or "",
        )
    except Invalid as error:
        return _page(supplier, form, ContactForm(formdata=None), problem=error.text), error.status
    flash(f"{site.name} is added.")
    return redirect(url_for(".show", supplier_id=supplier.id, _anchor="sites"))


@blueprint.post("/<uuid:supplier_id>/contacts")
@allows("suppliers.edit")
def add_contact(supplier_id: UUID) -> ResponseReturnValue:
    """Add a contact."""
    supplier, form = suppliers.get(supplier_id), ContactForm()
    try:
        form.check()
        contact = suppliers.add_contact(
            supplier=supplier, name=form.name.data, email=form.email.data, position=form.position.data or ""
        )
    except Invalid as error:
        return _page(supplier, SiteForm(formdata=None), form, problem=error.text), error.status
    flash(f"{contact.name} is added.")
    return redirect(url_for(".show", supplier_id=supplier.id, _anchor="contacts"))


@blueprint.post("/<uuid:supplier_id>/auditors")
@allows("accounts.open")
def open_to_auditor(supplier_id: UUID) -> ResponseReturnValue:
    """Open the supplier to an auditor for some days."""
    supplier, form = suppliers.get(supplier_id), AuditorForm()
    _offer(form)
    try:
        form.check()
        auditors.open_supplier(
            supplier=supplier, membership_id=UUID(form.auditor.data),
            from_on=form.from_on.data, until_on=form.until_on.data,
        )  # fmt: skip
    except Invalid as error:
        empty = SiteForm(formdata=None), ContactForm(formdata=None)
        return _page(supplier, *empty, auditor_form=form, problem=error.text), error.status
    flash(f"{supplier.legal_name} is open to the auditor until {form.until_on.data}.")
    return redirect(url_for(".show", supplier_id=supplier.id, _anchor="auditors"))


@blueprint.post("/<uuid:supplier_id>/auditors/<uuid:grant_id>/end")
@allows("accounts.open")
def close_to_auditor(supplier_id: UUID, grant_id: UUID) -> ResponseReturnValue:
    """End an auditor's access to the supplier."""
    auditors.close_supplier(supplier=suppliers.get(supplier_id), grant_id=grant_id)
    flash("The access is ended, from the next click on.")
    return redirect(url_for(".show", supplier_id=supplier_id, _anchor="auditors"))


def _offer(form: AuditorForm) -> None:
    form.auditor.choices = {str(item.id): item.person.printed_name for item in auditors.members()}


def _edit(form: SupplierForm, supplier: Supplier | None, problem: str = "") -> str:
    if supplier and suppliers.needs_reason(supplier):
        form.reason.flags.required = True
    tiers = [(level, suppliers.tier_of(level)) for level in sorted(LEVELS, reverse=True)]
    return render_template("suppliers/edit.html", form=form, supplier=supplier, tiers=tiers, problem=problem)


def _page(
    supplier: Supplier,
    site_form: SiteForm,
    contact_form: ContactForm,
    auditor_form: AuditorForm | None = None,
    problem: str = "",
) -> str:
    if auditor_form is None:
        days = {"from_on": today(), "until_on": today() + timedelta(days=auditors.USUAL_DAYS)}
        auditor_form = AuditorForm(formdata=None, data=days)
        _offer(auditor_form)
    return render_template(
        "suppliers/show.html",
        supplier=supplier,
        inherent=suppliers.inherent(supplier),
        assessments=suppliers.assessments_of(supplier),
        ratings=suppliers.ratings_by_assessment(supplier),
        statuses=suppliers.STATUSES,
        impact=_factors(supplier, IMPACT),
        exposure=_factors(supplier, EXPOSURE),
        site_form=site_form,
        contact_form=contact_form,
        auditor_form=auditor_form,
        grants=auditors.of_supplier(supplier),
        problem=problem,
        today=today(),
    )


def _factors(supplier: Supplier, names: tuple[str, ...]) -> list[tuple[str, int | None]]:
    return [(FACTOR_LABELS[name], getattr(supplier, name)) for name in names]


def _wanted() -> suppliers.Wanted:
    asked = request.args
    return suppliers.Wanted(
        text=asked.get("text", "").strip()[:100],
        sites=asked.get("sites", ""),
        tier=asked.get("tier", type=int),
        status=asked.get("status", ""),
        rating=asked.get("rating", type=int),
        due=asked.get("due", ""),
        sort=asked.get("sort", "name"),
        descending=asked.get("order") == "desc",
        page=min(asked.get("page", 1, type=int), 1_000_000),
    )
