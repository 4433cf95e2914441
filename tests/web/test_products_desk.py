"""The editor of the enterprise's goods, and the office's look before a sale."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.catalog.models import Picture, Product, ProductStatus, Variant
from marketplace.catalog.upkeep_models import PricePlan
from marketplace.core.db import db, transaction
from tests import make
from tests.service.catalog import goods
from tests.service.catalog.goods import Shop
from tests.web.goods_desk import LIST, form
from tests.web.visitor import Visitor


@pytest.fixture
def shop(isolated: None) -> Shop:  # noqa: ARG001
    return goods.shop()


@pytest.fixture
def owner(visitor: Visitor, shop: Shop) -> Visitor:
    """The owner at the desk, with a second factor."""
    return visitor.enter(shop.owner, second_factor=True)


@pytest.fixture
def reviewing(app: Flask) -> Iterator[None]:
    """An office that looks at products before they are sold."""
    usual = app.extensions["settings"]
    app.extensions["settings"] = replace(usual, product_review=True)
    yield
    app.extensions["settings"] = usual


class TestEditor:
    def test_writes_a_draft_which_buyers_do_not_see(
        self, owner: Visitor, shop: Shop, another: Callable[[], Visitor]
    ) -> None:
        answer = owner.post(f"{LIST}/new", form(shop, stock="12", code="HONEY-1"))

        product = db.session.scalars(select(Product)).one()
        assert (answer.status_code, answer.location) == (303, f"{LIST}/{product.id}")
        assert (product.price, product.notice) == (22_000, {"제조자": "나루양봉"})
        assert (product.tags, product.coupon_eligible) == (["꿀", "선물"], True)
        assert another().get(f"/products/{product.id}").status_code == 404
        preview = owner.get(f"{LIST}/{product.id}/preview")
        assert "미리보기" in preview.text
        assert "옥상에서 거른 꿀" in preview.text

    def test_keeps_what_was_typed_when_something_is_wrong(self, owner: Visitor, shop: Shop) -> None:
        wrong = form(shop, price="만원", stock="", name="<b>꿀</b>")

        answer = owner.post(f"{LIST}/new", wrong)

        assert answer.status_code == 422
        kept = unescape(answer.text)
        for typed in ("만원", "<b>꿀</b>", "나루양봉", "<p>꿀 이야기</p>"):
            assert typed in kept
        assert db.session.scalars(select(Product)).all() == []

    def test_takes_no_field_that_is_not_on_the_form(self, owner: Visitor, shop: Shop) -> None:
        product, other = goods.written(shop), goods.shop()
        smuggled = {
            "status": "on_sale",
            "enterprise_id": other.enterprise.id,
            "sold_count": 9_999,
            "published_at": "2020-01-01",
            "review_note": "x",
            "id": 1,
        }

        answer = owner.post(
            f"{LIST}/{product.id}", form(shop, seen=goods.seen(product), **smuggled)
        )

        saved = goods.fresh(product.id)
        assert answer.status_code == 303
        assert (saved.status, saved.enterprise_id) == ("draft", shop.enterprise.id)
        assert (saved.sold_count, saved.published_at, saved.review_note) == (0, None, None)

    def test_takes_no_policy_of_another_enterprise(self, owner: Visitor, shop: Shop) -> None:
        foreign = goods.shop().ships.id

        answer = owner.post(f"{LIST}/new", form(shop, stock="1", shipping_policy_id=foreign))

        assert answer.status_code == 422

    def test_tells_the_second_of_two_and_keeps_their_words(
        self, owner: Visitor, shop: Shop
    ) -> None:
        product = goods.written(shop)
        seen = goods.seen(product)
        owner.post(f"{LIST}/{product.id}", form(shop, seen=seen, name="첫 사람"))

        answer = owner.post(f"{LIST}/{product.id}", form(shop, seen=seen, name="둘째 사람"))

        assert answer.status_code == 409
        assert "다른 담당자" in answer.text
        assert 'value="둘째 사람"' in answer.text
        assert goods.fresh(product.id).name == "첫 사람"

    def test_asks_for_the_notice_of_the_chosen_category(self, owner: Visitor) -> None:
        farm = make.category("과일")
        with transaction():
            farm.notice_kind = "farm"

        fields = owner.get(f"{LIST}/notice?category_id={farm.id}")

        assert "농수산물의 원산지" in fields.text

    def test_warns_of_notices_that_only_refer_to_the_story(
        self, owner: Visitor, shop: Shop
    ) -> None:
        product = goods.written(shop, notice={"제조자": "상품상세 참조"})

        assert "빠진 내용이 없는지" in owner.get(f"{LIST}/{product.id}").text

    def test_copies(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)

        answer = owner.post(f"{LIST}/{product.id}/copy")

        assert "복사본" in owner.get(answer.location or "").text


class TestParts:
    def test_combines_options_and_saves_their_stock(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)
        path = f"{LIST}/{product.id}"
        typed = {"seen": goods.seen(product), "option-0": "용량", "values-0": "500g, 1kg"}
        assert owner.post(f"{path}/options", typed).status_code == 303
        offered = db.session.scalars(select(Variant).where(Variant.is_active)).all()
        fields: dict[str, object] = {"seen": goods.seen(product)}
        for each in offered:
            fields |= {
                f"active-{each.id}": "1",
                f"seen-{each.id}": "0",
                f"free-{each.id}": "1,200",
                f"difference-{each.id}": "-1,000",
                f"low-{each.id}": "3",
                f"code-{each.id}": "H",
            }

        saved = owner.post(f"{path}/stock", fields)
        wrong = owner.post(
            f"{path}/stock",
            {**fields, "seen": goods.seen(product), f"free-{offered[0].id}": "많이"},
        )

        assert (saved.status_code, wrong.status_code) == (303, 422)
        rows = select(Variant.on_hand, Variant.price_difference).where(Variant.is_active)
        assert db.session.execute(rows).all() == [(1_200, -1_000)] * 2
        assert 'value="많이"' in wrong.text

    def test_plans_a_price_and_drops_it(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)
        path = f"{LIST}/{product.id}/plan"
        typed = {
            "plan_price": "20,000",
            "starts_at": "2099-01-01T10:00",
            "ends_at": "2099-01-02T10:00",
        }

        wrong = owner.post(path, {**typed, "ends_at": "2098-01-01T10:00"})
        planned = owner.post(path, typed)
        dropped = owner.post(f"{path}/drop")

        assert (wrong.status_code, planned.status_code, dropped.status_code) == (422, 303, 303)
        assert 'value="20,000"' in wrong.text
        plan = db.session.scalars(select(PricePlan)).one()
        assert (plan.starts_at.isoformat(), plan.state) == ("2099-01-01T01:00:00+00:00", "dropped")

    def test_orders_describes_and_removes_pictures(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)
        path = f"{LIST}/{product.id}/pictures"
        for name, colour in (("하나", "red"), ("둘", "blue")):
            made = io.BytesIO()
            Image.new("RGB", (40, 40), colour).save(made, "PNG")
            sent = {"alt": name, "picture": (io.BytesIO(made.getvalue()), "../../etc/x.png")}
            assert owner.post(path, sent).status_code == 303
        first, second = db.session.scalars(select(Picture).order_by(Picture.id)).all()

        owner.post(f"{path}/{second.id}", {"act": "first"})
        owner.post(f"{path}/{first.id}", {"act": "describe", "alt": "하나 더"})
        shown = db.session.execute(select(Picture.alt).order_by(Picture.position)).scalars().all()
        nothing = owner.post(f"{path}/{first.id}", {"act": "describe", "alt": " "})
        owner.post(f"{path}/{first.id}", {"act": "remove"})

        assert shown == ["둘", "하나 더"]
        assert nothing.status_code == 422
        assert db.session.scalars(select(Picture.alt)).all() == ["둘"]


class TestSale:
    def test_sells_what_is_whole(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)
        path = f"{LIST}/{product.id}/move"
        early = owner.post(path, {"to": "on_sale"})
        make.picture(product)

        sold = owner.post(path, {"to": "on_sale"})
        odd = owner.post(path, {"to": "in_review"})

        assert (early.status_code, sold.status_code, odd.status_code) == (409, 303, 422)
        assert "사진" in early.text
        assert owner.get(f"/products/{product.id}").status_code == 200

    @pytest.mark.usefixtures("reviewing")
    def test_waits_for_the_operator(
        self, owner: Visitor, shop: Shop, another: Callable[[], Visitor]
    ) -> None:
        product = goods.written(shop)
        make.picture(product)
        operator = another().enter(make.person(roles=[Role.OPERATOR]), second_factor=True)
        auditor = another().enter(make.person(roles=[Role.AUDITOR]), second_factor=True)
        desk = f"/office/products/{product.id}"

        asked = owner.post(f"{LIST}/{product.id}/move", {"to": "on_sale"})
        waiting = operator.get("/office/products").text
        seen = operator.get(desk)
        silent = operator.post(desk, {"decision": "change", "note": ""})
        back = operator.post(desk, {"decision": "change", "note": "사진을 더 밝게"})
        noted = owner.get(f"{LIST}/{product.id}").text
        owner.post(f"{LIST}/{product.id}/move", {"to": "on_sale"})
        seen_as = {"decision": "approve", "seen": goods.seen(product)}
        approved = operator.post(desk, seen_as)
        again = operator.post(desk, seen_as)

        assert asked.status_code == 303
        assert product.name in waiting
        assert (seen.status_code, silent.status_code, back.status_code) == (200, 422, 303)
        assert "사진을 더 밝게" in noted
        assert (approved.status_code, again.status_code) == (303, 409)
        assert goods.fresh(product.id).status is ProductStatus.ON_SALE
        assert "<textarea" not in auditor.get("/office/products").text
        assert auditor.post(desk, {"decision": "approve"}).status_code == 403
