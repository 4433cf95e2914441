"""How an enterprise comes in: application, checklist, documents, invitations."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Dong, Person
from marketplace.core.db import Base
from marketplace.enterprises.models import Enterprise, MemberRole


class Document(Base):
    """One private file, such as a certificate: for those who uploaded it and for staff."""

    __tablename__ = "document"

    id: Mapped[int] = mapped_column(primary_key=True)
    storage_key: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    # Bytes.
    size: Mapped[int]
    uploaded_by: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApplicationStatus(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVISION = "revision"
    APPROVED = "approved"
    DECLINED = "declined"


class Application(Base):
    """What an enterprise says of itself before it may sell; approved, it becomes an enterprise."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint("business_number ~ '^[0-9]{10}$'", name="business_number_ten_digits"),
        CheckConstraint(
            "(status = 'approved') = (enterprise_id IS NOT NULL)", name="approved_is_enterprise"
        ),
        Index(
            "uq_application_open",
            "business_number",
            unique=True,
            postgresql_where=text("status IN ('submitted', 'revision')"),
        ),
        Index("ix_application_status", "status", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    status: Mapped[ApplicationStatus] = mapped_column(default=ApplicationStatus.DRAFT)
    name: Mapped[str]
    tagline: Mapped[str] = mapped_column(server_default="")
    story: Mapped[str] = mapped_column(server_default="")
    representative_name: Mapped[str]
    business_number: Mapped[str]
    mail_order_number: Mapped[str | None]
    phone: Mapped[str]
    email: Mapped[str]
    zip_code: Mapped[str]
    road_address: Mapped[str]
    address_detail: Mapped[str] = mapped_column(server_default="")
    dong_code: Mapped[str] = mapped_column(ForeignKey(Dong.code))
    bank_code: Mapped[str]
    account_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    account_last4: Mapped[str]
    account_holder: Mapped[str]
    # Rows of {kind, number, authority, granted_on, expires_on, document_id}.
    designations: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default="[]")
    # What the office asked to change, or why it declined.
    answer: Mapped[str | None]
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey(Enterprise.id), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))


class RequirementKind(StrEnum):
    """What the office asks an applicant for."""

    DOCUMENT = "document"
    ATTESTATION = "attestation"
    TERMS = "terms"
    REVIEW = "review"


class Requirement(Base):
    """One point of the office's checklist, from a day on. Terms hold the text people agree to."""

    __tablename__ = "requirement"
    __table_args__ = (
        CheckConstraint("retired_on IS NULL OR retired_on > effective_on", name="valid_period"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[RequirementKind]
    title: Mapped[str]
    body: Mapped[str] = mapped_column(server_default="")
    is_mandatory: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    # Only of applicants with one of these designations; none means of everybody.
    designation_kinds: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    position: Mapped[int] = mapped_column(default=0)
    effective_on: Mapped[date]
    retired_on: Mapped[date | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))


class FulfilmentState(StrEnum):
    """How an applicant stands with one requirement."""

    GIVEN = "given"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    WAIVED = "waived"


class Fulfilment(Base):
    """What an applicant gave for one requirement, and what the office made of it."""

    __tablename__ = "fulfilment"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('returned', 'waived') OR note <> ''", name="decided_with_reason"
        ),
    )

    application_id: Mapped[int] = mapped_column(ForeignKey(Application.id), primary_key=True)
    requirement_id: Mapped[int] = mapped_column(ForeignKey(Requirement.id), primary_key=True)
    state: Mapped[FulfilmentState]
    document_id: Mapped[int | None] = mapped_column(ForeignKey(Document.id))
    note: Mapped[str] = mapped_column(server_default="")
    given_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))


class Invitation(Base):
    """A person asked by mail to work for an enterprise."""

    __tablename__ = "invitation"
    __table_args__ = (
        Index(
            "uq_invitation_open",
            "enterprise_id",
            "email",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id))
    email: Mapped[str]
    role: Mapped[MemberRole]
    token_digest: Mapped[str] = mapped_column(unique=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey(Person.id))
    invited_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
