"""Price real goods and real coupons: translate both for `quote.price` and its answer back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import combinations
from types import MappingProxyType
from typing import Final

from marketplace.catalog.buyables import Buyable, RemoteZone, ShippingTerms
from marketplace.checkout import coupon_terms, quote
from marketplace.checkout.quote_cart import (
    Cart,
    CartLine,
    Customer,
    Shipping,
)
from marketplace.checkout.quote_refusals import Reason, Refusal
from marketplace.checkout.quote_result import LinePrice, QuoteResult, ShippingPrice
from marketplace.core.money import Won
from marketplace.coupons.offers import (
    FunderKind,
    OfferedCoupon,
)
from marketplace.orders.models import SalesChannel

# Up to here every combination is tried; beyond, the best next coupon is added one by one.
_TRY_ALL_UP_TO: Final = 4
_TRY_AT_MOST: Final = 12


@dataclass(frozen=True)
class Wanted:
    """Some pieces of one variant."""

    buyable: Buyable
    quantity: int

    @property
    def gross(self) -> Won:
        """Return what the pieces cost before coupons."""
        return Won(self.buyable.unit_price * self.quantity)


@dataclass(frozen=True, kw_only=True)
class PricedBundle:
    """What one enterprise ships together, with what shipping it costs."""

    enterprise_id: int
    enterprise_name: str
    enterprise_slug: str
    terms: ShippingTerms
    # Positions of its goods among all goods.
    members: tuple[int, ...]
    gross: Won
    shipping: ShippingPrice

    @property
    def missing_for_free(self) -> Won | None:
        """Return what goods are still missing for free shipping; None when it makes no sense."""
        if self.terms.free_over is None or self.gross >= self.terms.free_over:
            return None
        return Won(self.terms.free_over - self.gross)


@dataclass(frozen=True, kw_only=True)
class AppliedCoupon:
    """One coupon that gives something: by line, by bundle and by grant, exact in every sum."""

    coupon: OfferedCoupon
    amount: Won
    # [line or bundle][grant], grants in the order of the coupon's.
    lines: tuple[tuple[Won, ...], ...]
    shipping: tuple[tuple[Won, ...], ...]
    totals: tuple[Won, ...]

    @property
    def shares(self) -> dict[int, Won]:
        """Return what each grant pays of it."""
        return {
            grant.grant_id: share
            for grant, share in zip(self.coupon.grants, self.totals, strict=True)
        }


@dataclass(frozen=True)
class RefusedCoupon:
    """One coupon on the cart that gives nothing, and why."""

    coupon_id: int
    code: str
    text: str


@dataclass(frozen=True)
class Priced:
    """The price of some goods with some coupons."""

    goods: tuple[Wanted, ...]
    bundles: tuple[PricedBundle, ...]
    applied: tuple[AppliedCoupon, ...]
    refused: tuple[RefusedCoupon, ...]
    result: QuoteResult

    @property
    def gross_total(self) -> Won:
        """Return the goods before coupons."""
        return self.result.subtotal

    @property
    def shipping_total(self) -> Won:
        """Return the shipping before coupons."""
        return self.result.shipping_before_coupons

    @property
    def coupon_total(self) -> Won:
        """Return what all coupons give."""
        return self.result.coupon_total

    @property
    def pay_total(self) -> Won:
        """Return what the buyer pays in money."""
        return self.result.amount_due

    @cached_property
    def funding(self) -> Mapping[FunderKind, Won]:
        """Return how much of the coupons each kind of funder pays."""
        funding: dict[FunderKind, Won] = {}
        for applied in self.applied:
            for grant, share in zip(applied.coupon.grants, applied.totals, strict=True):
                funding[grant.funder_kind] = Won(funding.get(grant.funder_kind, 0) + share)
        return funding

    def line(self, position: int) -> LinePrice:
        """Return the price of the goods at a position."""
        return self.result.lines[position]


def price(
    *,
    goods: Sequence[Wanted],
    offered: Sequence[OfferedCoupon],
    coupon_ids: Sequence[int],
    person_id: int | None,
    zone: RemoteZone | None,
    at: datetime,
) -> Priced:
    """Price goods with the coupons of these ids, in the order they were put on the cart."""
    by_id = {coupon.coupon_id: coupon for coupon in offered}
    known = [by_id[coupon_id] for coupon_id in coupon_ids if coupon_id in by_id]
    foreign = [
        Refusal(str(coupon_id), Reason.NOT_YOURS)
        for coupon_id in coupon_ids
        if coupon_id not in by_id
    ]
    policies = _policies(goods)
    cart = _cart(goods, policies, known, person_id=person_id, zone=zone, at=at)
    result = quote.price(cart)
    return Priced(
        goods=tuple(goods),
        bundles=tuple(
            _bundle(goods, members, shipping)
            for members, shipping in zip(policies.values(), result.shipping, strict=True)
        ),
        applied=tuple(_applied(result, by_id)),
        refused=tuple(
            RefusedCoupon(int(refusal.id), refusal.reason.value, refusal.text)
            for refusal in (*result.refusals, *foreign)
        ),
        result=result,
    )


@dataclass(frozen=True)
class Combination:
    """Coupons that together give most, and in Korean why each of the others is not among them."""

    coupon_ids: tuple[int, ...]
    total: Won
    left_out: Mapping[int, str]


NO_COMBINATION: Final = Combination((), Won(0), MappingProxyType({}))


def best_combination(
    *,
    goods: Sequence[Wanted],
    offered: Sequence[OfferedCoupon],
    person_id: int,
    zone: RemoteZone | None,
    at: datetime,
) -> Combination:
    """Return the coupons that together give most, as few as can do it."""
    if not goods:
        return NO_COMBINATION

    def priced_with(ids: Sequence[int]) -> Priced:
        return price(
            goods=goods,
            offered=offered,
            coupon_ids=ids,
            person_id=person_id,
            zone=zone,
            at=at,
        )

    alone = {coupon.coupon_id: priced_with([coupon.coupon_id]) for coupon in offered}
    useful = [coupon_id for coupon_id, priced in alone.items() if priced.coupon_total]
    # The worth of each alone decides which are tried when there are many; equal: first to expire.
    useful.sort(key=lambda coupon_id: -alone[coupon_id].coupon_total)
    best = _best_of(useful[:_TRY_AT_MOST], priced_with)
    if best is None:
        return NO_COMBINATION
    chosen = _ids(best)
    left_out = {
        coupon_id: _why_left_out(coupon_id, priced, priced_with([*chosen, coupon_id]))
        for coupon_id, priced in alone.items()
        if coupon_id not in chosen
    }
    return Combination(chosen, best.coupon_total, left_out)


def _best_of(
    useful: Sequence[int], priced_with: Callable[[Sequence[int]], Priced]
) -> Priced | None:
    if len(useful) <= _TRY_ALL_UP_TO:
        choices = [
            priced_with(choice)
            for size in range(1, len(useful) + 1)
            for choice in combinations(useful, size)
        ]
        return max(choices, key=lambda priced: priced.coupon_total, default=None)
    best = priced_with(useful[:1])
    while True:
        taken = _ids(best)
        more = [priced_with([*taken, other]) for other in useful if other not in taken]
        better = max(more, key=lambda priced: priced.coupon_total, default=best)
        if better.coupon_total <= best.coupon_total:
            return best
        best = better


def _ids(priced: Priced) -> tuple[int, ...]:
    return tuple(applied.coupon.coupon_id for applied in priced.applied)


def _why_left_out(coupon_id: int, alone: Priced, added: Priced) -> str:
    for priced in (alone, added):
        for refused in priced.refused:
            if refused.coupon_id == coupon_id:
                return refused.text
    return "함께 쓰면 전체 할인이 더 커지지 않습니다."


def shipping_of(terms: ShippingTerms, enterprise_id: int, zone: RemoteZone | None) -> Shipping:
    """Return a shipping policy as a quote reads it."""
    return Shipping(
        enterprise=str(enterprise_id),
        bundle=str(terms.id),
        fee=terms.fee,
        free_over=terms.free_over,
        fee_per_units=terms.fee_per_units,
        surcharge=terms.surcharge(zone),
    )


def _policies(goods: Sequence[Wanted]) -> dict[int, tuple[int, ...]]:
    members: dict[int, tuple[int, ...]] = {}
    for position, wanted in enumerate(goods):
        policy = wanted.buyable.shipping_policy.id
        members[policy] = (*members.get(policy, ()), position)
    return members


def _cart(
    goods: Sequence[Wanted],
    policies: Mapping[int, tuple[int, ...]],
    coupons: Sequence[OfferedCoupon],
    *,
    person_id: int | None,
    zone: RemoteZone | None,
    at: datetime,
) -> Cart:
    firsts = [goods[members[0]].buyable for members in policies.values()]
    return Cart(
        lines=tuple(_line(wanted) for wanted in goods),
        shipping=tuple(
            shipping_of(first.shipping_policy, first.enterprise_id, zone) for first in firsts
        ),
        coupons=tuple(coupon_terms.of(coupon, at) for coupon in coupons),
        at=at,
        channel=SalesChannel.OWN_MALL.value,
        customer=Customer(id=None if person_id is None else str(person_id)),
    )


def _line(wanted: Wanted) -> CartLine:
    buyable = wanted.buyable
    return CartLine(
        sku=str(buyable.variant_id),
        enterprise=str(buyable.enterprise_id),
        product=str(buyable.product_id),
        categories=frozenset(map(str, buyable.category_path)),
        designations=frozenset(kind.value for kind in buyable.designation_kinds),
        bundle=str(buyable.shipping_policy.id),
        unit_price=buyable.unit_price,
        quantity=wanted.quantity,
        discountable=buyable.coupon_eligible,
        already_discounted=buyable.unit_price < buyable.consumer_price,
    )


def _bundle(
    goods: Sequence[Wanted], members: tuple[int, ...], shipping: ShippingPrice
) -> PricedBundle:
    first = goods[members[0]].buyable
    return PricedBundle(
        enterprise_id=first.enterprise_id,
        enterprise_name=first.enterprise_name,
        enterprise_slug=first.enterprise_slug,
        terms=first.shipping_policy,
        members=members,
        gross=Won(sum(goods[i].gross for i in members)),
        shipping=shipping,
    )


def _applied(result: QuoteResult, by_id: Mapping[int, OfferedCoupon]) -> list[AppliedCoupon]:
    applied = []
    for use in result.uses:
        coupon = by_id[int(use.id)]
        split = use.split_over_funders([grant.share_bps for grant in coupon.grants], coupon.rooms)
        applied.append(
            AppliedCoupon(
                coupon=coupon,
                amount=use.amount,
                lines=split.lines,
                shipping=split.shipping,
                totals=split.totals,
            )
        )
    return applied
