"""Races around one order: its placing, its payment, its end."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.catalog.models import Variant
from marketplace.checkout import canceling, cart, confirming, expiring, placing
from marketplace.checkout.canceling import CanceledCase
from marketplace.checkout.cart import Owner
from marketplace.checkout.confirming import Confirmation, Result
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db
from marketplace.core.outbox import Job
from marketplace.coupons import claims
from marketplace.coupons.models import Coupon, CouponState, Grant, Redemption
from marketplace.coupons.refusals import AllTaken
from marketplace.ledger.models import Entry
from marketplace.orders import canceling as cases
from marketplace.orders import lifecycle
from marketplace.orders import queries as orders
from marketplace.orders.models import ClaimCase, LineStatus, Order
from marketplace.payments import payment
from marketplace.payments.models import Payment, Refund
from marketplace.payments.port import ProviderPayment
from tests import make
from tests.concurrent import crowd
from tests.service.checkout import books

LATE = make.NOW + timedelta(minutes=31)


def confirming_by(source: str, payment_id: int, report: ProviderPayment) -> Confirmation:
    return confirming.confirm_payment(
        payment_id=payment_id, snapshot=report, source=source, at=make.NOW
    )


def placed_orders(
    app: Flask, *, count: int, on_hand: int = 1_000, products: int = 1
) -> list[PlacedOrder]:
    with app.app_context():
        goods = [make.sellable(on_hand=on_hand) for _ in range(products)]
        return [make.placed_order({goods[number % products]: 1}) for number in range(count)]


def reports_of(app: Flask, placed: list[PlacedOrder]) -> dict[int, ProviderPayment]:
    with app.app_context():
        return {one.payment_id: make.report_of(one) for one in placed}


class TestPlaceOrder:
    def test_twenty_identical_posts_make_one_order(self, crowded_app: Flask) -> None:
        """P8."""
        with crowded_app.app_context():
            buyer = make.person()
            coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
            make.cart({make.sellable(): 2, make.sellable(): 1}, of=buyer, coupons=[coupon])
            owner, key = Owner(person_id=buyer.id), make.attempt_key()
            view = cart.view_for_order(owner=owner, zip_code="05000", at=make.NOW)
            form = make.order_form(view.priced.pay_total)

        place = partial(placing.place_order, owner=owner, attempt_key=key, form=form, at=make.NOW)
        answers = crowd.rush(crowded_app, [place] * 20)

        placed = crowd.done(answers)
        assert len(placed) == 20
        assert len({one.order_id for one in placed}) == 1
        assert sum(one.is_new for one in placed) == 1
        with crowded_app.app_context():
            assert make.count_of(Order) == make.count_of(Payment) == 1
            assert make.count_of(Redemption) == 1

    def test_one_coupon_in_two_orders_at_once_is_used_once(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            buyer = make.person()
            coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
            make.cart({make.sellable(): 1}, of=buyer, coupons=[coupon])
            owner = Owner(person_id=buyer.id)

        def place() -> PlacedOrder:
            return placing.place_order(
                owner=owner,
                attempt_key=make.attempt_key(),
                form=make.order_form(10_000),
                at=make.NOW,
            )

        answers = crowd.rush(crowded_app, [place] * 8)

        assert len(crowd.done(answers)) == 1
        with crowded_app.app_context():
            assert make.count_of(Redemption) == make.count_of(Order) == 1

    def test_500_orders_race_for_one_capped_campaign(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            drive = make.campaign(amount=5_000, cap=100, budget=500_000)
            wanted = make.sellable(on_hand=1_000)
            owners = [Owner(person_id=make.person().id) for _ in range(500)]
            for owner in owners:
                make.cart_of(owner, {wanted: 1})
            campaign_id = drive.id

        def claim_and_order(owner: Owner) -> PlacedOrder:
            claimed = claims.claim(
                campaign_id=campaign_id, person_id=owner.person_id or 0, at=make.NOW
            )
            cart.put_coupon(owner=owner, coupon_id=claimed.coupon_id, at=make.NOW)
            placed = placing.place_order(
                owner=owner,
                attempt_key=make.attempt_key(),
                form=make.order_form(8_000),
                at=make.NOW,
            )
            make.pay(placed)
            return placed

        answers = crowd.rush(crowded_app, [partial(claim_and_order, owner) for owner in owners])

        assert len(crowd.done(answers)) == 100
        assert len(crowd.of_type(answers, AllTaken)) == 400
        with crowded_app.app_context():
            states = db.session.scalars(select(Coupon.state)).all()
            assert states.count(CouponState.REDEEMED) == len(states) == 100
            money = [(one.spent, one.reserved, one.ceiling) for one in _grants()]
            assert money == [(350_000, 0, 350_000), (150_000, 0, 150_000)]
            books.check()


class TestConfirmPayment:
    def test_return_and_webhook_at_once_confirm_once(self, crowded_app: Flask) -> None:
        """P4."""
        placed = placed_orders(crowded_app, count=200, on_hand=20, products=10)
        reports = reports_of(crowded_app, placed)

        answers = crowd.rush(
            crowded_app,
            [
                partial(confirming_by, source, one.payment_id, reports[one.payment_id])
                for one in placed
                for source in ("return", "webhook")
            ],
        )

        assert crowd.of_type(answers, Exception) == []
        confirmations = crowd.done(answers)
        assert [one.result for one in confirmations] == [Result.CONFIRMED] * 400
        assert sum(one.is_fresh for one in confirmations) == 200
        with crowded_app.app_context():
            assert make.count_of(Entry) == 200
            mails = select(Job).where(Job.kind == "notifications.deliver")
            assert len(db.session.scalars(mails).all()) == 200
            left = db.session.execute(select(Variant.on_hand, Variant.reserved)).all()
            assert left == [(0, 0)] * 10

    def test_fails_without_locks(self, crowded_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        """C10: with nobody waiting for anybody, some callers are told of an error."""

        def unlocked_payment(payment_id: int) -> Payment:
            return db.session.get_one(Payment, payment_id, populate_existing=True)

        monkeypatch.setattr(lifecycle, "_LOCK", lifecycle._ORDER)
        monkeypatch.setattr(payment, "_lock", unlocked_payment)
        placed = placed_orders(crowded_app, count=20)
        reports = reports_of(crowded_app, placed)

        answers = crowd.rush(
            crowded_app,
            [
                partial(confirming_by, source, one.payment_id, reports[one.payment_id])
                for one in placed
                for source in ("return", "webhook", "poller", "again")
            ],
        )

        assert len(crowd.done(answers)) < len(answers)


class TestExpire:
    def test_two_sweepers_and_webhooks_leave_each_order_in_one_end(
        self, crowded_app: Flask
    ) -> None:
        """P10 and C8."""
        placed = placed_orders(crowded_app, count=200, on_hand=200)
        reports = reports_of(crowded_app, placed)

        def sweep(order_id: int) -> object:
            return expiring.expire_unpaid(order_id=order_id, at=LATE)

        def pay(payment_id: int) -> object:
            return confirming.confirm_payment(
                payment_id=payment_id, snapshot=reports[payment_id], source="webhook", at=LATE
            )

        works = [
            work
            for number, one in enumerate(placed)
            for work in (
                partial(sweep, one.order_id),
                *([partial(pay, one.payment_id)] if number % 2 else []),
                partial(sweep, one.order_id),
            )
        ]
        answers = crowd.rush(crowded_app, works)

        assert crowd.done(answers) == answers
        with crowded_app.app_context():
            ends = [orders.get(one.order_id).status for one in placed]
            assert ends[0::2] == [LineStatus.CANCELED_UNPAID] * 100
            # Revived, or paid before the sweep came: in any case paid.
            assert ends[1::2] == [LineStatus.PAID] * 100
            left = db.session.scalars(select(Variant)).one()
            assert (left.on_hand, left.reserved) == (100, 0)
            books.check()

    def test_late_payments_for_the_last_pieces_are_revived_or_refunded(
        self, crowded_app: Flask
    ) -> None:
        """P9: ten orders expired, then somebody else bought seven of the ten pieces."""
        placed = placed_orders(crowded_app, count=10, on_hand=10)
        reports = reports_of(crowded_app, placed)
        expire = [partial(expiring.expire_unpaid, order_id=one.order_id, at=LATE) for one in placed]
        crowd.rush(crowded_app, expire)
        with crowded_app.app_context():
            wanted = db.session.scalars(select(Variant)).one()
            make.paid_order({wanted: 7}, at=LATE)

        def pay(one: PlacedOrder) -> Confirmation:
            return confirming.confirm_payment(
                payment_id=one.payment_id,
                snapshot=reports[one.payment_id],
                source="webhook",
                at=LATE,
            )

        answers = crowd.rush(crowded_app, [partial(pay, one) for one in placed] * 2)

        results = [one.result for one in crowd.done(answers)]
        assert results.count(Result.CONFIRMED) == 6
        assert results.count(Result.REFUNDED_LATE) == 14
        with crowded_app.app_context():
            left = db.session.scalars(select(Variant)).one()
            assert (left.on_hand, left.reserved) == (0, 0)
            assert make.count_of(Refund) == 7
            books.check()


class TestCancel:
    def test_twenty_presses_and_twenty_tabs_refund_each_piece_once(
        self, crowded_app: Flask
    ) -> None:
        with crowded_app.app_context():
            buyer = make.person()
            coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
            placed = make.paid_order({make.sellable(): 5}, by=buyer, coupons=[coupon])
            (line,) = orders.get(placed.order_id).lines
        one_key = make.attempt_key()

        def cancel(key: str) -> CanceledCase:
            return canceling.cancel_lines(
                order_id=placed.order_id,
                attempt_key=key,
                quantities={line.id: 1},
                reason="변심",
                actor="guest",
                at=make.NOW,
            )

        keys = [one_key] * 20 + [make.attempt_key() for _ in range(20)]
        answers = crowd.rush(crowded_app, [partial(cancel, key) for key in keys])

        # The case of the one key, and one per other tab until nothing is left.
        new = [case for case in crowd.done(answers) if case.is_new]
        assert len(new) == 5
        assert len(crowd.of_type(answers, cases.TooLate)) >= 16
        with crowded_app.app_context():
            assert make.count_of(ClaimCase) == 5
            (after,) = orders.get(placed.order_id).lines
            assert after.refunded_amount == after.paid == 45_000
            assert payment.get_held(placed.payment_id).refunded_amount == placed.pay_total
            books.check()


def _grants() -> list[Grant]:
    return list(db.session.scalars(select(Grant).order_by(Grant.id)))
