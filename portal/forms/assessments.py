"""Sending, withdrawing, answering, reviewing."""

from __future__ import annotations

from wtforms import DateField, HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired

from portal.errors import Invalid, VersionMissing
from portal.forms.fields import Form, FreshId, line, paragraph
from portal.models.assessments import OUTCOMES
from portal.services.assessments import reviewing


class SendForm(Form):
    """Whom to ask, and until when."""

    id = FreshId()
    contact = SelectField("Contact", validators=[InputRequired("Choose a contact.")])
    due_on = DateField("Due date", [InputRequired("Choose a due date.")])


class ReasonForm(Form):
    """Why something is withdrawn."""

    reason = line("Reason", 300, help="Stands in the audit trail.")


class ReturnForm(Form):
    """Until when the supplier is to answer what was sent back."""

    due_on = DateField("Due date", [InputRequired("Choose a due date.")])


class VerdictForm(Form):
    """What the reviewer says of one answer."""

    version = HiddenField()
    outcome = RadioField("Verdict", choices=OUTCOMES, validators=[InputRequired("Choose a verdict.")])
    level = SelectField("Evidence level", choices={"": "Choose", **reviewing.LEVELS}, default="")
    remark = paragraph("Remark", 2000)


class AnswerForm(Form):
    """One answer: its value is checked by the questionnaire itself."""

    version = HiddenField()
    value = HiddenField()
    comment = paragraph("Comment", 4000)


def version_of(form: Form) -> int:
    """Return the version that a form changes; raise VersionMissing without one."""
    text = form["version"].data
    if not text:
        raise VersionMissing
    if not text.isdecimal() or len(text) > 9:
        raise Invalid("This form is incomplete. Reload the page and try again.")
    return int(text)
