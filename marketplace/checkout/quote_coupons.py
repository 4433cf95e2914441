"""What one coupon would take off a basket, share by share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from marketplace.checkout import quote_shipping
from marketplace.checkout.quote_basket import Basket, Piece
from marketplace.checkout.quote_cart import BudgetType, Cart, Coupon, Kind, Target
from marketplace.checkout.quote_refusals import Reason, Refusal, Shortfall
from marketplace.core.money import Won, allocate_within, part_of


class LimitedBy(StrEnum):
    """What kept a coupon from taking off all it names."""

    MAX_DISCOUNT = "max_discount"
    PRICE_LEFT = "price_left"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a coupon takes off: its amount over the lines and the bundles, to the won."""

    coupon: Coupon
    amount: Won
    lines: tuple[Won, ...]
    shipping: tuple[Won, ...]
    pieces: tuple[tuple[Piece, Won], ...] = ()
    limited_by: tuple[LimitedBy, ...] = ()


@dataclass(frozen=True, slots=True)
class _Amount:
    won: Won
    limited_by: tuple[LimitedBy, ...]


def offer(
    coupon: Coupon, cart: Cart, basket: Basket, *, from_originals: bool = False
) -> Offer | Refusal:
    """Compute what a coupon takes off what is left; taking nothing off is a refusal."""
    if coupon.target is Target.SHIPPING:
        return _shipping_offer(coupon, cart, basket, from_originals=from_originals)
    return _items_offer(coupon, cart, basket, from_originals=from_originals)


def take(offered: Offer, basket: Basket) -> None:
    """Take an offer off the basket."""
    basket.take(offered.pieces)
    for i, share in enumerate(offered.shipping):
        basket.fees_left[i] = Won(basket.fees_left[i] - share)


def _items_offer(
    coupon: Coupon, cart: Cart, basket: Basket, *, from_originals: bool
) -> Offer | Refusal:
    pieces = basket.pieces(coupon, from_originals=from_originals)
    if not pieces:
        return Refusal(coupon.id, Reason.OUT_OF_SCOPE)
    if coupon.per_unit:
        rooms = [min(coupon.amount, piece.base, piece.room) * piece.count for piece in pieces]
        weights, wanted = rooms, coupon.amount * sum(piece.count for piece in pieces)
    else:
        rooms = [piece.room * piece.count for piece in pieces]
        weights = [piece.base * piece.count for piece in pieces]
        wanted = _wanted(coupon, sum(weights))
    amount = _amount(coupon, wanted, sum(rooms))
    if isinstance(amount, Refusal):
        return amount

    of_lines = [
        [p for p, piece in enumerate(pieces) if piece.line == i] for i in range(len(cart.lines))
    ]
    lines = allocate_within(amount.won, _sums(weights, of_lines), _sums(rooms, of_lines))
    taken: list[tuple[Piece, Won]] = []
    for share, members in zip(lines, of_lines, strict=True):
        shares = allocate_within(share, [weights[p] for p in members], [rooms[p] for p in members])
        taken += [(pieces[p], won) for p, won in zip(members, shares, strict=True)]
    return Offer(
        coupon=coupon,
        amount=amount.won,
        lines=tuple(lines),
        shipping=tuple(Won(0) for _ in cart.shipping),
        pieces=tuple(taken),
        limited_by=amount.limited_by,
    )


def _shipping_offer(
    coupon: Coupon, cart: Cart, basket: Basket, *, from_originals: bool
) -> Offer | Refusal:
    covered = quote_shipping.bundles_in(cart, coupon.scope)
    if not covered:
        return Refusal(coupon.id, Reason.OUT_OF_SCOPE)
    counted_from = basket.fees if from_originals else basket.fees_left
    weights = [counted_from[i] if i in covered else 0 for i in range(len(cart.shipping))]
    rooms = [basket.fees_left[i] if i in covered else 0 for i in range(len(cart.shipping))]
    amount = _amount(coupon, _wanted(coupon, sum(weights)), sum(rooms))
    if isinstance(amount, Refusal):
        return amount
    return Offer(
        coupon=coupon,
        amount=amount.won,
        lines=tuple(Won(0) for _ in cart.lines),
        shipping=tuple(allocate_within(amount.won, weights, rooms)),
        limited_by=amount.limited_by,
    )


def _wanted(coupon: Coupon, counted_from: int) -> int:
    if coupon.kind is Kind.FIXED:
        return coupon.amount
    return part_of(counted_from, coupon.rate, unit=coupon.round_unit)


def _amount(coupon: Coupon, wanted: int, room: int) -> _Amount | Refusal:
    limits = []
    if coupon.max_discount is not None and wanted > coupon.max_discount:
        wanted = coupon.max_discount
        limits.append(LimitedBy.MAX_DISCOUNT)
    if wanted > room:
        wanted = room
        limits.append(LimitedBy.PRICE_LEFT)
    if wanted == 0:
        return Refusal(coupon.id, Reason.NO_EFFECT)
    budget = coupon.budget
    if budget is not None and budget.type is BudgetType.SPEND:
        rest = max(0, budget.limit - budget.used)
        if wanted > rest:
            if rest == 0 or not coupon.clip_over_budget:
                shortfall = Shortfall(measure="budget", needed=wanted, found=rest)
                return Refusal(coupon.id, Reason.BUDGET_EXHAUSTED, shortfall=shortfall)
            wanted = rest
            limits.append(LimitedBy.BUDGET)
    return _Amount(Won(wanted), tuple(limits))


def _sums(amounts: Sequence[int], groups: Sequence[Sequence[int]]) -> list[int]:
    return [sum(amounts[member] for member in group) for group in groups]
