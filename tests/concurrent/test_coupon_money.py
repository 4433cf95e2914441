"""Races for coupon money: shared grants, one coupon pulled at from all sides, a person's limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, update

from marketplace.checkout import canceling, confirming, expiring
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.core.errors import DomainError
from marketplace.core.money import Won
from marketplace.coupons import budgets, expiry, holds, issuing, redemption, reversal, use_limits
from marketplace.coupons.models import (
    Campaign,
    Coupon,
    CouponKind,
    CouponState,
    FunderKind,
    Grant,
    Redemption,
    RedemptionShare,
    RedemptionState,
)
from marketplace.coupons.refusals import BudgetExhausted, LimitDay
from marketplace.orders import queries as orders
from tests import make
from tests.concurrent import crowd
from tests.service.checkout import books
from tests.service.coupons import judge

LATE = make.NOW + timedelta(minutes=31)
AFTER_ALL = make.NOW + timedelta(days=400)

CITY_PART, DISTRICT_PART = 2_333, 1_000
WORTH = CITY_PART + DISTRICT_PART
AFFORDABLE = 250


@dataclass(frozen=True)
class SharedBudget:
    """시비 70 : 구비 30 of 250 coupons and a won too little for one more, for two campaigns."""

    drives: tuple[Campaign, ...]

    def spend_one(self, number: int) -> None:
        """Issue a coupon of one of the campaigns and spend it at once."""
        drive = self.drives[number % len(self.drives)]
        issuing.issue(campaign_id=drive.id, count=1)
        mine = select(Coupon.id).where(
            Coupon.campaign_id == drive.id, Coupon.state == CouponState.ISSUED
        )
        reference = f"counter:{number}"
        holds.hold(
            coupon_id=db.session.scalars(mine.order_by(Coupon.id.desc()).limit(1)).one(),
            person_id=None,
            reference=reference,
            amount=Won(WORTH),
            expires_at=LATE,
            at=make.NOW,
        )
        redemption.redeem(reference=reference, at=make.NOW)

    @staticmethod
    def made(app: Flask) -> SharedBudget:
        """Open both grants and both campaigns."""
        with app.app_context():
            city = make.grant(FunderKind.CITY, ceiling=(AFFORDABLE + 1) * CITY_PART - 1)
            district = make.grant(FunderKind.DISTRICT, ceiling=(AFFORDABLE + 1) * DISTRICT_PART)
            return SharedBudget(
                tuple(
                    make.campaign(
                        amount=WORTH,
                        cap=1_000,
                        issued=0,
                        grants=[(city, 7_000), (district, 3_000)],
                    )
                    for _ in range(2)
                )
            )


def money() -> list[tuple[int, int]]:
    rows = db.session.execute(select(Grant.reserved, Grant.spent).order_by(Grant.id))
    return [(reserved, spent) for reserved, spent in rows]


class TestSharedBudget:
    def test_two_campaigns_spend_one_budget_to_the_won(self, crowded_app: Flask) -> None:
        """C4."""
        shared = SharedBudget.made(crowded_app)
        works = [partial(shared.spend_one, number) for number in range(AFFORDABLE + 50)]

        answers = crowd.rush(crowded_app, works)

        assert len(crowd.done(answers)) == AFFORDABLE
        assert len(crowd.of_type(answers, BudgetExhausted)) == 50
        with crowded_app.app_context():
            assert money() == [(0, AFFORDABLE * CITY_PART), (0, AFFORDABLE * DISTRICT_PART)]
            judge.check()

    def test_is_wrong_when_the_ceiling_is_read_first_and_written_later(
        self, crowded_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """C10 of C4."""

        def read_then_write(shares: Mapping[int, int], *, name: str) -> None:
            for grant_id, amount in sorted(shares.items()):
                grant = db.session.execute(
                    select(Grant.reserved, Grant.spent, Grant.ceiling).where(Grant.id == grant_id)
                ).one()
                if grant.reserved + grant.spent + amount > grant.ceiling:
                    raise BudgetExhausted(name=name)
                db.session.execute(
                    update(Grant)
                    .where(Grant.id == grant_id)
                    .values(reserved=grant.reserved + amount)
                )

        monkeypatch.setattr(budgets, "reserve", read_then_write)
        shared = SharedBudget.made(crowded_app)

        issues = [
            partial(issuing.issue, campaign_id=shared.drives[number % 2].id, count=1)
            for number in range(100)
        ]
        crowd.rush(crowded_app, issues)

        with crowded_app.app_context():
            assert _is_judged_wrong()


def _is_judged_wrong() -> bool:
    try:
        judge.check()
    except AssertionError:
        return True
    return False


def _unlocked(coupon_ids: Collection[int]) -> dict[int, Coupon]:
    found = db.session.scalars(
        select(Coupon).where(Coupon.id.in_(coupon_ids)).execution_options(populate_existing=True)
    )
    return {coupon.id: coupon for coupon in found}


class HeldCoupons:
    """Coupons that unpaid orders hold, of every kind there is."""

    def __init__(self, app: Flask, *, count: int) -> None:
        self.references = [f"order:{number}" for number in range(count)]
        with app.app_context(), transaction():
            city, district = make.grant(FunderKind.CITY), make.grant(FunderKind.DISTRICT)
            kinds = (CouponKind.FIXED, CouponKind.STORED_VALUE)
            drives = [
                make.campaign(
                    kind=kind,
                    amount=WORTH,
                    cap=count // len(kinds),
                    grants=[(city, 7_000), (district, 3_000)],
                    valid_days=1,
                )
                for kind in kinds
            ]
            for number, reference in enumerate(self.references):
                buyer = make.person()
                coupon = make.claimed_coupon(drives[number % len(drives)], by=buyer)
                holds.hold(
                    coupon_id=coupon.id,
                    person_id=buyer.id,
                    reference=reference,
                    amount=Won(3_001),
                    expires_at=LATE,
                    at=make.NOW,
                )

    def pulled_from_all_sides(self) -> list[Callable[[], object]]:
        """Redeem and release each twice, while sweepers expire what is free."""
        works: list[Callable[[], object]] = []
        for reference in self.references:
            redeem = partial(redemption.redeem, reference=reference, at=make.NOW)
            release = partial(holds.release, reference=reference, at=make.NOW)
            works += [redeem, release, redeem, release]
        sweeps = [partial(expiry.expire_claimed, at=AFTER_ALL, limit=20)] * (len(works) // 20)
        return [*works, *sweeps]

    def given_back(self) -> list[Callable[[], object]]:
        """Reverse each twice, while sweepers expire what came back."""
        works: list[Callable[[], object]] = []
        for use_id in db.session.scalars(
            select(Redemption.id).where(Redemption.state == RedemptionState.REDEEMED)
        ):
            shares = db.session.execute(
                select(RedemptionShare.grant_id, RedemptionShare.amount).where(
                    RedemptionShare.redemption_id == use_id
                )
            )
            reverse = partial(
                reversal.reverse,
                redemption_id=use_id,
                shares=dict(shares.all()),
                restore=True,
                at=make.NOW,
            )
            works += [reverse, reverse]
        return [*works, *[partial(expiry.expire_claimed, at=AFTER_ALL, limit=20)] * 10]


class TestOneCouponFromAllSides:
    def test_ends_in_one_state_and_its_money_moves_once(self, crowded_app: Flask) -> None:
        """C6 and C8."""
        held = HeldCoupons(crowded_app, count=200)

        answers = crowd.rush(crowded_app, held.pulled_from_all_sides())

        assert crowd.done(answers) == answers
        with crowded_app.app_context():
            ends = db.session.scalars(select(Redemption.state)).all()
            assert set(ends) <= {RedemptionState.REDEEMED, RedemptionState.RELEASED}
            judge.check()
            backs = held.given_back()
        answers = crowd.rush(crowded_app, backs)
        assert len(crowd.of_type(answers, ValueError)) == ends.count(RedemptionState.REDEEMED)
        with crowded_app.app_context():
            judge.check()
            while _expire_all():
                pass
            assert [reserved for reserved, _ in money()] == [0, 0]

    def test_is_wrong_when_nobody_locks(
        self, crowded_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """C10 of C6."""
        held = HeldCoupons(crowded_app, count=40)
        monkeypatch.setattr(holds, "lock", _unlocked)

        answers = crowd.rush(crowded_app, held.pulled_from_all_sides())

        with crowded_app.app_context():
            assert crowd.of_type(answers, Exception) or _is_judged_wrong()


def _expire_all() -> int:
    with transaction():
        return expiry.expire_claimed(at=AFTER_ALL + timedelta(days=30))


class TestOrdersWithCoupons:
    def test_paid_canceled_expired_and_refunded_at_once(self, crowded_app: Flask) -> None:
        """C6 and C8, with whole orders: four coupons in each."""
        placed = _orders(crowded_app, count=30)
        with crowded_app.app_context():
            reports = {one.payment_id: make.report_of(one) for one in placed}
            lines = {one.order_id: orders.get(one.order_id).lines[0].id for one in placed}

        def pay(one: PlacedOrder) -> object:
            return confirming.confirm_payment(
                payment_id=one.payment_id,
                snapshot=reports[one.payment_id],
                source="webhook",
                at=LATE,
            )

        def refund(one: PlacedOrder) -> object:
            return canceling.cancel_lines(
                order_id=one.order_id,
                attempt_key=make.attempt_key(),
                quantities={lines[one.order_id]: 1},
                reason="변심",
                actor="guest",
                at=LATE,
            )

        works: list[Callable[[], object]] = []
        for one in placed:
            sweep = partial(expiring.expire_unpaid, order_id=one.order_id, at=LATE)
            cancel = partial(canceling.cancel_unpaid, order_id=one.order_id, actor="guest", at=LATE)
            works += [partial(pay, one), sweep, cancel, partial(refund, one), sweep]
            works.append(partial(expiry.expire_claimed, at=AFTER_ALL, limit=30))
        answers = crowd.rush(crowded_app, works)

        faults = [one for one in crowd.of_type(answers, Exception) if not _is_refusal(one)]
        assert faults == []
        with crowded_app.app_context():
            judge.check()
            judge.check_book_pays_what_grants_spent()
            books.check()


def _orders(app: Flask, *, count: int) -> Sequence[PlacedOrder]:
    with app.app_context():
        wanted = make.sellable(price=20_000, on_hand=2 * count)
        drives = [
            make.campaign(kind=kind, amount=2_001, cap=count, valid_days=1)
            for kind in (CouponKind.FIXED, CouponKind.STORED_VALUE) * 2
        ]
        placed = []
        for _ in range(count):
            buyer = make.person()
            coupons = [make.claimed_coupon(drive, by=buyer) for drive in drives]
            placed.append(make.placed_order({wanted: 2}, by=buyer, coupons=coupons))
        return placed


def _is_refusal(answer: Exception) -> bool:
    return isinstance(answer, DomainError)


class TestUseLimit:
    def test_one_person_at_eight_places_uses_as_many_as_a_day_allows(
        self, crowded_app: Flask
    ) -> None:
        answers = _use_at_once(crowded_app)

        assert len(crowd.done(answers)) == 2
        assert len(crowd.of_type(answers, LimitDay)) == 6

    def test_is_passed_when_nobody_waits(
        self, crowded_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """C10."""
        monkeypatch.setattr(use_limits, "_wait_for_other_uses_of", lambda _: None)

        assert max(len(crowd.done(_use_at_once(crowded_app))) for _ in range(5)) > 2


def _use_at_once(app: Flask) -> list[int | Exception]:
    """Let one person use eight coupons of a campaign at once, of which a day allows two."""
    with app.app_context():
        buyer, drive = make.person(), make.campaign(per_day_limit=2, cap=8)
        with transaction():
            own = {"person_id": buyer.id, "claimed_at": make.NOW, "expires_at": make.FAR_AHEAD}
            db.session.execute(
                update(Coupon)
                .where(Coupon.campaign_id == drive.id)
                .values(**own, state=CouponState.CLAIMED, claim_no=Coupon.slot_no)
            )
        mine = db.session.scalars(select(Coupon.id).where(Coupon.campaign_id == drive.id)).all()
        buyer_id = buyer.id

    def use(coupon_id: int) -> int:
        return holds.hold(
            coupon_id=coupon_id,
            person_id=buyer_id,
            reference=f"order:{coupon_id}",
            amount=Won(5_000),
            expires_at=LATE,
            at=make.NOW,
        )

    return crowd.rush(app, [partial(use, coupon_id) for coupon_id in mine])
