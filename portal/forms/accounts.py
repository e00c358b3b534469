"""Signing in, codes, signing identities and signatures."""

from __future__ import annotations

from wtforms import HiddenField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from portal.forms.fields import Form, line, no_controls, tidy


class SignInForm(Form):
    """Address and password."""

    email = StringField("E-mail address", [InputRequired("Enter your address."), no_controls], filters=[tidy],
                        render_kw={"autocomplete": "username", "type": "email", "maxlength": 254})  # fmt: skip
    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=200)],
                             render_kw={"autocomplete": "current-password"})  # fmt: skip


class CodeForm(Form):
    """The six digits from the mailbox."""

    digits = StringField(
        "Six-digit code",
        [InputRequired("Enter the code."), Regexp(r"^\s*(\d\s*){6}$", message="The code has six digits.")],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 12},
    )


class IdentityForm(Form):
    """Who signs: printed name, title and a password of one's own."""

    printed_name = line("Your full name, as it shall be printed", 200)
    title = line("Your title or function", 200, help="For example: Head of Quality Assurance")
    password = PasswordField(
        "Choose a password", [InputRequired("Choose a password."), Length(max=200)],
        description="15 characters or more. A sentence is fine. You alone may know it.",
        render_kw={"autocomplete": "new-password", "minlength": 15},
    )  # fmt: skip


class SignForm(Form):
    """What is asked at the moment of signing: the meaning and both components (11.200(a)(1))."""

    shown_digest = HiddenField(validators=[InputRequired("Reload the page.")])
    meaning = RadioField("What your signature means", validators=[InputRequired("Choose the meaning.")])
    email = StringField("Your e-mail address", [InputRequired("Enter your address.")], filters=[tidy],
                        render_kw={"autocomplete": "username", "type": "email"})  # fmt: skip
    password = PasswordField("Your password", [InputRequired("Enter your password."), Length(max=200)],
                             render_kw={"autocomplete": "current-password"})  # fmt: skip
