"""Who can do what, since when and last used: the report that an administrator looks through and signs (11.300(b))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from portal import access, audit, manifest, tenancy
from portal.access import STAFF_ROLES
from portal.db import db, now
from portal.errors import Conflict
from portal.models.accounts import AuditorGrant, Membership, Person, Provider, StaffInvite
from portal.models.audit import ReviewMark
from portal.models.signatures import Signature
from portal.models.suppliers import Supplier
from portal.services import signatures
from portal.services.accounts import invites, members
from portal.services.accounts.members import Member
from portal.services.audit import marks
from portal.services.signatures import Credential

KIND, MEANING = "access", "access"
# From here on an account that nobody used is pointed out.
UNUSED_DAYS = 90
COLUMNS = (
    "name", "address", "role", "since", "ended", "last used", "second factor", "password chosen",
    "identity confirmed by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What is looked through: people, open invitations, what auditors see, and the company's own sign-in."""

    people: Sequence[Member]
    invited: Sequence[StaffInvite]
    grants: Sequence[tuple[AuditorGrant, str, str]]
    provider: Provider | None

    @property
    def rights(self) -> Mapping[str, Sequence[str]]:
        """Return what each role may do, in words."""
        said = access.meanings()
        return {role: [said[name] for name in said if access.may(role, name)] for role in STAFF_ROLES}

    def lines(self) -> list[list[str]]:
        """Return a line for each person, in the order of the columns."""
        return [_line(member) for member in self.people]

    def content(self) -> dict[str, Any]:
        """Return what a mark says of the report, as plain values."""
        company = self.provider
        return {
            "columns": list(COLUMNS), "people": self.lines(), "rights": dict(self.rights),
            "invited": [[row.name, row.email, row.role, row.invited_by, row.expires_at.date()] for row in self.invited],
            "auditors": [[who, what, grant.from_on, grant.until_on] for grant, who, what in self.grants],
            "provider": [company.issuer, company.domain, company.default_role] if company else [],
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """Return the digest of what the page shows, so that nobody signs what was not shown."""
        return manifest.digest(self.content())


def _line(member: Member) -> list[str]:
    row, person = member.membership, member.person
    days = (row.since, row.ended_at, member.last_seen)
    since, ended, seen = (moment.date().isoformat() if moment else "" for moment in days)
    chosen = person.credential_at.date().isoformat() if person.credential_at else ""
    confirmed = member.confirmed.by if member.confirmed else ""
    factor = "yes" if member.factor else "no"
    return [person.printed_name, person.email, row.role, since, ended, seen or "never", factor, chosen, confirmed]


def report() -> Report:
    """Return the report as it is now."""
    grants = (
        select(AuditorGrant, Person.printed_name, Supplier.legal_name)
        .join(
            Membership,
            (Membership.id == AuditorGrant.membership_id) & (Membership.tenant_id == AuditorGrant.tenant_id),
        )
        .join(Person, Person.id == Membership.person_id)
        .join(Supplier, (Supplier.id == AuditorGrant.supplier_id) & (Supplier.tenant_id == AuditorGrant.tenant_id))
        .where(AuditorGrant.ended_at.is_(None), AuditorGrant.until_on >= now().date())
        .order_by(Person.printed_name, AuditorGrant.from_on, AuditorGrant.id)
    )
    provider = db.session.scalar(select(Provider).where(Provider.ended_at.is_(None)))
    found = [(grant, who, what) for grant, who, what in db.session.execute(grants)]
    return Report(members.all_of_them(), invites.opened(), found, provider)


def export() -> Report:
    """Return the report for a file; that it was taken is on record."""
    audit.record_now("people.exported")
    return report()


def mark(*, credential: Credential, meaning: str, shown_digest: str, remark: str, today: date) -> ReviewMark:
    """Sign that the report was looked through.

    Raises Conflict if it changed since it was shown, and as signing does.
    """
    by = signatures.confirm(credential)
    found = report()
    if not manifest.same(found.digest, shown_digest):
        raise Conflict("The report has changed since it was shown. Read it again; nothing was signed.")
    said = {**found.content(), "reviewer": tenancy.scope().actor.id}
    row = marks.drawn_up(kind=KIND, said=said, remark=remark, from_on=_since(today), until_on=today)
    signatures.sign(
        record=row, assessment_id=None, by=by, meaning=meaning, content_digest=row.digest, shown_digest=row.digest
    )
    db.session.add(row)
    return row


def _since(today: date) -> date:
    """Return the day of the last review; today for the first one."""
    rows = signed()
    return rows[0][0].until_on if rows else today


def signed() -> list[tuple[ReviewMark, Signature]]:
    """Return each mark with its signature, newest first."""
    return marks.of_kind(KIND)
