"""What a till took, taken back: by the shop on the same day, later by the office, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.checkout import counter
from marketplace.core.db import db
from marketplace.coupons.models import CouponKind, CouponState
from marketplace.coupons.receipts import ReceiptNotFound
from tests.make import NOW
from tests.service.checkout.tills import SOON, Till, assert_books_hold, entries, shop

pytestmark = pytest.mark.usefixtures("isolated")


class TestReverse:
    def test_brings_everything_back(self) -> None:
        till = Till()
        receipt = till.use(till.show().qr, purchase=9_000)

        back = till.reverse(receipt, reason="금액 착오")

        assert back.reversed_at == SOON
        assert till.coupon.state is CouponState.CLAIMED
        assert till.money == ((4_500, 0), (10_500, 0))
        assert till.owed == 0
        assert_books_hold()
        noted = db.session.scalars(select(AuditEvent.action)).all()
        assert "counter_use.reversed" in noted

    def test_twice_is_once(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)
        receipt = till.use(till.show().qr, amount=4_000)

        first, second = (till.reverse(receipt) for _ in range(2))

        assert first == second
        assert (till.coupon.balance, till.owed, entries("counter_reversed")) == (10_000, 0, 1)

    def test_makes_paper_free_again(self) -> None:
        till = Till()
        code = till.paper()

        till.reverse(till.use(code, purchase=9_000))

        assert till.use(code, purchase=9_000, key="tap-00000002").amount == 5_000
        assert_books_hold()

    def test_ends_for_the_shop_with_the_day_in_seoul(self) -> None:
        till = Till()
        receipt = till.use(till.show().qr, purchase=9_000)
        # NOW is noon in Seoul.
        midnight = NOW + timedelta(hours=12)

        with pytest.raises(counter.NotToday):
            till.reverse(receipt, at=midnight)
        with pytest.raises(counter.ReasonMissing):
            till.reverse(receipt, at=midnight, by_office=True, reason=" ")

        assert till.reverse(receipt, at=midnight, by_office=True, reason="민원").reversed_at
        assert till.owed == 0

    def test_is_for_the_shop_of_the_use(self) -> None:
        till = Till()
        receipt = till.use(till.show().qr, purchase=9_000)
        till.enterprise = shop()

        with pytest.raises(ReceiptNotFound):
            till.reverse(receipt)
