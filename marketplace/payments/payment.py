"""
One payment from opening to its end.

The provider is never asked inside a transaction: `open_payment` [transaction] →
`provider.create` [none] → `record_created` [transaction]. Afterwards `get_held` [transaction, so
that the connection goes back to the pool] → `provider.fetch` [none] → `apply` [transaction].
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.money import Won
from marketplace.payments import alerts, history, status
from marketplace.payments.models import Payment, PaymentState, ProviderCode
from marketplace.payments.port import HeldPayment, ProviderPayment


class PaymentMissing(NotFound):
    message = "결제를 찾을 수 없습니다."


class AlreadyPaid(Conflict):
    message = "이미 결제가 끝난 주문입니다."


class PaymentUnderWay(Conflict):
    """Another payment of the reference must be stopped at its provider first."""

    message = "진행 중인 다른 결제가 있습니다. 그 결제를 취소한 뒤 다시 시도해 주세요."


class Outcome(StrEnum):
    """What a report of a provider changed."""

    NEWLY_PAID = "newly_paid"
    # Promised and good enough to act on: a captured hold, or a department's invoice.
    NEWLY_AUTHORIZED = "newly_authorized"
    # Another payment of the same reference lives: this money must go back.
    SURPLUS = "surplus"
    REFUNDED = "refunded"
    CANCELED = "canceled"
    FAILED = "failed"
    WAITING = "waiting"
    ALREADY = "already"
    MISMATCH = "mismatch"


_BY_ID: Final = select(Payment).where(Payment.id == bindparam("value"))
_BY_PUBLIC_ID: Final = select(Payment).where(Payment.public_id == bindparam("value"))
_BY_PROVIDER_REF: Final = select(Payment).where(
    Payment.provider == bindparam("provider"), Payment.provider_ref == bindparam("ref")
)
_REFERENCE: Final = select(Payment.reference).where(Payment.id == bindparam("payment"))
_LIVE: Final = (
    select(Payment)
    .where(Payment.reference == bindparam("reference"), Payment.state.not_in(status.CLOSED))
    .execution_options(populate_existing=True)
)
_LOCK: Final = _BY_ID.with_for_update().execution_options(populate_existing=True)


def open_payment(
    *,
    reference: str,
    amount: Won,
    provider: ProviderCode,
    at: datetime,
    expires_at: datetime | None = None,
    depositor: str | None = None,
) -> HeldPayment:
    """
    Open the one live payment of a reference, or return it when it is the same.

    :raises AlreadyPaid, PaymentUnderWay:
    """
    opened = db.session.execute(
        insert(Payment)
        .values(
            public_id=secrets.token_urlsafe(16),
            reference=reference,
            provider=provider,
            state=PaymentState.CREATED,
            amount=amount,
            depositor=depositor,
            created_at=at,
            expires_at=expires_at,
        )
        .on_conflict_do_nothing()
        .returning(Payment.id)
    ).scalar_one_or_none()
    payment = _live(reference)
    if payment is None:
        raise PaymentMissing
    if opened is not None:
        history.write(
            payment.id,
            None,
            payment.state,
            source="opened",
            at=at,
            details={"amount": amount},
        )
        return held(payment)
    if payment.state in status.CAPTURED:
        raise AlreadyPaid
    if payment.provider != provider or payment.amount != amount:
        raise PaymentUnderWay
    if depositor is not None:
        payment.depositor = depositor
    return held(payment)


def record_created(payment_id: int, answer: ProviderPayment, *, at: datetime) -> Outcome:
    """
    Record what the provider answered to `create`.

    :raises PaymentMissing:
    """
    return apply(payment_id, answer, source="create", at=at)


def apply(payment_id: int, report: ProviderPayment, *, source: str, at: datetime) -> Outcome:
    """
    Take in what a provider reports, whoever asked and in whatever order the news arrives.

    A report that cannot belong to this payment changes nothing and raises an alert.

    :raises PaymentMissing:
    """
    return take_in(payment_id, report, source=source, at=at)[0]


def take_in(
    payment_id: int, report: ProviderPayment, *, source: str, at: datetime
) -> tuple[Outcome, HeldPayment]:
    """
    Do as `apply` does, and return the payment as that left it too.

    :raises PaymentMissing:
    """
    payment = _lock(payment_id)
    outcome = _apply(payment, report, source=source, at=at)
    return outcome, held(payment)


def _apply(payment: Payment, report: ProviderPayment, *, source: str, at: datetime) -> Outcome:
    if _contradicts(payment, report, source=source, at=at):
        return Outcome.MISMATCH
    _complete(payment, report, at=at)
    if not status.is_news(payment.state, report.state):
        return _no_news(payment, report)
    if report.state in status.CAPTURED and _is_surplus(payment):
        return _keep_surplus(payment, report, source=source, at=at)
    before = payment.state
    _move(payment, report, source=source, at=at)
    return _outcome(before, payment.state)


def close(payment_id: int, *, state: PaymentState, source: str, at: datetime) -> Outcome:
    """
    End an unpaid payment ourselves: expired, cancelled or failed.

    The caller stops it at the provider too; money that arrives all the same is still seen.

    :raises PaymentMissing, ValueError:
    """
    if state not in status.CLOSED:
        raise ValueError(f"{state} is no way to close a payment")
    payment = _lock(payment_id)
    if payment.state not in status.OPEN:
        return Outcome.ALREADY
    before = payment.state
    payment.state = state
    history.write(payment.id, before, payment.state, source=source, at=at)
    db.session.flush()
    return _outcome(before, state)


def note_checked(payment_id: int, *, at: datetime) -> None:
    """
    Note that the provider was asked and gave no answer, so that others get their turn.

    :raises PaymentMissing:
    """
    _lock(payment_id).last_checked_at = at


def get_held(payment_id: int) -> HeldPayment:
    """
    Return a payment as a provider needs it.

    :raises PaymentMissing:
    """
    return held(_get(_BY_ID, payment_id))


def get_reference(payment_id: int) -> str:
    """
    Return what a payment is for.

    :raises PaymentMissing:
    """
    reference: str | None = db.session.scalar(_REFERENCE, {"payment": payment_id})
    if reference is None:
        raise PaymentMissing
    return reference


def get_held_by_public_id(public_id: str) -> HeldPayment:
    """
    Return a payment by the name in addresses.

    :raises PaymentMissing:
    """
    return held(_get(_BY_PUBLIC_ID, public_id))


def find_by_provider_ref(provider: ProviderCode, provider_ref: str) -> HeldPayment | None:
    """Return the payment a provider knows by this name, or None."""
    found = db.session.scalars(
        _BY_PROVIDER_REF, {"provider": provider, "ref": provider_ref}
    ).one_or_none()
    return None if found is None else held(found)


def find_live(reference: str) -> HeldPayment | None:
    """Return the live payment of a reference, or None."""
    found = _live(reference)
    return None if found is None else held(found)


def held(payment: Payment) -> HeldPayment:
    """Return a row free of the database."""
    return HeldPayment(
        id=payment.id,
        public_id=payment.public_id,
        reference=payment.reference,
        provider=payment.provider,
        provider_ref=payment.provider_ref,
        client_secret=payment.client_secret,
        state=payment.state,
        amount=payment.amount,
        captured_amount=payment.captured_amount,
        refunded_amount=payment.refunded_amount,
        depositor=payment.depositor,
        created_at=payment.created_at,
        expires_at=payment.expires_at,
    )


def _get(statement: Select[Payment], value: int | str) -> Payment:
    found = db.session.scalars(statement, {"value": value}).one_or_none()
    if found is None:
        raise PaymentMissing
    return found


def _live(reference: str) -> Payment | None:
    return db.session.scalars(_LIVE, {"reference": reference}).one_or_none()


def _lock(payment_id: int) -> Payment:
    payment = db.session.scalars(_LOCK, {"value": payment_id}).one_or_none()
    if payment is None:
        raise PaymentMissing
    return payment


def _contradicts(payment: Payment, report: ProviderPayment, *, source: str, at: datetime) -> bool:
    faults: dict[str, Mapping[str, object]] = {}
    if report.provider != payment.provider:
        faults["foreign_provider"] = {"ours": payment.provider, "theirs": report.provider}
    if payment.provider_ref not in (None, report.provider_ref):
        faults["foreign_ref"] = {"ours": payment.provider_ref, "theirs": report.provider_ref}
    if report.public_id != payment.public_id:
        faults["foreign_metadata"] = {"ours": payment.public_id, "theirs": report.public_id}
    if report.amount != payment.amount:
        faults["amount"] = {"ours": payment.amount, "theirs": report.amount}
    if report.state in status.CAPTURED and report.captured_amount != payment.amount:
        faults["captured_amount"] = {"ours": payment.amount, "theirs": report.captured_amount}
    if report.currency != "krw":
        faults["currency"] = {"ours": "krw", "theirs": report.currency}
    if report.wrong_mode:
        faults["mode"] = {"state": report.state}
    if not faults:
        return False
    alerts.raise_alert(
        "payment_mismatch",
        about=f"{report.provider}:{report.provider_ref}:{payment.public_id}",
        payment_id=payment.id,
        details={"source": source, **faults},
        at=at,
    )
    payment.last_checked_at = at
    return True


def _complete(payment: Payment, report: ProviderPayment, *, at: datetime) -> None:
    payment.provider_ref = report.provider_ref
    payment.client_secret = report.client_secret or payment.client_secret
    payment.fee = payment.fee if report.fee is None else report.fee
    payment.method = report.method or payment.method
    payment.last_checked_at = at
    # Only the provider's own refunds: ours are counted when they are asked for.
    if report.refunded_amount > payment.refunded_amount:
        alerts.raise_alert(
            "refund_not_ours",
            about=f"{report.provider_ref}:{report.refunded_amount}",
            payment_id=payment.id,
            details={"ours": payment.refunded_amount, "theirs": report.refunded_amount},
            at=at,
        )


def _no_news(payment: Payment, report: ProviderPayment) -> Outcome:
    if payment.state not in status.OPEN:
        return Outcome.ALREADY
    if report.failure_code is not None:
        payment.failure_code = report.failure_code
        return Outcome.FAILED
    return Outcome.WAITING


def _is_surplus(payment: Payment) -> bool:
    """Say whether another payment of the reference took the place of this closed one."""
    if payment.state not in status.CLOSED:
        return False
    other = db.session.scalars(
        select(Payment.id).where(
            Payment.reference == payment.reference,
            Payment.id != payment.id,
            Payment.state.not_in(status.CLOSED),
        )
    ).first()
    return other is not None


def _keep_surplus(
    payment: Payment, report: ProviderPayment, *, source: str, at: datetime
) -> Outcome:
    # The state stays closed, for the reference belongs to the other payment;
    # the captured amount is what lets the money be refunded.
    if payment.captured_amount:
        return Outcome.ALREADY
    payment.captured_amount = report.captured_amount
    payment.paid_at = at
    history.write(
        payment.id,
        payment.state,
        payment.state,
        source=source,
        at=at,
        details={"surplus": report.captured_amount},
    )
    alerts.raise_alert(
        "paid_twice",
        about=payment.public_id,
        payment_id=payment.id,
        details={"captured": report.captured_amount},
        at=at,
    )
    db.session.flush()
    return Outcome.SURPLUS


def _move(payment: Payment, report: ProviderPayment, *, source: str, at: datetime) -> None:
    before = payment.state
    payment.state = report.state
    payment.failure_code = report.failure_code
    if report.state in status.CAPTURED:
        payment.captured_amount = report.captured_amount
        payment.paid_at = payment.paid_at or at
    history.write(payment.id, before, payment.state, source=source, at=at)
    db.session.flush()


def _outcome(before: PaymentState, after: PaymentState) -> Outcome:
    if after in status.CAPTURED:
        # A refund seen before its payment is still news of the payment.
        return Outcome.REFUNDED if before in status.CAPTURED else Outcome.NEWLY_PAID
    if after is PaymentState.AUTHORIZED:
        return Outcome.NEWLY_AUTHORIZED
    if after in (PaymentState.CANCELED, PaymentState.EXPIRED):
        return Outcome.CANCELED
    return Outcome.FAILED if after is PaymentState.FAILED else Outcome.WAITING
