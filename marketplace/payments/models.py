"""Payments, refunds, the inbox of provider events and deposits of the bank statement."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base
from marketplace.core.money import Won


class ProviderCode(StrEnum):
    """Who moves the money."""

    STRIPE = "stripe"
    BANK_TRANSFER = "bank_transfer"
    INVOICE = "invoice"
    FREE = "free"


class PaymentState(StrEnum):
    """Where a payment stands (korea.md §8.4)."""

    CREATED = "created"
    PENDING = "pending"
    AWAITING_DEPOSIT = "awaiting_deposit"
    AUTHORIZED = "authorized"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"


class Payment(Base):
    """One payment for one reference, such as `order:12`. It knows nothing else of it."""

    __tablename__ = "payment"
    __table_args__ = (
        # One live payment per reference: a retry reuses it.
        Index(
            "uq_payment_live",
            "reference",
            unique=True,
            postgresql_where=text("state NOT IN ('failed', 'expired', 'canceled')"),
        ),
        # The live index holds no ended payment.
        Index("ix_payment_reference", "reference"),
        Index("uq_payment_provider_ref", "provider", "provider_ref", unique=True),
        Index(
            "ix_payment_open",
            "created_at",
            postgresql_where=text(
                "state IN ('created', 'pending', 'awaiting_deposit', 'authorized')"
            ),
        ),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("refunded_amount BETWEEN 0 AND captured_amount", name="refund_within"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # The unguessable name used in addresses and at the provider.
    public_id: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str]
    provider: Mapped[ProviderCode]
    provider_ref: Mapped[str | None]
    client_secret: Mapped[str | None]
    state: Mapped[PaymentState] = mapped_column(default=PaymentState.CREATED)
    amount: Mapped[Won]
    captured_amount: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    # Requested or done refunds; raised by one conditional statement before the provider is asked.
    refunded_amount: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    fee: Mapped[Won | None]
    method: Mapped[str | None]
    depositor: Mapped[str | None]
    failure_code: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    last_checked_at: Mapped[datetime | None]


class PaymentHistory(Base):
    """One step of a payment. Append-only."""

    __tablename__ = "payment_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id), index=True)
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    source: Mapped[str]
    at: Mapped[datetime]
    details: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")


class RefundState(StrEnum):
    """Where a refund stands."""

    REQUESTED = "requested"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Refund(Base):
    """Money going back; its row exists before the provider is asked, and its id is the key."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("payment_id", "reference"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(
            "ix_refund_open",
            "requested_at",
            postgresql_where=text("state IN ('requested', 'sent')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id), index=True)
    # Why, in the caller's words, such as `claim_case:7`.
    reference: Mapped[str]
    amount: Mapped[Won]
    reason: Mapped[str]
    state: Mapped[RefundState] = mapped_column(default=RefundState.REQUESTED)
    provider_ref: Mapped[str | None]
    failure_code: Mapped[str | None]
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ProviderEvent(Base):
    """One event a provider sent, once, however often it was delivered."""

    __tablename__ = "provider_event"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_provider_event_unhandled", "id", postgresql_where=text("handled_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[ProviderCode]
    event_id: Mapped[str]
    kind: Mapped[str]
    object_ref: Mapped[str | None]
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class PaymentAlert(Base):
    """Something about a payment that a person must look at."""

    __tablename__ = "payment_alert"
    __table_args__ = (UniqueConstraint("kind", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    # What raised it, such as an event id: one alert per cause.
    reference: Mapped[str]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey(Payment.id), index=True)
    details: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    raised_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class BankDeposit(Base):
    """One deposit of the imported bank statement."""

    __tablename__ = "bank_deposit"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    # Identity of the statement line, so that the same file twice changes nothing.
    line_key: Mapped[str] = mapped_column(unique=True)
    deposited_on: Mapped[date]
    depositor: Mapped[str]
    amount: Mapped[Won]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey(Payment.id), unique=True)
    imported_at: Mapped[datetime]
    matched_at: Mapped[datetime | None]
