"""후청구: a department orders now and is billed later."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.core.money import Won
from marketplace.payments import history
from marketplace.payments.local import LocalProvider
from marketplace.payments.models import Payment, PaymentState, ProviderCode
from marketplace.payments.port import HeldPayment, Instructions, NextStep


class InvoiceNotOpen(Conflict):
    message = "청구 금액을 줄일 수 없는 상태입니다."


class Invoice(LocalProvider):
    """The order goes ahead on the department's word; the money follows a tax invoice."""

    code = ProviderCode.INVOICE
    opens_as = PaymentState.AUTHORIZED

    def instructions(self, payment: HeldPayment, *, return_url: str) -> Instructions:  # noqa: ARG002
        """Return what the department will be billed, and where to pay it."""
        lines = {
            "결제 방법": "후청구 (납품 뒤 청구)",
            "청구 금액": f"{payment.amount:,}원",
            "입금 계좌": self._settings.operator.bank_account,
        }
        if payment.expires_at is not None:
            lines["납부 기한"] = f"{payment.expires_at.astimezone(SEOUL):%Y년 %m월 %d일}"
        return Instructions(step=NextStep.NOTHING, lines=lines)


def reduce(payment_id: int, *, by: Won, source: str, at: datetime) -> Won:
    """
    Bill less, because lines were cancelled before the bill was paid; return what is left.

    :raises InvoiceNotOpen:
    """
    left = db.session.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            Payment.provider == ProviderCode.INVOICE,
            Payment.state == PaymentState.AUTHORIZED,
            Payment.amount >= by,
        )
        .values(amount=Payment.amount - by)
        .returning(Payment.amount)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if left is None or by < 1:
        raise InvoiceNotOpen
    history.write(
        payment_id,
        PaymentState.AUTHORIZED,
        PaymentState.AUTHORIZED,
        source=source,
        at=at,
        details={"reduced_by": by},
    )
    db.session.flush()
    return left
