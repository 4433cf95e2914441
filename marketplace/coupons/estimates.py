"""What one piece of a product would cost with a coupon: the small print of a product card."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from marketplace.core.money import Won
from marketplace.coupons.models import CouponChannel, CouponKind
from marketplace.coupons.offers import OfferedCoupon
from marketplace.coupons.queries import CampaignCard


@dataclass(frozen=True)
class Rule:
    """The part of a coupon's rules that one piece of one product meets; amounts in won."""

    kind: CouponKind
    amount: Won | None
    rate_bps: int | None
    max_discount: Won | None
    round_unit: int
    min_order: Won
    channel: CouponChannel
    scope: Mapping[str, list[int | str]]


@dataclass(frozen=True)
class Piece:
    """One piece of a product; price in won."""

    product_id: int
    enterprise_id: int
    category_path: Collection[int]
    kinds: Collection[str]
    price: Won
    coupon_eligible: bool


def rule_of(source: OfferedCoupon | CampaignCard) -> Rule:
    """Return the rule of a coupon somebody has or could claim."""
    return Rule(
        kind=source.kind,
        amount=source.amount,
        rate_bps=source.rate_bps,
        max_discount=source.max_discount,
        round_unit=source.round_unit,
        min_order=source.min_order,
        channel=source.channel,
        scope=source.scope,
    )


def price_with_best(piece: Piece, rules: Iterable[Rule]) -> Won | None:
    """Return the price after the coupon worth most; None when no coupon takes anything off."""
    best = max((_worth(piece, rule) for rule in rules), default=0)
    return Won(piece.price - best) if best else None


def _worth(piece: Piece, rule: Rule) -> int:
    if (
        not piece.coupon_eligible
        or rule.channel is CouponChannel.COUNTER
        or piece.price < rule.min_order
        or not _in_scope(piece, rule.scope)
    ):
        return 0
    if rule.kind is CouponKind.FREE_SHIPPING:
        return 0
    if rule.kind is CouponKind.PERCENT:
        exact = piece.price * (rule.rate_bps or 0) // 10_000
        cut = exact - exact % rule.round_unit
        return min(cut, rule.max_discount if rule.max_discount is not None else cut)
    return min(rule.amount or 0, piece.price)


def _in_scope(piece: Piece, scope: Mapping[str, list[int | str]]) -> bool:
    return (
        _matches(scope, "products", [piece.product_id])
        and _matches(scope, "enterprises", [piece.enterprise_id])
        and _matches(scope, "categories", piece.category_path)
        and _matches(scope, "kinds", piece.kinds)
    )


def _matches(scope: Mapping[str, list[int | str]], part: str, held: Collection[int | str]) -> bool:
    wanted = scope.get(part)
    return not wanted or any(value in wanted for value in held)
