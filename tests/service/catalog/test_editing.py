"""Writing, changing and copying products; options, prices and stock of one enterprise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.catalog import (
    bulk_edits,
    editing,
    own_products,
    price_plans,
    prices,
    stock_edits,
    variants,
)
from marketplace.catalog.models import Product, Variant
from marketplace.catalog.upkeep_models import PlanState, PriceChange, PricePlan
from marketplace.catalog.variants import CombinationEdit
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.core.outbox import Job
from tests import make
from tests.service.catalog import goods
from tests.service.catalog.goods import Shop

LATER = make.NOW + timedelta(hours=1)


@pytest.fixture
def shop(isolated: None) -> Shop:  # noqa: ARG001
    return goods.shop()


def save(shop: Shop, product: Product, *, seen: str | None = None, **other: object) -> None:
    with transaction():
        editing.edit(
            product_id=product.id,
            enterprise_id=shop.enterprise.id,
            draft=goods.draft(shop, **other),
            seen=goods.seen(product) if seen is None else seen,
            by=shop.owner.id,
            at=LATER,
        )


def reindexed() -> list[list[int]]:
    """Which products the search was told of."""
    payloads = db.session.scalars(select(Job.payload).where(Job.kind == "search.reindex"))
    return [payload["product_ids"] for payload in payloads]  # type: ignore[misc]


class TestEdit:
    def test_writes_tells_the_search_and_notes_the_price(self, shop: Shop) -> None:
        product = goods.written(shop)

        save(shop, product, name="밤꿀", price=Won(20_000))

        assert goods.fresh(product.id).name == "밤꿀"
        assert reindexed() == [[product.id], [product.id]]
        noted = select(PriceChange.price, PriceChange.actor).order_by(PriceChange.id)
        actor = f"person:{shop.owner.id}"
        assert db.session.execute(noted).all() == [(22_000, actor), (20_000, actor)]

    def test_refuses_the_second_of_two_who_opened_it_together(self, shop: Shop) -> None:
        product = goods.written(shop)
        both_saw = goods.seen(product)
        save(shop, product, seen=both_saw, name="첫 사람")

        with pytest.raises(editing.ChangedMeanwhile):
            save(shop, product, seen=both_saw, name="둘째 사람")

        assert goods.fresh(product.id).name == "첫 사람"

    def test_knows_no_product_and_no_policy_of_another_enterprise(self, shop: Shop) -> None:
        other = goods.shop()
        theirs = goods.written(other)
        mine = goods.written(shop)

        with pytest.raises(editing.ProductMissing):
            save(shop, theirs)
        with pytest.raises(editing.PolicyMissing):
            save(shop, mine, shipping_policy_id=other.ships.id)

    @pytest.mark.parametrize(
        ("price", "consumer", "refusal"),
        [
            (0, 10, prices.PriceOutOfRange),
            (-1, 10, prices.PriceOutOfRange),
            (100_000_000, 100_000_000, prices.PriceOutOfRange),
            (11, 10, prices.PriceAboveConsumer),
        ],
    )
    def test_refuses_prices_nobody_may_ask(
        self, shop: Shop, price: int, consumer: int, refusal: type[Exception]
    ) -> None:
        product = goods.written(shop)

        with pytest.raises(refusal):
            save(shop, product, price=Won(price), consumer_price=Won(consumer))

    def test_keeps_only_what_is_harmless_of_a_story_and_what_the_notice_asks(
        self, shop: Shop
    ) -> None:
        product = goods.written(shop)

        save(shop, product, story="a < b\n\n<script>alert(1)</script><p>꿀</p>", notice={"x": "y"})

        assert "script" not in goods.fresh(product.id).story
        assert goods.fresh(product.id).notice == {}

    def test_gives_plain_text_its_paragraphs(self, shop: Shop) -> None:
        product = goods.written(shop, story="첫 줄\n둘째 & 줄\n\n새 문단")

        assert product.story == "<p>첫 줄<br>둘째 &amp; 줄</p><p>새 문단</p>"


class TestCopy:
    def test_takes_everything_but_stock_and_sale(self, shop: Shop) -> None:
        product = goods.written(shop, stock=7)
        make.picture(product)

        with transaction():
            made = editing.copy(
                product_id=product.id, enterprise_id=shop.enterprise.id, by=shop.owner.id, at=LATER
            )

        copied = own_products.get(made, shop.enterprise.id)
        assert (copied.name, copied.status.value) == ("아카시아꿀 복사본", "draft")
        assert [each.free for each in copied.combinations] == [0]
        assert len(copied.pictures) == 1


def combine(shop: Shop, product: Product, *groups: tuple[str, list[str]]) -> None:
    with transaction():
        variants.combine(
            product_id=product.id,
            enterprise_id=shop.enterprise.id,
            groups=groups,
            seen=goods.seen(product),
            at=LATER,
        )


def offered(product: Product) -> dict[str, Variant]:
    rows = db.session.scalars(
        select(Variant).where(Variant.product_id == product.id, Variant.is_active)
    )
    return {"/".join(each.option_values): each for each in rows}


class TestCombine:
    def test_makes_every_combination_of_up_to_three_groups(self, shop: Shop) -> None:
        product = goods.written(shop, code="HONEY")

        combine(shop, product, ("용량", ["500g", "1kg"]), ("포장", ["병", "통"]), ("맛", ["순"]))

        assert set(offered(product)) == {"500g/병/순", "500g/통/순", "1kg/병/순", "1kg/통/순"}
        assert {each.code for each in offered(product).values()} == {"HONEY"}

    def test_only_switches_off_what_was_ordered_and_finds_it_again(self, shop: Shop) -> None:
        product = goods.written(shop)
        combine(shop, product, ("용량", ["500g", "1kg"]))
        ordered = offered(product)["1kg"].id

        combine(shop, product, ("용량", ["500g"]))
        off = db.session.get_one(Variant, ordered, populate_existing=True).is_active
        combine(shop, product, ("용량", ["500g", "1kg"]))

        assert off is False
        assert offered(product)["1kg"].id == ordered

    @pytest.mark.parametrize(
        "groups",
        [
            [("", ["a"])],
            [("용량", [])],
            [("용량", ["a", "a"])],
            [("용량", ["a"]), ("용량", ["b"])],
            [(name, ["x"]) for name in "abcd"],
            [("a", [str(n) for n in range(11)]), ("b", [str(n) for n in range(10)])],
            [("용량", ["x" * 41])],
        ],
    )
    def test_refuses_what_cannot_be_offered(
        self, shop: Shop, groups: list[tuple[str, list[str]]]
    ) -> None:
        product = goods.written(shop)

        with pytest.raises(variants.OptionsWrong):
            combine(shop, product, *groups)


class TestSaveCombinations:
    def edit(self, shop: Shop, product: Product, **other: object) -> CombinationEdit:
        variant = next(iter(offered(product).values()))
        usual = CombinationEdit(
            variant_id=variant.id,
            price_difference=Won(0),
            seen=variant.on_hand - variant.reserved,
            free=variant.on_hand - variant.reserved,
            code="",
            low_stock_at=3,
            is_active=True,
        )
        edited = replace(usual, **other)  # type: ignore[arg-type]
        with transaction():
            variants.save(
                product_id=product.id,
                enterprise_id=shop.enterprise.id,
                edits=[edited],
                seen=goods.seen(product),
                at=LATER,
            )
        return edited

    def test_applies_the_difference_to_what_was_sold_meanwhile(self, shop: Shop) -> None:
        product = goods.written(shop, stock=10)
        variant = next(iter(offered(product).values()))
        with transaction():
            variant.on_hand = 8

        self.edit(shop, product, seen=10, free=15)

        assert offered(product)[""].on_hand == 13

    def test_refuses_taking_away_more_than_is_left(self, shop: Shop) -> None:
        product = goods.written(shop, stock=2)

        with pytest.raises(stock_edits.SoldMeanwhile):
            self.edit(shop, product, seen=10, free=5)

    def test_leaves_other_products_combinations_alone(self, shop: Shop) -> None:
        product, theirs = goods.written(shop), goods.written(goods.shop(), stock=4)
        foreign = next(iter(offered(theirs).values()))

        self.edit(shop, product, variant_id=foreign.id, seen=4, free=0, price_difference=Won(9))

        again = db.session.get_one(Variant, foreign.id, populate_existing=True)
        assert (again.on_hand, again.price_difference) == (4, 0)

    def test_refuses_a_price_below_one_won_and_the_last_one_gone(self, shop: Shop) -> None:
        product = goods.written(shop)

        with pytest.raises(variants.DifferenceWrong):
            self.edit(shop, product, price_difference=Won(-22_000))
        with pytest.raises(variants.NoneLeft):
            self.edit(shop, product, is_active=False)


class TestPricePlans:
    def plan(self, shop: Shop, product: Product, *, price: int = 15_000) -> None:
        with transaction():
            price_plans.schedule(
                product_id=product.id,
                enterprise_id=shop.enterprise.id,
                price=Won(price),
                starts_at=LATER,
                ends_at=LATER + timedelta(hours=2),
                by=shop.owner.id,
                at=make.NOW,
            )

    def run(self, **after: int) -> int:
        with transaction():
            return price_plans.run_due(at=LATER + timedelta(**after))

    def test_begins_and_ends_once_and_the_price_comes_back(self, shop: Shop) -> None:
        product = goods.written(shop)
        self.plan(shop, product)

        early = self.run(minutes=-1)
        begun = [self.run(), self.run(minutes=1)]
        during = goods.fresh(product.id).price
        ended = [self.run(hours=2), self.run(hours=3)]

        assert (early, begun, ended) == (0, [1, 0], [1, 0])
        assert (during, goods.fresh(product.id).price) == (15_000, 22_000)
        noted = select(PriceChange.price).order_by(PriceChange.id)
        assert db.session.scalars(noted).all() == [22_000, 15_000, 22_000]
        assert db.session.scalars(select(PricePlan.state)).all() == [PlanState.ENDED]

    def test_lets_nobody_change_prices_while_it_runs(self, shop: Shop) -> None:
        product = goods.written(shop)
        self.plan(shop, product)
        self.run()

        with pytest.raises(prices.PriceIsPlanned):
            save(shop, product, price=Won(1_000))
        save(shop, product, price=Won(15_000), name="이름은 됩니다")

        assert goods.fresh(product.id).name == "이름은 됩니다"

    def test_can_be_ended_before_its_time(self, shop: Shop) -> None:
        product = goods.written(shop)
        self.plan(shop, product)
        self.run()

        with transaction():
            price_plans.drop(
                product_id=product.id,
                enterprise_id=shop.enterprise.id,
                at=LATER + timedelta(minutes=5),
            )

        assert goods.fresh(product.id).price == 22_000
        assert price_plans.find_open(product.id) is None

    def test_is_one_at_a_time_and_drops_when_it_became_too_high(self, shop: Shop) -> None:
        product = goods.written(shop)
        self.plan(shop, product, price=24_000)
        with pytest.raises(price_plans.AlreadyPlanned):
            self.plan(shop, product)
        save(shop, product, consumer_price=Won(20_000), price=Won(20_000))

        assert self.run() == 0
        assert db.session.scalars(select(PricePlan.state)).all() == [PlanState.DROPPED]


class TestBulk:
    def test_changes_own_products_only_and_says_what_it_could_not(self, shop: Shop) -> None:
        cheap, dear = goods.written(shop, price=Won(10_000)), goods.written(shop, price=Won(24_990))
        theirs = goods.written(goods.shop())
        ids = [cheap.id, dear.id, theirs.id]

        with transaction():
            outcome = bulk_edits.change_prices(
                enterprise_id=shop.enterprise.id,
                product_ids=ids,
                percent=7,
                by=shop.owner.id,
                at=LATER,
            )

        assert (outcome.changed, len(outcome.refused)) == (1, 1)
        assert [goods.fresh(each).price for each in ids] == [10_700, 24_990, 22_000]

    def test_sets_the_free_pieces_beside_those_set_aside(self, shop: Shop) -> None:
        product = goods.written(shop, stock=10)
        variant = next(iter(offered(product).values()))
        with transaction():
            variant.reserved = 4

        with transaction():
            bulk_edits.set_stock(
                enterprise_id=shop.enterprise.id, product_ids=[product.id], pieces=3
            )

        again = db.session.get_one(Variant, variant.id, populate_existing=True)
        assert (again.on_hand, again.reserved) == (7, 4)
