"""Enterprises, their designations, members and bank accounts."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Dong, Person
from marketplace.core.db import Base


class EnterpriseStatus(StrEnum):
    """Where an enterprise stands in the mall."""

    APPLIED = "applied"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Enterprise(Base):
    """One social enterprise of the district, the seller of its products."""

    __tablename__ = "enterprise"
    __table_args__ = (
        CheckConstraint("commission_bps BETWEEN 0 AND 10000", name="commission_bps_range"),
        CheckConstraint("business_number ~ '^[0-9]{10}$'", name="business_number_ten_digits"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    tagline: Mapped[str] = mapped_column(server_default="")
    story: Mapped[str] = mapped_column(server_default="")
    representative_name: Mapped[str]
    business_number: Mapped[str] = mapped_column(unique=True)
    mail_order_number: Mapped[str | None]
    phone: Mapped[str]
    email: Mapped[str]
    zip_code: Mapped[str]
    road_address: Mapped[str]
    address_detail: Mapped[str] = mapped_column(server_default="")
    dong_code: Mapped[str] = mapped_column(ForeignKey(Dong.code), index=True)
    status: Mapped[EnterpriseStatus] = mapped_column(index=True)
    accepts_counter_coupons: Mapped[bool] = mapped_column(default=False)
    commission_bps: Mapped[int] = mapped_column(default=0, server_default="0")
    picture_key: Mapped[str | None]
    picture_alt: Mapped[str] = mapped_column(server_default="")
    joined_on: Mapped[date]
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DesignationKind(StrEnum):
    """What kind of social-economy enterprise somebody certified (korea.md §3.1)."""

    SOCIAL = "social"
    PRE_SOCIAL = "pre_social"
    VILLAGE = "village"
    COOPERATIVE = "cooperative"
    SOCIAL_COOPERATIVE = "social_cooperative"
    SELF_SUPPORT = "self_support"


class Designation(Base):
    """One certification with its number and validity; a badge shows only while it is valid."""

    __tablename__ = "designation"
    __table_args__ = (
        CheckConstraint("expires_on IS NULL OR expires_on > granted_on", name="valid_period"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id), index=True)
    kind: Mapped[DesignationKind]
    number: Mapped[str]
    authority: Mapped[str]
    granted_on: Mapped[date]
    # The first day it no longer holds; none for a designation without an end.
    expires_on: Mapped[date | None] = mapped_column(index=True)
    revoked_on: Mapped[date | None]


class MemberRole(StrEnum):
    """What a member may do for the enterprise."""

    OWNER = "owner"
    STAFF = "staff"
    CASHIER = "cashier"


class Member(Base):
    """One person working for one enterprise."""

    __tablename__ = "member"
    __table_args__ = (
        Index(
            "uq_member_standing",
            "enterprise_id",
            "person_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_member_person_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    role: Mapped[MemberRole]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class BankAccount(Base):
    """Where an enterprise is paid; the number is encrypted at rest."""

    __tablename__ = "bank_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id), index=True)
    bank_code: Mapped[str]
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    number_last4: Mapped[str]
    holder: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    replaced_at: Mapped[datetime | None]
