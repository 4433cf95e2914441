"""Confirming payments, in time and late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from marketplace.accounts.models import Role
from marketplace.catalog.models import Variant
from marketplace.checkout import cart, confirming, expiring
from marketplace.checkout.cart import Owner
from marketplace.checkout.confirming import Confirmation, Result
from marketplace.checkout.models import CartItem
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons.models import Coupon, CouponState, FunderKind
from marketplace.ledger import posting
from marketplace.orders import queries as orders
from marketplace.orders.models import LineStatus
from marketplace.payments import payment
from marketplace.payments import queries as payments
from marketplace.payments.models import PaymentState
from marketplace.payments.port import ProviderPayment
from tests import make
from tests.service.checkout import books

pytestmark = pytest.mark.usefixtures("isolated")

LATE = make.NOW + timedelta(minutes=31)


def told(
    placed: PlacedOrder, snapshot: ProviderPayment, *, source: str = "webhook"
) -> Confirmation:
    with transaction():
        return confirming.confirm_payment(
            payment_id=placed.payment_id, snapshot=snapshot, source=source, at=make.NOW
        )


def expire(placed: PlacedOrder) -> None:
    with transaction():
        assert expiring.expire_unpaid(order_id=placed.order_id, at=LATE)


def messages() -> list[object]:
    rows = db.session.scalars(select(Job).where(Job.kind == "notifications.deliver"))
    return [job.payload["kind"] for job in rows if job.payload["kind"] != "coupon_claimed"]


class TestConfirmPayment:
    def test_takes_stock_spends_coupons_and_clears_the_cart(self) -> None:
        buyer, wanted = make.person(), make.sellable(price=20_000)
        drive = make.campaign(amount=5_000)
        coupon = make.claimed_coupon(drive, by=buyer)
        placed = make.placed_order({wanted: 2}, by=buyer, coupons=[coupon])

        confirmation = make.pay(placed)

        assert confirmation.is_fresh
        assert confirmation.result is Result.CONFIRMED
        order = orders.get(placed.order_id)
        assert (order.status, order.paid_at) == (LineStatus.PAID, make.NOW)
        assert make.stock_of(wanted) == (98, 0)
        spent = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert spent.state is CouponState.REDEEMED
        assert cart.view(owner=Owner(person_id=buyer.id), at=make.NOW).is_empty
        assert messages() == ["order_paid"]
        books.check()

    def test_posts_cash_and_public_money_against_what_enterprises_are_owed(self) -> None:
        buyer, first, second = make.person(), make.enterprise(), make.enterprise()
        city = make.grant(FunderKind.CITY)
        district = make.grant(FunderKind.DISTRICT)
        drive = make.campaign(amount=10_000, grants=[(city, 7_000), (district, 3_000)])
        coupon = make.claimed_coupon(drive, by=buyer)
        goods = {
            make.sellable(first, price=30_000, ships=make.shipping(first, fee=3_000)): 1,
            make.sellable(second, price=10_000, ships=make.shipping(second, fee=2_500)): 1,
        }

        placed = make.paid_order(goods, by=buyer, coupons=[coupon])

        assert books.entries() == [("paid", f"order:{placed.order_id}")]
        codes = {
            "provider:stripe": 35_500,
            f"grant:{city.id}": 7_000,
            f"grant:{district.id}": 3_000,
            # Public money never lowers what they are owed.
            f"held:enterprise:{first.id}": -33_000,
            f"held:enterprise:{second.id}": -12_500,
        }
        assert posting.balances(list(codes)) == codes
        assert make.money_of(city)[1] == 7_000
        assert make.money_of(district)[1] == 3_000

    def test_an_enterprise_bears_its_own_share(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        drive = make.campaign(
            amount=4_000, funding={FunderKind.DISTRICT: 5_000, FunderKind.ENTERPRISE: 5_000}
        )
        coupon = make.claimed_coupon(drive, by=buyer)
        ships = make.shipping(seller, fee=3_000)

        make.paid_order({make.sellable(seller, ships=ships): 1}, by=buyer, coupons=[coupon])

        assert posting.balance("provider:stripe") == 9_000
        assert posting.balance(f"held:enterprise:{seller.id}") == -11_000
        books.check()

    def test_changes_nothing_the_second_time(self) -> None:
        wanted = make.sellable()
        placed = make.paid_order({wanted: 1})

        again = [make.pay(placed, source=source) for source in ("return", "poller", "webhook")]

        assert [(one.result, one.is_fresh) for one in again] == [(Result.CONFIRMED, False)] * 3
        assert make.stock_of(wanted) == (99, 0)
        assert len(books.entries()) == 1
        assert messages() == ["order_paid"]

    def test_clears_a_guests_cart_and_nobody_elses(self) -> None:
        wanted, other = make.sellable(), make.person()
        make.cart({wanted: 1}, of=other)

        placed = make.paid_order({wanted: 1}, is_guest=True)

        assert placed.is_new
        assert cart.count_items(owner=Owner(person_id=other.id)) == 1
        assert make.count_of(CartItem) == 1

    @pytest.mark.parametrize(
        "fault", [{"amount": 12_999}, {"currency": "usd"}, {"wrong_mode": True}, {"public_id": "x"}]
    )
    def test_a_report_that_does_not_fit_pays_nothing_and_alerts(
        self, fault: dict[str, object]
    ) -> None:
        """P11."""
        placed = make.placed_order({make.sellable(): 1})

        confirmation = told(placed, replace(make.report_of(placed), **fault))  # type: ignore[arg-type]

        assert confirmation.result is Result.MISMATCH
        assert orders.get(placed.order_id).status is LineStatus.PAYMENT_WAITING
        assert len(payments.list_open_alerts()) == 1
        assert books.entries() == []

    def test_a_refused_card_leaves_the_order_open(self) -> None:
        placed = make.placed_order({make.sellable(): 1})
        refused = make.report_of(placed, PaymentState.PENDING)

        confirmation = told(placed, replace(refused, failure_code="card_declined"))
        paid = make.pay(placed)

        assert confirmation.result in (Result.WAITING, Result.REFUSED)
        assert paid.is_fresh

    def test_a_department_pays_its_bill_later_without_a_second_sale(self) -> None:
        clerk = make.person(roles=[Role.DEPARTMENT_BUYER])
        placed = make.placed_order({make.sellable(): 1}, by=clerk, provider="invoice")

        paid = make.pay(placed)

        assert (paid.result, paid.is_fresh) == (Result.CONFIRMED, False)
        assert books.entries() == [("paid", f"order:{placed.order_id}")]


class TestLatePayment:
    """P9."""

    def test_revives_the_order_when_stock_and_coupon_are_there(self) -> None:
        buyer, wanted = make.person(), make.sellable(on_hand=2, price=20_000)
        coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
        placed = make.placed_order({wanted: 2}, by=buyer, coupons=[coupon])
        expire(placed)
        assert make.stock_of(wanted) == (2, 0)

        confirmation = make.pay(placed, at=LATE)

        assert confirmation.result is Result.CONFIRMED
        order = orders.get(placed.order_id)
        assert (order.status, order.closed_at) == (LineStatus.PAID, None)
        assert make.stock_of(wanted) == (0, 0)
        spent = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert spent.state is CouponState.REDEEMED
        books.check()

    def test_goes_back_with_one_key_when_the_stock_is_gone(self) -> None:
        wanted = make.sellable(on_hand=2)
        placed = make.placed_order({wanted: 2})
        expire(placed)
        make.paid_order({wanted: 1}, at=LATE)

        first = make.pay(placed, at=LATE)
        again = make.pay(placed, at=LATE)

        assert first.result is again.result is Result.REFUNDED_LATE
        refunds = payments.list_refunds(placed.payment_id)
        assert [refund.amount for refund in refunds] == [placed.pay_total]
        assert orders.get(placed.order_id).status is LineStatus.CANCELED_UNPAID
        assert make.stock_of(wanted) == (1, 0)
        assert posting.balance("refund_due") == -placed.pay_total
        assert messages() == ["order_expired", "order_paid", "late_payment_refunded"]
        books.check()

    def test_goes_back_when_the_coupon_was_spent_elsewhere(self) -> None:
        buyer, wanted = make.person(), make.sellable(price=20_000)
        coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
        placed = make.placed_order({wanted: 1}, by=buyer, coupons=[coupon])
        expire(placed)
        with transaction():
            db.session.execute(
                update(Coupon).where(Coupon.id == coupon.id).values(state=CouponState.REDEEMED)
            )

        confirmation = make.pay(placed, at=LATE)

        assert confirmation.result is Result.REFUNDED_LATE
        # What was taken on the way is let go again.
        assert make.stock_of(wanted) == (100, 0)

    def test_before_the_sweep_it_is_simply_paid(self) -> None:
        placed = make.placed_order({make.sellable(): 1})

        confirmation = make.pay(placed, at=LATE)

        assert confirmation.result is Result.CONFIRMED


class TestExpire:
    def test_frees_stock_and_coupon_and_tells_the_buyer(self) -> None:
        buyer, wanted = make.person(), make.sellable(price=20_000)
        coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
        placed = make.placed_order({wanted: 3}, by=buyer, coupons=[coupon])

        expire(placed)

        order = orders.get(placed.order_id)
        assert (order.status, order.label) == (LineStatus.CANCELED_UNPAID, "미입금 취소")
        assert make.stock_of(wanted) == (100, 0)
        freed = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert freed.state is CouponState.CLAIMED
        assert payment.get_held(placed.payment_id).state is PaymentState.EXPIRED
        assert messages() == ["order_expired"]
        # The cart was never emptied: the buyer can order again.
        assert cart.count_items(owner=Owner(person_id=buyer.id)) == 1

    def test_leaves_alone_what_has_time_or_is_paid_or_ended(self) -> None:
        wanted = make.sellable()
        waiting, paid = make.placed_order({wanted: 1}), make.paid_order({wanted: 1})
        ended = make.placed_order({wanted: 1})
        expire(ended)

        with transaction():
            assert not expiring.expire_unpaid(order_id=waiting.order_id, at=make.NOW)
            assert not expiring.expire_unpaid(order_id=paid.order_id, at=LATE)
            assert not expiring.expire_unpaid(order_id=ended.order_id, at=LATE)

        assert make.stock_of(wanted) == (99, 1)

    def test_lists_what_is_due(self) -> None:
        wanted = make.sellable()
        due = make.placed_order({wanted: 1})
        make.placed_order({wanted: 1}, provider="bank_transfer")
        make.paid_order({wanted: 1})

        assert list(orders.list_unpaid_since(at=LATE, limit=10)) == [due.order_id]
        assert list(orders.list_unpaid_since(at=make.NOW, limit=10)) == []

    def test_a_sold_out_variant_can_be_bought_again(self) -> None:
        wanted = make.sellable(on_hand=1)
        expire(make.placed_order({wanted: 1}))

        make.paid_order({wanted: 1})

        on_hand = db.session.scalar(select(Variant.on_hand).where(Variant.id == wanted.id))
        assert on_hand == 0
