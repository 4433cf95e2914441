"""The day goods must leave by (J11), and what is said when it cannot be kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from marketplace.catalog.models import Product
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.enterprises.models import MemberRole
from marketplace.orders import delays
from marketplace.orders.details import BundleDetail
from marketplace.orders.ownership import BundleNotFound
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")


def paid_at(at: datetime, *, lead_days: int = 1) -> BundleDetail:
    """Return the bundle of an order paid at a moment."""
    goods = make.sellable()
    with transaction():
        db.session.execute(
            update(Product).where(Product.id == goods.product_id).values(lead_days=lead_days)
        )
    placed = make.placed_order({goods: 1})
    make.pay(placed, at=at)
    return make.bundle_of(placed)


class TestPromise:
    @pytest.mark.parametrize(
        ("at", "ship_by"),
        [
            # 추석 2026: 24, 25 and 26 September; a weekend lies behind them.
            (datetime(2026, 9, 23, 12, 0, tzinfo=SEOUL), date(2026, 9, 30)),
            (datetime(2026, 9, 23, 23, 59, 59, 999999, tzinfo=SEOUL), date(2026, 9, 30)),
            (datetime(2026, 9, 24, 0, 0, tzinfo=SEOUL), date(2026, 9, 30)),
            (datetime(2026, 11, 24, 23, 59, 59, tzinfo=SEOUL), date(2026, 11, 27)),
            (datetime(2026, 11, 24, 15, 0, tzinfo=UTC), date(2026, 11, 30)),
            (datetime(2028, 2, 28, 9, 0, tzinfo=SEOUL), date(2028, 3, 3)),
        ],
    )
    def test_is_three_business_days_after_the_day_of_payment(
        self, at: datetime, ship_by: date
    ) -> None:
        assert paid_at(at).ship_by == ship_by

    def test_is_as_long_as_the_slowest_line_takes(self) -> None:
        bundle = paid_at(datetime(2026, 9, 23, 12, 0, tzinfo=SEOUL), lead_days=5)

        assert bundle.ship_by == date(2026, 10, 2)


class TestTell:
    def test_tells_the_buyer_when_and_why(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        bundle = make.bundle_of(placed)

        tell(bundle, until=date(2026, 12, 4), reason="재료가  늦게 옵니다")

        told = make.bundle_of(placed)
        assert (told.delayed_until, told.delay_reason) == (date(2026, 12, 4), "재료가 늦게 옵니다")
        (job,) = db.session.scalars(
            select(Job).where(Job.dedupe_key.startswith("shipping_delayed"))
        )
        assert job.payload == {"kind": "shipping_delayed", "bundle_id": bundle.id}

    @pytest.mark.parametrize("until", [None, date(2026, 11, 27), date(2027, 3, 1)])
    def test_refuses_a_day_that_is_no_later_one_or_too_far(self, until: date | None) -> None:
        bundle = make.bundle_of(make.paid_order({make.sellable(): 1}))

        with pytest.raises(delays.DayUnfit):
            tell(bundle, until=until)

    def test_asks_why(self) -> None:
        bundle = make.bundle_of(make.paid_order({make.sellable(): 1}))

        with pytest.raises(delays.ReasonMissing):
            tell(bundle, until=date(2026, 12, 4), reason="  ")

    def test_refuses_when_everything_has_left(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.shipped(placed)

        with pytest.raises(delays.NothingToSend):
            tell(make.bundle_of(placed), until=date(2026, 12, 4))

    def test_knows_no_bundle_of_another_enterprise(self) -> None:
        bundle = make.bundle_of(make.paid_order({make.sellable(): 1}))

        with pytest.raises(BundleNotFound), transaction():
            delays.tell(
                bundle_id=bundle.id,
                enterprise_ids=[make.enterprise().id],
                until=date(2026, 12, 4),
                reason="재료",
                actor="person:7",
                at=make.NOW,
            )


class TestListOverdue:
    def test_names_who_can_send_what_should_have_left(self) -> None:
        enterprise = make.enterprise()
        owner, cashier = make.person(), make.person()
        make.member(enterprise, owner)
        make.member(enterprise, cashier, role=MemberRole.CASHIER)
        placed = make.paid_order({make.sellable(enterprise): 1})
        due = make.bundle_of(placed).ship_by
        assert due is not None

        assert delays.list_overdue(on=due) == []
        (late,) = delays.list_overdue(on=due + timedelta(days=1))

        assert (late.enterprise_id, late.bundles) == (enterprise.id, 1)
        assert late.person_ids == (owner.id,)

    def test_waits_for_the_day_the_buyer_was_told(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        tell(make.bundle_of(placed), until=date(2026, 12, 4))

        assert delays.list_overdue(on=date(2026, 12, 4)) == []
        assert len(delays.list_overdue(on=date(2026, 12, 5))) == 1

    def test_says_nothing_of_what_has_left(self) -> None:
        make.shipped(make.paid_order({make.sellable(): 1}))

        assert delays.list_overdue(on=date(2027, 1, 1)) == []


def tell(bundle: BundleDetail, *, until: date | None, reason: str = "재료가 늦게 옵니다") -> None:
    with transaction():
        delays.tell(
            bundle_id=bundle.id,
            enterprise_ids=[bundle.enterprise_id],
            until=until,
            reason=reason,
            actor="person:7",
            at=make.NOW,
        )
