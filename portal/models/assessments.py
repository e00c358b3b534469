"""Assessments: one questionnaire sent to one supplier, its invite, answers, submissions, verdicts and ratings."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base
from portal.models.suppliers import Supplier
from portal.tenancy import AssessmentOwned, OneAssessment, TenantOwned, within


class FrozenDocument(TenantOwned, Base):
    """A questionnaire or rubric as it was at sending: whatever happens to the library, this stays."""

    __tablename__ = "frozen_document"
    __table_args__ = (UniqueConstraint("tenant_id", "digest"),)

    kind: Mapped[str] = mapped_column(String(20), comment="questionnaire, rubric, method")
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text, info={"secret": True})


class Assessment(OneAssessment, Base):
    """One questionnaire sent to one supplier, with what it was sent with pinned by digest."""

    __tablename__ = "assessment"
    __table_args__ = (
        within("supplier_id", "supplier"),
        within("questionnaire_id", "frozen_document"),
        within("rubric_id", "frozen_document"),
        within("method_id", "frozen_document"),
        Index(None, "tenant_id", "supplier_id"),
        Index(None, "tenant_id", "state"),
    )

    questionnaire_id: Mapped[UUID]
    rubric_id: Mapped[UUID]
    method_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(200))
    questionnaire_key: Mapped[str] = mapped_column(String(64), comment="the same for every version")
    state: Mapped[str] = mapped_column(String(20), default="sent", comment="see questionnaires/lifecycle.py")
    due_on: Mapped[date] = mapped_column(Date)
    sent_at: Mapped[datetime]
    sent_by: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, info={"untracked": True})

    supplier: Mapped[Supplier] = relationship(
        primaryjoin="and_(foreign(Assessment.supplier_id) == Supplier.id, Assessment.tenant_id == Supplier.tenant_id)",
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Invite(AssessmentOwned, Base):
    """Who was asked. The link's secret is not here: only its digest, in the door."""

    __tablename__ = "invite"

    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    renewed_at: Mapped[datetime | None] = mapped_column(comment="codes are counted from here")


class Introduction(AssessmentOwned, Base):
    """Who asked somebody to come, for which sections, and how they know who that is (11.100(b))."""

    __tablename__ = "introduction"
    __table_args__ = (
        within("assessment_id", "assessment"),
        within("invite_id", "invite"),
        within("parent_id", "invite"),
        UniqueConstraint("tenant_id", "invite_id"),
    )

    invite_id: Mapped[UUID]
    parent_id: Mapped[UUID | None] = mapped_column(comment="the invite of whoever asked this colleague; none: staff")
    sections: Mapped[str] = mapped_column(Text, default="", comment="ids of the delegated ones, by blanks; empty: all")
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    by: Mapped[str] = mapped_column(String(200))
    how: Mapped[str] = mapped_column(String(300), default="", comment="empty: the identity is to be confirmed later")
    at: Mapped[datetime]


class MailedCode(AssessmentOwned, Base):
    """A six-digit code asked for by one browser: ten minutes, five tries, one use."""

    __tablename__ = "mailed_code"
    __audited__ = False
    __table_args__ = (within("assessment_id", "assessment"), within("invite_id", "invite"))

    invite_id: Mapped[UUID] = mapped_column(index=True)
    browser: Mapped[str] = mapped_column(String(64), comment="digest of the cookie of the browser that asked")
    code: Mapped[str] = mapped_column(String(64), default="", comment="keyed digest; empty until mailed")
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    read_out_by_id: Mapped[UUID | None] = mapped_column(comment="who had it shown, where no mail server is set")
    used_at: Mapped[datetime | None]


class Visit(AssessmentOwned, Base):
    """One stay of a person of the manufacturer: 12 hours at most, 60 minutes idle."""

    __tablename__ = "visit"
    __table_args__ = (within("assessment_id", "assessment"), within("invite_id", "invite"))

    invite_id: Mapped[UUID]
    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("person.id"), comment="the signing identity, once there is one"
    )
    origin: Mapped[str] = mapped_column(String(64))
    read_out_by_id: Mapped[UUID | None] = mapped_column(comment="who read the code out: may not confirm the identity")
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(info={"untracked": True})
    signing_since: Mapped[datetime | None] = mapped_column(
        info={"untracked": True}, comment="beginning of the continuous period of signing (11.200(a)(1)(i))"
    )
    signed_at: Mapped[datetime | None] = mapped_column(info={"untracked": True}, comment="last signing in the period")
    ended_at: Mapped[datetime | None]


class Answer(AssessmentOwned, Base):
    """The present answer to one question; earlier ones are in the trail and in the submissions."""

    __tablename__ = "answer"
    __table_args__ = (
        within("assessment_id", "assessment"),
        UniqueConstraint("tenant_id", "assessment_id", "question_id"),
    )

    question_id: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(40))
    comment: Mapped[str] = mapped_column(Text, default="")
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(info={"untracked": True})

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Submission(AssessmentOwned, Base):
    """The answers as they were signed, in their canonical form; never changed afterwards."""

    __tablename__ = "submission"
    __table_args__ = (
        within("assessment_id", "assessment"),
        UniqueConstraint("tenant_id", "assessment_id", "number"),
    )

    number: Mapped[int]
    content: Mapped[str] = mapped_column(Text, info={"secret": True})
    digest: Mapped[str] = mapped_column(String(64))
    submitted_at: Mapped[datetime]


# What a reviewer may say of an answer; "pending" stands for one that was asked back and is answered again.
OUTCOMES = {"accepted": "Accepted", "gap": "Gap", "question_back": "Question back"}


class Verdict(AssessmentOwned, Base):
    """What the sponsor's reviewer says of one answer."""

    __tablename__ = "verdict"
    __table_args__ = (
        within("assessment_id", "assessment"),
        UniqueConstraint("tenant_id", "assessment_id", "question_id"),
    )

    question_id: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(20), comment="accepted, gap, question_back, or pending again")
    level: Mapped[str] = mapped_column(String(2), default="", comment="E0-E4 where accepted")
    remark: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    version: Mapped[int] = mapped_column(info={"untracked": True})

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Rating(AssessmentOwned, Base):
    """A rating with the input it was computed from, so that anybody can compute it again."""

    __tablename__ = "rating"

    submission_number: Mapped[int]
    method: Mapped[str] = mapped_column(String(20))
    as_of: Mapped[date] = mapped_column(Date)
    input: Mapped[str] = mapped_column(Text)
    input_digest: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(Text)
    final: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(12))
    computed_at: Mapped[datetime]
