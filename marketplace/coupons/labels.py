"""How a coupon's rules are said to people."""

from __future__ import annotations

from typing import Final

from marketplace.core.money import Won
from marketplace.coupons.models import CouponChannel, CouponKind

CHANNELS: Final = {
    CouponChannel.ONLINE: "온라인",
    CouponChannel.COUNTER: "가게에서",
    CouponChannel.BOTH: "온라인·가게 모두",
}


def called(name: str) -> str:
    """Return a campaign's coupon as people say it: 쿠폰 once, also when the name ends in it."""
    return f"{bare(name)} 쿠폰".lstrip()


def bare(name: str) -> str:
    """Return a campaign's name without 쿠폰 at its end, for sentences that say it themselves."""
    return name.removesuffix("쿠폰").rstrip()


def worth(kind: CouponKind, amount: Won | None, rate_bps: int | None) -> tuple[str, str]:
    """Return what a coupon takes off, as a number and its unit."""
    if kind is CouponKind.FREE_SHIPPING:
        return "무료", "배송"
    if kind is CouponKind.PERCENT:
        whole, rest = divmod(rate_bps or 0, 100)
        return (f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)), "%"
    return f"{amount or 0:,}", "원"


def terms(min_order: Won, max_discount: Won | None, channel: CouponChannel) -> list[str]:
    """Return the conditions of a coupon in a few words each."""
    said = [CHANNELS[channel]]
    if min_order:
        said.append(f"{min_order:,}원 이상")
    if max_discount:
        said.append(f"최대 {max_discount:,}원")
    return said
