"""The sponsor's provider as its administrator types it, and the way in through it."""

from __future__ import annotations

from wtforms import PasswordField, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Regexp

from portal.access import STAFF_ROLES
from portal.forms.fields import EMAIL, Form, line, no_controls, paragraph, tidy

NOBODY = "Nobody joins by signing in"
ADDRESS = Regexp(r"^https?://[^\s?#@]+$", message="Enter an address that begins with https:// and ends without ? or #.")
DOMAIN = Regexp(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", message="Enter a mail domain alone, such as example.com.")
PLAIN = Regexp(r"^[\x21-\x7e]*$", message="Copy it once more: it holds a blank or a foreign character.")


def lower(value: str | None) -> str | None:
    """Write in small letters: a mail domain has no other."""
    return value.lower().removeprefix("@") if value else value


class AddressForm(Form):
    """The address whose domain leads to a provider."""

    email = StringField("E-mail address", [InputRequired("Enter your address."), EMAIL, no_controls], filters=[tidy],
                        render_kw={"autocomplete": "username", "type": "email", "maxlength": 254})  # fmt: skip


class ProofForm(Form):
    """The password that an identity had before it was known to the provider."""

    password = PasswordField("Your password here", [InputRequired("Enter your password."), Length(max=200)],
                             render_kw={"autocomplete": "current-password"})  # fmt: skip


class ProviderForm(Form):
    """What the portal has to know of an OpenID provider, and who gets which role."""

    issuer = line("Issuer", 300, extra=(ADDRESS,), help="As the provider calls it, such as https://login.example.com")
    client_id = line("Client ID", 200, extra=(PLAIN,))
    secret = PasswordField(
        "Client secret", [Length(max=500, message="At most 500 characters."), PLAIN],
        render_kw={"autocomplete": "off"},
    )  # fmt: skip
    domain = line("Mail domain", 253, extra=(DOMAIN,),
                  help="That of your own address. Only verified addresses of this domain come in.")  # fmt: skip
    default_role = SelectField("Role for newcomers", default="")
    group_claim = line("Claim with the groups", 60, extra=(PLAIN,), required=False,
                       help="What the provider calls the list of a person’s groups.")  # fmt: skip
    group_roles = paragraph(
        "Groups and roles", 4000,
        help="One line each: group = role, with a role out of " + ", ".join(STAFF_ROLES) + ". If there are lines, they "
        "decide at each sign-in: the first that fits counts, and whoever fits none gets the role for newcomers. The "
        "last administrator stays one.",
    )  # fmt: skip

    def validate_group_roles(self, _field: StringField) -> None:
        """Refuse a line that names no group or no role."""
        for number, (group, role) in enumerate(self._lines(), 1):
            if not group or role not in STAFF_ROLES:
                raise ValidationError(f"Line {number} must read: group = role, with a role that exists.")

    @property
    def roles(self) -> dict[str, str]:
        """Return group -> role, in the order of the lines."""
        return dict(self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        typed = [text for text in (self.group_roles.data or "").splitlines() if text.strip()]
        parts = [text.rpartition("=") for text in typed]
        return [(group.strip(), role.strip().lower()) for group, _, role in parts]
