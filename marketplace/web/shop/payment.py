"""Paying an order: the page, the way back from the provider, and trying again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.checkout import canceling, paying
from marketplace.checkout import queries as checkout_queries
from marketplace.checkout.confirming import Result
from marketplace.checkout.queries import PaymentPage
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.core.settings import Settings
from marketplace.orders.details import OrderDetail, OrderOwner
from marketplace.payments.codes import ProviderCode
from marketplace.payments.payment import PaymentMissing
from marketplace.payments.port import NextStep, PaymentDeclined, ProviderUnavailable
from marketplace.web import security
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.returning import here
from marketplace.web.shop import own_orders, payment_steps
from marketplace.web.shop.payment_steps import Went

bp = Blueprint("shop_payment", __name__, url_prefix="/pay")

# (method of the fake provider, what the buyer reads, what happens)
TEST_METHODS: Final = (
    ("pm_card_visa", "승인 카드", "바로 승인됩니다"),
    ("pm_card_chargeDeclined", "거절 카드", "카드사가 거절합니다"),
    ("pm_card_chargeDeclinedInsufficientFunds", "한도 초과 카드", "한도가 모자랍니다"),
    ("pm_card_threeDSecure2Required", "본인 확인 카드", "확인 화면을 거칩니다"),
    ("kakao_pay", "카카오페이", "결제 앱 화면을 거칩니다"),
    ("naver_pay", "네이버페이", "결제 앱 화면을 거칩니다"),
    ("kr_card", "국내 카드", "카드사 화면을 거칩니다"),
    ("samsung_pay", "삼성페이", "결제 앱 화면을 거칩니다"),
)
# What Stripe's Payment Element loads, frames and calls (docs.stripe.com/security/guide).
_ELEMENT_ORIGINS: Final = {
    "script-src": "https://js.stripe.com https://*.js.stripe.com",
    "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    "connect-src": "https://api.stripe.com",
}
_SAID: Final = {
    Result.WAITING: (
        "결제가 아직 끝나지 않았습니다. 결제를 마치거나 결과를 다시 확인해 주세요.",
        "warn",
    ),
    Result.REFUSED: ("결제가 승인되지 않았습니다. 다른 결제 수단으로 다시 시도해 주세요.", "bad"),
    Result.ENDED: ("결제 기한이 지났거나 취소된 주문입니다.", "warn"),
    Result.MISMATCH: (
        "결제 금액이 주문과 달라 담당자가 확인하고 있습니다. 곧 연락드리겠습니다.",
        "bad",
    ),
    Result.REFUNDED_LATE: ("결제 기한이 지난 뒤 결제되어 전액 환불합니다.", "warn"),
    Result.REFUNDED_SURPLUS: ("이미 결제된 주문입니다. 두 번째 결제는 환불합니다.", "warn"),
}


@bp.get("/<public_id>")
@allow(EVERYONE)
def show(public_id: str) -> ResponseReturnValue:
    """Show how to pay, or where the order stands when there is nothing to pay."""
    page = checkout_queries.get_payment_page(public_id)
    stopped = _stop(page.order)
    if stopped is not None:
        return stopped
    if page.order.paid_at is not None:
        own_orders.forget_open_payment(public_id)
        return redirect(url_for("shop_orders.done", number=page.order.number), code=303)
    return _page(page)


@bp.post("/<public_id>/start")
@allow(EVERYONE)
def start(public_id: str) -> ResponseReturnValue:
    """Try again to reach the provider."""
    return _step(public_id, lambda: payment_steps.start(public_id))


@bp.post("/<public_id>/confirm")
@allow(EVERYONE)
def confirm(public_id: str) -> ResponseReturnValue:
    """Pay with a test method; there is no such thing with real keys."""
    method = request.form.get("method", "")
    if _settings().stripe_api_base is None or method not in {name for name, *_ in TEST_METHODS}:
        abort(404)
    return _step(public_id, lambda: payment_steps.confirm_in_test(public_id, method))


@bp.post("/<public_id>/check")
@allow(EVERYONE)
def check(public_id: str) -> ResponseReturnValue:
    """Ask the provider once more what became of the payment."""
    return _step(public_id, lambda: payment_steps.look(public_id))


@bp.get("/<public_id>/return")
@allow(EVERYONE)
def returned(public_id: str) -> ResponseReturnValue:
    """Take in what the provider says when the buyer comes back from it."""
    try:
        went = payment_steps.come_back(public_id, request.args)
    except ProviderUnavailable as error:
        flash(f"{error} 결제하셨다면 다시 결제하지 말고 결과를 확인해 주세요.", "warn")
        return redirect(url_for(".show", public_id=public_id), code=303)
    return _onwards(went)


@bp.post("/<public_id>/stop")
@allow(EVERYONE)
def stop(public_id: str) -> ResponseReturnValue:
    """Cancel the unpaid order and go back to the cart, where its goods still are."""
    page = checkout_queries.get_payment_page(public_id)
    stopped = _stop(page.order)
    if stopped is not None:
        return stopped
    actor, at = _actor(), clock.now()
    try:
        in_transaction(lambda: canceling.cancel_unpaid(order_id=page.order.id, actor=actor, at=at))
    except DomainError as error:
        return _page(page, error), status_of(error)
    own_orders.forget_open_payment(public_id)
    if request.form.get("then") == "checkout":
        return redirect(url_for("shop_checkout.show"), code=303)
    flash(f"주문 {page.order.number}을 취소했습니다. 결제된 금액은 없습니다.", "ok")
    return redirect(url_for("shop_cart.show"), code=303)


def _step(public_id: str, take: Callable[[], Went]) -> ResponseReturnValue:
    stopped = _stop(checkout_queries.get_payer(public_id))
    if stopped is not None:
        return stopped
    try:
        went = take()
    except (DomainError, PaymentDeclined) as error:
        now = checkout_queries.get_payment_page(public_id)
        return _page(now, error), status_of(error)
    return _onwards(went)


def _onwards(went: Went) -> ResponseReturnValue:
    public_id = went.payment.public_id
    if went.is_settled:
        own_orders.forget_open_payment(public_id)
        return redirect(url_for("shop_orders.done", number=went.order_number), code=303)
    step = went.instructions
    if step.step is NextStep.REDIRECT and step.redirect_url:
        return redirect(step.redirect_url, code=303)
    if went.confirmation is not None and step.step is NextStep.NOTHING:
        flash(*_SAID[went.confirmation.result])
    return redirect(url_for(".show", public_id=public_id), code=303)


def _page(page: PaymentPage, error: DomainError | None = None) -> Response:
    settings, held = _settings(), page.payment
    is_open = page.order.closed_at is None and page.order.expires_at > clock.now()
    steps = paying.instructions(held, settings) if is_open and paying.is_open(held) else None
    takes_details = steps is not None and steps.step is NextStep.ENTER_DETAILS
    uses_element = takes_details and settings.stripe_api_base is None
    response = make_response(
        render_template(
            "shop/payment/show.html",
            order=page.order,
            payment=held,
            is_open=is_open,
            steps=steps,
            takes_details=takes_details,
            is_card=held.provider is ProviderCode.STRIPE,
            uses_element=uses_element,
            test_methods=TEST_METHODS,
            error=error,
        )
    )
    if uses_element:
        response.headers["Content-Security-Policy"] = security.policy_with(_ELEMENT_ORIGINS)
    return response


def _stop(order: OrderDetail | OrderOwner) -> ResponseReturnValue | None:
    if own_orders.is_mine(order):
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("shop_sign_in.show", next=here()), code=303)
    raise PaymentMissing


def _actor() -> str:
    return f"person:{current_user.person_id}" if current_user.is_authenticated else "guest"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
