"""Paying: the page, refusals, an unreachable provider, the way back; nothing is charged twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.core.db import db
from marketplace.demo.fake_stripe.store import Filter
from marketplace.orders.models import Order
from marketplace.payments.models import Payment, PaymentState
from tests import make
from tests.bed.stripe import FakeStripe
from tests.web.test_checkout_page import filled, guest_with_cart, member_with_cart
from tests.web.visitor import Visitor

GUEST = {"guest_password": make.GUEST_PASSWORD, "agrees_privacy": "y"}


def placed(visitor: Visitor, **changes: str) -> str:
    """Place an order for what is in the cart; return the address of its payment."""
    answer = visitor.post("/checkout", filled(visitor, **changes))
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def order() -> Order:
    """The one order there is."""
    return db.session.scalars(select(Order).execution_options(populate_existing=True)).one()


def payment() -> Payment:
    """The one payment there is."""
    return db.session.scalars(select(Payment).execution_options(populate_existing=True)).one()


def made(fake_stripe: FakeStripe, kind: str) -> int:
    """How many things of a kind the provider made."""
    return len(fake_stripe.fake.store.page(Filter(kind))[0])


class TestShow:
    def test_says_that_money_is_not_real_and_lists_test_methods(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        member_with_cart(visitor)

        page = visitor.get(placed(visitor)).text

        assert "시험 결제 화면입니다" in page
        for method in ("승인 카드", "거절 카드", "한도 초과 카드", "카카오페이"):
            assert f"시험 {method}" in page
        assert "23,000원 결제하기" in page

    def test_is_a_members_own(
        self, visitor: Visitor, another: Callable[[], Visitor], fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        member_with_cart(visitor)
        address = placed(visitor)
        stranger, nobody = another().enter(make.person()), another()

        assert stranger.get(address).status_code == 404
        assert stranger.post(f"{address}/stop").status_code == 404
        assert nobody.get(address).location == f"/sign-in?next={address}"
        assert order().closed_at is None

    def test_opens_to_whoever_holds_a_guests_link_but_shows_no_person(
        self, visitor: Visitor, another: Callable[[], Visitor], fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        guest_with_cart(visitor)
        address = placed(visitor, **GUEST)

        page = another().get(address)

        assert page.status_code == 200
        assert "김주민" not in page.text
        assert "자양로" not in page.text

    def test_does_not_exist_for_names_nobody_gave(self, visitor: Visitor) -> None:
        assert visitor.get("/pay/no-such-payment").status_code == 404
        assert visitor.get("/pay/no-such-payment/return").status_code == 404


class TestConfirm:
    def test_pays_and_leads_to_the_end(self, visitor: Visitor, fake_stripe: FakeStripe) -> None:
        member_with_cart(visitor)
        address = placed(visitor)

        answer = visitor.post(f"{address}/confirm", {"method": "pm_card_visa"})

        assert answer.location == f"/orders/{order().number}/done"
        assert order().paid_at is not None
        assert payment().state is PaymentState.PAID
        assert "주문이 완료되었습니다" in visitor.get(answer.location).text
        assert "비었습니다" in visitor.get("/cart").text
        assert visitor.get(address).location == answer.location
        assert made(fake_stripe, "payment_intent") == 1

    def test_says_why_a_card_was_refused_and_lets_another_be_tried(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        member_with_cart(visitor)
        address = placed(visitor)

        refused = visitor.post(
            f"{address}/confirm", {"method": "pm_card_chargeDeclinedInsufficientFunds"}
        )

        assert refused.status_code == 409
        assert "잔액이나 한도가 부족합니다" in refused.text
        assert "시험 승인 카드" in refused.text
        assert order().paid_at is None
        assert visitor.post(f"{address}/confirm", {"method": "pm_card_visa"}).status_code == 303
        assert order().paid_at is not None
        assert made(fake_stripe, "payment_intent") == 1

    def test_goes_on_to_the_providers_page_and_back(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        member_with_cart(visitor)
        address = placed(visitor)

        away = visitor.post(f"{address}/confirm", {"method": "kakao_pay"})

        assert away.status_code == 303
        assert away.location.startswith(fake_stripe.url)
        intent = fake_stripe.fake.store.find("payment_intent", payment().provider_ref or "")
        assert intent is not None
        parts = urlsplit(away.location)
        agreed = fake_stripe.app.test_client().post(
            parts.path, data={"client_secret": intent["client_secret"], "answer": "approve"}
        )
        back = visitor.get(agreed.location.removeprefix("http://localhost"))
        assert back.location == f"/orders/{order().number}/done"
        assert order().paid_at is not None

    def test_takes_one_payment_however_often_it_is_pressed(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        member_with_cart(visitor)
        address = placed(visitor)

        answers = [visitor.post(f"{address}/confirm", {"method": "pm_card_visa"}) for _ in range(4)]

        assert {answer.location for answer in answers} == {f"/orders/{order().number}/done"}
        assert made(fake_stripe, "charge") == 1

    def test_takes_only_methods_it_offered(self, visitor: Visitor, fake_stripe: FakeStripe) -> None:
        assert fake_stripe
        member_with_cart(visitor)

        answer = visitor.post(f"{placed(visitor)}/confirm", {"method": "pm_card_createDispute"})

        assert answer.status_code == 404


class TestUnreachable:
    def test_keeps_the_order_says_so_and_tries_again(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        member_with_cart(visitor)
        fake_stripe.turn(fail_next=3, fail_status=500)

        address = placed(visitor)
        page = visitor.get(address).text

        assert "결제 회사와 연결되지 않아" in page
        assert "두 번 결제되지 않습니다" in page
        assert order().closed_at is None
        assert visitor.post(f"{address}/start").location == address
        assert "시험 승인 카드" in visitor.get(address).text
        assert made(fake_stripe, "payment_intent") == 1

    def test_answers_with_503_while_the_provider_stays_away(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        member_with_cart(visitor)
        address = placed(visitor)
        fake_stripe.turn(fail_next=3, fail_status=500)

        answer = visitor.post(f"{address}/confirm", {"method": "pm_card_visa"})

        assert answer.status_code == 503
        assert "연결되지 않습니다" in answer.text

    def test_learns_of_a_payment_whose_answer_was_lost(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        member_with_cart(visitor)
        address = placed(visitor)
        fake_stripe.turn(drop_response_next=3)
        visitor.post(f"{address}/confirm", {"method": "pm_card_visa"})

        answer = visitor.post(f"{address}/check")

        assert answer.location == f"/orders/{order().number}/done"
        assert order().paid_at is not None
        assert made(fake_stripe, "charge") == 1


class TestReturned:
    def test_refuses_a_return_that_names_another_payment(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        member_with_cart(visitor)
        address = placed(visitor)

        answer = visitor.get(
            f"{address}/return?payment_intent=pi_other&payment_intent_client_secret=x"
        )

        assert answer.status_code in (400, 422)
        assert order().paid_at is None


class TestStop:
    def test_frees_goods_and_coupons_and_leads_back(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        buyer = make.person()
        wanted = make.sellable(price=20_000, on_hand=1)
        make.cart({wanted: 1}, of=buyer)
        visitor.enter(buyer)
        address = placed(visitor)
        assert make.stock_of(wanted) == (1, 1)

        unfinished = visitor.get("/checkout").text
        answer = visitor.post(f"{address}/stop", {"then": "checkout"})

        assert "결제를 마치지 않은 주문이 있습니다" in unfinished
        assert answer.location == "/checkout"
        assert make.stock_of(wanted) == (1, 0)
        assert "23,000원 결제하기" in visitor.get("/checkout").text

    def test_refuses_once_it_is_paid(self, visitor: Visitor, fake_stripe: FakeStripe) -> None:
        assert fake_stripe
        member_with_cart(visitor)
        address = placed(visitor)
        visitor.post(f"{address}/confirm", {"method": "pm_card_visa"})

        assert visitor.post(f"{address}/stop").status_code == 409
        assert order().paid_at is not None


class TestPaymentElement:
    @pytest.fixture
    def with_real_keys(self, app: Flask) -> Iterator[None]:
        """Settings as with real keys once the payment is made: no fake to talk to."""
        before = app.extensions["settings"]
        app.extensions["settings"] = replace(before, stripe_api_base=None)
        yield
        app.extensions["settings"] = before

    def test_opens_the_page_to_stripe_and_no_other(
        self, visitor: Visitor, fake_stripe: FakeStripe, request: pytest.FixtureRequest
    ) -> None:
        assert fake_stripe
        member_with_cart(visitor)
        address = placed(visitor)
        request.getfixturevalue("with_real_keys")

        answer = visitor.get(address)

        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self' https://js.stripe.com" in policy
        assert "frame-src 'self' https://js.stripe.com" in policy
        assert "connect-src 'self' https://api.stripe.com" in policy
        assert 'id="payment-element"' in answer.text
        assert f'data-client-secret="{payment().client_secret}"' in answer.text
        assert "시험" not in answer.text
        assert "js.stripe.com" not in visitor.get("/cart").headers["Content-Security-Policy"]

    @pytest.mark.usefixtures("with_real_keys")
    def test_knows_no_test_methods(self, visitor: Visitor) -> None:
        answer = visitor.post("/pay/whatever/confirm", {"method": "pm_card_visa"})

        assert answer.status_code == 404
