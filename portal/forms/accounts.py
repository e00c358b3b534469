"""Signing in, codes, signing identities and signatures."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Regexp

from portal.forms.fields import Form, line, no_controls, tidy
from portal.services.signatures import Credential


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
    """What is asked at the moment of signing: the meaning, and what the period of signing still demands."""

    shown_digest = HiddenField(validators=[InputRequired("Reload the page.")])
    # What the page showed, so that whoever comes too late is told what was changed.
    shown = HiddenField()
    meaning = RadioField("What your signature means", validators=[InputRequired("Choose the meaning.")])
    email = StringField("Your e-mail address", [Length(max=254)], filters=[tidy],
                        render_kw={"autocomplete": "username", "type": "email"})  # fmt: skip
    password = PasswordField("Your password", [InputRequired("Enter your password."), Length(max=200)],
                             render_kw={"autocomplete": "current-password"})  # fmt: skip
    acknowledged = BooleanField("I have read this instruction. I accept that my electronic signature binds me like my "
                                "signature on paper.")  # fmt: skip

    @property
    def credential(self) -> Credential:
        """Return what proves the signer."""
        return Credential(self.email.data or "", self.password.data, self.acknowledged.data)
