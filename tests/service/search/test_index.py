from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace.catalog.models import Product, ProductStatus, ShippingKind, Wish
from marketplace.core.db import db, transaction
from marketplace.enterprises.models import DesignationKind, Enterprise, EnterpriseStatus
from marketplace.search import facets, index, queries, vocabulary
from marketplace.search.filters import ProductFilter
from marketplace.search.models import ProductDocument, SearchWord
from marketplace.search.queries import ProductCard
from tests import make
from tests.service.search import watch
from tests.service.search.shelf import Shop

pytestmark = pytest.mark.usefixtures("isolated")


def reindex(*products: Product | int) -> None:
    ids = [product if isinstance(product, int) else product.id for product in products]
    with transaction():
        index.reindex(ids, at=make.NOW)


def card_of(product: Product) -> ProductCard | None:
    return next(iter(queries.list_cards([product.id])), None)


def document_of(product: Product) -> ProductDocument:
    db.session.expire_all()
    return db.session.get_one(ProductDocument, product.id)


class TestReindex:
    @pytest.mark.parametrize(
        "hide",
        [
            lambda product, _: setattr(product, "status", ProductStatus.DRAFT),
            lambda product, _: setattr(product, "status", ProductStatus.SUSPENDED),
            lambda product, _: setattr(product, "published_at", None),
            lambda product, _: setattr(product, "published_at", make.NOW + timedelta(seconds=1)),
            lambda _, seller: setattr(seller, "status", EnterpriseStatus.SUSPENDED),
        ],
    )
    def test_drops_what_is_not_for_sale(self, hide: Callable[[Product, Enterprise], None]) -> None:
        seller = make.enterprise()
        product = make.product(seller)
        reindex(product)
        assert card_of(product) is not None

        with transaction():
            hide(product, seller)
        reindex(product)

        assert card_of(product) is None

    def test_shows_the_cheapest_variant_and_what_it_costs_with_its_fee(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=10_000)
        product = make.product(seller, price=12_000, consumer_price=15_000, ships=ships)
        make.variant(product, options=["대"], price_difference=1_000)
        make.variant(product, options=["소"], price_difference=-2_500)
        make.variant(product, options=["단종"], price_difference=-9_000, is_active=False)

        reindex(product)

        card = card_of(product)
        assert card is not None
        assert (card.price, card.consumer_price, card.total_price) == (9_500, 12_500, 12_500)

    @pytest.mark.parametrize(
        ("kind", "terms", "fee"),
        [
            (ShippingKind.FREE, {"fee": 0}, 0),
            (ShippingKind.PAID, {"fee": 2_500}, 2_500),
            (ShippingKind.PER_QUANTITY, {"fee": 2_000, "fee_per_units": 3}, 2_000),
            (ShippingKind.CONDITIONAL_FREE, {"fee": 3_000, "free_over": 10_000}, 0),
            (ShippingKind.CONDITIONAL_FREE, {"fee": 3_000, "free_over": 10_001}, 3_000),
        ],
    )
    def test_adds_the_fee_of_one_piece(
        self, kind: ShippingKind, terms: dict[str, int], fee: int
    ) -> None:
        seller = make.enterprise()
        product = make.product(seller, price=10_000, ships=make.shipping(seller, kind, **terms))

        reindex(product)

        assert document_of(product).total_price == 10_000 + fee

    def test_knows_whether_any_piece_is_free(self) -> None:
        held = make.variant(on_hand=2)
        with transaction():
            held.reserved = 2
        free = make.variant(on_hand=1)
        none = make.product()
        reindex(held.product_id, free.product_id, none)

        cards = queries.list_cards([held.product_id, free.product_id, none.id])

        assert [card.in_stock for card in cards] == [False, True, False]

    def test_shows_only_designations_that_hold_that_day(self) -> None:
        seller = make.enterprise(kinds=())
        day = date(2026, 11, 24)
        make.designation(seller, DesignationKind.VILLAGE, expires_on=day)
        make.designation(seller, DesignationKind.SOCIAL, expires_on=day + timedelta(days=1))
        make.designation(seller, DesignationKind.SOCIAL, expires_on=None)
        make.designation(seller, DesignationKind.COOPERATIVE, granted_on=day + timedelta(days=1))
        product = make.product(seller)

        reindex(product)

        assert document_of(product).kinds == ["social"]

    def test_takes_the_first_picture(self) -> None:
        product = make.product()
        second = make.picture(product, key="pictures/second", alt="뒤")
        first = make.picture(product, key="pictures/first", alt="앞")
        with transaction():
            second.position, first.position = 2, 1

        reindex(product)

        card = card_of(product)
        assert card is not None
        assert (card.picture_key, card.picture_alt) == ("pictures/first", "앞")

    def test_follows_a_new_name(self) -> None:
        product = make.product(name="살구잼")
        reindex(product)
        with transaction():
            product.name = "자두잼"
        reindex(product)

        assert queries.search_products(ProductFilter(text="살구")).items == []
        assert len(queries.search_products(ProductFilter(text="자두잼")).items) == 1

    def test_counts_sales_wishes_and_reviews_as_popularity(self) -> None:
        product = make.product()
        with transaction():
            product.sold_count = 7
            db.session.add(Wish(person_id=make.person().id, product_id=product.id))
        with transaction():
            index.reindex([product.id], at=make.NOW, ratings={product.id: index.Rating(9, 2)})

        assert document_of(product).popularity == 7 * 10 + 3 + 2 * 5

    def test_keeps_ratings_it_is_not_told(self) -> None:
        product = make.product()
        reindex(product)
        with transaction():
            index.record_ratings([product.id], lambda _: {product.id: index.Rating(14, 3)})

        reindex(product)

        card = card_of(product)
        assert card is not None
        assert (card.rating_sum, card.review_count, card.rating_tenths) == (14, 3, 47)
        assert document_of(product).popularity == 3 * 5

    def test_survives_a_hostile_name(self) -> None:
        product = make.product(name="'; DROP TABLE product; -- \\ : & | ! <b>" + "가나" * 900)

        reindex(product)

        assert len(queries.search_products(ProductFilter(text="drop")).items) == 1

    def test_sends_a_few_statements_however_many_products(self) -> None:
        few, many = [make.product() for _ in range(2)], [make.product() for _ in range(30)]

        with watch.statements() as small:
            reindex(*few)
        with watch.statements() as large:
            reindex(*many)

        assert len({*small}) == len({*large})
        assert len(large) <= 12

    def test_is_safe_for_products_that_are_gone(self) -> None:
        reindex(10**12)

        assert db.session.scalars(select(ProductDocument)).all() == []


class TestCountFacets:
    def test_counts_anew_when_the_index_changed_here(self, own_shop: Shop) -> None:
        before = facets.count_facets(ProductFilter()).total
        with transaction():
            added = make.sellable(name="새로 나온 잼")
            index.reindex([added.product_id], at=make.NOW)

        assert (
            facets.count_facets(ProductFilter()).total == before + 1 == len(own_shop.products) + 1
        )


class TestReindexEnterprise:
    def test_follows_a_new_name_of_the_seller(self) -> None:
        seller = make.enterprise("옛이름")
        product = make.product(seller, name="목도리")
        reindex(product)
        with transaction():
            seller.name = "새나래공방"
            index.reindex_enterprise(seller.id, at=make.NOW)

        found = queries.search_products(ProductFilter(text="새나래공방")).items
        assert [card.enterprise_name for card in found] == ["새나래공방"]
        assert queries.search_products(ProductFilter(text="옛이름")).items == []


class TestReindexAll:
    def test_writes_the_same_as_piece_by_piece(
        self, own_shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        columns = [c for c in ProductDocument.__table__.c if c.name != "indexed_at"]
        order = ProductDocument.product_id
        before = db.session.execute(select(*columns).order_by(order)).all()
        monkeypatch.setattr(index, "BATCH", 7)

        with transaction():
            count = index.reindex_all(at=make.NOW)

        assert count == len(own_shop.products)
        assert db.session.execute(select(*columns).order_by(order)).all() == before

    @pytest.mark.usefixtures("own_shop")
    def test_forgets_words_nobody_says_any_more(self) -> None:
        product = make.product(name="두리안쉐이크")
        reindex(product)
        assert [s.word for s in vocabulary.suggest("두리안")] == ["두리안쉐이크"]
        with transaction():
            product.status = ProductStatus.ENDED

        with transaction():
            index.reindex_all(at=make.NOW)

        assert vocabulary.suggest("두리안") == []
        assert db.session.get_one(SearchWord, "사과").weight == 3
