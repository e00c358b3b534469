"""The first shape: sponsors, suppliers, assessments, evidence, signatures, the trail and the outbox."""

import sqlalchemy as sa
from alembic import op

from migrations import guards

# Rows that are evidence: they are written once and stay.
PERMANENT = ("audit_entry", "submission", "rating", "signature", "frozen_document")
TENANT_TABLES = (
    "answer",
    "assessment",
    "audit_entry",
    "audit_head",
    "contact",
    "evidence",
    "frozen_document",
    "invite",
    "mailed_code",
    "membership",
    "rating",
    "sign_in",
    "signature",
    "site",
    "submission",
    "supplier",
    "verdict",
    "visit",
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "door",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="person, sign_in, invite, visit"),
        sa.Column(
            "digest", sa.String(length=64), nullable=False, comment="SHA-256 of the secret or of the person's id"
        ),
        sa.Column("for_tenant", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door")),
        sa.UniqueConstraint("kind", "digest", "subject_id", name=op.f("uq_door_kind_digest_subject_id")),
    )
    op.create_index(op.f("ix_door_subject_id"), "door", ["subject_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("for_tenant", sa.Uuid(), nullable=False),
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False, comment="waiting, done, failed"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="not before; also the end of a running attempt's lease",
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_state_due_at"), "outbox", ["state", "due_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False, comment="lower case; proved before it is stored"),
        sa.Column("printed_name", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False, comment="whom suppliers may ask"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
    )
    op.create_table(
        "throttle",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="digest of what is counted"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_throttle")),
        sa.UniqueConstraint("key", name=op.f("uq_throttle_key")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="place in the tenant's chain, from 1, without gaps"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("actor_role", sa.String(length=20), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False, comment="network address, or 'portal'"),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False, comment="created, changed, deleted, or noun.event"),
        sa.Column("record_type", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("assessment_id", sa.Uuid(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False, comment="canonical JSON: field -> [old, new]"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False, comment="digest of the entry before"),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_audit_entry_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_audit_entry_tenant_id_number")),
    )
    op.create_index(op.f("ix_audit_entry_tenant_id_record_id"), "audit_entry", ["tenant_id", "record_id"], unique=False)
    op.create_index(
        op.f("ix_audit_entry_tenant_id_supplier_id"), "audit_entry", ["tenant_id", "supplier_id"], unique=False
    )
    op.create_index(
        op.f("ix_audit_entry_tenant_id_assessment_id"), "audit_entry", ["tenant_id", "assessment_id"], unique=False
    )
    op.create_table(
        "audit_head",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_audit_head_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_head")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_audit_head_tenant_id")),
    )
    op.create_table(
        "frozen_document",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False, comment="questionnaire, rubric, method"),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_frozen_document_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_frozen_document")),
        sa.UniqueConstraint("tenant_id", "digest", name=op.f("uq_frozen_document_tenant_id_digest")),
    )
    op.create_table(
        "membership",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id_person")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_membership_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_membership")),
        sa.UniqueConstraint("tenant_id", "person_id", name=op.f("uq_membership_tenant_id_person_id")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "supplier",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("impact_patient", sa.Integer(), nullable=True),
        sa.Column("impact_data", sa.Integer(), nullable=True),
        sa.Column("impact_supply", sa.Integer(), nullable=True),
        sa.Column("exposure_connectivity", sa.Integer(), nullable=True),
        sa.Column("exposure_complexity", sa.Integer(), nullable=True),
        sa.Column("exposure_subcontracting", sa.Integer(), nullable=True),
        sa.Column("exposure_history", sa.Integer(), nullable=True),
        sa.Column("inherent", sa.Integer(), nullable=True, comment="level 1-5, computed from the seven factors"),
        sa.Column("tier", sa.Integer(), nullable=True, comment="1-4, from the inherent level"),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True, comment="worst final rating of the latest closed assessments"),
        sa.Column("next_due", sa.Date(), nullable=True, comment="earliest due date of what is open"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("exposure_complexity BETWEEN 1 AND 5", name=op.f("ck_supplier_exposure_complexity")),
        sa.CheckConstraint("exposure_connectivity BETWEEN 1 AND 5", name=op.f("ck_supplier_exposure_connectivity")),
        sa.CheckConstraint("exposure_history BETWEEN 1 AND 5", name=op.f("ck_supplier_exposure_history")),
        sa.CheckConstraint("exposure_subcontracting BETWEEN 1 AND 5", name=op.f("ck_supplier_exposure_subcontracting")),
        sa.CheckConstraint("impact_data BETWEEN 1 AND 5", name=op.f("ck_supplier_impact_data")),
        sa.CheckConstraint("impact_patient BETWEEN 1 AND 5", name=op.f("ck_supplier_impact_patient")),
        sa.CheckConstraint("impact_supply BETWEEN 1 AND 5", name=op.f("ck_supplier_impact_supply")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_supplier_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_supplier")),
        sa.UniqueConstraint("tenant_id", "legal_name", name=op.f("uq_supplier_tenant_id_legal_name")),
    )
    op.create_index(op.f("ix_supplier_tenant_id_next_due"), "supplier", ["tenant_id", "next_due"], unique=False)
    op.create_index(op.f("ix_supplier_tenant_id_rating"), "supplier", ["tenant_id", "rating"], unique=False)
    op.create_index(op.f("ix_supplier_tenant_id_tier"), "supplier", ["tenant_id", "tier"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("questionnaire_id", sa.Uuid(), nullable=False),
        sa.Column("rubric_id", sa.Uuid(), nullable=False),
        sa.Column("method_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("questionnaire_key", sa.String(length=64), nullable=False, comment="the same for every version"),
        sa.Column("state", sa.String(length=20), nullable=False, comment="see questionnaires/lifecycle.py"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "method_id"],
            ["frozen_document.tenant_id", "frozen_document.id"],
            name=op.f("fk_assessment_tenant_id_method_id_frozen_document"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "questionnaire_id"],
            ["frozen_document.tenant_id", "frozen_document.id"],
            name=op.f("fk_assessment_tenant_id_questionnaire_id_frozen_document"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rubric_id"],
            ["frozen_document.tenant_id", "frozen_document.id"],
            name=op.f("fk_assessment_tenant_id_rubric_id_frozen_document"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["supplier.tenant_id", "supplier.id"],
            name=op.f("fk_assessment_tenant_id_supplier_id_supplier"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_assessment_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_assessment")),
    )
    op.create_index(op.f("ix_assessment_tenant_id_state"), "assessment", ["tenant_id", "state"], unique=False)
    op.create_index(
        op.f("ix_assessment_tenant_id_supplier_id"), "assessment", ["tenant_id", "supplier_id"], unique=False
    )
    op.create_table(
        "contact",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("position", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["supplier.tenant_id", "supplier.id"],
            name=op.f("fk_contact_tenant_id_supplier_id_supplier"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_contact_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_contact")),
        sa.UniqueConstraint("tenant_id", "supplier_id", "email", name=op.f("uq_contact_tenant_id_supplier_id_email")),
    )
    op.create_table(
        "sign_in",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["membership.tenant_id", "membership.id"],
            name=op.f("fk_sign_in_tenant_id_membership_id_membership"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_sign_in_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sign_in")),
    )
    op.create_table(
        "site",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=80), nullable=False),
        sa.Column("services", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supplier_id"],
            ["supplier.tenant_id", "supplier.id"],
            name=op.f("fk_site_tenant_id_supplier_id_supplier"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_site_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_site")),
        sa.UniqueConstraint("tenant_id", "supplier_id", "name", name=op.f("uq_site_tenant_id_supplier_id_name")),
    )
    op.create_table(
        "answer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_answer_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_answer_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_answer")),
        sa.UniqueConstraint(
            "tenant_id", "assessment_id", "question_id", name=op.f("uq_answer_tenant_id_assessment_id_question_id")
        ),
    )
    op.create_index(op.f("ix_answer_assessment_id"), "answer", ["assessment_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False, comment="for showing; never part of a path"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False, comment="by content, not by name"),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.String(length=200), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=200), nullable=False),
        sa.Column("withdrawn_because", sa.Text(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_evidence_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_evidence_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_assessment_id"), "evidence", ["assessment_id"], unique=False)
    op.create_index(
        op.f("ix_evidence_tenant_id_assessment_id_question_id"),
        "evidence",
        ["tenant_id", "assessment_id", "question_id"],
        unique=False,
    )
    op.create_table(
        "invite",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=True, comment="codes are counted from here"),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_invite_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_invite_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invite")),
    )
    op.create_index(op.f("ix_invite_assessment_id"), "invite", ["assessment_id"], unique=False)
    op.create_table(
        "rating",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_number", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("input_digest", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("final", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_rating_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_rating_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_rating")),
    )
    op.create_index(op.f("ix_rating_assessment_id"), "rating", ["assessment_id"], unique=False)
    op.create_table(
        "signature",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("printed_name", sa.String(length=200), nullable=False, comment="as it was when signing"),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("meaning", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_type", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("record_digest", sa.String(length=64), nullable=False),
        sa.Column("components", sa.String(length=60), nullable=False, comment="what was proved: identity and password"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="of all of the above"),
        sa.Column("seal", sa.String(length=64), nullable=False, comment="keyed digest: a copied row does not carry it"),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_signature_person_id_person")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_signature_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_signature_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_signature")),
    )
    op.create_index(op.f("ix_signature_assessment_id"), "signature", ["assessment_id"], unique=False)
    op.create_index(op.f("ix_signature_tenant_id_record_id"), "signature", ["tenant_id", "record_id"], unique=False)
    op.create_table(
        "submission",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_submission_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_submission_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_submission")),
        sa.UniqueConstraint(
            "tenant_id", "assessment_id", "number", name=op.f("uq_submission_tenant_id_assessment_id_number")
        ),
    )
    op.create_index(op.f("ix_submission_assessment_id"), "submission", ["assessment_id"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.String(length=40), nullable=False),
        sa.Column(
            "outcome", sa.String(length=20), nullable=False, comment="accepted, gap, question_back, or pending again"
        ),
        sa.Column("level", sa.String(length=2), nullable=False, comment="E0-E4 where accepted"),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_verdict_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_verdict_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_verdict")),
        sa.UniqueConstraint(
            "tenant_id", "assessment_id", "question_id", name=op.f("uq_verdict_tenant_id_assessment_id_question_id")
        ),
    )
    op.create_index(op.f("ix_verdict_assessment_id"), "verdict", ["assessment_id"], unique=False)
    op.create_table(
        "mailed_code",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invite_id", sa.Uuid(), nullable=False),
        sa.Column(
            "browser", sa.String(length=64), nullable=False, comment="digest of the cookie of the browser that asked"
        ),
        sa.Column("code", sa.String(length=64), nullable=False, comment="keyed digest; empty until mailed"),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_mailed_code_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invite_id"],
            ["invite.tenant_id", "invite.id"],
            name=op.f("fk_mailed_code_tenant_id_invite_id_invite"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_mailed_code_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_mailed_code")),
    )
    op.create_index(op.f("ix_mailed_code_assessment_id"), "mailed_code", ["assessment_id"], unique=False)
    op.create_index(op.f("ix_mailed_code_invite_id"), "mailed_code", ["invite_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invite_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True, comment="the signing identity, once there is one"),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"],
            ["assessment.tenant_id", "assessment.id"],
            name=op.f("fk_visit_tenant_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invite_id"],
            ["invite.tenant_id", "invite.id"],
            name=op.f("fk_visit_tenant_id_invite_id_invite"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_person_id_person")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_visit_tenant_id_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_assessment_id"), "visit", ["assessment_id"], unique=False)
    guards.refusing_function()
    for table in TENANT_TABLES:
        guards.wall(table)
    for table in PERMANENT:
        guards.refuse_change(table)
