"""What cart and order sheet show of a cart: bundles by enterprise, and every coupon explained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from marketplace.checkout import pricing
from marketplace.checkout.cart import CartCouponView, CartLine, CartView
from marketplace.checkout.pricing import PricedBundle
from marketplace.core.money import Won
from marketplace.coupons import labels
from marketplace.coupons.offers import CouponKind, FunderKind, OfferedCoupon
from marketplace.web.filters import day
from marketplace.web.pictures import picture_url, srcset

FUNDERS = {
    FunderKind.NATIONAL: "국비",
    FunderKind.CITY: "시비",
    FunderKind.DISTRICT: "구비",
    FunderKind.ENTERPRISE: "가게 부담",
}


@dataclass(frozen=True, slots=True)
class Thumb:
    """The small picture beside a line."""

    url: str | None
    avif: str | None
    srcset: str | None
    alt: str


@dataclass(frozen=True, slots=True)
class Group:
    """What one enterprise ships together; `priced` is None when nothing of it can be ordered."""

    enterprise_name: str
    enterprise_slug: str
    lines: tuple[CartLine, ...]
    priced: PricedBundle | None


@dataclass(frozen=True, slots=True)
class CouponChoice:
    """One coupon of the picker: what it gives, or why it gives nothing."""

    coupon_id: int
    name: str
    worth: str
    terms: str
    is_on_cart: bool
    # Given now when it is on the cart; else what it would give alone.
    amount: Won
    refusal: str
    # Why it is not part of the best combination, when it would give something alone.
    left_out: str


def thumb(key: str | None, alt: str) -> Thumb:
    """Return the picture of a line, if it has one."""
    if key is None:
        return Thumb(None, None, None, alt)
    return Thumb(picture_url(key, 320, "jpg"), srcset(key, "avif"), srcset(key, "jpg"), alt)


def groups(view: CartView) -> list[Group]:
    """Return the cart's lines by what is shipped together, in the order they were put there."""
    by_policy: dict[int, list[CartLine]] = {}
    for line in view.lines:
        by_policy.setdefault(line.buyable.shipping_policy.id, []).append(line)
    priced = {bundle.terms.id: bundle for bundle in view.priced.bundles}
    return [
        Group(
            enterprise_name=lines[0].buyable.enterprise_name,
            enterprise_slug=lines[0].buyable.enterprise_slug,
            lines=tuple(lines),
            priced=priced.get(policy_id),
        )
        for policy_id, lines in by_policy.items()
    ]


def coupon_choices(view: CartView, *, person_id: int | None, at: datetime) -> list[CouponChoice]:
    """Return the picker: coupons on the cart as they are, the others tried one by one."""
    return [_choice(each, view, person_id, at) for each in view.coupons]


def sum_rows(view: CartView) -> list[tuple[str, int, str]]:
    """Return the rows of the sum: goods, shipping and each coupon."""
    priced = view.priced
    rows: list[tuple[str, int, str]] = [
        ("상품 금액", priced.gross_total, ""),
        ("배송비", priced.shipping_total, ""),
    ]
    rows += [
        (f"쿠폰 · {applied.coupon.campaign_name}", -applied.amount, "gam")
        for applied in priced.applied
    ]
    return rows


def _choice(
    each: CartCouponView, view: CartView, person_id: int | None, at: datetime
) -> CouponChoice:
    amount, refusal = each.amount, each.refusal_text
    if not each.is_on_cart:
        amount, refusal = _alone(each.coupon, view, person_id, at)
    return CouponChoice(
        coupon_id=each.coupon.coupon_id,
        name=each.coupon.campaign_name,
        worth=_worth(each.coupon),
        terms=" · ".join(
            [
                *labels.terms(each.coupon.min_order, each.coupon.max_discount, each.coupon.channel),
                f"{day(each.coupon.expires_at)}까지",
            ]
        ),
        is_on_cart=each.is_on_cart,
        amount=amount,
        refusal=refusal,
        left_out=each.left_out_text,
    )


def _alone(
    coupon: OfferedCoupon, view: CartView, person_id: int | None, at: datetime
) -> tuple[Won, str]:
    if not view.priced.goods:
        return Won(0), ""
    priced = pricing.price(
        goods=view.priced.goods,
        offered=[coupon],
        coupon_ids=[coupon.coupon_id],
        person_id=person_id,
        zone=view.zone,
        at=at,
    )
    return priced.coupon_total, " ".join(refused.text for refused in priced.refused)


def _worth(coupon: OfferedCoupon) -> str:
    stored = coupon.kind is CouponKind.STORED_VALUE
    amount = coupon.balance if stored else coupon.amount
    return "".join(labels.worth(coupon.kind, amount, coupon.rate_bps))
