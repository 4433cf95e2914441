"""The same press many times at once has its effect once (P8, and J8 for browsers)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.accounts.secrets import hash_secret
from marketplace.catalog.models import Variant
from marketplace.core.db import db
from marketplace.coupons.models import Coupon, CouponState
from marketplace.demo.fake_stripe.store import Filter
from marketplace.orders.models import ClaimCase, Order
from marketplace.payments.models import Payment, Refund
from tests import make
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.concurrent.http_crowd import at_once
from tests.faults import invariants
from tests.faults.shopper import Shopper, path_of

EMAIL, PASSWORD = "resident@example.com", "나루터에 배가 세 척"
PRESSES = 20


@pytest.fixture
def live_app(crowded_app: Flask) -> Flask:
    """The application with room for a crowd."""
    return crowded_app


@pytest.fixture
def wanted(live_app: Flask, live_server: LiveServer) -> Iterator[Variant]:  # noqa: ARG001
    """Something to buy."""
    with live_app.app_context():
        yield make.sellable(price=20_000)


@pytest.fixture
def resident(wanted: Variant, live_server: LiveServer) -> Shopper:
    """Somebody who is signed in and has filled the cart."""
    make.person(email=EMAIL, password_hash=hash_secret(PASSWORD))
    somebody = Shopper(live_server.url)
    assert path_of(somebody.sign_in(EMAIL, PASSWORD)) == "/"
    assert somebody.fill_cart(wanted.id).status_code == 303
    return somebody


def pressed(by: Shopper, path: str, form: dict[str, str]) -> list[tuple[int, str]]:
    """Press one button many times at once, in tabs of one browser; return where each led."""
    tabs = [by.another_tab() for _ in range(PRESSES)]
    answers = at_once([partial(tab.post, path, form) for tab in tabs])
    return [(answer.status_code, answer.headers.get("Location", "")) for answer in answers]


def made(fake_stripe: FakeStripe, kind: str) -> int:
    """How many things of a kind the provider made."""
    return len(fake_stripe.fake.store.page(Filter(kind, limit=100))[0])


class TestOrder:
    def test_twenty_identical_orders_are_one(
        self, resident: Shopper, wanted: Variant, fake_stripe: FakeStripe
    ) -> None:
        """P8."""
        sheet = resident.sheet(resident.get("/checkout"))

        led = pressed(resident, "/checkout", sheet)

        assert len(set(led)) == 1
        status, address = led[0]
        assert (status, address.startswith("/pay/")) == (303, True)
        # Sent once more after a reload, it leads to the first order's page.
        assert path_of(resident.post("/checkout", sheet)) == address
        db.session.rollback()
        assert make.count_of(Order) == make.count_of(Payment) == 1
        assert made(fake_stripe, "payment_intent") == 1
        assert make.stock_of(wanted) == (100, 1)
        done = path_of(resident.pay(address))
        assert done == f"/orders/{_order().number}/done"
        assert path_of(resident.post("/checkout", sheet)) == done
        invariants.check(fake_stripe)

    def test_an_order_with_a_coupon_spends_it_once(
        self, resident: Shopper, fake_stripe: FakeStripe
    ) -> None:
        make.campaign(slug="welcome", amount=3_000)

        claimed = pressed(resident, "/coupons/welcome/claim", {})

        assert {status for status, _ in claimed} == {303}
        db.session.rollback()
        coupon = db.session.scalars(select(Coupon).where(Coupon.person_id.is_not(None))).one()
        ticked = {"has_coupons": "1", "coupon_id": str(coupon.id)}
        assert resident.post("/checkout/coupons", ticked).status_code == 303
        sheet = {**resident.sheet(resident.get("/checkout")), **ticked}
        led = pressed(resident, "/checkout", sheet)
        assert len(set(led)) == 1
        done = path_of(resident.pay(led[0][1]))
        # Goods and coupon are gone from the cart by now.
        assert path_of(resident.post("/checkout", sheet)) == done
        order = _order()
        assert (order.coupon_total, order.pay_total) == (3_000, 20_000)
        db.session.refresh(coupon)
        assert coupon.state is CouponState.REDEEMED
        invariants.check(fake_stripe)

    def test_the_last_piece_leads_every_press_to_its_order(
        self, live_app: Flask, live_server: LiveServer, fake_stripe: FakeStripe
    ) -> None:
        with live_app.app_context():
            self._press_for_the_last_piece(Shopper(live_server.url))
            invariants.check(fake_stripe)

    def _press_for_the_last_piece(self, guest: Shopper) -> None:
        guest.fill_cart(make.sellable(on_hand=1).id)
        sheet = guest.sheet(guest.get("/checkout"))

        led = pressed(guest, "/checkout", sheet)

        assert len(set(led)) == 1
        assert path_of(guest.post("/checkout", sheet)) == led[0][1]
        assert make.count_of(Order) == 1


class TestPayment:
    def test_twenty_presses_take_the_money_once(
        self, resident: Shopper, wanted: Variant, fake_stripe: FakeStripe
    ) -> None:
        address = path_of(resident.place())

        led = pressed(resident, f"{address}/confirm", {"method": "pm_card_visa"})

        done = {(303, f"/orders/{_order().number}/done")}
        # A press that meets another on its way at the provider is asked to look again.
        assert done <= set(led)
        assert {status for status, _ in led} <= {303, 409, 503}
        assert path_of(resident.pay(address)).endswith("/done")
        assert made(fake_stripe, "charge") == 1
        assert make.stock_of(wanted) == (99, 0)
        invariants.check(fake_stripe)

    def test_stopping_and_paying_at_once_end_in_one_of_both(
        self, resident: Shopper, wanted: Variant, fake_stripe: FakeStripe
    ) -> None:
        address = path_of(resident.place())
        pay = {"method": "pm_card_visa"}
        presses = [("/confirm", pay), ("/stop", {})] * (PRESSES // 2)

        at_once(
            [
                partial(resident.another_tab().post, f"{address}{path}", form)
                for path, form in presses
            ]
        )
        fake_stripe.wait_until_idle()

        order = _order()
        charged = made(fake_stripe, "charge")
        # Money that came after the stop revives the order, for its goods are still there.
        assert (order.paid_at is not None) == bool(charged)
        assert charged <= 1
        assert make.stock_of(wanted) == ((99, 0) if charged else (100, 0))
        assert invariants.find_breaches() == []


class TestCancel:
    def test_twenty_presses_give_back_once(self, resident: Shopper, wanted: Variant) -> None:
        assert path_of(resident.pay(path_of(resident.place()))).endswith("/done")
        number = _order().number

        led = pressed(resident, *resident.cancel_sheet(number))

        assert set(led) == {(303, f"/my/orders/{number}")}
        db.session.rollback()
        assert make.count_of(ClaimCase) == make.count_of(Refund) == 1
        assert db.session.scalars(select(Refund.amount)).one() == _order().pay_total
        assert make.stock_of(wanted) == (100, 0)
        assert invariants.find_breaches() == []


def _order() -> Order:
    db.session.rollback()
    return db.session.scalars(select(Order).execution_options(populate_existing=True)).one()
