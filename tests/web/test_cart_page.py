"""The cart page: what is in it, what it costs, and why something cannot be had."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from marketplace.catalog.models import Product, ProductStatus, ShippingKind
from marketplace.checkout.models import Cart, CartCoupon, CartItem
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from tests import make
from tests.service.checkout.counting import statements
from tests.web.visitor import Visitor


def items() -> list[tuple[int, int, bool]]:
    """What carts hold: (variant, pieces, chosen)."""
    rows = db.session.execute(
        select(CartItem.variant_id, CartItem.quantity, CartItem.selected).order_by(CartItem.id)
    )
    return [(row.variant_id, row.quantity, row.selected) for row in rows]


class TestAdd:
    def test_puts_pieces_into_a_guests_cart_and_keeps_its_cookie(self, visitor: Visitor) -> None:
        wanted = make.sellable(price=12_000, name="통밀 사워도우")

        answer = visitor.post("/cart/items", {"variant_id": wanted.id, "quantity": "2"})

        assert (answer.status_code, answer.location) == (303, "/cart")
        assert "cart=" in answer.headers["Set-Cookie"]
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        page = visitor.get("/cart").text
        assert "통밀 사워도우" in page
        assert "24,000원" in page
        assert items() == [(wanted.id, 2, True)]

    def test_buys_at_once_what_was_asked_for_and_nothing_else(self, visitor: Visitor) -> None:
        person = make.person()
        other, wanted = make.sellable(), make.sellable()
        make.cart({other: 3, wanted: 4}, of=person)

        answer = visitor.enter(person).post(
            "/cart/items", {"variant_id": wanted.id, "quantity": "2", "then": "checkout"}
        )

        assert answer.location == "/checkout"
        assert items() == [(other.id, 3, False), (wanted.id, 2, True)]

    def test_refuses_what_is_sold_out(self, visitor: Visitor) -> None:
        wanted = make.sellable(on_hand=0, name="품절된 꿀")

        answer = visitor.post("/cart/items", {"variant_id": wanted.id, "quantity": "1"})

        assert answer.status_code == 409
        assert "품절된 꿀" in answer.text

    def test_refuses_a_quantity_that_is_none(self, visitor: Visitor) -> None:
        wanted = make.sellable()

        for written in ("", "-1", "1.5", "²", "9" * 30):
            answer = visitor.post("/cart/items", {"variant_id": wanted.id, "quantity": written})
            assert answer.status_code == 422
        assert items() == []


class TestShow:
    def test_says_what_is_missing_for_free_shipping(self, visitor: Visitor) -> None:
        shop = make.enterprise(name="밀밭나루 빵집")
        ships = make.shipping(shop, ShippingKind.CONDITIONAL_FREE, free_over=30_000)
        visitor.enter(owner := make.person())
        make.cart({make.sellable(shop, price=12_000, ships=ships): 2}, of=owner)

        page = visitor.get("/cart").text

        assert "<b>6,000원</b> 더 담으면 무료배송" in page
        assert "27,000원 주문하기" in page

    def test_explains_why_a_coupon_gives_nothing_and_which_gives_most(
        self, visitor: Visitor
    ) -> None:
        visitor.enter(owner := make.person())
        make.cart({make.sellable(price=12_000): 1}, of=owner)
        make.claimed_coupon(
            make.campaign(name="첫 나들이", amount=5_000, min_order=20_000), by=owner
        )
        good = make.claimed_coupon(make.campaign(name="두레 쿠폰", amount=3_000), by=owner)

        page = visitor.get("/cart").text

        assert "20,000원 이상" in page
        assert "1장 · 3,000원" in page
        visitor.post("/cart/coupons", {"coupon_id": good.id})
        page = visitor.get("/cart").text
        assert "3,000원 할인 적용" in page
        assert "12,000원 주문하기" in page

    def test_says_why_a_coupon_is_not_in_the_best_combination(self, visitor: Visitor) -> None:
        visitor.enter(owner := make.person())
        make.cart({make.sellable(price=20_000): 1}, of=owner)
        for won in (3_000, 2_000):
            make.claimed_coupon(make.campaign(amount=won, stack_group="구"), by=owner)

        page = visitor.get("/cart").text

        assert "이 쿠폰만 쓰면 2,000원 할인" in page
        assert (
            page.count("가장 많이 할인되는 조합에 없는 이유: 함께 쓸 수 없는 쿠폰이 있습니다.") == 1
        )

    def test_says_that_a_price_changed_until_it_is_accepted(self, visitor: Visitor) -> None:
        wanted = make.sellable(price=12_000, name="아까시꿀")
        visitor.enter(owner := make.person())
        make.cart({wanted: 1}, of=owner)
        with transaction():
            product = db.session.get_one(Product, wanted.product_id)
            product.consumer_price = product.price = Won(13_500)

        assert "아까시꿀: 12,000원 → <b>13,500원</b>" in visitor.get("/cart").text
        assert visitor.post("/cart/prices").status_code == 303
        assert "12,000원 →" not in visitor.get("/cart").text

    def test_explains_goods_that_cannot_be_ordered(self, visitor: Visitor) -> None:
        gone, few, good = make.sellable(), make.sellable(on_hand=5), make.sellable(price=7_000)
        visitor.enter(owner := make.person())
        make.cart({gone: 1, few: 5, good: 1}, of=owner)
        with transaction():
            db.session.get_one(Product, gone.product_id).status = ProductStatus.ENDED
            few.on_hand = 2
            db.session.merge(few)

        page = visitor.get("/cart").text

        assert "판매가 끝난 상품입니다" in page
        assert "재고가 2개 남았습니다" in page
        assert 'aria-disabled="true">주문하기' in page

    def test_answers_htmx_with_the_cart_alone(self, visitor: Visitor) -> None:
        wanted = make.sellable()
        visitor.enter(owner := make.person())
        make.cart({wanted: 1}, of=owner)

        moved = visitor.post(
            f"/cart/items/{wanted.id}", {"quantity": "3"}, headers={"HX-Request": "true"}
        )
        page = visitor.get("/cart", headers={"HX-Request": "true"}).text

        assert moved.status_code == 303
        assert page.lstrip().startswith('<div id="cart"')
        assert 'value="3"' in page

    def test_asks_the_database_at_most_eight_things(self, app: Flask, visitor: Visitor) -> None:
        assert app
        owner = make.person()
        for _ in range(3):
            make.claimed_coupon(by=owner)
        coupon = make.claimed_coupon(by=owner)
        make.cart({make.sellable(): number for number in (1, 2, 3, 4)}, of=owner, coupons=[coupon])
        visitor.enter(owner)
        visitor.get("/cart")

        with statements() as sent:
            answer = visitor.get("/cart")

        assert answer.status_code == 200
        assert len(sent) <= 8, sent


class TestChange:
    def test_changes_removes_and_selects(self, visitor: Visitor) -> None:
        first, second = make.sellable(), make.sellable()
        visitor.enter(owner := make.person())
        make.cart({first: 1, second: 1}, of=owner)

        visitor.post(f"/cart/items/{first.id}", {"quantity": "5"})
        visitor.post("/cart/selection", {"variant_id": [str(second.id)]})
        assert items() == [(first.id, 5, False), (second.id, 1, True)]

        visitor.post(f"/cart/items/{first.id}/remove")
        assert items() == [(second.id, 1, True)]

    def test_refuses_more_than_there_is_and_says_how_many(self, visitor: Visitor) -> None:
        wanted = make.sellable(on_hand=4)
        visitor.enter(owner := make.person())
        make.cart({wanted: 1}, of=owner)

        answer = visitor.post(f"/cart/items/{wanted.id}", {"quantity": "5"})

        assert answer.status_code == 409
        assert "4개까지" in answer.text
        assert items() == [(wanted.id, 1, True)]

    def test_takes_no_coupon_of_somebody_else(self, visitor: Visitor) -> None:
        foreign = make.claimed_coupon()
        visitor.enter(owner := make.person())
        make.cart({make.sellable(): 1}, of=owner)

        answer = visitor.post("/cart/coupons", {"coupon_id": foreign.id})

        assert answer.status_code == 404
        assert make.count_of(CartCoupon) == 0

    def test_leaves_other_peoples_carts_alone(self, visitor: Visitor) -> None:
        wanted = make.sellable()
        make.cart({wanted: 2}, of=make.person())
        visitor.enter(make.person())

        assert visitor.post(f"/cart/items/{wanted.id}", {"quantity": "9"}).status_code == 404
        visitor.post(f"/cart/items/{wanted.id}/remove")
        assert items() == [(wanted.id, 2, True)]
        assert make.count_of(Cart) == 1
