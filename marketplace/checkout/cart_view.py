"""A cart as its owner sees it: priced now, with everything that changed or is missing explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.catalog.buyables import Buyable, RemoteZone, list_buyable, zone_of
from marketplace.checkout import cart_rows, own_coupons, pricing
from marketplace.checkout.cart_rows import Owner, Row, Rows
from marketplace.checkout.pricing import NO_COMBINATION, Combination, Priced, Wanted
from marketplace.core.calendar import day_in_seoul
from marketplace.core.money import Won
from marketplace.coupons.offers import OfferedCoupon


class Problem(StrEnum):
    """Why some goods of a cart cannot be ordered as they are."""

    GONE = "gone"
    SOLD_OUT = "sold_out"
    TOO_FEW = "too_few"


_TEXTS = {
    Problem.GONE: "판매가 끝난 상품입니다. 장바구니에서 빼 주세요.",
    Problem.SOLD_OUT: "품절된 상품입니다. 다시 들어오면 주문할 수 있습니다.",
    Problem.TOO_FEW: "재고가 {available:,}개 남았습니다. 수량을 줄여 주세요.",
}


@dataclass(frozen=True, kw_only=True)
class CartLine:
    """Some pieces of one variant in the cart."""

    buyable: Buyable
    quantity: int
    price_seen: Won
    is_chosen: bool
    problem: Problem | None

    @property
    def is_orderable(self) -> bool:
        """Say whether an order made now would contain it."""
        return self.is_chosen and self.problem is None

    @property
    def gross(self) -> Won:
        """Return what the pieces cost before coupons."""
        return Won(self.buyable.unit_price * self.quantity)

    @property
    def problem_text(self) -> str:
        """Return what to tell the owner about the problem."""
        if self.problem is None:
            return ""
        return _TEXTS[self.problem].format(available=self.buyable.available)

    @property
    def has_new_price(self) -> bool:
        """Say whether the price differs from the one the owner last saw."""
        return self.price_seen != self.buyable.unit_price


@dataclass(frozen=True, kw_only=True)
class CartCouponView:
    """One coupon of the owner: on the cart with its effect or refusal, or ready to be put there."""

    coupon: OfferedCoupon
    is_on_cart: bool
    amount: Won
    refusal_code: str | None
    refusal_text: str
    # Why it is not among the coupons that together give most; empty when it is.
    left_out_text: str = ""


@dataclass(frozen=True, kw_only=True)
class CartView:
    """A whole cart."""

    cart_id: int | None
    lines: tuple[CartLine, ...]
    priced: Priced
    coupons: tuple[CartCouponView, ...]
    zone: RemoteZone | None
    # The coupons that together give most, and how much, when it is more than those on the cart.
    suggested_coupon_ids: tuple[int, ...]
    suggested_total: Won

    @property
    def is_empty(self) -> bool:
        """Say whether nothing at all is in the cart."""
        return not self.lines

    @property
    def orderable(self) -> tuple[CartLine, ...]:
        """Return the lines an order made now would contain, as priced."""
        return tuple(line for line in self.lines if line.is_orderable)

    @property
    def changed(self) -> tuple[CartLine, ...]:
        """Return the lines whose price differs from the one the owner last saw."""
        return tuple(line for line in self.lines if line.has_new_price)

    @property
    def blocking(self) -> tuple[CartLine, ...]:
        """Return the chosen lines whose quantity the owner must lower first."""
        return tuple(
            line for line in self.lines if line.is_chosen and line.problem is Problem.TOO_FEW
        )

    @property
    def can_order(self) -> bool:
        """Say whether there is something to order and nothing to settle first."""
        return bool(self.orderable) and not self.blocking


def view(*, owner: Owner, at: datetime, zip_code: str | None = None) -> CartView:
    """Return somebody's cart, priced for a postcode if one is given."""
    rows = cart_rows.load(owner)
    zone = zone_of(zip_code) if zip_code and rows.items else None
    offered = _offered(owner, rows, at)
    return _view(owner, rows, offered, zone, at=at)


def view_for_order(*, owner: Owner, zip_code: str, at: datetime) -> CartView:
    """Return somebody's cart priced with the coupons on it only, for placing an order."""
    rows = cart_rows.load(owner)
    zone = zone_of(zip_code) if rows.items else None
    offered: list[OfferedCoupon] = []
    if owner.person_id is not None and rows.coupon_ids:
        offered = own_coupons.list_offered(
            person_id=owner.person_id, at=at, coupon_ids=rows.coupon_ids
        )
    return _view(owner, rows, offered, zone, at=at, suggest=False)


def _view(
    owner: Owner,
    rows: Rows,
    offered: Sequence[OfferedCoupon],
    zone: RemoteZone | None,
    *,
    at: datetime,
    suggest: bool = True,
) -> CartView:
    buyables = {
        buyable.variant_id: buyable
        for buyable in list_buyable([item.variant_id for item in rows.items], on=day_in_seoul(at))
    }
    lines = tuple(_line(item, buyables[item.variant_id]) for item in rows.items)
    goods = [Wanted(line.buyable, line.quantity) for line in lines if line.is_orderable]
    priced = pricing.price(
        goods=goods,
        offered=offered,
        coupon_ids=rows.coupon_ids,
        person_id=owner.person_id,
        zone=zone,
        at=at,
    )
    best = NO_COMBINATION
    if suggest and owner.person_id is not None and offered:
        best = pricing.best_combination(
            goods=goods, offered=offered, person_id=owner.person_id, zone=zone, at=at
        )
    is_better = best.total > priced.coupon_total
    return CartView(
        cart_id=rows.cart_id,
        lines=lines,
        priced=priced,
        coupons=tuple(_coupons(offered, rows, priced, best)),
        zone=zone,
        suggested_coupon_ids=best.coupon_ids if is_better else (),
        suggested_total=best.total if is_better else Won(0),
    )


def _offered(owner: Owner, rows: Rows, at: datetime) -> list[OfferedCoupon]:
    if owner.person_id is None or not rows.items:
        return []
    offered = own_coupons.list_offered(person_id=owner.person_id, at=at)
    known = {coupon.coupon_id for coupon in offered}
    others = [coupon_id for coupon_id in rows.coupon_ids if coupon_id not in known]
    if others:
        # On the cart but no longer to be spent: asked for, so that the page can say why.
        offered += own_coupons.list_offered(person_id=owner.person_id, at=at, coupon_ids=others)
    return offered


def _line(item: Row, buyable: Buyable) -> CartLine:
    problem = None
    if not buyable.on_sale:
        problem = Problem.GONE
    elif buyable.available <= 0:
        problem = Problem.SOLD_OUT
    elif buyable.available < item.quantity:
        problem = Problem.TOO_FEW
    return CartLine(
        buyable=buyable,
        quantity=item.quantity,
        price_seen=item.price_seen,
        is_chosen=item.selected,
        problem=problem,
    )


def _coupons(
    offered: Sequence[OfferedCoupon], rows: Rows, priced: Priced, best: Combination
) -> list[CartCouponView]:
    amounts: Mapping[int, Won] = {
        applied.coupon.coupon_id: applied.amount for applied in priced.applied
    }
    refusals = {refused.coupon_id: refused for refused in priced.refused}
    views = []
    for coupon in offered:
        refused = refusals.get(coupon.coupon_id)
        views.append(
            CartCouponView(
                coupon=coupon,
                is_on_cart=coupon.coupon_id in rows.coupon_ids,
                amount=amounts.get(coupon.coupon_id, Won(0)),
                refusal_code=refused.code if refused else None,
                refusal_text=refused.text if refused else "",
                left_out_text=best.left_out.get(coupon.coupon_id, ""),
            )
        )
    return views
