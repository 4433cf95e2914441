"""The rules of a campaign as somebody writes them, and what they may not say together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from marketplace.accounts.verification import VerificationKind
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won
from marketplace.coupons.models import (
    AutomaticTrigger,
    Campaign,
    CouponChannel,
    CouponKind,
    IssueMode,
)

WHOLE_BPS: Final = 10_000
ROUND_UNITS: Final = (1, 10, 100, 1_000)
# Enough for every resident of the district; a slip of the keyboard makes more.
MOST_AMOUNT: Final = 10_000_000
MOST_MINIMUM: Final = 100_000_000
MOST_PRIORITY: Final = 100
MOST_COUPONS: Final = 1_000_000
# They are created at once when the campaign starts; unique codes are made in batches.
MOST_AT_ONCE: Final = 50_000
MOST_DAYS: Final = 730
MOST_USES: Final = 1_000
OLDEST: Final = 150
_NOTHING: Final = Won(0)
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHARED_CODE: Final = re.compile(r"[A-Z0-9가-힣]{4,20}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_SCOPES: Final = frozenset({"enterprises", "kinds", "categories", "products"})

Problems = Iterator[tuple[str, str]]


class RulesIncomplete(InvalidInput):
    """The rules contradict each other or lack something; `fields` says where and why."""

    message = "캠페인 규칙을 확인해 주세요: {why}"

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(why=" ".join(self.fields.values()))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """One version of a campaign's rules; shares in basis points, first funder first."""

    kind: CouponKind
    channel: CouponChannel
    grants: Sequence[tuple[int, int]]
    amount: Won | None = None
    rate_bps: int | None = None
    max_discount: Won | None = None
    round_unit: int = 1
    min_order: Won = _NOTHING
    scope: Mapping[str, list[int | str]] = field(default_factory=dict)
    hours: Mapping[str, object] = field(default_factory=dict)
    eligibility: Mapping[str, object] = field(default_factory=dict)
    stack_group: str = ""
    exclusive: bool = False
    priority: int = 0
    clip_over_budget: bool = False
    per_person_limit: int = 1
    per_day_limit: int | None = None
    per_month_limit: int | None = None
    min_order_after_previous: bool = False
    valid_until: datetime | None = None
    valid_days: int | None = None

    @property
    def worst_case(self) -> Won:
        """
        Return the most one coupon can cost, in won.

        :raises RulesIncomplete:
        """
        name = "max_discount" if self.kind is CouponKind.PERCENT else "amount"
        limit = self.max_discount if self.kind is CouponKind.PERCENT else self.amount
        if limit is None or limit <= 0:
            raise RulesIncomplete({name: "쿠폰 금액 또는 최대 할인 금액이 필요합니다."})
        return limit


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a campaign is besides its rules: its name, how it is handed out, how many and when."""

    name: str
    cap: int
    starts_at: datetime
    ends_at: datetime
    slug: str = ""
    summary: str = ""
    issue_mode: IssueMode = IssueMode.OPEN_CLAIM
    shared_code: str | None = None
    trigger: AutomaticTrigger | None = None
    has_waiting_list: bool = False


def plan_of(campaign: Campaign) -> Plan:
    """Return a campaign's plan."""
    return Plan(
        name=campaign.name,
        cap=campaign.cap,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        slug=campaign.slug,
        summary=campaign.summary,
        issue_mode=campaign.issue_mode,
        shared_code=campaign.shared_code,
        trigger=campaign.trigger,
        has_waiting_list=campaign.has_waiting_list,
    )


def refuse_contradictions(rules: Rules, plan: Plan) -> None:
    """
    Refuse rules that say nothing, too much, or two things at once; every field is named.

    :raises RulesIncomplete:
    """
    problems: dict[str, str] = {}
    for check in _CHECKS:
        problems |= {name: text for name, text in check(rules) if name not in problems}
    problems |= {name: text for name, text in _of_plan(plan) if name not in problems}
    if rules.valid_until is not None and rules.valid_until <= plan.starts_at:
        problems.setdefault("valid_until", "사용 기한이 받기 시작하는 때보다 뒤여야 합니다.")
    if plan.trigger is AutomaticTrigger.FIRST_ORDER and rules.eligibility.get("first_order"):
        problems["first_order"] = "첫 주문 뒤에 주는 쿠폰은 첫 주문에 쓸 수 없습니다."
    if problems:
        raise RulesIncomplete(problems)


def _of_worth(rules: Rules) -> Problems:
    if rules.kind is CouponKind.PERCENT:
        if rules.rate_bps is None or not 1 <= rules.rate_bps <= WHOLE_BPS:
            yield "rate", "할인율은 0.01%부터 100%까지 정합니다."
        if rules.max_discount is None or not 1 <= rules.max_discount <= MOST_AMOUNT:
            yield "max_discount", f"최대 할인 금액을 1원부터 {MOST_AMOUNT:,}원까지 정해 주세요."
        if rules.amount is not None:
            yield "amount", "정률 쿠폰에는 금액 대신 할인율을 정합니다."
        if rules.round_unit not in ROUND_UNITS:
            yield "round_unit", "절사 단위는 1·10·100·1,000원 가운데 고릅니다."
        return
    if rules.amount is None or not 1 <= rules.amount <= MOST_AMOUNT:
        yield "amount", f"쿠폰 금액을 1원부터 {MOST_AMOUNT:,}원까지 정해 주세요."
    if rules.rate_bps is not None:
        yield "rate", "할인율은 정률 쿠폰에만 정합니다."
    if rules.max_discount is not None:
        yield "max_discount", "최대 할인 금액은 정률 쿠폰에만 정합니다."
    if rules.round_unit != 1:
        yield "round_unit", "절사 단위는 정률 쿠폰에만 정합니다."


def _of_grants(rules: Rules) -> Problems:
    total = sum(bps for _, bps in rules.grants)
    if not rules.grants:
        yield "grants", "재원을 하나 이상 골라 비율을 적어 주세요."
    elif any(not 1 <= bps <= WHOLE_BPS for _, bps in rules.grants):
        yield "grants", "재원 비율은 0%보다 크고 100% 이하여야 합니다."
    elif len({grant for grant, _ in rules.grants}) != len(rules.grants):
        yield "grants", "같은 재원을 두 번 쓸 수 없습니다."
    elif total != WHOLE_BPS:
        yield "grants", f"재원 비율의 합은 100%여야 합니다. 지금은 {percent_text(total)}%입니다."


def _of_use(rules: Rules) -> Problems:
    if not 0 <= rules.min_order <= MOST_MINIMUM:
        yield "min_order", f"최소 주문 금액은 0원부터 {MOST_MINIMUM:,}원까지 정합니다."
    if rules.channel is CouponChannel.COUNTER:
        if rules.kind is CouponKind.FREE_SHIPPING:
            yield "channel", "무료배송 쿠폰은 가게에서 쓸 수 없습니다. 온라인을 골라 주세요."
        if rules.min_order_after_previous:
            yield "min_order_after_previous", "가게에서는 다른 쿠폰을 먼저 빼지 않습니다."
    if unknown := set(rules.scope) - _SCOPES:
        yield "scope", f"알 수 없는 사용 범위입니다: {', '.join(sorted(unknown))}"


def _of_stacking(rules: Rules) -> Problems:
    if rules.kind is CouponKind.STORED_VALUE:
        if rules.exclusive:
            yield "exclusive", "금액권은 결제 수단이라 단독 사용으로 정할 수 없습니다."
        if rules.stack_group:
            yield "stack_group", "금액권은 중복 그룹에 들지 않습니다. 비워 주세요."
    if rules.exclusive and rules.stack_group:
        yield "stack_group", "단독 사용 쿠폰은 함께 쓰지 않으므로 그룹을 비워 주세요."
    if not -MOST_PRIORITY <= rules.priority <= MOST_PRIORITY:
        yield "priority", f"적용 순서는 -{MOST_PRIORITY}부터 {MOST_PRIORITY}까지 정합니다."


def _of_person(rules: Rules) -> Problems:
    if not 1 <= rules.per_person_limit <= MOST_USES:
        yield "per_person_limit", "한 사람이 받는 장수는 1장부터 정합니다."
    day, month = rules.per_day_limit, rules.per_month_limit
    if day is not None and not 1 <= day <= MOST_USES:
        yield "per_day_limit", "하루 횟수는 1번부터 정하거나 비워 둡니다."
    if month is not None and not 1 <= month <= MOST_USES:
        yield "per_month_limit", "한 달 횟수는 1번부터 정하거나 비워 둡니다."
    if day is not None and month is not None and day > month:
        yield "per_day_limit", "하루 횟수가 한 달 횟수보다 많을 수 없습니다."
    if rules.eligibility.get("first_order") and rules.channel is CouponChannel.COUNTER:
        yield "first_order", "첫 주문 조건은 온라인 주문에서만 확인할 수 있습니다."
    verified = rules.eligibility.get("verified", [])
    if isinstance(verified, list) and not set(verified) <= {
        kind.value for kind in VerificationKind
    }:
        yield "verified", "확인할 자격을 목록에서 골라 주세요."
    age = rules.eligibility.get("age")
    if age is not None and not _is_age_span(age):
        yield (
            "age_from",
            f"나이는 0세부터 {OLDEST}세까지, 시작이 끝보다 크지 않게 둘 다 적어 주세요.",
        )


def _is_age_span(age: object) -> bool:
    if not isinstance(age, list) or len(age) != 2:
        return False
    youngest, oldest = age
    whole = isinstance(youngest, int) and isinstance(oldest, int)
    return whole and 0 <= youngest <= oldest <= OLDEST


def _of_time(rules: Rules) -> Problems:
    if (rules.valid_until is None) == (rules.valid_days is None):
        yield "validity", "사용 기간은 날짜와 일수 가운데 하나로 정합니다."
    elif rules.valid_days is not None and not 1 <= rules.valid_days <= MOST_DAYS:
        yield "valid_days", f"사용 일수는 1일부터 {MOST_DAYS}일까지 정합니다."


def _of_hours(rules: Rules) -> Problems:
    weekdays = rules.hours.get("weekdays", [])
    if not isinstance(weekdays, list) or not set(weekdays) <= set(range(7)):
        yield "weekdays", "요일을 목록에서 골라 주세요."
    opens, closes = rules.hours.get("from"), rules.hours.get("until")
    for name, clock in (("hours_from", opens), ("hours_until", closes)):
        if clock is not None and not (isinstance(clock, str) and _CLOCK.fullmatch(clock)):
            yield name, "시각은 09:00처럼 적어 주세요."
    if isinstance(opens, str) and isinstance(closes, str) and opens >= closes:
        yield "hours_until", "끝나는 시각이 시작하는 시각보다 뒤여야 합니다."


def _of_plan(plan: Plan) -> Problems:
    if not plan.name.strip():
        yield "name", "캠페인 이름을 적어 주세요."
    if plan.slug and not _SLUG.fullmatch(plan.slug):
        yield "slug", "주소는 영어 소문자와 숫자, 사이의 붙임표(-)로 적어 주세요."
    if plan.starts_at >= plan.ends_at:
        yield "ends_at", "받기 끝나는 때가 시작하는 때보다 뒤여야 합니다."
    most = MOST_COUPONS if plan.issue_mode is IssueMode.UNIQUE_CODES else MOST_AT_ONCE
    if not 1 <= plan.cap <= most:
        yield "cap", f"발행 수량은 1장부터 {most:,}장까지 정합니다."
    if plan.issue_mode is IssueMode.SHARED_CODE:
        if not plan.shared_code or not _SHARED_CODE.fullmatch(plan.shared_code):
            yield "shared_code", "공용 코드는 영어 대문자·숫자·한글 4자부터 20자까지 적어 주세요."
    elif plan.shared_code is not None:
        yield "shared_code", "공용 코드는 발급 방식이 공용 코드일 때만 정합니다."
    if (plan.issue_mode is IssueMode.AUTOMATIC) != (plan.trigger is not None):
        yield "trigger", "자동 지급일 때는 언제 줄지 고르고, 아닐 때는 비워 둡니다."
    if plan.has_waiting_list and plan.issue_mode is not IssueMode.OPEN_CLAIM:
        yield "has_waiting_list", "대기 신청은 직접 받기(선착순) 캠페인에서만 받습니다."


def percent_text(bps: int) -> str:
    """Return basis points as per cent, without zeros nobody needs: 12.5."""
    whole, rest = divmod(bps, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)


_CHECKS: Final = (
    _of_worth,
    _of_grants,
    _of_use,
    _of_stacking,
    _of_person,
    _of_time,
    _of_hours,
)
