"""A campaign whose every figure can be counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from marketplace.checkout import counter
from marketplace.core.db import db, transaction
from marketplace.coupons import expiry, issuing, returns
from marketplace.coupons.models import Campaign, Coupon, CouponKind
from marketplace.coupons.receipts import Receipt
from marketplace.enterprises.models import Enterprise
from tests import make
from tests.make import NOW
from tests.service.checkout.tills import Till, shop

LATER: Final = NOW + timedelta(days=1)
ISSUED: Final = 10


class Spending:
    """
    A stored value of 10,000 won, ten issued: 시비 30 : 구비 70.

    NOW is 12:00 in Seoul. The resident of 자양1동 spends 4,000 at the bakery and 1,000 at the
    tailor, who takes it back an hour later. The resident of 자양4동 pays two pieces of 6,000 of
    the bakery online with a whole coupon, 2,000 of it for the shipping, and cancels one a day
    later: 4,000 come back. That day a third coupon expires and a fourth is revoked. Six are free.
    """

    def __init__(self) -> None:
        self.bakery: Enterprise = shop("밀밭나루 빵집", slug="milbat")
        self.tailor: Enterprise = shop("한땀 수선집", slug="handdam")
        self.till = Till(
            kind=CouponKind.STORED_VALUE,
            amount=10_000,
            rules={"name": "봄 나들이", "slug": "spring"},
            enterprise=self.bakery,
        )
        self.campaign_id: int = self.till.campaign.id
        self._issue_to_ten()
        self.use(self.bakery, 4_000, key="tap-00000001")
        mistake = self.use(self.tailor, 1_000, key="tap-00000002", at=NOW + timedelta(minutes=1))
        self._take_back(mistake)
        self._buy_online()
        self._end_two()

    def use(self, at_shop: Enterprise, amount: int, *, key: str, at: datetime = NOW) -> Receipt:
        """Spend a part of the resident's coupon at a counter."""
        shown = self.till.show(at=at)
        return self.till.use(shown.qr, amount=amount, key=key, at=at, enterprise=at_shop)

    def _issue_to_ten(self) -> None:
        with transaction():
            drive = db.session.get_one(Campaign, self.campaign_id)
            drive.cap = ISSUED
            issuing.issue(campaign_id=self.campaign_id, count=ISSUED - drive.issued)

    def _take_back(self, receipt: Receipt) -> None:
        with transaction():
            counter.reverse_at_counter(
                number=receipt.number,
                enterprise_id=self.tailor.id,
                actor_id=self.till.cashier.id,
                reason="금액 잘못 입력",
                at=NOW + timedelta(hours=1),
            )

    def _buy_online(self) -> None:
        buyer = make.person("홍길동", of_dong=make.dong("1121584700", "자양4동"))
        coupon = make.claimed_coupon(self.till.campaign, by=buyer)
        placed = make.paid_order(
            {make.sellable(self.bakery, price=6_000): 2}, by=buyer, coupons=[coupon]
        )
        make.cancel(placed, at=LATER)

    def _end_two(self) -> None:
        lapsing, taken = (
            make.claimed_coupon(self.till.campaign, by=make.person()).id for _ in range(2)
        )
        with transaction():
            db.session.get_one(Coupon, lapsing).expires_at = LATER
        with transaction():
            assert expiry.expire_claimed(at=LATER) == 1
            returns.revoke(coupon_id=taken, by=make.person().id, reason="잘못 지급", at=LATER)
