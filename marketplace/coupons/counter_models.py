"""Coupons at a shop's till: devices, rotating tokens, receipts, and what looks like fraud."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.core.db import Base
from marketplace.core.money import Won
from marketplace.coupons.models import Campaign, Coupon, Redemption
from marketplace.enterprises.models import Enterprise


class CounterDevice(Base):
    """A phone or till of an enterprise; the office says how much it may take without network."""

    __tablename__ = "counter_device"
    __table_args__ = (CheckConstraint("offline_cap >= 0", name="offline_cap_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    # Won it may take without network between two times it is heard of.
    offline_cap: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    registered_by: Mapped[int] = mapped_column(ForeignKey(Person.id))
    registered_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class CounterToken(Base):
    """A QR and its typed fallback that a phone shows for a minute at most; good for one use."""

    __tablename__ = "counter_token"
    __table_args__ = (
        CheckConstraint("expires_at <= issued_at + interval '60 seconds'", name="short_lived"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey(Coupon.id), index=True)
    token_digest: Mapped[str] = mapped_column(unique=True)
    code_digest: Mapped[str] = mapped_column(unique=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class UseMethod(StrEnum):
    """What the cashier had from the resident."""

    QR = "qr"
    CODE = "code"
    PAPER_QR = "paper_qr"
    PAPER_CODE = "paper_code"


class CounterUse(Base):
    """The receipt of one redemption at a counter, and of its reversal."""

    __tablename__ = "counter_use"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "idempotency_key"),
        CheckConstraint("(reversed_at IS NULL) = (reversed_by IS NULL)", name="reversed_by_given"),
        Index("ix_counter_use_day", "enterprise_id", "used_at"),
    )

    redemption_id: Mapped[int] = mapped_column(ForeignKey(Redemption.id), primary_key=True)
    receipt_number: Mapped[str] = mapped_column(unique=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id))
    cashier_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    device_id: Mapped[int | None] = mapped_column(ForeignKey(CounterDevice.id))
    method: Mapped[UseMethod]
    idempotency_key: Mapped[str]
    # What the whole purchase cost, when the cashier entered it.
    purchase_amount: Mapped[Won | None]
    used_at: Mapped[datetime]
    reversed_at: Mapped[datetime | None]
    reversed_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    reverse_reason: Mapped[str] = mapped_column(server_default="")


class OfflineOutcome(StrEnum):
    """What became of a use that a device took without network."""

    REDEEMED = "redeemed"
    # The coupon was good when it was shown but could not be spent: the named account pays.
    SHORT = "short"
    REFUSED = "refused"


class OfflineUse(Base):
    """One use a device took without network, whatever became of it. Sent twice, kept once."""

    __tablename__ = "offline_use"
    __table_args__ = (
        UniqueConstraint("device_id", "idempotency_key"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("shortage BETWEEN 0 AND amount", name="shortage_within_amount"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey(CounterDevice.id))
    idempotency_key: Mapped[str]
    coupon_id: Mapped[int | None] = mapped_column(ForeignKey(Coupon.id), index=True)
    amount: Mapped[Won]
    accepted_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[OfflineOutcome]
    refusal: Mapped[str] = mapped_column(server_default="")
    shortage: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    redemption_id: Mapped[int | None] = mapped_column(ForeignKey(Redemption.id))


class FraudKind(StrEnum):
    """What made somebody look twice (domain.md)."""

    MANY_SHOPS = "many_shops"
    OWN_MEMBER = "own_member"
    FACE_VALUE = "face_value"
    OUTSIDE_HOURS = "outside_hours"
    HIGH_REVERSAL = "high_reversal"
    CODE_GUESSING = "code_guessing"


class FraudFlag(Base):
    """Something staff should look at; cleared with a note, never deleted."""

    __tablename__ = "fraud_flag"
    __table_args__ = (
        CheckConstraint("(cleared_at IS NULL) = (cleared_by IS NULL)", name="cleared_by_given"),
        Index("ix_fraud_flag_open", "raised_at", postgresql_where=text("cleared_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[FraudKind]
    # What it is about, so that it is raised once.
    about: Mapped[str] = mapped_column(unique=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey(Campaign.id), index=True)
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey(Enterprise.id), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    details: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cleared_at: Mapped[datetime | None]
    cleared_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    note: Mapped[str] = mapped_column(server_default="")
