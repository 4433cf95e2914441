"""구매확정 by buyers and by the timer, and the money that follows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from marketplace.checkout import accounts, confirmation
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons.models import FunderKind
from marketplace.ledger import posting
from marketplace.orders import queries as orders
from marketplace.orders.models import LineStatus
from marketplace.orders.shipment_models import Shipment
from tests import make
from tests.service.checkout import books
from tests.service.orders.test_fulfilment import open_case

pytestmark = pytest.mark.usefixtures("isolated")

# 23:59:59 on Monday 9 November in Seoul.
LATE_EVENING = datetime(2026, 11, 9, 23, 59, 59, 999999, tzinfo=SEOUL)
DAYS = 8


def confirm(placed: PlacedOrder, lines: list[int] | None = None) -> tuple[int, ...]:
    with transaction():
        return confirmation.confirm_lines(
            order_id=placed.order_id, line_ids=lines, actor="person:3", at=make.NOW
        )


def arrived_at(placed: PlacedOrder, at: datetime) -> None:
    make.delivered(placed)
    with transaction():
        db.session.execute(update(Shipment).values(delivered_at=at))


def money(placed: PlacedOrder) -> tuple[int, int]:
    """Return what is held for and owed to the enterprise of an order's first bundle."""
    enterprise = make.bundle_of(placed).enterprise_id
    return (
        -posting.balance(accounts.held(enterprise).code),
        -posting.balance(accounts.payable(enterprise).code),
    )


class TestConfirmLines:
    def test_lets_price_and_shipping_fall_due(self) -> None:
        placed = make.paid_order({make.sellable(price=10_000): 2})
        make.delivered(placed)
        assert money(placed) == (23_000, 0)

        (line_id,) = confirm(placed)

        assert money(placed) == (0, 23_000)
        bundle = make.bundle_of(placed)
        assert bundle.lines[0].status is LineStatus.CONFIRMED
        assert books.entries()[-2:] == [
            ("confirmed", f"line:{line_id}"),
            ("confirmed", f"bundle:{bundle.id}"),
        ]
        books.check()

    def test_keeps_the_shipping_until_the_last_line_is_confirmed(self) -> None:
        enterprise = make.enterprise()
        ships = make.shipping(enterprise)
        goods = [make.sellable(enterprise, ships=ships, price=10_000) for _ in range(2)]
        placed = make.paid_order({goods[0]: 1, goods[1]: 1})
        make.delivered(placed)
        first, second = (line.id for line in make.bundle_of(placed).lines)

        confirm(placed, [first])
        assert money(placed) == (13_000, 10_000)

        confirm(placed, [second])
        assert money(placed) == (0, 23_000)

    def test_leaves_out_what_was_cancelled_and_what_coupons_took_back(self) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
        placed = make.paid_order({make.sellable(price=10_000): 3}, by=buyer, coupons=[coupon])
        make.cancel(placed, pieces=1)
        make.delivered(placed)
        held, _ = money(placed)

        confirm(placed)

        assert held == 20_000 + 3_000
        assert money(placed) == (0, held)
        books.check()

    def test_leaves_out_what_the_enterprise_gave_away_itself(self) -> None:
        buyer = make.person()
        campaign = make.campaign(amount=3_000, funding={FunderKind.ENTERPRISE: 10_000})
        coupon = make.claimed_coupon(campaign, by=buyer)
        placed = make.paid_order({make.sellable(price=10_000): 1}, by=buyer, coupons=[coupon])
        make.delivered(placed)
        held, _ = money(placed)

        confirm(placed)

        assert held == 10_000
        assert money(placed) == (0, held)

    def test_invites_to_a_review(self) -> None:
        placed = make.paid_order({make.sellable(): 1}, by=make.person())
        make.delivered(placed)

        (line_id,) = confirm(placed)

        (job,) = db.session.scalars(select(Job).where(Job.dedupe_key.startswith("order_confirmed")))
        assert job.payload["line_ids"] == [line_id]

    def test_refuses_what_has_not_arrived(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.shipped(placed)
        (line,) = make.bundle_of(placed).lines

        with pytest.raises(confirmation.NothingToConfirm):
            confirm(placed)
        with pytest.raises(confirmation.NotDelivered, match="배송중"):
            confirm(placed, [line.id])

    def test_refuses_a_second_time_and_pays_once(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.delivered(placed)
        lines = list(confirm(placed))
        before = money(placed)

        with pytest.raises(confirmation.NotDelivered):
            confirm(placed, lines)

        assert money(placed) == before

    def test_refuses_lines_of_another_order(self) -> None:
        mine, theirs = (make.paid_order({make.sellable(): 1}) for _ in range(2))
        make.delivered(mine)
        make.delivered(theirs)

        with pytest.raises(confirmation.LineUnknown):
            confirm(mine, [make.bundle_of(theirs).lines[0].id])

    def test_waits_for_a_claim_to_end(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.delivered(placed)
        bundle = make.bundle_of(placed)
        open_case(bundle, bundle.lines[0].id)

        with pytest.raises(confirmation.ClaimOpen):
            confirm(placed, [bundle.lines[0].id])
        with pytest.raises(confirmation.NothingToConfirm):
            confirm(placed)


class TestConfirmOverdue:
    @pytest.mark.parametrize(
        ("at", "is_due"),
        [
            (datetime(2026, 11, 16, 23, 59, 59, 999999, tzinfo=SEOUL), False),
            (datetime(2026, 11, 17, 0, 0, tzinfo=SEOUL), True),
        ],
    )
    def test_comes_when_the_eighth_day_in_seoul_begins(self, at: datetime, is_due: bool) -> None:
        placed = make.paid_order({make.sellable(): 1})
        arrived_at(placed, LATE_EVENING)

        due = confirmation.list_due(days=DAYS, at=at)
        with transaction():
            confirmed = confirmation.confirm_overdue(order_id=placed.order_id, days=DAYS, at=at)

        assert (placed.order_id in due) is is_due
        assert bool(confirmed) is is_due

    def test_never_comes_before_seven_whole_days_have_passed(self) -> None:
        arrived = datetime(2026, 11, 9, 0, 0, tzinfo=SEOUL)
        placed = make.paid_order({make.sellable(): 1})
        arrived_at(placed, arrived)

        for seconds in (-1, 0):
            at = arrived + timedelta(days=8, seconds=seconds)
            assert (placed.order_id in confirmation.list_due(days=7, at=at)) is (seconds == 0)

    def test_leaves_lines_with_an_open_claim(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        arrived_at(placed, LATE_EVENING)
        bundle = make.bundle_of(placed)
        open_case(bundle, bundle.lines[0].id)

        at = LATE_EVENING + timedelta(days=30)
        assert confirmation.list_due(days=DAYS, at=at) == []

    def test_is_written_down_as_the_timers(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        arrived_at(placed, LATE_EVENING)

        with transaction():
            confirmation.confirm_overdue(
                order_id=placed.order_id, days=DAYS, at=LATE_EVENING + timedelta(days=20)
            )

        last = orders.timeline(placed.order_id)[-1]
        assert (last.label, last.actor) == ("구매확정", "timer")
        books.check()
