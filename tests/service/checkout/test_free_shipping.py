"""Free-shipping coupons: over several enterprises, on islands, and on the way back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.catalog.models import RemoteZone
from marketplace.core.db import db
from marketplace.coupons.models import (
    Coupon,
    CouponKind,
    CouponState,
    Redemption,
    RedemptionReversal,
    RedemptionState,
)
from marketplace.ledger import posting
from marketplace.orders.models import Bundle
from tests import make
from tests.service.checkout import books
from tests.service.checkout.test_canceling import cancel
from tests.service.coupons import judge

pytestmark = pytest.mark.usefixtures("isolated")

JEJU = "63000"


class TestFreeShipping:
    def test_is_divided_over_the_enterprises_and_comes_back_in_those_parts(self) -> None:
        buyer, first, second = make.person(), make.enterprise(), make.enterprise()
        near = make.sellable(first, ships=make.shipping(first, fee=3_000))
        far = make.sellable(second, ships=make.shipping(second, fee=2_000))
        coupon = make.claimed_coupon(
            make.campaign(kind=CouponKind.FREE_SHIPPING, amount=4_001), by=buyer
        )
        placed = make.paid_order({near: 1, far: 1}, by=buyer, coupons=[coupon])

        shares = db.session.scalars(
            select(Bundle.shipping_discount)
            .where(Bundle.order_id == placed.order_id)
            .order_by(Bundle.position)
        ).all()
        # 4,001 by 3,000 : 2,000 is 2,400.6 and 1,600.4.
        assert shares == [2_401, 1_600]
        assert placed.pay_total == 20_000 + 5_000 - 4_001

        partly = cancel(placed, (near, 1))
        assert (partly.coupon_return, partly.shipping_refund) == (2_401, 599)
        state = db.session.get_one(Coupon, coupon.id, populate_existing=True).state
        assert state is CouponState.REDEEMED
        judge.check()

        cancel(placed, (far, 1))
        assert db.session.scalars(select(Redemption.state)).all() == [RedemptionState.REVERSED]
        assert db.session.scalars(
            select(RedemptionReversal.amount).order_by(RedemptionReversal.id)
        ).all() == [2_401, 1_600]
        state = db.session.get_one(Coupon, coupon.id, populate_existing=True).state
        assert state is CouponState.CLAIMED
        assert posting.balance(f"held:enterprise:{first.id}") == 0
        judge.check()
        judge.check_book_pays_what_grants_spent()
        books.check()

    def test_leaves_the_surcharge_of_an_island_to_the_buyer(self) -> None:
        make.remote_area(JEJU, JEJU, RemoteZone.JEJU)
        buyer, seller = make.person(), make.enterprise()
        ships = make.shipping(seller, fee=3_000, jeju_surcharge=4_000)
        coupon = make.claimed_coupon(
            make.campaign(kind=CouponKind.FREE_SHIPPING, amount=10_000), by=buyer
        )

        placed = make.paid_order(
            {make.sellable(seller, ships=ships): 1}, by=buyer, coupons=[coupon], zip_code=JEJU
        )

        assert placed.pay_total == 10_000 + 4_000
        judge.check()

    def test_works_beside_coupons_on_goods(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        wanted = make.sellable(seller, price=20_000, ships=make.shipping(seller, fee=3_000))
        drives = (
            make.campaign(kind=CouponKind.FREE_SHIPPING, amount=3_000),
            make.campaign(kind=CouponKind.PERCENT, rate_bps=1_000, max_discount=9_000),
            make.campaign(kind=CouponKind.STORED_VALUE, amount=5_000),
        )
        coupons = [make.claimed_coupon(drive, by=buyer) for drive in drives]

        placed = make.paid_order({wanted: 1}, by=buyer, coupons=coupons)

        assert placed.pay_total == 20_000 - 2_000 - 5_000
        cancel(placed, (wanted, 1))
        restored = db.session.scalars(
            select(Coupon.state)
            .where(Coupon.person_id == buyer.id)
            .execution_options(populate_existing=True)
        )
        assert set(restored) == {CouponState.CLAIMED}
        judge.check()
        judge.check_book_pays_what_grants_spent()
        books.check()
