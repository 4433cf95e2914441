"""The order sheet: one page, nothing typed is lost, nobody pays another amount than shown."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import select, update

from marketplace.accounts.models import Address, Role, SignIn
from marketplace.catalog.models import Product, RemoteZone, ShippingKind, Variant
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.orders.models import Order
from marketplace.payments.models import Payment, PaymentState, ProviderCode
from tests import make
from tests.bed.stripe import FakeStripe
from tests.service.checkout.counting import statements
from tests.web.visitor import Visitor

SHEET = {
    "buyer_name": "김주민",
    "buyer_phone": "010-1234-5678",
    "buyer_email": "buyer@example.com",
    "place": "new",
    "same_as_buyer": "y",
    "zip_code": "05000",
    "road_address": "서울특별시 광진구 자양로 117",
    "address_detail": "101호",
    "provider": "stripe",
    "agrees_sellers": "y",
    "agrees_order": "y",
}
AS_GUEST = {"guest_password": make.GUEST_PASSWORD, "agrees_privacy": "y", "as_member": "0"}


def value_of(name: str, page: str) -> str:
    """Read a hidden field of a page."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def filled(visitor: Visitor, **changes: str) -> dict[str, str]:
    """Open the order sheet and fill it in."""
    page = visitor.get("/checkout").text
    carried = {name: value_of(name, page) for name in ("attempt_key", "seen_total", "as_member")}
    return {**SHEET, **carried, **changes}


def orders() -> list[Order]:
    """Every order there is."""
    return list(
        db.session.scalars(
            select(Order).order_by(Order.id).execution_options(populate_existing=True)
        )
    )


def member_with_cart(visitor: Visitor, *, price: int = 20_000, **person: object) -> None:
    """Let a member who has something in the cart come in."""
    buyer = make.person(**person)  # type: ignore[arg-type]
    make.cart({make.sellable(price=price, name="아까시꿀"): 1}, of=buyer)
    visitor.enter(buyer)


def guest_with_cart(visitor: Visitor, *, price: int = 20_000) -> None:
    """Let a guest put something into a cart."""
    wanted = make.sellable(price=price, name="아까시꿀")
    visitor.post("/cart/items", {"variant_id": wanted.id, "quantity": "1"})


class TestShow:
    def test_fills_in_what_is_known_and_ticks_nothing(self, visitor: Visitor) -> None:
        member_with_cart(visitor, name="이주민", email="resident@example.com")

        page = visitor.get("/checkout").text

        assert 'value="이주민"' in page
        assert 'value="resident@example.com"' in page
        assert "23,000원 결제하기" in page
        agreement = page[page.index('id="agree-head"') :]
        assert "checked" not in agreement

    def test_offers_the_address_book(self, visitor: Visitor) -> None:
        buyer = make.person()
        make.address(buyer, zip_code="63100")
        make.remote_area("63000", "63644", RemoteZone.JEJU)
        make.cart({make.sellable(price=20_000): 1}, of=buyer)
        visitor.enter(buyer)

        page = visitor.get("/checkout").text

        assert "(63100)" in page
        assert "26,000원 결제하기" in page
        assert "추가 배송비" in page

    def test_leads_back_to_the_cart_when_there_is_nothing_to_order(self, visitor: Visitor) -> None:
        answer = visitor.get("/checkout")

        assert (answer.status_code, answer.location) == (303, "/cart")

    def test_offers_billing_to_departments_only(
        self, visitor: Visitor, another: Callable[[], Visitor]
    ) -> None:
        member_with_cart(visitor)
        official = another()
        member_with_cart(official, roles=[Role.DEPARTMENT_BUYER])

        assert 'value="invoice"' not in visitor.get("/checkout").text
        assert 'value="invoice"' in official.get("/checkout").text

    def test_prices_another_postcode_without_taking_what_is_typed(self, visitor: Visitor) -> None:
        make.remote_area("63000", "63644", RemoteZone.JEJU)
        guest_with_cart(visitor)

        part = visitor.get("/checkout/priced?place=new&zip_code=63100&provider=bank_transfer").text

        assert "26,000원 결제하기" in part
        assert value_of("seen_total", part) == "26000"
        assert re.search(r'checked[^>]*value="bank_transfer"', part)


class TestPlace:
    def test_places_a_members_order_and_opens_its_payment(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        member_with_cart(visitor)

        answer = visitor.post("/checkout", filled(visitor, keep_address="y"))

        assert answer.status_code == 303
        order = orders()[0]
        payment = db.session.scalars(select(Payment)).one()
        assert answer.location == f"/pay/{payment.public_id}"
        assert (order.pay_total, order.recipient_name) == (23_000, "김주민")
        assert (payment.amount, payment.state) == (23_000, PaymentState.PENDING)
        assert payment.provider_ref
        assert fake_stripe.fake.store.find("payment_intent", payment.provider_ref) is not None
        assert [one.zip_code for one in db.session.scalars(select(Address))] == ["05000"]

    def test_needs_at_most_25_queries_from_the_button_to_the_payment(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        person = make.person()
        visitor.enter(person)
        make.cart({make.sellable(make.enterprise()): 1 for _ in range(3)}, of=person)
        sheet = filled(visitor)

        with statements() as sent:
            answer = visitor.post("/checkout", sheet)

        assert answer.status_code == 303
        assert len(sent) <= 25, sent

    def test_places_a_guests_order(self, visitor: Visitor, fake_stripe: FakeStripe) -> None:
        assert fake_stripe
        guest_with_cart(visitor)

        answer = visitor.post("/checkout", filled(visitor, **AS_GUEST))

        assert answer.location.startswith("/pay/")
        assert orders()[0].person_id is None
        number = orders()[0].number
        assert number in visitor.get(f"/guest/orders/{number}").text

    def test_makes_one_order_of_many_presses(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        member_with_cart(visitor)
        sheet = filled(visitor)

        answers = [visitor.post("/checkout", sheet) for _ in range(5)]

        assert len({answer.location for answer in answers}) == 1
        assert len(orders()) == 1
        assert make.count_of(Payment) == 1

    def test_says_everything_that_is_missing_at_once_and_keeps_the_rest(
        self, visitor: Visitor
    ) -> None:
        guest_with_cart(visitor)
        sheet = filled(
            visitor,
            buyer_phone="전화 없음",
            zip_code="123",
            provider="",
            guest_password="short",  # noqa: S106
            agrees_sellers="",
            delivery_memo="3층 왼쪽 문",
        )
        del sheet["agrees_sellers"]

        answer = visitor.post("/checkout", sheet)

        assert answer.status_code == 422
        for complaint in (
            "휴대전화",
            "우편번호는 숫자 5자리",
            "결제 방법을 골라",
            "8~64자",
            "동의해",
        ):
            assert complaint in answer.text
        assert "결제 방법: 결제 방법" not in answer.text
        assert "동의합니다:" not in answer.text
        assert 'value="3층 왼쪽 문"' in answer.text
        assert 'value="서울특별시 광진구 자양로 117"' in answer.text
        assert "short" not in answer.text
        assert orders() == []

    def test_shows_a_price_that_changed_and_loses_nothing(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        member_with_cart(visitor)
        sheet = filled(visitor, delivery_memo="3층 왼쪽 문")
        with transaction():
            product = db.session.scalars(select(Product)).one()
            product.consumer_price = product.price = Won(22_000)

        answer = visitor.post("/checkout", sheet)

        assert answer.status_code == 409
        assert "23,000원에서 25,000원으로" in answer.text
        assert "아까시꿀: 20,000원 → <b>22,000원</b>" in answer.text
        assert 'value="3층 왼쪽 문"' in answer.text
        again = {**sheet, "seen_total": value_of("seen_total", answer.text)}
        assert visitor.post("/checkout", again).status_code == 303
        assert [order.pay_total for order in orders()] == [25_000]

    def test_leads_to_the_cart_when_everything_sold_out_meanwhile(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        member_with_cart(visitor)
        sheet = filled(visitor, delivery_memo="3층 왼쪽 문")
        with transaction():
            db.session.scalars(select(Variant)).one().on_hand = 0

        answer = visitor.post("/checkout", sheet)

        assert answer.status_code == 409
        assert "재고가 부족합니다: 아까시꿀" in answer.text
        assert "모두 품절되어" in answer.text
        assert "장바구니로 돌아가기" in answer.text
        for misleading in ("0원 주문하기", "쿠폰으로 모두 결제되어"):
            assert misleading not in answer.text
        assert 'value="3층 왼쪽 문"' in answer.text
        assert orders() == []

    def test_never_ships_to_another_address_than_the_one_chosen(self, visitor: Visitor) -> None:
        member_with_cart(visitor)
        chosen = make.count_of(Address) + 1_000

        answer = visitor.post("/checkout", filled(visitor, place=str(chosen)))

        assert answer.status_code == 422
        assert "목록에서 골라 주세요." in answer.text
        assert orders() == []

    def test_shows_the_surcharge_of_an_island_before_it_is_paid(self, visitor: Visitor) -> None:
        make.remote_area("63000", "63644", RemoteZone.JEJU)
        member_with_cart(visitor)

        answer = visitor.post("/checkout", filled(visitor, zip_code="63100"))

        assert answer.status_code == 409
        assert "추가 배송비" in answer.text
        assert "26,000원 결제하기" in answer.text
        assert orders() == []

    def test_uses_coupons_ticked_on_the_sheet_only_after_showing_the_amount(
        self, visitor: Visitor, fake_stripe: FakeStripe
    ) -> None:
        assert fake_stripe
        buyer = make.person()
        make.cart({make.sellable(price=20_000): 1}, of=buyer)
        coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
        visitor.enter(buyer)
        sheet = filled(visitor, coupon_id=str(coupon.id), has_coupons="1")

        answer = visitor.post("/checkout", sheet)

        assert answer.status_code == 409
        assert "18,000원 결제하기" in answer.text
        again = {**sheet, "seen_total": value_of("seen_total", answer.text)}
        assert visitor.post("/checkout", again).status_code == 303
        assert [order.pay_total for order in orders()] == [18_000]

    def test_puts_the_best_combination_whatever_is_ticked(self, visitor: Visitor) -> None:
        buyer = make.person()
        make.cart({make.sellable(price=20_000): 1}, of=buyer)
        small = make.claimed_coupon(make.campaign(amount=1_000, exclusive=True), by=buyer)
        large = make.claimed_coupon(make.campaign(amount=5_000, exclusive=True), by=buyer)
        visitor.enter(buyer)
        assert f'name="best_id" value="{large.id}"' in visitor.get("/checkout").text
        sheet = {"has_coupons": "1", "coupon_id": str(small.id), "best_id": str(large.id)}

        visitor.post("/checkout/coupons", {**sheet, "use_best": "1"})

        assert "18,000원 결제하기" in visitor.get("/checkout").text

    def test_shows_where_to_deposit(self, visitor: Visitor) -> None:
        member_with_cart(visitor)

        answer = visitor.post(
            "/checkout", filled(visitor, provider="bank_transfer", depositor="나루상회")
        )
        page = visitor.get(answer.location).text

        assert "계좌 미설정" in page
        assert "23,000원" in page
        assert "나루상회" in page
        assert "결제 기한" in page
        assert "비었습니다" in visitor.get("/cart").text

    def test_orders_at_once_what_a_coupon_pays_in_full(self, visitor: Visitor) -> None:
        buyer = make.person()
        ships = make.shipping(shop := make.enterprise(), ShippingKind.FREE, fee=0)
        coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
        make.cart({make.sellable(shop, price=5_000, ships=ships): 1}, of=buyer, coupons=[coupon])
        visitor.enter(buyer)
        sheet = filled(visitor)
        del sheet["provider"]

        answer = visitor.post("/checkout", {**sheet, "has_coupons": "1", "coupon_id": coupon.id})

        assert answer.location == f"/orders/{orders()[0].number}/done"
        assert db.session.scalars(select(Payment)).one().provider is ProviderCode.FREE
        assert "주문이 완료되었습니다" in visitor.get(answer.location).text


class TestExpiredSession:
    def test_keeps_what_was_typed_over_a_sign_in(self, visitor: Visitor) -> None:
        buyer = make.person()
        make.cart({make.sellable(price=20_000): 1}, of=buyer)
        visitor.enter(buyer)
        sheet = filled(visitor, delivery_memo="3층 왼쪽 문", address_detail="옥탑")
        with transaction():
            db.session.execute(update(SignIn).values(ended_at=make.NOW))

        answer = visitor.post("/checkout", sheet)

        assert answer.location == "/sign-in?next=/checkout"
        assert orders() == []
        kept = next(one for one in answer.headers.getlist("Set-Cookie") if "order_sheet=" in one)
        assert "Path=/checkout" in kept
        assert "HttpOnly" in kept
        assert "옥탑" not in kept
        page = visitor.enter(buyer).get("/checkout").text
        assert 'value="3층 왼쪽 문"' in page
        assert 'value="옥탑"' in page

    def test_keeps_what_was_typed_when_the_whole_session_is_gone(self, visitor: Visitor) -> None:
        guest_with_cart(visitor)
        sheet = filled(visitor, **AS_GUEST, delivery_memo="3층 왼쪽 문")
        visitor.client.delete_cookie("session")

        answer = visitor.request("POST", "/checkout", data={**sheet, "csrf_token": "old"})

        assert answer.status_code == 400
        assert 'value="3층 왼쪽 문"' in answer.text
        assert orders() == []

    def test_reads_no_sheet_that_was_changed(self, visitor: Visitor) -> None:
        member_with_cart(visitor, name="이주민")
        visitor.client.set_cookie("order_sheet", "YWJj", path="/checkout")

        assert 'value="이주민"' in visitor.get("/checkout").text
