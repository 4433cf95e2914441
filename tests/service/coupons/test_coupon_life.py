"""Whatever happens to coupons in whatever order, the grants, the rows and the book agree."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from datetime import timedelta

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.checkout import canceling, expiring
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.core.errors import Conflict
from marketplace.coupons import claims, expiry, issuing
from marketplace.coupons.models import (
    Campaign,
    Coupon,
    CouponKind,
    CouponState,
    FunderKind,
    Grant,
)
from marketplace.coupons.refusals import BudgetExhausted, CouponRefused
from marketplace.orders import queries as orders
from tests import make
from tests.bed import application
from tests.service.coupons import judge

# Tight on purpose: other campaigns take what a small use or a reversal leaves free.
CEILINGS = {FunderKind.NATIONAL: 9_000, FunderKind.CITY: 14_000, FunderKind.DISTRICT: 9_000}
VALID_DAYS = 3


class CouponLife(RuleBasedStateMachine):
    """Three campaigns that share three grants, two residents, and time that passes."""

    app: Flask

    @initialize()
    def open_grants(self) -> None:
        self.stack = ExitStack()
        self.stack.enter_context(application.rolled_back(self.app))
        self.at = make.NOW
        national, city, district = (
            make.grant(kind, ceiling=ceiling) for kind, ceiling in CEILINGS.items()
        )
        self.campaigns = [
            self._campaign(CouponKind.FIXED, 3_333, [(city, 7_000), (district, 3_000)]),
            self._campaign(
                CouponKind.STORED_VALUE,
                5_000,
                [(national, 3_333), (city, 3_333), (district, 3_334)],
            ),
            self._campaign(CouponKind.PERCENT, 2_999, [(national, 5_001), (district, 4_999)]),
        ]
        self.people: list[Person] = [make.person() for _ in range(2)]
        self.goods = [make.sellable(price=price, on_hand=1_000) for price in (701, 1_999, 20_011)]
        self.unpaid: list[PlacedOrder] = []
        self.paid: list[PlacedOrder] = []

    def _campaign(
        self, kind: CouponKind, worst_case: int, grants: list[tuple[Grant, int]]
    ) -> Campaign:
        percent = kind is CouponKind.PERCENT
        return make.campaign(
            kind=kind,
            amount=worst_case,
            rate_bps=1_500 if percent else None,
            max_discount=worst_case if percent else None,
            clip_over_budget=True,
            grants=grants,
            cap=3,
            issued=0,
            valid_days=VALID_DAYS,
        )

    @rule(which=st.integers(0, 2), count=st.integers(1, 3))
    def issue(self, which: int, count: int) -> None:
        with suppress(BudgetExhausted, issuing.OverCap), transaction():
            issuing.issue(campaign_id=self.campaigns[which].id, count=count)

    @rule(which=st.integers(0, 2), who=st.integers(0, 1))
    def claim(self, which: int, who: int) -> None:
        with suppress(CouponRefused), transaction():
            claims.claim(
                campaign_id=self.campaigns[which].id, person_id=self.people[who].id, at=self.at
            )

    @rule(who=st.integers(0, 1), which=st.integers(0, 2), pieces=st.integers(1, 3))
    def order(self, who: int, which: int, pieces: int) -> None:
        buyer = self.people[who]
        own = db.session.scalars(
            select(Coupon)
            .where(Coupon.person_id == buyer.id, Coupon.state == CouponState.CLAIMED)
            .order_by(Coupon.id)
        ).all()
        self.unpaid.append(
            make.placed_order(
                {self.goods[which]: pieces},
                by=buyer,
                coupons=own,
                at=self.at,
                provider="bank_transfer",
            )
        )
        if self.unpaid[-1].is_confirmed:
            self.paid.append(self.unpaid.pop())

    @precondition(lambda self: self.unpaid)
    @rule(which=st.integers(0, 9))
    def pay(self, which: int) -> None:
        # Late or not: what ended meanwhile is taken up again or goes back.
        placed = self.unpaid.pop(which % len(self.unpaid))
        if make.pay(placed, at=self.at).is_confirmed:
            self.paid.append(placed)

    @precondition(lambda self: self.unpaid)
    @rule(which=st.integers(0, 9))
    def let_go(self, which: int) -> None:
        placed = self.unpaid[which % len(self.unpaid)]
        with suppress(Conflict), transaction():
            canceling.cancel_unpaid(order_id=placed.order_id, actor="guest", at=self.at)

    @precondition(lambda self: self.paid)
    @rule(which=st.integers(0, 9), pieces=st.integers(1, 3))
    def cancel(self, which: int, pieces: int) -> None:
        placed = self.paid[which % len(self.paid)]
        (line,) = orders.get(placed.order_id).lines
        if line.cancelable_quantity:
            make.cancel(placed, pieces=min(pieces, line.cancelable_quantity), at=self.at)

    @rule(days=st.integers(0, 4))
    def wait(self, days: int) -> None:
        self.at += timedelta(days=days)
        with transaction():
            expiry.expire_claimed(at=self.at)

    @rule()
    def sweep(self) -> None:
        with transaction():
            for order_id in orders.list_unpaid_since(at=self.at, limit=50):
                expiring.expire_unpaid(order_id=order_id, at=self.at)

    @invariant()
    def money_is_where_it_should_be(self) -> None:
        judge.check()
        judge.check_book_pays_what_grants_spent()

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()


def test_coupon_money_is_never_lost_nor_spent_twice(app: Flask) -> None:
    CouponLife.app = app
    run_state_machine_as_test(
        CouponLife,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
