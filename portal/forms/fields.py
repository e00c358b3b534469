"""What every form has in common: one base, trimmed text, and the id that makes a doubled submit harmless."""

from __future__ import annotations

import unicodedata
from typing import Any
from uuid import UUID, uuid4

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from portal.errors import Invalid

EMAIL = Regexp(
    r"^[^@\s,;:<>\"()\[\]\\]+@[^@\s,;:<>\"()\[\]\\]+\.[^@\s.,;:<>\"()\[\]\\]+$",
    message="Enter one mail address, such as anna.berg@example.com.",
)


class Form(FlaskForm):  # type: ignore[misc]  # the library has no types
    """The base of every form."""

    def check(self) -> None:
        """Raise Invalid with the first problem; used where no form page is shown again."""
        if not self.validate():
            name, problems = next(iter(self.errors.items()))
            raise Invalid(str(problems[0]), field=name)


def tidy(value: str | None) -> str | None:
    """Trim, and bring letters into one form, so that equal names are equal."""
    return unicodedata.normalize("NFC", value).strip() if value else value


def no_controls(_form: Form, field: Field) -> None:
    """Refuse control characters: a name must not break a mail header, a log line or a page."""
    for sign in field.data or "":
        if unicodedata.category(sign) in {"Cc", "Cf"} and sign not in "\n\r\t":
            raise ValidationError(f"Remove the invisible character U+{ord(sign):04X}.")


def one_line(_form: Form, field: Field) -> None:
    """Refuse line breaks."""
    if any(sign in (field.data or "") for sign in "\r\n\t"):
        raise ValidationError("Write this on one line.")


def line(
    label: str,
    longest: int,
    *,
    required: bool = True,
    help: str = "",
    extra: tuple[Any, ...] = (),
    id: str | None = None,
) -> StringField:
    """Return a field for one line of text; `id` where a page shows two forms with a field of this name."""
    needed = [DataRequired("Fill this in.")] if required else []
    rules = [
        *needed,
        Length(max=longest, message=f"At most {longest} characters."),
        one_line,
        no_controls,
        *extra,
    ]
    return StringField(label, rules, filters=[tidy], description=help, render_kw={"maxlength": longest}, id=id)


def paragraph(label: str, longest: int, *, required: bool = False, help: str = "") -> TextAreaField:
    """Return a field for several lines of text."""
    needed = [DataRequired("Fill this in.")] if required else []
    rules = [*needed, Length(max=longest, message=f"At most {longest} characters."), no_controls]
    return TextAreaField(label, rules, filters=[tidy], description=help, render_kw={"maxlength": longest, "rows": 3})


class FreshId(HiddenField):  # type: ignore[misc]  # the library has no types
    """A hidden id made when the page was shown: submitted twice, it makes one record."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default=lambda: str(uuid4()), **options)

    @property
    def uuid(self) -> UUID:
        """Return the id; raise Invalid for what the page did not make."""
        try:
            return UUID(self.data or "")
        except ValueError:
            raise Invalid("This form is incomplete. Reload the page and try again.") from None
