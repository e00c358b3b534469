"""Say in plain words what an entry of the audit trail records; what it holds beside that is shown field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from portal.audit import HIDDEN, told
from portal.dossier.layout import FACTOR_TITLES
from portal.models.assessments import OUTCOMES
from portal.models.audit import AuditEntry
from portal.services import suppliers
from portal.views.pages import ROLE_NAMES, moment
from questionnaires import lifecycle
from questionnaires.definition import CHOICES
from scoring.risk import LEVELS

# (record, act) -> words; what stands in braces comes from the entry, or from the entry that created the record.
WORDS: Mapping[tuple[str, str], str] = {
    ("Tenant", "created"): "created the sponsor {name}",
    ("Tenant", "changed"): "changed the settings of the sponsor {name}",
    ("Supplier", "created"): "added the supplier {legal_name}",
    ("Supplier", "changed"): "changed the supplier {legal_name}",
    ("Site", "created"): "added the site {name}, {country}",
    ("Contact", "created"): "added the contact {name} ({email})",
    ("Assessment", "created"): "sent the questionnaire {title}",
    ("Assessment", "changed"): "changed the assessment {title}",
    ("Invite", "created"): "invited {name} ({email})",
    ("Invite", "changed"): "changed the invitation of {name}",
    ("FrozenDocument", "created"): "froze the {kind} {key} {version} for later reading",
    ("Visit", "created"): "came in with a mailed code",
    ("Visit", "changed"): "left, or named a signing identity",
    ("Answer", "created"): "answered {question_id}: {value}",
    ("Answer", "changed"): "changed the answer to {question_id}",
    ("Evidence", "created"): "attached {name} to {question_id}",
    ("Evidence", "changed"): "withdrew {name} from {question_id}",
    ("Submission", "created"): "submitted the answers, number {number}",
    ("Verdict", "created"): "gave a verdict on {question_id}: {outcome}",
    ("Verdict", "changed"): "changed the verdict on {question_id}",
    ("Rating", "created"): "fixed the rating",
    ("Signature", "created"): "signed: {meaning}",
    ("Membership", "created"): "gave a person the role “{role}”",
    ("Membership", "changed"): "changed a person’s role",
    ("Person", "created"): "created the identity of {printed_name}",
    ("Person", "changed"): "changed the identity of {printed_name}",
    ("Authenticator", "created"): "added a means of proof: {name}",
    ("Authenticator", "changed"): "changed the means of proof {name}",
    ("Reset", "created"): "asked for a new password",
    ("Reset", "changed"): "used or ended a link for a new password",
    ("ProviderSubject", "created"): "tied a person to the sign-in provider {issuer}",
    ("StaffInvite", "created"): "invited {name} ({email}) to join as {role}",
    ("StaffInvite", "changed"): "changed the invitation of {name} ({email}) to join",
    ("AuditorGrant", "created"): "opened a supplier to an auditor from {from_on} until {until_on}",
    ("AuditorGrant", "changed"): "changed what an auditor may see",
    ("Provider", "created"): "set up the sign-in provider {issuer}",
    ("Provider", "changed"): "changed the sign-in provider {issuer}",
    ("Introduction", "created"): "said who asked a person of the manufacturer to come",
    ("Introduction", "changed"): "changed what a person of the manufacturer was asked for",
    ("Confirmation", "created"): "confirmed who a signing identity belongs to: {how}",
    ("Acknowledgement", "created"): "accepted that the signature binds (instruction {version})",
    ("ReviewMark", "created"): "reviewed the {kind} from {from_on} until {until_on}",
    ("SignIn", "created"): "signed in",
    ("SignIn", "changed"): "signed out",
}
EVENTS: Mapping[str, str] = {
    "access.refused": "was refused: {permission}",
    "accounts.sign_in_failed": "a wrong password was given for a member of staff",
    "people.exported": "took the report of who may do what as CSV",
    "accounts.sign_in_paused": "somebody tried to sign in as a member of staff during a pause after wrong tries",
    "accounts.factor_failed": "a wrong second factor was given for a member of staff",
    "accounts.clock_drift": "used an app whose clock is {steps} steps off",
    "accounts.password_changed": "changed the password while with another sponsor",
    "accounts.factor_changed": "changed the second factor while with another sponsor",
    "accounts.provider_refused": "somebody did not get in through the sign-in provider: {reason}",
    "accounts.provider_failed": "could not ask the sign-in provider: {reason}",
    "signature.refused": "gave a wrong credential when signing",
    "invite.link_shown": "had the supplier’s link shown, to pass it on",
    "invite.mailed_again": "had the invitation mailed again",
    "invite.wrong_code": "a wrong code was typed for {name}",
    "invite.code_read_out": "had a code shown, to read it out",
    "evidence.opened": "opened the file {name}",
    "dossier.issued": "took the dossier of {legal_name} as {form}",
    "assessment.printed": "printed the assessment {title}",
    "clock.moved_back": "found the clock set back, from {last_entry} to {now}",
    "audit.exported": "took {entries} entries of the trail as {form}",
}
# What the page's filters offer.
KINDS = {kind: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).capitalize() for kind in sorted({kind for kind, _ in WORDS})}
ACTIONS = {
    **{action: action.capitalize() for action in ("created", "changed", "deleted")},
    **{event: re.sub(r"[._]", " ", event).capitalize() for event in sorted(EVENTS)},
}
# Who saved it and when stands in the entry itself.
QUIET = {("Answer", "saved_at"), ("Answer", "saved_by"), ("Verdict", "at")}
LABELS = {
    **FACTOR_TITLES,
    "inherent": "Inherent level",
    "rating": "Residual rating",
    "final": "Residual rating",
    "sha256": "SHA-256",
    "digest": "SHA-256",
    "due_on": "Due",
    "next_due": "Next due",
    "bytes": "Size in bytes",
    "size": "Size in bytes",
    "withdrawn_because": "Reason of withdrawal",
}
LEVELLED = frozenset({*FACTOR_TITLES, "inherent", "rating", "final"})
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
UNSAID = "not repeated here"
# What the field holds -> its words on the page.
NAMES: Mapping[str, Mapping[str, str]] = {
    "state": lifecycle.STATE_LABELS,
    "status": suppliers.STATUSES,
    "role": ROLE_NAMES,
    "outcome": {**OUTCOMES, "pending": "Answered again"},
    "value": {choice.value: choice.label for choices in CHOICES.values() for choice in choices},
}


class _Known(dict[str, Any]):
    """Fills what is not known with nothing."""

    def __missing__(self, _key: str) -> str:
        return "…"


def sentence(entry: AuditEntry, made: Mapping[Any, Mapping[str, list[Any]]]) -> str:
    """Return what was done, after the name of who did it."""
    changes = told(entry)
    words = EVENTS.get(entry.action) or WORDS.get((entry.record_type, entry.action))
    if words is None:
        return f"{entry.action} {entry.record_type}".strip()
    known = _Known({name: _shown(name, new) for name, (_old, new) in made.get(entry.record_id, {}).items()})
    known.update({name: _shown(name, new) for name, (_old, new) in changes.items() if new is not None})
    return words.format_map(known)


def fields(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """Return label, old and new value of each field of an entry that says more than the entry itself."""
    return [
        (_label(name), _shown(name, old), _shown(name, new))
        for name, (old, new) in told(entry).items()
        if (entry.record_type, name) not in QUIET
    ]


def _label(name: str) -> str:
    return LABELS.get(name) or name.replace("_", " ").removesuffix(" id").capitalize()


def _shown(name: str, value: Any) -> Any:
    if value is None or value == "":
        return ""
    if value == HIDDEN:
        return UNSAID
    if name in LEVELLED and value in LEVELS:
        return f"{value} {LEVELS[value]}"
    text = str(value)
    if MOMENT.fullmatch(text):
        return moment(datetime.fromisoformat(text))
    return NAMES.get(name, {}).get(text, text)


def places(entry: AuditEntry, made: Mapping[Any, Mapping[str, list[Any]]]) -> Iterator[tuple[str, Any, str]]:
    """Yield kind, id and name of the supplier and the assessment that an entry belongs to."""
    for kind, row_id, field in (
        ("supplier", entry.supplier_id, "legal_name"),
        ("assessment", entry.assessment_id, "title"),
    ):
        if row_id is not None and row_id in made:
            yield kind, row_id, str(made[row_id].get(field, [None, kind])[1])
