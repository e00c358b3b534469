"""Reviewing the audit trail."""

from __future__ import annotations

from wtforms import DateField, HiddenField
from wtforms.validators import InputRequired

from portal.errors import Invalid
from portal.forms.accounts import SignForm
from portal.forms.fields import paragraph


class ReviewForm(SignForm):
    """Which days were reviewed, as far as which entry, and what there is to say of them."""

    from_on = DateField(validators=[InputRequired("Choose the first day.")])
    until_on = DateField(validators=[InputRequired("Choose the last day.")])
    last = HiddenField()
    remark = paragraph("Remark", 2000, help="What you looked at, and what you found. It is part of what you sign.")

    @property
    def last_number(self) -> int:
        """Return the number of the last entry that the page showed; raise Invalid for what the page did not write."""
        text = self.last.data or ""
        if not text.isdecimal() or len(text) > 9:
            raise Invalid("This form is incomplete. Reload the page and try again.")
        return int(text)
