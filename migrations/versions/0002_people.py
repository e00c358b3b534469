"""What proves people and what comes before a signature: factors, resets, providers, confirmations; marks of review."""

import sqlalchemy as sa
from alembic import op

from migrations import guards

PERMANENT = ("review_mark", "acknowledgement", "confirmation")
TENANT_TABLES = (
    "acknowledgement",
    "auditor_grant",
    "confirmation",
    "introduction",
    "provider",
    "review_mark",
    "staff_invite",
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "timetable",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=60), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timetable")),
        sa.UniqueConstraint("task", name=op.f("uq_timetable_task")),
    )
    op.create_table(
        "acknowledgement",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False, comment="of the signing instruction"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="of its text"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_acknowledgement_person_id_person")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_acknowledgement_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_acknowledgement")),
        sa.UniqueConstraint(
            "tenant_id", "person_id", "version", name=op.f("uq_acknowledgement_tenant_id_person_id_version")
        ),
    )
    op.create_table(
        "authenticator",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="totp, passkey, recovery"),
        sa.Column("name", sa.String(length=100), nullable=False, comment="as its owner calls it"),
        sa.Column(
            "secret", sa.Text(), nullable=False, comment="encrypted seed, public key, or digest of a recovery code"
        ),
        sa.Column("handle", sa.String(length=400), nullable=False, comment="a passkey's credential id"),
        sa.Column(
            "counter",
            sa.Integer(),
            nullable=False,
            comment="last time step of a code, or a passkey's own count: never again",
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_authenticator_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticator")),
    )
    op.create_index(op.f("ix_authenticator_person_id"), "authenticator", ["person_id"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("by_kind", sa.String(length=12), nullable=False, comment="staff, cmo, or system for the operator"),
        sa.Column("how", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_confirmation_by_id_person")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_confirmation_person_id_person")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_confirmation_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_confirmation")),
        sa.UniqueConstraint("tenant_id", "person_id", name=op.f("uq_confirmation_tenant_id_person_id")),
    )
    op.create_table(
        "provider",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False, comment="encrypted"),
        sa.Column(
            "domain", sa.String(length=253), nullable=False, comment="of the addresses that this provider answers for"
        ),
        sa.Column("default_role", sa.String(length=20), nullable=False, comment="empty: nobody joins by signing in"),
        sa.Column("group_claim", sa.String(length=60), nullable=False),
        sa.Column("group_roles", sa.Text(), nullable=False, comment="JSON: the provider's group -> role"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_provider_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_provider")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_provider_tenant_id")),
    )
    op.create_table(
        "provider_subject",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_provider_subject_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_subject")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_provider_subject_issuer_subject")),
    )
    op.create_index(op.f("ix_provider_subject_person_id"), "provider_subject", ["person_id"], unique=False)
    op.create_table(
        "reset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reset_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset")),
    )
    op.create_index(op.f("ix_reset_person_id"), "reset", ["person_id"], unique=False)
    op.create_table(
        "review_mark",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="trail or access"),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="canonical JSON of what was looked at"),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_review_mark_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_review_mark")),
    )
    op.create_table(
        "staff_invite",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column(
            "identity_how",
            sa.String(length=300),
            nullable=False,
            comment="how whoever invites knows who this is (11.100(b)); empty: not said yet",
        ),
        sa.Column("invited_by_id", sa.Uuid(), nullable=True),
        sa.Column("invited_by", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["invited_by_id"], ["person.id"], name=op.f("fk_staff_invite_invited_by_id_person")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_staff_invite_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_staff_invite")),
    )
    op.create_table(
        "auditor_grant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False, comment="the last day, in UTC"),
        sa.Column("given_by", sa.String(length=200), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_auditor_grant_tenant_id_membership_id_membership"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["supplier.tenant_id", "supplier.id"],
            name=op.f("fk_auditor_grant_tenant_id_supplier_id_supplier"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_auditor_grant_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_auditor_grant")),
    )
    op.create_index(
        op.f("ix_auditor_grant_tenant_id_membership_id"), "auditor_grant", ["tenant_id", "membership_id"], unique=False
    )
    op.create_table(
        "introduction",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invite_id", sa.Uuid(), nullable=False),
        sa.Column(
            "parent_id", sa.Uuid(), nullable=True, comment="the invite of whoever asked this colleague; none: staff"
        ),
        sa.Column("sections", sa.Text(), nullable=False, comment="ids of the delegated ones, by blanks; empty: all"),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("how", sa.String(length=300), nullable=False, comment="empty: the identity is to be confirmed later"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_introduction_by_id_person")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_introduction_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invite_id"],
            ["invite.tenant_id", "invite.id"],
            name=op.f("fk_introduction_tenant_id_invite_id_invite"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["invite.tenant_id", "invite.id"],
            name=op.f("fk_introduction_tenant_id_parent_id_invite"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_introduction_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_introduction")),
        sa.UniqueConstraint("tenant_id", "invite_id", name=op.f("uq_introduction_tenant_id_invite_id")),
    )
    op.create_index(op.f("ix_introduction_assessment_id"), "introduction", ["assessment_id"], unique=False)
    op.add_column(
        "audit_head",
        sa.Column("at", sa.DateTime(timezone=True), nullable=True, comment="when the newest entry was written"),
    )
    op.add_column(
        "mailed_code",
        sa.Column("read_out_by_id", sa.Uuid(), nullable=True, comment="who had it shown, where no mail server is set"),
    )
    op.add_column(
        "person",
        sa.Column("credential_at", sa.DateTime(timezone=True), nullable=True, comment="when the password was chosen"),
    )
    op.add_column(
        "person",
        sa.Column(
            "stays_from",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="stays begun before are over: a password or second factor changed since, or the person ended them",
        ),
    )
    op.add_column(
        "sign_in",
        sa.Column(
            "proved_by",
            sa.String(length=40),
            server_default="password",
            nullable=False,
            comment="password, passkey, provider ...",
        ),
    )
    op.add_column(
        "sign_in",
        sa.Column(
            "factor_due",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="the second factor is still to come: opens that page alone",
        ),
    )
    op.add_column(
        "sign_in",
        sa.Column(
            "signing_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="beginning of the continuous period of signing (11.200(a)(1)(i))",
        ),
    )
    op.add_column(
        "sign_in",
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True, comment="last signing in the period"),
    )
    op.add_column(
        "tenant",
        sa.Column(
            "security_email",
            sa.String(length=254),
            nullable=True,
            comment="whom the portal warns (11.300(d)); none: the contact",
        ),
    )
    op.add_column(
        "tenant",
        sa.Column(
            "second_factor",
            sa.String(length=10),
            server_default="offered",
            nullable=False,
            comment="offered, or required of all staff",
        ),
    )
    op.add_column(
        "visit",
        sa.Column(
            "read_out_by_id", sa.Uuid(), nullable=True, comment="who read the code out: may not confirm the identity"
        ),
    )
    op.add_column(
        "visit",
        sa.Column(
            "signing_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="beginning of the continuous period of signing (11.200(a)(1)(i))",
        ),
    )
    op.add_column(
        "visit", sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True, comment="last signing in the period")
    )
    _free_signatures_from_assessments()
    for table in TENANT_TABLES:
        guards.wall(table)
    guards.wall_of_tenants()
    for table in PERMANENT:
        guards.refuse_change(table)


def _free_signatures_from_assessments() -> None:
    """Let a signature stand on what belongs to no assessment, such as a mark of review."""
    with op.batch_alter_table("signature") as batch:
        batch.alter_column("assessment_id", existing_type=sa.Uuid(), nullable=True)
    if not guards.on_postgresql():
        # SQLite copied the rows into a new table, which has no triggers yet.
        guards.refuse_change("signature")
