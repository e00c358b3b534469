"""The staff's own accounts: passwords, second factors, invitations, roles."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from portal.access import STAFF_ROLES
from portal.forms.accounts import SignForm
from portal.forms.fields import EMAIL, Form, line, no_controls, paragraph, tidy

CHOICE_HELP = "15 characters or more. Four words that do not belong together are fine. You alone may know it."


def present_password(label: str, **options: Any) -> PasswordField:
    """Return a field for a password that exists."""
    rules = [InputRequired("Enter your password."), Length(max=200, message="At most 200 characters.")]
    return PasswordField(label, rules, render_kw={"autocomplete": "current-password"}, **options)


def new_password(label: str, **options: Any) -> PasswordField:
    """Return a field for a password that is chosen now."""
    rules = [InputRequired("Choose a password."), Length(max=200, message="At most 200 characters.")]
    return PasswordField(
        label, rules, description=CHOICE_HELP, render_kw={"autocomplete": "new-password", "minlength": 15}, **options
    )


def code_field(label: str, *, required: bool = True) -> StringField:
    """Return a field for six digits of an app, or a recovery code."""
    needed = [InputRequired("Enter the code.")] if required else [Optional()]
    rules = [*needed, Length(max=40, message="The code is shorter."), no_controls]
    return StringField(label, rules, filters=[tidy], render_kw={"autocomplete": "one-time-code", "maxlength": 40})


class ForgotForm(Form):
    """Whose mailbox gets a link."""

    email = StringField(
        "E-mail address", [InputRequired("Enter your address."), EMAIL, Length(max=254), no_controls],
        filters=[tidy], render_kw={"autocomplete": "username", "type": "email", "maxlength": 254},
    )  # fmt: skip


class NewPasswordForm(Form):
    """A new password, chosen with a link."""

    password = new_password("New password")


class ChangePasswordForm(Form):
    """A new password, with the old one as proof."""

    old = present_password("Present password")
    password = new_password("New password")


class PasswordForm(Form):
    """The password, asked again."""

    password = present_password("Your password")


class CodeOfAppForm(Form):
    """The first code of a new app, which proves that it works."""

    kept = HiddenField()
    code = code_field("Code that the app shows")


class FactorForm(Form):
    """A code, or what a passkey answered."""

    answer = HiddenField(validators=[Length(max=10_000)])
    code = code_field("Code of your app, or a recovery code", required=False)


class PasskeyForm(Form):
    """A passkey that the browser made, and what its owner calls it."""

    answer = HiddenField(validators=[Length(max=10_000)])
    name = line("Name", 100, help="So that you know it again, for example: work laptop.")


class RemoveFactorForm(FactorForm):
    """Which factor is taken away, and what is asked before: the password, and a factor."""

    factor = RadioField("Which one shall go?", validators=[InputRequired("Choose one.")])
    password = present_password("Your password")


class JoinForm(Form):
    """Who accepts an invitation and has no identity yet."""

    printed_name = line("Your full name, as it shall be printed", 200)
    title = line("Your title or function", 200, help="For example: Head of Quality Assurance")
    password = new_password("Choose a password")


def _roles() -> SelectField:
    # The least that one can do here: more is given on purpose.
    return SelectField("Role", choices={role: role for role in STAFF_ROLES}, default="viewer")


class InviteForm(Form):
    """A colleague who is invited."""

    name = line("Name", 200)
    email = line("E-mail address", 254, extra=(EMAIL,))
    role = _roles()
    identity_how = line(
        "How do you know who this is?", 300, required=False,
        help="For example: met in person, or known from the company directory. Without it the person cannot sign yet.",
    )  # fmt: skip


class SafeguardsForm(Form):
    """Whom the portal warns, and whether a second factor is demanded."""

    security_email = StringField(
        "Security contact", [Optional(), EMAIL, Length(max=254), no_controls], filters=[tidy],
        description="Gets a mail when somebody guesses passwords. If empty, your contact for suppliers gets it.",
        render_kw={"type": "email", "maxlength": 254, "autocomplete": "off"},
    )  # fmt: skip
    second_factor = SelectField(
        "Second factor", choices={"offered": "Offered to everybody", "required": "Demanded of everybody"},
        description="Whoever has none is asked to set one up at the next sign-in.",
    )  # fmt: skip


class RoleForm(Form):
    """Another role, and why."""

    role = _roles()
    reason = line("Why do you change the role?", 300, id="role-reason")


class EndForm(Form):
    """Why a membership ends."""

    reason = line("Why does it end?", 300, id="end-reason")


class AccessReviewForm(SignForm):
    """What there is to say of a review of access, and the signature below it."""

    remark = paragraph(
        "Remark", 2000, help="What you looked at, and what you had changed. It is part of what you sign."
    )


class VouchForm(Form):
    """How somebody's identity was checked."""

    how = line("How do you know who this is?", 300, help="For example: met in person; company directory; video call.")
