"""A supplier's profile, sites and contacts."""

from __future__ import annotations

from wtforms import DateField, HiddenField, SelectField
from wtforms.validators import InputRequired

from portal.forms.fields import EMAIL, Form, FreshId, line, paragraph
from portal.models.suppliers import FACTOR_LABELS, FACTORS
from scoring import risk

LEVELS = {"": "Not set", **{str(level): f"{level} {name}" for level, name in risk.LEVELS.items()}}
# Factor -> what it asks, with what its ends mean.
FACTOR_HELP = {
    "impact_patient": (
        "What a failure here could do to patients or to product quality. 1: nothing noticeable; 5: lasting harm."
    ),
    "impact_data": (
        "How far GMP decisions rest on records that this supplier keeps. 1: not at all; 5: release rests on them."
    ),
    "impact_supply": (
        "How hard it would be to go on without this supplier. 1: replaced within days; 5: there is no other source."
    ),
    "exposure_connectivity": (
        "How far its systems are connected with yours or with the internet. 1: not at all; 5: open to remote access."
    ),
    "exposure_complexity": (
        "How many computerised systems touch your records, and how complex they are. 1: one, simple; 5: many, linked."
    ),
    "exposure_subcontracting": (
        "How many others stand behind this supplier for your products. 1: nobody; 5: several tiers."
    ),
    "exposure_history": ("1: clean inspections; 5: warning letter, import alert or repeated data-integrity findings."),
}


def _factor(name: str) -> SelectField:
    return SelectField(FACTOR_LABELS[name], choices=LEVELS, default="", description=FACTOR_HELP[name])


class SupplierForm(Form):
    """Legal name, services, and the three impact and four exposure factors of SRM-1.0."""

    id = FreshId()
    version = HiddenField()
    legal_name = line("Legal name", 200)
    services = paragraph("Services", 2000, help="What this supplier does for you, one service a line.")
    impact_patient = _factor("impact_patient")
    impact_data = _factor("impact_data")
    impact_supply = _factor("impact_supply")
    exposure_connectivity = _factor("exposure_connectivity")
    exposure_complexity = _factor("exposure_complexity")
    exposure_subcontracting = _factor("exposure_subcontracting")
    exposure_history = _factor("exposure_history")
    reason = line("Why do you change this?", 300, required=False, help="Stands in the audit trail.")

    @property
    def factors(self) -> dict[str, int | None]:
        """Return factor -> level, or nothing where it is not set."""
        return {name: int(self[name].data) if self[name].data else None for name in FACTORS}


class SiteForm(Form):
    """A place where the supplier works for the sponsor."""

    name = line("Site", 200, help="For example: Sterile plant Ferrara", id="site-name")
    country = line("Country", 80, id="site-country")
    services = line("Services at this site", 500, required=False, id="site-services")


class AuditorForm(Form):
    """To which auditor a supplier is opened, and from which day to which."""

    auditor = SelectField("Auditor", validators=[InputRequired("Choose an auditor.")])
    from_on = DateField("First day", [InputRequired("Choose the first day.")])
    until_on = DateField("Last day, until midnight UTC", [InputRequired("Choose the last day.")])


class ContactForm(Form):
    """A person to whom questionnaires may go."""

    name = line("Name", 200, id="contact-name")
    email = line("E-mail address", 254, extra=(EMAIL,), id="contact-email")
    position = line("Position", 200, required=False, id="contact-position")
