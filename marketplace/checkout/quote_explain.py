"""Tell in Korean, line by line, how a quote came about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from marketplace.checkout import quote
from marketplace.checkout.quote_cart import (
    WHOLE_CART,
    Cart,
    Combine,
    Coupon,
    Kind,
    Order,
    Shipping,
    Target,
    Terms,
)
from marketplace.checkout.quote_coupons import LimitedBy
from marketplace.checkout.quote_result import QuoteResult, ShippingPrice, Use

_COMBINE = {
    Combine.SEQUENTIAL: "앞 쿠폰이 할인하고 남은 금액에 차례로 적용",
    Combine.INDEPENDENT: "모두 원래 금액을 기준으로 적용",
    Combine.BEST: "가장 유리한 쿠폰 하나만 적용",
}
_LIMITS = {
    LimitedBy.MAX_DISCOUNT: "최대 할인 금액까지",
    LimitedBy.PRICE_LEFT: "남은 금액까지",
    LimitedBy.BUDGET: "남은 예산까지",
}
_ORDER = {
    Order.SCOPE: "우선순위, 상품→기업→주문→배송비, 정률→정액, 입력 순서",
    Order.ENTERED: "우선순위, 입력 순서",
}


def explain(cart: Cart, result: QuoteResult) -> list[str]:
    """Return the lines of the explanation."""
    return [
        *_goods(cart, result),
        *_shipping(cart, result),
        *_coupons(cart, result),
        *(f"[거절] {refusal.id}: {refusal.text} ({refusal.reason})" for refusal in result.refusals),
        *_totals(result),
    ]


def _goods(cart: Cart, result: QuoteResult) -> Iterator[str]:
    for line, price in zip(cart.lines, result.lines, strict=True):
        notes = [
            note
            for holds, note in (
                (not line.discountable, "할인 제외"),
                (line.already_discounted, "할인 판매 중"),
                (line.min_unit_price > 0, f"최저가 {line.min_unit_price:,}원"),
            )
            if holds
        ]
        yield (
            f"[상품] {line.sku} ({line.enterprise}): {line.unit_price:,}원 × {line.quantity:,}개"  # noqa: RUF001
            f" = {price.gross:,}원{_in_brackets(notes)}"
        )


def _shipping(cart: Cart, result: QuoteResult) -> Iterator[str]:
    for policy, price in zip(cart.shipping, result.shipping, strict=True):
        name = "장바구니 전체" if policy.enterprise == WHOLE_CART else policy.enterprise
        if policy.bundle is not None:
            name = f"{name}/{policy.bundle}"
        extra = f" + 추가 배송비 {price.surcharge:,}원" if price.surcharge else ""
        yield f"[배송] {name}: {price.fee:,}원{extra}{_in_brackets(_policy(cart, policy, price))}"


def _policy(cart: Cart, policy: Shipping, price: ShippingPrice) -> Iterator[str]:
    carried = [line for line in cart.lines if policy.carries(line)]
    goods = sum(line.gross for line in carried)
    if not carried:
        yield "담긴 상품 없음"
        return
    yield f"쿠폰 전 상품 금액 {goods:,}원"
    if policy.free_over is not None:
        reached = "충족" if goods >= policy.free_over else "미충족"
        yield f"{policy.free_over:,}원 이상 무료배송 {reached}"
    if policy.tiers and price.fee:
        yield "금액 구간별 배송비"
    if policy.fee_per_units is not None and price.fee:
        yield f"{policy.fee_per_units:,}개마다 부과"


def _coupons(cart: Cart, result: QuoteResult) -> Iterator[str]:
    if not cart.coupons:
        return
    yield f"[순서] {_COMBINE[cart.combine]} ({_ORDER[cart.order]})"
    terms = {terms.id: terms for terms in quote.in_working_order(cart)}
    for number, use in enumerate(result.uses, start=1):
        limits = [_LIMITS[limit] for limit in use.limited_by]
        verb = "결제" if use.is_voucher else "할인"
        yield (
            f"[적용 {number}] {use.id}: {_rule(terms[use.id])} → {use.amount:,}원 {verb}"
            f"{_in_brackets(limits)}"
        )
        yield from _shares(cart, use)


def _rule(terms: Terms) -> str:
    if not isinstance(terms, Coupon):
        return "금액권"
    if terms.kind is Kind.PERCENT:
        value = f"{_percent(terms.rate)}%"
        if terms.round_unit > 1:
            value += f", {terms.round_unit:,}원 미만 절사"
    elif terms.per_unit:
        value = f"개당 {terms.amount:,}원"
    else:
        value = f"{terms.amount:,}원"
    target = "배송비" if terms.target is Target.SHIPPING else "상품"
    parts = [f"{target} {value}"]
    if terms.max_discount is not None:
        parts.append(f"최대 {terms.max_discount:,}원")
    if terms.max_units is not None:
        which = "싼" if terms.cheapest_first else "비싼"
        parts.append(f"{which} 것부터 {terms.max_units:,}개")
    if terms.exclusive:
        parts.append("단독 사용")
    return ", ".join(parts)


def _shares(cart: Cart, use: Use) -> Iterator[str]:
    for line, share in zip(cart.lines, use.lines, strict=True):
        if share:
            yield f"    {line.sku}: {share:,}원"
    for policy, share in zip(cart.shipping, use.shipping, strict=True):
        if share:
            yield f"    배송비 {policy.enterprise}: {share:,}원"


def _totals(result: QuoteResult) -> Sequence[str]:
    lines = [
        f"[합계] 상품 {result.subtotal:,}원 - 할인 {result.discount_total:,}원"
        f" + 배송비 {result.shipping_total:,}원 = {result.total:,}원",
    ]
    if result.voucher_total:
        lines.append(f"[금액권] {result.voucher_total:,}원 결제")
    lines.append(f"[결제할 금액] {result.amount_due:,}원")
    return lines


def _percent(rate: Fraction) -> str:
    # Rates come from decimals, so that dividing out ends.
    whole, rest = divmod(rate, 1)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
    return f"{whole}.{digits}" if digits else str(whole)


def _in_brackets(notes: Iterable[str]) -> str:
    joined = ", ".join(notes)
    return f" ({joined})" if joined else ""
