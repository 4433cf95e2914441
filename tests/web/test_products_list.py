"""The list of the enterprise's goods, shipping, residents who wait; nobody else's ids."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import event, select, text

from marketplace.catalog.models import Picture, Product, ProductStatus, ShippingPolicy, Variant
from marketplace.catalog.upkeep_models import RestockAlert
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


class TestList:
    def test_finds_by_name_code_state_category_and_low_stock(
        self, owner: Visitor, shop: Shop
    ) -> None:
        goods.written(shop, name="아카시아꿀", code="H-1", stock=100)
        goods.written(shop, name="딸기잼 100%", code="J-1", stock=2)

        def found(query: str) -> tuple[bool, bool]:
            page = owner.get(f"{LIST}?{query}").text
            return ">아카시아꿀</a>" in page, ">딸기잼 100%</a>" in page

        assert found("") == (True, True)
        assert found("q=꿀") == (True, False)
        assert found("q=J-1") == (False, True)
        assert found("q=100%25") == (False, True)
        assert found("low=1") == (False, True)
        assert found("status=on_sale") == (False, False)
        assert found(f"category={shop.category.id}") == (True, True)
        assert found(f"category={make.category().id}") == (False, False)

    def test_edits_price_and_stock_in_its_row(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop, stock=10)
        path = f"{LIST}/{product.id}/quick"
        seen = {"seen_price": "22000", "seen_stock": "10"}

        plain = owner.post(path, {**seen, "price": "21,000", "stock": "12"})
        stale = owner.post(path, {**seen, "price": "20,000", "stock": "12"})
        row = owner.post(
            path,
            {"seen_price": "21000", "seen_stock": "12", "price": "x", "stock": "9"},
            headers={"HX-Request": "true"},
        )

        assert (plain.status_code, stale.status_code, row.status_code) == (303, 409, 422)
        assert row.text.strip().startswith("<li")
        assert 'value="x"' in row.text
        assert goods.fresh(product.id).price == 21_000
        assert db.session.scalars(select(Variant.on_hand)).all() == [12]

    def test_changes_many(self, owner: Visitor, shop: Shop) -> None:
        ids = [goods.written(shop, stock=1).id for _ in range(3)]

        stock = owner.post(f"{LIST}/bulk", {"ids": ids, "act": "stock", "amount": "7"})
        dearer = owner.post(f"{LIST}/bulk", {"ids": ids, "act": "percent", "amount": "-10"})
        wrong = owner.post(f"{LIST}/bulk", {"ids": ids[:1], "act": "percent", "amount": "싸게"})
        none = owner.post(f"{LIST}/bulk", {"act": "stock", "amount": "7"})

        assert [each.status_code for each in (stock, dearer, wrong, none)] == [303, 303, 422, 422]
        assert db.session.scalars(select(Variant.on_hand)).all() == [7, 7, 7]
        assert db.session.scalars(select(Product.price)).all() == [19_800] * 3
        assert 'value="싸게"' in wrong.text

    def test_asks_the_same_few_questions_of_20_000_products(
        self, owner: Visitor, shop: Shop
    ) -> None:
        goods.written(shop)

        def questions() -> int:
            asked: list[str] = []

            def note(*given: object) -> None:
                asked.append(str(given[2]))

            event.listen(db.engine, "before_cursor_execute", note)
            try:
                assert owner.get(LIST).status_code == 200
            finally:
                event.remove(db.engine, "before_cursor_execute", note)
            return len(asked)

        few = questions()
        with transaction():
            db.session.execute(text(_MANY), {"of": shop.enterprise.id})
            db.session.execute(text(_THEIR_VARIANTS))

        assert questions() == few
        assert "모두 20,001" in owner.get(LIST).text
        assert owner.get(f"{LIST}?low=1&q=7777").status_code == 200

    def test_goes_on_behind_the_last_one(self, owner: Visitor, shop: Shop) -> None:
        with transaction():
            db.session.execute(
                text(_SOME),
                {"of": shop.enterprise.id, "ships": shop.ships.id, "category": shop.category.id},
            )

        first = owner.get(LIST)
        address = first.text.partition('id="pager"')[2].partition('href="')[2].partition('"')[0]
        second = owner.get(unescape(address))

        assert (first.text.count('class="good"'), second.text.count('class="good"')) == (50, 10)


_MANY = """
INSERT INTO product (enterprise_id, category_id, shipping_policy_id, name, consumer_price, price,
  tax_kind, status, lead_days, is_gift, coupon_eligible, sold_count)
SELECT enterprise_id, category_id, shipping_policy_id, '상품 ' || n, 1000, 1000,
  'taxable', 'draft', 1, false, true, 0
FROM product, generate_series(1, 20000) AS n WHERE enterprise_id = :of
"""
_THEIR_VARIANTS = """
INSERT INTO variant (product_id, price_difference, on_hand, position)
SELECT id, 0, id % 100, 0 FROM product WHERE name LIKE '상품 %'
"""
_SOME = """
INSERT INTO product (enterprise_id, category_id, shipping_policy_id, name, consumer_price, price,
  tax_kind, status, lead_days, is_gift, coupon_eligible, sold_count)
SELECT :of, :category, :ships, '상품 ' || n, 1000, 1000, 'taxable', 'draft', 1, false, true, 0
FROM generate_series(1, 60) AS n
"""


class TestShipping:
    def test_is_written_changed_and_made_the_default(self, owner: Visitor, shop: Shop) -> None:
        typed = {
            "name": "냉장 택배",
            "kind": "conditional_free",
            "fee": "4,000",
            "free_over": "50,000",
            "fee_per_units": "",
            "jeju_surcharge": "5,000",
            "island_surcharge": "7,000",
            "return_fee": "4,000",
            "is_default": "y",
        }

        wrong = owner.post("/seller/shipping/new", {**typed, "free_over": ""})
        odd = owner.post("/seller/shipping/new", {**typed, "fee": "공짜"})
        made = owner.post("/seller/shipping/new", typed)
        policy = db.session.scalars(
            select(ShippingPolicy).where(ShippingPolicy.name == "냉장 택배")
        ).one()
        changed = owner.post(
            f"/seller/shipping/{policy.id}", {**typed, "kind": "per_quantity", "fee_per_units": "3"}
        )

        assert [each.status_code for each in (wrong, odd, made, changed)] == [422, 422, 303, 303]
        assert 'value="공짜"' in odd.text
        saved = db.session.get_one(ShippingPolicy, policy.id, populate_existing=True)
        assert (saved.kind, saved.free_over, saved.fee_per_units) == ("per_quantity", None, 3)
        defaults = select(ShippingPolicy.id).where(
            ShippingPolicy.enterprise_id == shop.enterprise.id, ShippingPolicy.is_default
        )
        assert db.session.scalars(defaults).all() == [policy.id]
        assert "냉장 택배" in owner.get("/seller/shipping").text


class TestRestock:
    def test_is_asked_for_listed_and_removed(
        self, owner: Visitor, shop: Shop, another: Callable[[], Visitor]
    ) -> None:
        product = goods.written(shop, stock=0)
        make.picture(product)
        owner.post(f"{LIST}/{product.id}/move", {"to": "on_sale"})
        variant = db.session.scalars(select(Variant.id)).one()
        resident = another().enter(make.person())
        page = f"/products/{product.id}"

        stranger = another().post(f"/restock/{variant}")
        assert "들어오면 알림 받기" in resident.get(page).text
        asked = resident.post(f"/restock/{variant}", {"next": page})
        again = resident.post(f"/restock/{variant}", {"next": page})
        assert "알림 지우기" in resident.get(page).text
        assert product.name in resident.get("/my/restock").text
        waiting = db.session.scalars(select(RestockAlert.variant_id)).all()
        resident.post(f"/my/restock/{variant}/forget")

        assert "/sign-in" in (stranger.location or "")
        assert (asked.status_code, again.status_code, waiting) == (303, 303, [variant])
        assert db.session.scalars(select(RestockAlert)).all() == []
        assert resident.post("/restock/999999").status_code == 404


class TestIsolation:
    def test_another_enterprises_ids_are_not_found(self, owner: Visitor, shop: Shop) -> None:
        other = goods.shop()
        theirs = goods.written(other)
        make.picture(theirs)
        picture = db.session.scalars(select(Picture.id)).one()
        mine = goods.written(shop)
        paths = [
            ("GET", f"{LIST}/{theirs.id}"),
            ("GET", f"{LIST}/{theirs.id}/preview"),
            *(
                ("POST", f"{LIST}/{theirs.id}{part}")
                for part in (
                    *("", "/quick", "/copy", "/move", "/options", "/stock"),
                    *("/pictures", f"/pictures/{picture}", "/plan", "/plan/drop"),
                )
            ),
            ("POST", f"{LIST}/{mine.id}/pictures/{picture}"),
            ("GET", f"/seller/shipping/{other.ships.id}"),
            ("POST", f"/seller/shipping/{other.ships.id}"),
        ]
        typed = form(
            other,
            seen=goods.seen(theirs),
            to="ended",
            act="remove",
            plan_price="1",
            starts_at="2099-01-01T10:00",
            ends_at="2099-01-02T10:00",
            seen_price="22000",
            alt="x",
        )

        for method, path in paths:
            answer = owner.get(path) if method == "GET" else owner.post(path, typed)
            assert answer.status_code == 404, (method, path)
        bulk = owner.post(f"{LIST}/bulk", {"ids": [theirs.id], "act": "ended"})
        assert bulk.status_code == 303
        assert goods.fresh(theirs.id).status is ProductStatus.DRAFT
        assert ">아카시아꿀</a>" not in owner.get(f"{LIST}?before={mine.id}").text
