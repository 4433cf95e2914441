"""The rules of a campaign in plain Korean, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from marketplace.accounts.verification import VerificationKind
from marketplace.core.calendar import SEOUL
from marketplace.coupons import hours
from marketplace.coupons.eligibility import FACTS
from marketplace.coupons.labels import CHANNELS
from marketplace.coupons.models import CouponKind
from marketplace.coupons.rule_names import Names
from marketplace.coupons.rules import Rules, percent_text

KINDS: Final = {
    CouponKind.FIXED: "정액 할인",
    CouponKind.PERCENT: "정률 할인",
    CouponKind.STORED_VALUE: "금액권",
    CouponKind.FREE_SHIPPING: "무료배송",
}
_SCOPES: Final = (
    ("enterprises", "가게"),
    ("kinds", "지정 종류"),
    ("categories", "분류"),
    ("products", "상품"),
)
# So many names are read at a glance.
_NAMES_SHOWN: Final = 12


@dataclass(frozen=True)
class Said:
    """One part of the rules in words."""

    part: str
    text: str


@dataclass(frozen=True)
class Difference:
    """What one part said before and says now."""

    part: str
    before: str
    after: str


def say(rules: Rules, names: Names) -> list[Said]:
    """Say every part of some rules, in the order people ask about them."""
    said = [
        Said("혜택", _benefit(rules)),
        Said("재원", ", ".join(_grant(names, *share) for share in rules.grants)),
        Said("한 장의 최대 부담", f"{rules.worst_case:,}원"),
        Said("사용처", CHANNELS[rules.channel]),
        Said("사용 범위", _scope(rules, names)),
        Said("최소 주문", _minimum(rules)),
        Said("요일과 시간", hours.said(rules.hours) or "언제나"),
        Said("사용 기간", _validity(rules.valid_until, rules.valid_days)),
        Said("대상", _eligibility(rules, names)),
        Said("한도", _limits(rules)),
        Said("중복 사용", _stacking(rules)),
    ]
    if rules.kind is not CouponKind.STORED_VALUE:
        said.append(
            Said(
                "예산이 모자랄 때",
                "남은 만큼만 할인합니다." if rules.clip_over_budget else "쓸 수 없다고 알립니다.",
            )
        )
    return said


def differences(before: Rules, after: Rules, names: Names) -> list[Difference]:
    """Return the parts in which two versions say something different."""
    old = {said.part: said.text for said in say(before, names)}
    new = {said.part: said.text for said in say(after, names)}
    parts = [*new, *(part for part in old if part not in new)]
    return [
        Difference(part, old.get(part, "없음"), new.get(part, "없음"))
        for part in parts
        if old.get(part) != new.get(part)
    ]


def _benefit(rules: Rules) -> str:
    if rules.kind is CouponKind.PERCENT:
        unit = f", {rules.round_unit:,}원 아래는 버림" if rules.round_unit > 1 else ""
        most = f"{rules.max_discount or 0:,}"
        return f"{percent_text(rules.rate_bps or 0)}% 할인, 최대 {most}원{unit}"
    amount = f"{rules.amount or 0:,}원"
    if rules.kind is CouponKind.STORED_VALUE:
        return f"{amount} 금액권, 나누어 쓸 수 있음"
    if rules.kind is CouponKind.FREE_SHIPPING:
        return f"배송비 최대 {amount}까지"
    return f"{amount} 할인"


def _grant(names: Names, grant_id: int, share_bps: int) -> str:
    return f"{names.call('grants', grant_id)} {percent_text(share_bps)}%"


def _scope(rules: Rules, names: Names) -> str:
    parts = []
    for part, title in _SCOPES:
        keys = rules.scope.get(part) or []
        if keys:
            parts.append(f"{title}: {_list(names.call(part, key) for key in keys)}")
    return " / ".join(parts) or "모든 가게와 상품"


def _list(names: Iterable[str]) -> str:
    shown = list(names)
    rest = len(shown) - _NAMES_SHOWN
    text = ", ".join(shown[:_NAMES_SHOWN])
    return f"{text} 외 {rest}" if rest > 0 else text


def _minimum(rules: Rules) -> str:
    if not rules.min_order:
        return "없음"
    order = " (다른 쿠폰을 먼저 뺀 금액)" if rules.min_order_after_previous else " (쿠폰 빼기 전)"
    return f"{rules.min_order:,}원 이상{order}"


def _validity(until: datetime | None, days: int | None) -> str:
    if until is not None:
        return f"{until.astimezone(SEOUL):%Y.%m.%d. %H:%M}까지"
    return f"받은 날부터 {days}일"


def _eligibility(rules: Rules, names: Names) -> str:
    parts = []
    dong = rules.eligibility.get("dong")
    if isinstance(dong, list) and dong:
        parts.append(f"{_list(names.call('dong', code) for code in dong)} 주민")
    age = rules.eligibility.get("age")
    if isinstance(age, list) and age:
        parts.append(f"만 {age[0]}세부터 {age[1]}세까지")
    verified = rules.eligibility.get("verified")
    if isinstance(verified, list) and verified:
        facts = "·".join(FACTS[VerificationKind(kind)] for kind in verified)
        parts.append(f"{facts} 확인을 받은 사람")
    if rules.eligibility.get("first_order"):
        parts.append("첫 주문")
    return ", ".join(parts) or "모든 회원"


def _limits(rules: Rules) -> str:
    parts = [f"한 사람 {rules.per_person_limit:,}장"]
    if rules.per_day_limit is not None:
        parts.append(f"하루 {rules.per_day_limit:,}번")
    if rules.per_month_limit is not None:
        parts.append(f"한 달 {rules.per_month_limit:,}번")
    return ", ".join(parts)


def _stacking(rules: Rules) -> str:
    if rules.kind is CouponKind.STORED_VALUE:
        order = "다른 쿠폰을 뺀 뒤 남은 금액을 냄"
    elif rules.exclusive:
        order = "다른 쿠폰과 함께 쓸 수 없음"
    elif rules.stack_group:
        order = f"{rules.stack_group} 그룹에서는 한 장만"
    else:
        order = "다른 쿠폰과 함께 쓸 수 있음"
    priority = f", 적용 순서 {rules.priority:+d}" if rules.priority else ""
    return order + priority
