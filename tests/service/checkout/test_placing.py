"""Placing an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from marketplace.accounts.models import Role
from marketplace.accounts.secrets import verify_secret
from marketplace.catalog.models import Product, StockReservation, Variant
from marketplace.catalog.stock import SoldOut
from marketplace.checkout import cart, placing
from marketplace.checkout.cart import Owner
from marketplace.checkout.models import CartItem
from marketplace.checkout.order_form import SELLER_CONSENT_VERSION, FormWrong
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons.models import (
    Coupon,
    CouponState,
    FunderKind,
    Redemption,
    RedemptionShare,
    RedemptionState,
)
from marketplace.orders import numbers
from marketplace.orders import queries as orders
from marketplace.orders.models import Line, LineShare, LineStatus, Order
from marketplace.payments import payment
from marketplace.payments.models import Payment, PaymentState, ProviderCode
from tests import make
from tests.service.checkout.counting import statements

pytestmark = pytest.mark.usefixtures("isolated")


class TestPlaceOrder:
    def test_writes_one_order_over_three_enterprises(self) -> None:
        goods = {make.sellable(make.enterprise()): 2 for _ in range(3)}

        placed = make.placed_order(goods)

        order = orders.get(placed.order_id)
        assert len(order.bundles) == 3
        assert numbers.is_number(order.number)
        assert order.number.startswith("20261124")
        assert (order.gross_total, order.shipping_total) == (60_000, 9_000)
        assert order.pay_total == placed.pay_total == 69_000
        assert order.status is LineStatus.PAYMENT_WAITING
        assert order.label == "결제대기"
        assert [make.stock_of(wanted) for wanted in goods] == [(100, 2)] * 3
        held = payment.get_held(placed.payment_id)
        assert (held.amount, held.provider, held.state) == (69_000, "stripe", "created")
        assert {step.actor for step in orders.timeline(order.id)} == {f"person:{order.person_id}"}

    def test_freezes_every_share_of_a_coupon(self) -> None:
        """korea.md §9.7: 10,000 won over three lines of equal price."""
        buyer, seller = make.person(), make.enterprise(commission_bps=350)
        coupon = make.claimed_coupon(make.campaign(amount=10_000), by=buyer)
        ships = make.shipping(seller)
        goods = {make.sellable(seller, price=20_000, ships=ships): 1 for _ in range(3)}

        placed = make.placed_order(goods, by=buyer, coupons=[coupon])

        lines = orders.get(placed.order_id).lines
        assert [line.coupon_amount for line in lines] == [3_334, 3_333, 3_333]
        assert {line.commission_bps for line in lines} == {350}
        shares = db.session.scalars(select(LineShare)).all()
        assert sum(share.amount for share in shares) == 10_000
        by_grant = db.session.scalars(
            select(RedemptionShare.amount).order_by(RedemptionShare.grant_id)
        ).all()
        assert sorted(by_grant) == [3_000, 7_000]
        use = db.session.scalars(select(Redemption)).one()
        assert (use.amount, use.state) == (10_000, RedemptionState.HELD)

    @pytest.mark.parametrize(("amount", "city", "district"), [(1, 0, 1), (2, 1, 1), (3, 1, 2)])
    def test_splits_over_funders_to_the_won(self, amount: int, city: int, district: int) -> None:
        """korea.md §9.8: 시비 30 / 구비 70 of 1, 2 and 3 won."""
        buyer = make.person()
        drive = make.campaign(
            amount=amount, funding={FunderKind.CITY: 3_000, FunderKind.DISTRICT: 7_000}
        )
        coupon = make.claimed_coupon(drive, by=buyer)

        make.placed_order({make.sellable(): 1}, by=buyer, coupons=[coupon])

        shares = db.session.scalars(
            select(RedemptionShare.amount).order_by(RedemptionShare.grant_id)
        ).all()
        assert shares == [city, district]

    def test_notes_what_the_enterprise_funds_itself(self) -> None:
        buyer = make.person()
        drive = make.campaign(
            amount=4_000, funding={FunderKind.DISTRICT: 5_000, FunderKind.ENTERPRISE: 5_000}
        )
        coupon = make.claimed_coupon(drive, by=buyer)

        placed = make.placed_order({make.sellable(): 1}, by=buyer, coupons=[coupon])

        line = orders.get(placed.order_id).lines[0]
        assert (line.coupon_amount, line.enterprise_funded) == (4_000, 2_000)

    def test_needs_at_most_25_queries_for_three_enterprises(self) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=10_000), by=buyer)
        goods = {make.sellable(make.enterprise()): 1 for _ in range(6)}
        owner = Owner(person_id=buyer.id)
        make.cart(goods, of=buyer, coupons=[coupon])
        total = cart.view_for_order(owner=owner, zip_code="05000", at=make.NOW).priced.pay_total

        with statements() as sent, transaction():
            placing.place_order(
                owner=owner,
                attempt_key=make.attempt_key(),
                form=make.order_form(total),
                at=make.NOW,
            )

        assert make.count_of(Line) == 6
        assert len(sent) <= 25, sent

    def test_refuses_another_price_than_the_page_showed(self) -> None:
        buyer, wanted = make.person(), make.sellable(price=10_000)
        make.cart({wanted: 2}, of=buyer)
        with transaction():
            db.session.execute(
                update(Product)
                .where(Product.id == wanted.product_id)
                .values(price=12_000, consumer_price=12_000)
            )

        with (
            pytest.raises(placing.PriceChanged, match="23,000원에서 27,000원") as refused,
            transaction(),
        ):
            placing.place_order(
                owner=Owner(person_id=buyer.id),
                attempt_key=make.attempt_key(),
                form=make.order_form(23_000),
                at=make.NOW,
            )

        changes = [(change.before, change.after) for change in refused.value.changes]
        assert changes == [(10_000, 12_000)]
        assert make.count_of(Order) == 0
        assert make.stock_of(wanted) == (100, 0)

    def test_refuses_a_coupon_that_ended_meanwhile_instead_of_charging_more(self) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
        make.cart({make.sellable(): 1}, of=buyer, coupons=[coupon])
        with transaction():
            coupon.expires_at = make.NOW

        with pytest.raises(placing.PriceChanged) as refused, transaction():
            placing.place_order(
                owner=Owner(person_id=buyer.id),
                attempt_key=make.attempt_key(),
                form=make.order_form(10_000),
                at=make.NOW,
            )

        assert "기간이 지났습니다" in refused.value.changes[0].what

    def test_tells_losers_and_leaves_their_cart_alone(self) -> None:
        buyer, wanted = make.person(), make.sellable(on_hand=3, name="수제 쿠키")
        make.cart({wanted: 3}, of=buyer)
        with transaction():
            db.session.execute(update(Variant).where(Variant.id == wanted.id).values(reserved=1))

        with pytest.raises(SoldOut, match="수제 쿠키") as refused, transaction():
            placing.place_order(
                owner=Owner(person_id=buyer.id),
                attempt_key=make.attempt_key(),
                form=make.order_form(33_000),
                at=make.NOW,
            )

        assert refused.value.variant_ids == (wanted.id,)
        assert make.count_of(CartItem) == 1

    def test_refuses_when_there_is_nothing_to_order(self) -> None:
        buyer, wanted = make.person(), make.sellable()
        make.cart({wanted: 1}, of=buyer)
        owner = Owner(person_id=buyer.id)

        with transaction():
            cart.select_only(owner=owner, variant_ids=[])

        with pytest.raises(placing.NothingToOrder), transaction():
            placing.place_order(
                owner=owner,
                attempt_key=make.attempt_key(),
                form=make.order_form(0),
                at=make.NOW,
            )

    def test_orders_only_what_is_selected(self) -> None:
        buyer, chosen, left = make.person(), make.sellable(price=7_000), make.sellable()
        make.cart({chosen: 1, left: 1}, of=buyer)
        owner = Owner(person_id=buyer.id)

        with transaction():
            cart.select_only(owner=owner, variant_ids=[chosen.id])
            placed = placing.place_order(
                owner=owner,
                attempt_key=make.attempt_key(),
                form=make.order_form(10_000),
                at=make.NOW,
            )
        make.pay(placed)

        left_over = cart.view(owner=owner, at=make.NOW).lines
        assert [line.buyable.variant_id for line in left_over] == [left.id]


class TestSameAttempt:
    def test_leads_to_the_same_order_even_when_the_cart_has_changed(self) -> None:
        buyer, wanted = make.person(), make.sellable()
        make.cart({wanted: 1}, of=buyer)
        owner, key = Owner(person_id=buyer.id), make.attempt_key()

        with transaction():
            first = placing.place_order(
                owner=owner, attempt_key=key, form=make.order_form(13_000), at=make.NOW
            )
        with transaction():
            cart.set_quantity(owner=owner, variant_id=wanted.id, quantity=5, at=make.NOW)
            again = placing.place_order(
                owner=owner, attempt_key=key, form=make.order_form(1), at=make.NOW
            )

        assert (first.is_new, again.is_new) == (True, False)
        assert (again.order_id, again.payment_id) == (first.order_id, first.payment_id)
        assert make.count_of(Order) == make.count_of(Payment) == 1
        assert make.stock_of(wanted) == (100, 1)

    def test_of_another_person_finds_nothing(self) -> None:
        buyer, stranger, key = make.person(), make.person(), make.attempt_key()
        make.cart({make.sellable(): 1}, of=buyer)
        with transaction():
            placing.place_order(
                owner=Owner(person_id=buyer.id),
                attempt_key=key,
                form=make.order_form(13_000),
                at=make.NOW,
            )

        with pytest.raises(orders.OrderNotFound), transaction():
            placing.place_order(
                owner=Owner(person_id=stranger.id),
                attempt_key=key,
                form=make.order_form(13_000),
                at=make.NOW,
            )

    @pytest.mark.parametrize("key", ["", "short", "x" * 256, "with\x00nul-in-the-key", "한글" * 10])
    def test_refuses_a_key_that_is_none(self, key: str) -> None:
        with pytest.raises(placing.AttemptKeyWrong), transaction():
            placing.place_order(
                owner=Owner(person_id=1), attempt_key=key, form=make.order_form(1), at=make.NOW
            )


class TestGuests:
    def test_a_guest_orders_with_a_look_up_password(self) -> None:
        placed = make.placed_order({make.sellable(): 1}, is_guest=True)

        kept = db.session.scalars(select(Order.guest_password_hash)).one()
        assert placed.pay_total == 13_000
        assert kept is not None
        assert make.GUEST_PASSWORD not in kept
        assert verify_secret(make.GUEST_PASSWORD, kept)

    def test_a_guest_needs_a_password(self) -> None:
        with pytest.raises(FormWrong) as refused:
            make.placed_order({make.sellable(): 1}, is_guest=True, guest_password="short")  # noqa: S106

        assert list(refused.value.fields) == ["guest_password"]


class TestProviders:
    def test_0_won_is_confirmed_at_once(self) -> None:
        buyer, wanted = make.person(), make.sellable(price=3_000)
        drive = make.campaign(kind="stored_value", amount=50_000)
        coupon = make.claimed_coupon(drive, by=buyer)

        placed = make.placed_order({wanted: 1}, by=buyer, coupons=[coupon])

        assert (placed.provider, placed.pay_total) == (ProviderCode.FREE, 0)
        assert placed.is_confirmed
        assert orders.get(placed.order_id).status is LineStatus.PAID
        assert make.stock_of(wanted) == (99, 0)
        left = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert (left.balance, left.state) == (44_000, CouponState.CLAIMED)

    def test_a_deposit_is_awaited_for_three_days(self) -> None:
        placed = make.placed_order({make.sellable(): 1}, provider="bank_transfer")

        order, held = orders.get(placed.order_id), payment.get_held(placed.payment_id)
        assert order.label == "입금대기"
        assert order.expires_at == make.NOW + timedelta(days=3)
        assert (held.state, held.depositor) == (PaymentState.AWAITING_DEPOSIT, "김주민")
        kinds = [job.payload.get("kind") for job in db.session.scalars(select(Job))]
        assert kinds == ["deposit_awaited"]

    def test_only_departments_are_billed_afterwards(self) -> None:
        clerk = make.person(roles=[Role.DEPARTMENT_BUYER], of_department=make.department())

        placed = make.placed_order({make.sellable(): 1}, by=clerk, provider="invoice")
        with pytest.raises(placing.InvoiceNotAllowed):
            make.placed_order({make.sellable(): 1}, provider="invoice")

        assert placed.is_confirmed
        assert orders.get(placed.order_id).status is LineStatus.PAID
        assert payment.get_held(placed.payment_id).state is PaymentState.AUTHORIZED

    def test_cards_take_a_thousand_won_or_more(self) -> None:
        seller = make.enterprise()
        cheap = make.sellable(seller, price=999, ships=make.shipping(seller, fee=0))

        with pytest.raises(placing.AmountTooSmall, match="1,000원"):
            make.placed_order({cheap: 1})

        assert make.placed_order({cheap: 1}, provider="bank_transfer").pay_total == 999


class TestHolds:
    def test_one_coupon_is_held_by_one_order(self) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
        make.placed_order({make.sellable(): 1}, by=buyer, coupons=[coupon])
        owner = Owner(person_id=buyer.id)

        view = cart.view(owner=owner, at=make.NOW)

        assert view.coupons[0].refusal_code == "already_used"
        assert view.priced.coupon_total == 0

    def test_stock_is_set_aside_until_the_order_expires(self) -> None:
        placed = make.placed_order({make.sellable(): 4})

        kept = db.session.scalars(select(StockReservation)).one()
        assert (kept.reference, kept.quantity) == (f"order:{placed.order_id}", 4)
        assert kept.expires_at == make.NOW + timedelta(minutes=30)


class TestSellerConsent:
    def test_is_kept_with_the_order(self) -> None:
        placed = make.placed_order({make.sellable(): 1})

        order = db.session.get_one(Order, placed.order_id)
        assert order.seller_consent_at == make.NOW
        assert order.seller_consent_version == SELLER_CONSENT_VERSION
