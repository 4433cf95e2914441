"""The pages of one order, alike for members and guests; links stay in the caller's blueprint."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.checkout import canceling, confirmation, paying
from marketplace.checkout import queries as checkout_queries
from marketplace.checkout.canceling import CanceledCase, MoneyBack
from marketplace.checkout.order_form import CHOICES
from marketplace.core import clock, phone
from marketplace.core.db import in_transaction
from marketplace.core.errors import Conflict, DomainError
from marketplace.core.money import Won
from marketplace.core.settings import Settings
from marketplace.orders import funding, reasons, status
from marketplace.orders.claim_kinds import ClaimKind
from marketplace.orders.details import LineDetail, OrderDetail, Step
from marketplace.orders.status import LineStatus
from marketplace.payments.codes import ProviderCode, RefundState
from marketplace.payments.port import HeldPayment, Instructions
from marketplace.web import limits, sent_pieces
from marketplace.web.errors import status_of
from marketplace.web.filters import instant, won
from marketplace.web.shop import cart_page, carts

PROVIDERS: Final[Mapping[str, str]] = {
    **{code.value: label for code, label in CHOICES.items()},
    ProviderCode.FREE.value: "쿠폰으로 전액 결제",
}
REFUND_STATES: Final = {
    RefundState.REQUESTED: ("환불 접수", "mute"),
    RefundState.SENT: ("환불 진행 중", "warn"),
    RefundState.SUCCEEDED: ("환불 완료", "ok"),
    RefundState.FAILED: ("환불 확인 중", "bad"),
}
LOOKS: Final = {
    LineStatus.PAYMENT_WAITING: "warn",
    LineStatus.PAID: "teal",
    LineStatus.PREPARING: "teal",
    LineStatus.SHIPPING: "teal",
    LineStatus.DELIVERED: "ok",
    LineStatus.CONFIRMED: "ok",
}
_AHEAD: Final = (
    LineStatus.PAID,
    LineStatus.PREPARING,
    LineStatus.SHIPPING,
    LineStatus.DELIVERED,
    LineStatus.CONFIRMED,
)


class RefundChanged(Conflict):
    """Another cancel came in between: the buyer must see the new amount first."""

    message = "돌려받을 금액이 {seen}에서 {now}으로 바뀌었습니다. 확인하고 다시 눌러 주세요."


def show(order: OrderDetail, error: DomainError | None = None) -> str:
    """Show an order with everything about it."""
    page = checkout_queries.complete(order)
    return render_template(
        "shop/orders/show.html",
        order=order,
        page=page,
        error=error,
        funding=funding.of_order(order.id),
        funders=cart_page.FUNDERS,
        timelines={line.id: _timeline(line, page.steps) for line in order.lines},
        deposit=deposit_lines(page.payment),
        can_cancel=any(line.cancelable_quantity for line in order.lines),
        can_claim=order.paid_at is not None,
        auto_confirm_days=_settings().auto_confirm_days,
        is_open=is_open(order),
        **words(),
    )


def words() -> dict[str, object]:
    """Return how states are said and drawn on every page of orders."""
    return {
        "thumb": cart_page.thumb,
        "dashed": phone.dashed,
        "looks": LOOKS,
        "providers": PROVIDERS,
        "refund_states": REFUND_STATES,
    }


def is_open(order: OrderDetail) -> bool:
    """Say whether an order may still be paid."""
    is_unpaid = order.paid_at is None and order.closed_at is None
    return is_unpaid and order.expires_at > clock.now()


def deposit_lines(held: HeldPayment) -> Mapping[str, str]:
    """Return where and until when to deposit, when a payment waits for it."""
    if held.provider is ProviderCode.STRIPE or not paying.is_open(held):
        return {}
    steps: Instructions = paying.instructions(held, _settings())
    return steps.lines


def cancel_sheet(order: OrderDetail, error: DomainError | None = None) -> ResponseReturnValue:
    """Show what can be cancelled, and to the won what comes back."""
    chosen = sent_pieces.read(request.values) or {
        line.id: line.cancelable_quantity for line in order.lines
    }
    back: MoneyBack | None = None
    refusal = error
    try:
        back = canceling.preview(order_id=order.id, quantities=chosen)
    except DomainError as unfit:
        refusal = refusal or unfit
    page = render_template(
        "shop/orders/cancel.html",
        order=order,
        lines=[line for line in order.lines if line.cancelable_quantity],
        chosen=chosen,
        back=back,
        reasons=[reason.label for reason in reasons.of_kind(ClaimKind.CANCEL)],
        reason=request.values.get("reason", ""),
        attempt_key=request.form.get("attempt_key") or secrets.token_urlsafe(24),
        payment=paying.newest_of_order(order.id),
        error=refusal,
        **words(),
    )
    return page, 200 if refusal is None else status_of(refusal)


def cancel(order: OrderDetail) -> ResponseReturnValue:
    """Cancel what was chosen and say what comes back."""
    try:
        case = in_transaction(lambda: _cancel(order))
    except DomainError as error:
        return cancel_sheet(order, error)
    total = won(case.cash_refund + case.shipping_refund)
    flash(f"취소했습니다. {total}을 결제하신 수단으로 돌려드립니다.", "ok")
    return redirect(url_for(".show", number=order.number), code=303)


def cancel_unpaid(order: OrderDetail) -> ResponseReturnValue:
    """Cancel a whole order nobody has paid."""
    who, at = actor(), clock.now()
    try:
        in_transaction(lambda: canceling.cancel_unpaid(order_id=order.id, actor=who, at=at))
    except DomainError as error:
        flash(str(error), "warn")
    else:
        flash("주문을 취소했습니다. 결제된 금액은 없습니다.", "ok")
    return redirect(url_for(".show", number=order.number), code=303)


def confirm(order: OrderDetail) -> ResponseReturnValue:
    """Confirm what was chosen and invite to say how it was."""
    who, at, ip = actor(), clock.now(), limits.client_address()
    chosen = request.form.getlist("line", type=int)
    try:
        in_transaction(
            lambda: confirmation.confirm_lines(
                order_id=order.id, line_ids=chosen, actor=who, at=at, ip=ip
            )
        )
    except DomainError as error:
        return show(order, error), status_of(error)
    flash("구매확정했습니다. 상품이 어땠는지 후기를 남겨 주세요.", "ok")
    return redirect(url_for(".show", number=order.number), code=303)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _cancel(order: OrderDetail) -> CanceledCase:
    case = canceling.cancel_lines(
        order_id=order.id,
        attempt_key=request.form.get("attempt_key", "")[:64] or secrets.token_urlsafe(24),
        quantities=sent_pieces.read(request.values),
        reason=request.form.get("reason", "")[:200],
        actor=actor(),
        at=clock.now(),
        ip=limits.client_address(),
    )
    total = case.cash_refund + case.shipping_refund
    seen = request.form.get("seen_refund", "")
    # Raised inside the transaction, so that nothing was cancelled for another amount than shown.
    if case.is_new and seen != str(total):
        shown = won(Won(carts.sent_number("seen_refund"))) if seen else "없음"
        raise RefundChanged(seen=shown, now=won(total))
    return case


def _timeline(line: LineDetail, steps: Sequence[Step]) -> list[dict[str, str]]:
    """Return what happened to a line and, while it lives, what comes next."""
    happened = [step for step in steps if step.line_id == line.id]
    # Notes of the enterprise's own stand in the history without a step of their own.
    steps = [step for step in happened if not step.is_note]
    items = [{"text": step.label, "note": instant(step.at), "state": "done"} for step in steps]
    if items:
        items[-1]["state"] = "now"
    if line.status in _AHEAD or line.status is LineStatus.PAYMENT_WAITING:
        start = _AHEAD.index(line.status) + 1 if line.status in _AHEAD else 0
        items += [
            {"text": status.LABELS[ahead], "note": "", "state": ""} for ahead in _AHEAD[start:]
        ]
    return items


def actor() -> str:
    """Return how histories name the visitor."""
    return f"person:{current_user.person_id}" if current_user.is_authenticated else "guest"
