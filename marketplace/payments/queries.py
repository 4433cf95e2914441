"""Which payments, refunds and events somebody must look at next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select, tuple_

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.payments import payment, status
from marketplace.payments.models import (
    Payment,
    PaymentAlert,
    PaymentHistory,
    ProviderCode,
    ProviderEvent,
    Refund,
    RefundState,
)
from marketplace.payments.port import HeldPayment

_ASKED: Final = (ProviderCode.STRIPE,)
_WAITS_FOR_HAND: Final = and_(Refund.state == RefundState.SENT, Payment.provider.not_in(_ASKED))


@dataclass(frozen=True)
class Step:
    """One line of a payment's history."""

    from_state: str | None
    to_state: str
    source: str
    at: datetime


@dataclass(frozen=True)
class RefundView:
    """One refund of a payment."""

    id: int
    reference: str
    amount: Won
    state: RefundState
    failure_code: str | None
    requested_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class TransferDue:
    """One refund somebody must transfer by hand."""

    refund_id: int
    payment_reference: str
    depositor: str
    amount: Won
    reason: str


@dataclass(frozen=True)
class Alert:
    """One open alert."""

    id: int
    kind: str
    about: str
    payment_id: int | None
    details: dict[str, object]
    raised_at: datetime


def list_to_reconcile(
    *, older_than: timedelta, at: datetime, limit: int = 100
) -> list[HeldPayment]:
    """Return open payments whose provider must be asked, longest unasked first."""
    due = at - older_than
    rows = db.session.scalars(
        select(Payment)
        .where(
            Payment.state.in_(status.OPEN),
            Payment.provider.in_(_ASKED),
            Payment.created_at <= due,
            or_(Payment.last_checked_at.is_(None), Payment.last_checked_at <= due),
        )
        .order_by(Payment.last_checked_at.asc().nulls_first(), Payment.id)
        .limit(limit)
    )
    return [payment.held(row) for row in rows]


def list_refunds_due(*, older_than: timedelta, at: datetime, limit: int = 100) -> list[int]:
    """Return refunds the provider must be told of, or asked about, oldest first."""
    return list(
        db.session.scalars(
            select(Refund.id)
            .join(Payment, Payment.id == Refund.payment_id)
            .where(
                Refund.state.in_((RefundState.REQUESTED, RefundState.SENT)),
                Refund.requested_at <= at - older_than,
                # A transfer somebody makes by hand is asked for once; then it waits for them.
                or_(Payment.provider.in_(_ASKED), Refund.state == RefundState.REQUESTED),
            )
            .order_by(Refund.requested_at, Refund.id)
            .limit(limit)
        )
    )


def list_transfers_due(*, after: int | None = None, limit: int = 50) -> list[TransferDue]:
    """Return refunds that wait for a transfer by hand, oldest first, those behind `after`."""
    statement = (
        select(Refund.id, Refund.amount, Refund.reason, Payment.reference, Payment.depositor)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(_WAITS_FOR_HAND)
        .order_by(Refund.requested_at, Refund.id)
        .limit(limit)
    )
    if after is not None:
        last = select(Refund.requested_at, Refund.id).where(Refund.id == after)
        behind = tuple_(Refund.requested_at, Refund.id) > last.scalar_subquery()
        statement = statement.where(behind)
    return [
        TransferDue(row.id, row.reference, row.depositor or "", row.amount, row.reason)
        for row in db.session.execute(statement)
    ]


def count_transfers_due() -> int:
    """Count the refunds that wait for a transfer by hand."""
    waiting = select(func.count(Refund.id)).join(Payment, Payment.id == Refund.payment_id)
    return db.session.scalar(waiting.where(_WAITS_FOR_HAND)) or 0


def list_unhandled_events(*, older_than: timedelta, at: datetime, limit: int = 100) -> list[int]:
    """Return events of the inbox nobody has acted on, oldest first."""
    return list(
        db.session.scalars(
            select(ProviderEvent.id)
            .where(ProviderEvent.handled_at.is_(None), ProviderEvent.received_at <= at - older_than)
            .order_by(ProviderEvent.id)
            .limit(limit)
        )
    )


def list_payments(reference: str) -> list[HeldPayment]:
    """Return every payment of a reference, oldest first."""
    rows = db.session.scalars(
        select(Payment).where(Payment.reference == reference).order_by(Payment.id)
    )
    return [payment.held(row) for row in rows]


def list_history(payment_id: int) -> list[Step]:
    """Return the steps of a payment, oldest first."""
    rows = db.session.scalars(
        select(PaymentHistory)
        .where(PaymentHistory.payment_id == payment_id)
        .order_by(PaymentHistory.id)
    )
    return [Step(row.from_state, row.to_state, row.source, row.at) for row in rows]


def list_refunds(payment_id: int) -> list[RefundView]:
    """Return the refunds of a payment, oldest first."""
    rows = db.session.scalars(
        select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id)
    )
    return [
        RefundView(
            row.id,
            row.reference,
            row.amount,
            row.state,
            row.failure_code,
            row.requested_at,
            row.finished_at,
        )
        for row in rows
    ]


def list_open_alerts(limit: int = 200) -> Sequence[Alert]:
    """Return the alerts nobody has resolved, newest first."""
    rows = db.session.scalars(
        select(PaymentAlert)
        .where(PaymentAlert.resolved_at.is_(None))
        .order_by(PaymentAlert.id.desc())
        .limit(limit)
    )
    return [
        Alert(row.id, row.kind, row.reference, row.payment_id, row.details, row.raised_at)
        for row in rows
    ]
