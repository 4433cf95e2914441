"""
Price a cart: goods, coupons, shipping, vouchers. A pure function; the rules are in docs/pricing.md.

The cart page, checkout, the office and `marketplace quote` all ask here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from marketplace.checkout import quote_coupons, quote_eligibility, quote_shipping
from marketplace.checkout.quote_basket import Basket
from marketplace.checkout.quote_cart import (
    Cart,
    Combine,
    Coupon,
    Kind,
    Order,
    Target,
    Terms,
    Voucher,
)
from marketplace.checkout.quote_coupons import Offer
from marketplace.checkout.quote_refusals import Reason, Refusal
from marketplace.checkout.quote_result import LinePrice, QuoteResult, ShippingPrice, Use
from marketplace.checkout.quote_vouchers import Bill, Payment
from marketplace.core.money import Won


def price(cart: Cart) -> QuoteResult:
    """Return what a cart costs, share by share, and why each unused coupon was refused."""
    fees = [quote_shipping.fee_of(shipping, cart.lines) for shipping in cart.shipping]
    refusals: list[Refusal] = []
    coupons: list[Coupon] = []
    vouchers: list[Voucher] = []
    for terms in in_working_order(cart):
        refusal = quote_eligibility.refusal_of(terms, cart)
        if refusal is not None:
            refusals.append(refusal)
        elif isinstance(terms, Coupon):
            coupons.append(terms)
        elif isinstance(terms, Voucher):
            vouchers.append(terms)
    offers, refused = _taken(cart, fees, coupons)
    lines = [
        Won(line.gross - sum(offer.lines[i] for offer in offers))
        for i, line in enumerate(cart.lines)
    ]
    shipping = [
        Won(
            fees[i]
            + quote_shipping.surcharge_of(policy, cart.lines)
            - sum(offer.shipping[i] for offer in offers)
        )
        for i, policy in enumerate(cart.shipping)
    ]
    used = _quotas_used(offer.coupon for offer in offers)
    payments, unpaid = _paid(cart, Bill(lines, shipping), vouchers, used)
    uses = [*map(_coupon_use, offers), *map(_voucher_use, payments)]
    return _result(cart, fees, uses, [*refusals, *refused, *unpaid])


def in_working_order(cart: Cart) -> list[Terms]:
    """Return the coupons of a cart in the order they work, vouchers last."""
    by_scope = cart.order is Order.SCOPE
    return sorted(
        cart.coupons,
        key=lambda terms: (
            isinstance(terms, Voucher),
            -terms.priority,
            _scope_rank(terms) if by_scope else (),
        ),
    )


def _scope_rank(terms: Terms) -> tuple[int, ...]:
    if not isinstance(terms, Coupon):
        return ()
    shipping_last = 3 if terms.target is Target.SHIPPING else terms.scope.rank
    return (shipping_last, terms.kind is not Kind.PERCENT)


def _taken(
    cart: Cart, fees: Sequence[Won], coupons: Sequence[Coupon]
) -> tuple[list[Offer], list[Refusal]]:
    refusals: list[Refusal] = []
    for coupon in coupons:
        if coupon.exclusive:
            alone = _offer(coupon, cart, Basket(cart, fees))
            if isinstance(alone, Offer):
                others = [other for other in coupons if other is not coupon]
                return [alone], refusals + _not_stackable(others, refusals)
            refusals.append(alone)
    ordinary = [coupon for coupon in coupons if not coupon.exclusive]
    if cart.combine is Combine.BEST:
        offers, refused = _best(cart, fees, ordinary)
    else:
        offers, refused = _one_after_the_other(cart, fees, ordinary)
    return offers, refusals + refused


def _best(
    cart: Cart, fees: Sequence[Won], coupons: Sequence[Coupon]
) -> tuple[list[Offer], list[Refusal]]:
    answers = [_offer(coupon, cart, Basket(cart, fees)) for coupon in coupons]
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    offers = [answer for answer in answers if isinstance(answer, Offer)]
    if not offers:
        return [], refusals
    best = max(offers, key=lambda offer: offer.amount)
    others = [offer.coupon for offer in offers if offer is not best]
    return [best], refusals + _not_stackable(others, refusals)


def _one_after_the_other(
    cart: Cart, fees: Sequence[Won], coupons: Sequence[Coupon]
) -> tuple[list[Offer], list[Refusal]]:
    basket = Basket(cart, fees)
    offers: list[Offer] = []
    refusals: list[Refusal] = []
    groups: set[str] = set()
    used: Counter[str] = Counter()
    for coupon in coupons:
        if coupon.stack_group in groups:
            refusals.append(Refusal(coupon.id, Reason.NOT_STACKABLE))
            continue
        answer = quote_eligibility.refusal_by_quota(coupon, used) or _offer(coupon, cart, basket)
        if isinstance(answer, Refusal):
            refusals.append(answer)
            continue
        quote_coupons.take(answer, basket)
        offers.append(answer)
        used += _quotas_used([coupon])
        if coupon.stack_group:
            groups.add(coupon.stack_group)
    return offers, refusals


def _offer(coupon: Coupon, cart: Cart, basket: Basket) -> Offer | Refusal:
    refusal = quote_eligibility.refusal_after_previous(coupon, basket.left_in)
    if refusal is not None:
        return refusal
    from_originals = cart.combine is Combine.INDEPENDENT
    return quote_coupons.offer(coupon, cart, basket, from_originals=from_originals)


def _not_stackable(coupons: Sequence[Coupon], known: Sequence[Refusal]) -> list[Refusal]:
    refused = {refusal.id for refusal in known}
    return [
        Refusal(coupon.id, Reason.NOT_STACKABLE) for coupon in coupons if coupon.id not in refused
    ]


def _paid(
    cart: Cart, bill: Bill, vouchers: Sequence[Voucher], used: Counter[str]
) -> tuple[list[Payment], list[Refusal]]:
    payments: list[Payment] = []
    refusals: list[Refusal] = []
    for voucher in vouchers:
        answer = quote_eligibility.refusal_by_quota(voucher, used) or bill.pay(voucher, cart)
        if isinstance(answer, Refusal):
            refusals.append(answer)
            continue
        payments.append(answer)
        used += _quotas_used([voucher])
    return payments, refusals


def _quotas_used(taken: Iterable[Terms]) -> Counter[str]:
    """Count one use per quota a coupon has, day and month being two names."""
    return Counter(quota.name for terms in taken for quota in terms.quotas)


def _coupon_use(offer: Offer) -> Use:
    return Use(
        id=offer.coupon.id,
        amount=offer.amount,
        lines=offer.lines,
        shipping=offer.shipping,
        limited_by=offer.limited_by,
    )


def _voucher_use(payment: Payment) -> Use:
    return Use(
        id=payment.voucher.id,
        amount=payment.amount,
        lines=payment.lines,
        shipping=payment.shipping,
        remaining=Won(payment.voucher.balance - payment.amount),
    )


def _result(
    cart: Cart, fees: Sequence[Won], uses: Sequence[Use], refusals: Sequence[Refusal]
) -> QuoteResult:
    coupons = [use for use in uses if not use.is_voucher]
    vouchers = [use for use in uses if use.is_voucher]
    return QuoteResult(
        lines=tuple(
            LinePrice(
                sku=line.sku,
                gross=line.gross,
                discount=Won(sum(use.lines[i] for use in coupons)),
                voucher_paid=Won(sum(use.lines[i] for use in vouchers)),
            )
            for i, line in enumerate(cart.lines)
        ),
        shipping=tuple(
            ShippingPrice(
                enterprise=policy.enterprise,
                bundle=policy.bundle,
                fee=fees[i],
                surcharge=quote_shipping.surcharge_of(policy, cart.lines),
                discount=Won(sum(use.shipping[i] for use in coupons)),
                voucher_paid=Won(sum(use.shipping[i] for use in vouchers)),
            )
            for i, policy in enumerate(cart.shipping)
        ),
        uses=tuple(uses),
        refusals=tuple(refusals),
    )
