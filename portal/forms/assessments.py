"""Sending, withdrawing, answering, reviewing."""

from __future__ import annotations

from wtforms import DateField, HiddenField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from portal.errors import Invalid, VersionMissing
from portal.forms.fields import EMAIL, Form, FreshId, line, paragraph
from portal.models.assessments import OUTCOMES
from portal.services.accounts import identities
from portal.services.assessments import reviewing
from questionnaires.definition import Questionnaire

HOW_KNOWN = {
    "": "I do not know yet",
    "Met in person": "Met in person",
    "Known from earlier work": "Known from earlier work",
    "Found in the company's directory": "Found in the company's directory",
    "Seen in a video call": "Seen in a video call",
}


class KnownForm(Form):
    """How whoever asks or confirms knows who a person is (11.100(b))."""

    known = SelectField("How do you know who this is?", choices=HOW_KNOWN, default="")
    known_other = line("How, in your own words", 300, required=False, help="Counts instead of the list.")

    @property
    def how(self) -> str:
        """Return the words for the record, one's own before those of the list, none where both were left open."""
        own = str(self.known_other.data or "")
        if own and len(own) < identities.SHORTEST_HOW:
            raise Invalid("Say in a few words how you know who this is.", field="known_other")
        return own or str(self.known.data or "")


class ConfirmForm(KnownForm):
    """Whether a signing identity is the individual whom it names."""


class SendForm(KnownForm):
    """Whom to ask, and until when."""

    id = FreshId()
    contact = SelectField("Contact", validators=[InputRequired("Choose a contact.")])
    due_on = DateField("Due date", [InputRequired("Choose a due date.")])


class ColleagueForm(KnownForm):
    """Which colleague to ask, and for which sections."""

    id = FreshId()
    name = line("Name", 200)
    email = line("E-mail address", 254, extra=(EMAIL,))
    sections = SelectMultipleField(
        "Sections", validators=[InputRequired("Choose at least one section.")],
        description="Choose all, and your colleague may also sign.",
        option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False),
    )  # fmt: skip

    def offer(self, asked: Questionnaire) -> None:
        """Offer the sections of a questionnaire."""
        self.sections.choices = {section.id: section.title for section in asked.sections}


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
    reason = line("Why you change it", 300, required=False)


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
