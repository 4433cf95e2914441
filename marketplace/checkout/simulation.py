"""
What a campaign would cost: at worst, as experience says, and on orders of the past.

Past orders are priced again by the engine of the checkout, from oldest to newest: with the coupons
they had, and once more with a coupon of these rules besides. The buyer takes what gives more. An
order that was paid with a coupon of the same campaign is priced with these rules instead of it,
and whoever paid so keeps the coupon for that order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from sqlalchemy import case, func, select

from marketplace.checkout import past_orders, pricing
from marketplace.checkout.past_orders import ZONE, Past, PastOrder, terms_of
from marketplace.checkout.pricing import AppliedCoupon, Priced
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.money import Won, allocate, round_half_up
from marketplace.coupons import budgets, eligibility
from marketplace.coupons.campaign_page import Need, list_needs
from marketplace.coupons.models import Coupon, Funder, Grant
from marketplace.coupons.offers import (
    CampaignStatus,
    CouponKind,
    CouponState,
    FunderKind,
    GrantShare,
    OfferedCoupon,
    UseLimit,
)
from marketplace.coupons.refusals import text_of
from marketplace.coupons.rules import Rules

MOST_ORDERS: Final = 2_000
# No coupon has this id: it stands for the one the rules would give.
_TRIAL: Final = 0
_GUEST: Final = "guest"
_NO_COUPON_LEFT: Final = "no_coupon_left"
_REASONS: Final = {
    _GUEST: "비회원 주문에는 쿠폰을 쓸 수 없습니다.",
    _NO_COUPON_LEFT: "받을 수 있는 쿠폰을 이미 다 썼습니다.",
    "": "가지고 있던 쿠폰을 쓰는 편이 낫습니다.",
}


@dataclass(frozen=True)
class ChangedOrder:
    """One past order that these rules would have made cheaper or dearer."""

    number: str
    ordered_at: datetime
    gross: Won
    old: Won
    new: Won

    @property
    def difference(self) -> Won:
        """Return how much more the coupons would give."""
        return Won(self.new - self.old)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What past orders say about some rules."""

    start: datetime
    end: datetime
    # How many orders the period has, how many were looked at, and how many could be priced again.
    total: int
    looked_at: int
    unlike: int
    used: int
    given: Won
    by_grant: Mapping[int, Won]
    changed: Sequence[ChangedOrder]
    # Why the coupon gave nothing, in Korean, most often first.
    reasons: Sequence[tuple[str, int]]

    @property
    def is_cut(self) -> bool:
        """Tell whether older orders of the period were left out."""
        return self.total > self.looked_at

    @property
    def average(self) -> Won | None:
        """Return what one use gave on average; None when there was none."""
        return round_half_up(Fraction(self.given, self.used)) if self.used else None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What so many coupons would cost one grant."""

    need: Need
    worst: Won
    expected: Won
    replayed: Won


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """The whole answer: per grant, and what it rests on."""

    rules: Rules
    cap: int
    ended: int
    spent: int
    per_use: Won
    forecasts: Sequence[Forecast]
    replay: Replay

    @property
    def worst(self) -> Won:
        """Return what all coupons cost at worst."""
        return Won(sum(forecast.worst for forecast in self.forecasts))

    @property
    def expected(self) -> Won:
        """Return what all coupons cost as experience says."""
        return Won(sum(forecast.expected for forecast in self.forecasts))

    @property
    def has_experience(self) -> bool:
        """Tell whether coupons of the past say how many are used."""
        return self.ended > 0


def simulate(
    *, campaign_id: int, rules: Rules, cap: int, start: datetime, end: datetime, at: datetime
) -> Simulation:
    """Return what coupons of these rules would cost, with a replay of a period's orders."""
    replay = _replay(rules, campaign_id, cap, start=start, end=end, at=at)
    spent, ended = _experience()
    per_use = rules.worst_case
    if rules.kind is not CouponKind.STORED_VALUE and replay.average is not None:
        per_use = replay.average
    rate = Fraction(spent, ended) if ended else Fraction(1)
    expected = allocate(round_half_up(cap * rate * per_use), [bps for _, bps in rules.grants])
    worst = budgets.split(rules.worst_case, rules.grants)
    return Simulation(
        rules=rules,
        cap=cap,
        ended=ended,
        spent=spent,
        per_use=per_use,
        forecasts=[
            Forecast(
                need=need,
                worst=Won(worst[need.grant_id] * cap),
                expected=part,
                replayed=replay.by_grant.get(need.grant_id, Won(0)),
            )
            for need, part in zip(list_needs(rules, coupons=cap), expected, strict=True)
        ],
        replay=replay,
    )


def _experience() -> tuple[int, int]:
    """Return how many coupons were spent of those whose life is over, in all campaigns."""
    over = (CouponState.REDEEMED, CouponState.EXPIRED)
    row = db.session.execute(
        select(
            func.coalesce(func.sum(case((Coupon.state == CouponState.REDEEMED, 1), else_=0)), 0),
            func.count(),
        ).where(Coupon.state.in_(over))
    ).one()
    return int(row[0]), int(row[1])


@dataclass
class _Person:
    """What one person has done with coupons of these rules so far in the replay."""

    coupons: int = 0
    balance: int = 0
    used_at: list[datetime] = field(default_factory=list)


@dataclass
class _Trial:
    """The replay on its way."""

    rules: Rules
    campaign_id: int
    cap: int
    grants: tuple[GrantShare, ...]
    past: Past
    # Coupons of the campaign itself that orders still to come were paid with, by person.
    ahead: dict[int, set[int]]
    people: dict[int, _Person] = field(default_factory=dict)
    taken: int = 0
    used: int = 0
    given: int = 0
    unlike: int = 0
    by_grant: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    changed: list[ChangedOrder] = field(default_factory=list)

    def price(self, order: PastOrder) -> None:
        """Price one order with and without the coupon, and keep what the buyer would take."""
        before = _priced(order, order.coupons)
        if before.coupon_total != order.coupon_total or before.gross_total != order.gross:
            self.unlike += 1
            return
        own = {each.coupon_id for each in order.coupons if each.campaign_id == self.campaign_id}
        others = [coupon for coupon in order.coupons if coupon.coupon_id not in own]
        is_own = bool(own)
        if order.person_id in self.ahead:
            self.ahead[order.person_id] -= own
        trial = self._coupon_for(order)
        after = _priced(order, others if trial is None else [*others, trial])
        if not is_own and after.coupon_total <= before.coupon_total:
            if trial is not None:
                self.reasons[_why(after)] += 1
            return
        self._keep(order, after)
        if after.coupon_total != before.coupon_total:
            self.changed.append(
                ChangedOrder(
                    order.number,
                    order.ordered_at,
                    order.gross,
                    before.coupon_total,
                    after.coupon_total,
                )
            )

    def _coupon_for(self, order: PastOrder) -> OfferedCoupon | None:
        if order.person_id is None:
            self.reasons[_GUEST] += 1
            return None
        person = self.people.setdefault(order.person_id, _Person())
        kept = len(self.ahead.get(order.person_id, ()))
        kept_by_all = sum(len(coupons) for coupons in self.ahead.values())
        may_take = (
            person.coupons + kept < self.rules.per_person_limit
            and self.taken + kept_by_all < self.cap
        )
        if person.balance == 0 and not may_take:
            self.reasons[_NO_COUPON_LEFT] += 1
            return None
        at = order.ordered_at
        return OfferedCoupon(
            coupon_id=_TRIAL,
            person_id=order.person_id,
            campaign_id=self.campaign_id,
            campaign_slug="",
            campaign_name="",
            campaign_status=CampaignStatus.RUNNING,
            state=CouponState.CLAIMED,
            balance=Won(person.balance or self.rules.worst_case),
            claimed_at=at,
            expires_at=at + timedelta(days=1),
            grants=self.grants,
            first_order=bool(self.rules.eligibility.get("first_order")),
            is_for_owner=self._is_for(order),
            per_day=_limit(self.rules.per_day_limit, person, at, months=False),
            per_month=_limit(self.rules.per_month_limit, person, at, months=True),
            **terms_of(self.rules),
        )

    def _is_for(self, order: PastOrder) -> bool:
        if self.rules.eligibility.get("first_order") and not order.is_first:
            return False
        facts = self.past.facts.get(order.person_id or 0)
        return facts is not None and eligibility.is_met(
            self.rules.eligibility, facts, day_in_seoul(order.ordered_at)
        )

    def _keep(self, order: PastOrder, after: Priced) -> None:
        applied = next((use for use in after.applied if use.coupon.coupon_id == _TRIAL), None)
        if applied is None or order.person_id is None:
            self.reasons[_why(after)] += 1
            return
        self.used += 1
        self.given += applied.amount
        self.by_grant.update(applied.shares)
        self._spend(self.people[order.person_id], applied, order.ordered_at)

    def _spend(self, person: _Person, applied: AppliedCoupon, at: datetime) -> None:
        if person.balance == 0:
            person.coupons += 1
            self.taken += 1
            person.balance = self.rules.worst_case
        # Only a voucher keeps the rest of its value for another order.
        is_voucher = self.rules.kind is CouponKind.STORED_VALUE
        person.balance = person.balance - applied.amount if is_voucher else 0
        person.used_at.append(at)


def _replay(
    rules: Rules, campaign_id: int, cap: int, *, start: datetime, end: datetime, at: datetime
) -> Replay:
    past = past_orders.load(start=start, end=end, most=MOST_ORDERS, at=at)
    trial = _Trial(rules, campaign_id, cap, _grants(rules), past, _own_coupons(past, campaign_id))
    for order in past.orders:
        trial.price(order)
    return Replay(
        start=start,
        end=end,
        total=past.total,
        looked_at=len(past.orders),
        unlike=trial.unlike,
        used=trial.used,
        given=Won(trial.given),
        by_grant={grant: Won(amount) for grant, amount in trial.by_grant.items()},
        changed=sorted(trial.changed, key=lambda order: order.ordered_at, reverse=True),
        reasons=[
            (_REASONS[code] if code in _REASONS else text_of(code), count)
            for code, count in trial.reasons.most_common()
        ],
    )


def _own_coupons(past: Past, campaign_id: int) -> dict[int, set[int]]:
    """Return the coupons of a campaign that orders were paid with, by person."""
    own: dict[int, set[int]] = {}
    for order in past.orders:
        for coupon in order.coupons:
            if coupon.campaign_id == campaign_id:
                own.setdefault(coupon.person_id, set()).add(coupon.coupon_id)
    return own


def _priced(order: PastOrder, coupons: Sequence[OfferedCoupon]) -> Priced:
    return pricing.price(
        goods=order.goods,
        offered=coupons,
        coupon_ids=[coupon.coupon_id for coupon in coupons],
        person_id=order.person_id,
        zone=ZONE,
        at=order.ordered_at,
    )


def _why(priced: Priced) -> str:
    return next((refused.code for refused in priced.refused if refused.coupon_id == _TRIAL), "")


def _limit(limit: int | None, person: _Person, at: datetime, *, months: bool) -> UseLimit | None:
    if limit is None:
        return None
    today = day_in_seoul(at)
    days = [day_in_seoul(used) for used in person.used_at]
    same = [
        day
        for day in days
        if (day.year, day.month) == (today.year, today.month) and (months or day == today)
    ]
    return UseLimit(limit, len(same))


def _grants(rules: Rules) -> tuple[GrantShare, ...]:
    rows = db.session.execute(
        select(Grant.id, Funder.kind)
        .join(Funder, Funder.id == Grant.funder_id)
        .where(Grant.id.in_([grant for grant, _ in rules.grants]))
    )
    kinds: dict[int, FunderKind] = {}
    kinds.update((grant, kind) for grant, kind in rows)
    return tuple(GrantShare(grant, kinds[grant], bps) for grant, bps in rules.grants)
