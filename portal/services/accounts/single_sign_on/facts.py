"""What a provider says of a person, and how far it is believed: the address must be proved and of the right domain."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.errors import Invalid

LONGEST_NAME, LONGEST_ADDRESS, LONGEST_SUBJECT = 200, 254, 255


class Refused(Invalid):
    """What came back from the provider is not believed; the reason is for the trail."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(
            text
            or "What your company's sign-in sent back does not prove who you are. Begin again; if it stays so, tell "
            "your administrator, who finds the reason in the audit trail."
        )
        self.reason = reason[:300]


@dataclass(frozen=True, slots=True)
class Facts:
    """A person as the provider knows him."""

    subject: str
    email: str
    name: str
    groups: Sequence[str]
    proved_at: float | None


def believed(claims: Mapping[str, Any], *, domain: str, group_claim: str) -> Facts:
    """Return what may be believed of claims whose signature was checked; raise Refused for the rest."""
    email, subject = str(claims.get("email") or "").strip().lower(), claims["sub"]
    if claims.get("email_verified") is not True:
        raise Refused(
            "the address is not verified", "Your company's sign-in does not say that your mail address is verified."
        )
    local, _, host = email.rpartition("@")
    if not local or "@" in local or host != domain or len(email) > LONGEST_ADDRESS or not _plain(local):
        raise Refused(
            f"the address is not of {domain}",
            f"Your company's sign-in may only let in addresses that end in @{domain}.",
        )
    if len(subject) > LONGEST_SUBJECT:
        raise Refused("the subject is too long")
    proved_at = claims.get("auth_time")
    return Facts(
        subject, email, _name(claims) or local, _groups(claims.get(group_claim)),
        proved_at if isinstance(proved_at, int | float) and not isinstance(proved_at, bool) else None,
    )  # fmt: skip


def _plain(text: str) -> bool:
    return text.isprintable() and not any(sign in ' ,;:<>"()[]\\' for sign in text)


def _name(claims: Mapping[str, Any]) -> str:
    parts = (claims.get("given_name"), claims.get("family_name"))
    whole = claims.get("name") or " ".join(part for part in parts if isinstance(part, str))
    shown = "".join(sign for sign in str(whole) if sign.isprintable())
    return unicodedata.normalize("NFC", shown).strip()[:LONGEST_NAME]


def _groups(value: Any) -> Sequence[str]:
    """Return the groups of a claim, whether it is a list or one text."""
    given = value if isinstance(value, list) else [value]
    return tuple(item for item in given if isinstance(item, str))
