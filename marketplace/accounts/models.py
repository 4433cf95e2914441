"""People, their consents, addresses and roles; departments and dong."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base


class Dong(Base):
    """One administrative dong of the district, by its ten-digit code."""

    __tablename__ = "dong"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]


class Department(Base):
    """One department of the district office."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    dong_code: Mapped[str | None] = mapped_column(ForeignKey(Dong.code))


class PersonStatus(StrEnum):
    """Whether a person may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"
    WITHDRAWN = "withdrawn"


class Person(Base):
    """One signed-up person: resident, enterprise member or staff."""

    __tablename__ = "person"
    __table_args__ = (
        # A withdrawn person's address is free again.
        Index(
            "uq_person_email_key",
            "email_key",
            unique=True,
            postgresql_where=text("status <> 'withdrawn'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str]
    email_confirmed_at: Mapped[datetime | None]
    password_hash: Mapped[str | None]
    name: Mapped[str]
    phone: Mapped[str | None]
    birth_on: Mapped[date | None]
    dong_code: Mapped[str | None] = mapped_column(ForeignKey(Dong.code), index=True)
    status: Mapped[PersonStatus] = mapped_column(default=PersonStatus.ACTIVE)
    # Raised to end every session of this person at once.
    session_version: Mapped[int] = mapped_column(default=1, server_default="1")
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_signed_in_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class ConsentKind(StrEnum):
    """What a person may agree to (korea.md §2.3)."""

    TERMS = "terms"
    PRIVACY_REQUIRED = "privacy_required"
    PRIVACY_OPTIONAL = "privacy_optional"
    THIRD_PARTY_SELLER = "third_party_seller"
    MARKETING_EMAIL = "marketing_email"
    MARKETING_SMS = "marketing_sms"
    MARKETING_NIGHT = "marketing_night"
    COUPON_ELIGIBILITY = "coupon_eligibility_check"


class Consent(Base):
    """One agreement to one version of one text; withdrawn, never deleted."""

    __tablename__ = "consent"
    __table_args__ = (
        Index(
            "uq_consent_standing",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    kind: Mapped[ConsentKind]
    version: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    reconfirm_on: Mapped[date | None]
    channel: Mapped[str] = mapped_column(server_default="web")
    ip: Mapped[str | None]


class Address(Base):
    """One entry of a person's address book."""

    __tablename__ = "address"
    __table_args__ = (
        Index(
            "uq_address_default",
            "person_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        CheckConstraint("zip_code ~ '^[0-9]{5}$'", name="zip_code_five_digits"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    label: Mapped[str]
    recipient_name: Mapped[str]
    recipient_phone: Mapped[str]
    zip_code: Mapped[str]
    road_address: Mapped[str]
    address_detail: Mapped[str] = mapped_column(server_default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Role(StrEnum):
    """What a member of staff may do (domain.md, People)."""

    OPERATOR = "operator"
    CAMPAIGN_MANAGER = "campaign_manager"
    SETTLEMENT_OFFICER = "settlement_officer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    DONG_CLERK = "dong_clerk"
    DEPARTMENT_BUYER = "department_buyer"


class RoleGrant(Base):
    """One role of one person; revoked, never deleted (권한 변경기록 3년)."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_standing",
            "person_id",
            "role",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    role: Mapped[Role]
    department_id: Mapped[int | None] = mapped_column(ForeignKey(Department.id))
    granted_at: Mapped[datetime]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))


class TokenPurpose(StrEnum):
    """What a mailed link allows once."""

    CONFIRM_EMAIL = "confirm_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105


class MailedToken(Base):
    """One single-use link sent by mail; only its hash is kept."""

    __tablename__ = "mailed_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    purpose: Mapped[TokenPurpose]
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RecoveryCode(Base):
    """One single-use code for a lost second factor; only its hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """One signed-in browser; only the hash of its token is kept. Ended, it is dead at once."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
