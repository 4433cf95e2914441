"""Putting products on sale, the office's look before it, and who is told what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.catalog import low_stock, notice_fields, restock, selling
from marketplace.catalog.models import Product, ProductStatus, Variant
from marketplace.catalog.upkeep_models import RestockAlert
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.demo.district.content_notices import TEMPLATES
from marketplace.notifications import facts
from tests import make
from tests.service.catalog import goods
from tests.service.catalog.goods import Shop

LATER = make.NOW + timedelta(hours=1)


@pytest.fixture
def shop(isolated: None) -> Shop:  # noqa: ARG001
    return goods.shop()


def ready(shop: Shop) -> Product:
    product = goods.written(shop)
    make.picture(product)
    return product


def move(
    shop: Shop, product: Product, to: ProductStatus, *, needs_review: bool = False
) -> ProductStatus:
    with transaction():
        return selling.move(
            product_id=product.id,
            enterprise_id=shop.enterprise.id,
            to=to,
            needs_review=needs_review,
            by=shop.owner.id,
            at=LATER,
        )


def told(kind: str) -> list[dict[str, object]]:
    """What waits to be told of a kind."""
    payloads = db.session.scalars(select(Job.payload).where(Job.kind == "notifications.deliver"))
    return [payload for payload in payloads if payload["kind"] == kind]


class TestMove:
    def test_says_everything_that_is_missing_before_a_sale(self, shop: Shop) -> None:
        product = goods.written(shop, story="", notice={"제조자": "나루"})

        with pytest.raises(selling.NotReady, match=r"사진.*상세 설명.*품명 및 모델명"):
            move(shop, product, ProductStatus.ON_SALE)

    def test_sells_suspends_and_ends_with_a_trail(self, shop: Shop) -> None:
        product = ready(shop)

        for to in (ProductStatus.ON_SALE, ProductStatus.SUSPENDED, ProductStatus.ENDED):
            move(shop, product, to)

        moves = db.session.scalars(
            select(AuditEvent.details).where(AuditEvent.action == "product_moved")
        )
        assert [each["to"] for each in moves] == ["on_sale", "suspended", "ended"]
        assert goods.fresh(product.id).published_at == LATER
        with pytest.raises(selling.MoveRefused):
            move(shop, product, ProductStatus.ON_SALE)

    def test_waits_for_the_office_when_it_wants_to_look_first(self, shop: Shop) -> None:
        product = ready(shop)
        operator = make.person()

        reached = move(shop, product, ProductStatus.ON_SALE, needs_review=True)
        with pytest.raises(selling.MoveRefused):
            move(shop, product, ProductStatus.ON_SALE)
        assert [each.id for each in selling.list_waiting()] == [product.id]
        with pytest.raises(selling.NoteMissing), transaction():
            selling.ask_for_changes(product_id=product.id, note=" ", by=operator.id, at=LATER)
        with transaction():
            selling.ask_for_changes(
                product_id=product.id, note="사진을 바꿔 주세요", by=operator.id, at=LATER
            )
        sent_back = goods.fresh(product.id)
        assert (sent_back.status, sent_back.review_note) == ("draft", "사진을 바꿔 주세요")

        move(shop, product, ProductStatus.ON_SALE, needs_review=True)
        seen = goods.seen(product)
        with pytest.raises(selling.ChangedSince), transaction():
            selling.approve(product_id=product.id, seen="before", by=operator.id, at=LATER)
        with transaction():
            selling.approve(product_id=product.id, seen=seen, by=operator.id, at=LATER)

        assert reached is ProductStatus.IN_REVIEW
        assert goods.fresh(product.id).status is ProductStatus.ON_SALE
        said = [facts.load("product_reviewed", each).notice for each in told("product_reviewed")]
        assert said[-1] == "아카시아꿀 판매가 승인되었습니다"
        with pytest.raises(selling.NotInReview), transaction():
            selling.approve(product_id=product.id, seen=seen, by=operator.id, at=LATER)


class TestRestock:
    def test_tells_once_when_it_is_back_and_forgets(self, shop: Shop) -> None:
        product = ready(shop)
        move(shop, product, ProductStatus.ON_SALE)
        variant = db.session.scalars(select(Variant).where(Variant.product_id == product.id)).one()
        resident = make.person()
        with pytest.raises(restock.InStock), transaction():
            restock.ask(person_id=resident.id, variant_id=variant.id)
        with transaction():
            variant.on_hand = 0
        for _ in range(2):
            with transaction():
                restock.ask(person_id=resident.id, variant_id=variant.id)

        def announce() -> int:
            with transaction():
                return restock.announce()

        still_gone = announce()
        with transaction():
            variant.on_hand = 1

        assert (still_gone, announce(), announce()) == (0, 1, 0)
        said = facts.load("restocked", told("restocked")[0])
        assert (said.person_id, said.link) == (resident.id, f"/products/{product.id}")
        assert "아카시아꿀" in said.subject
        assert db.session.scalars(select(RestockAlert)).all() == []

    def test_waits_for_nothing_that_is_not_on_sale(self, shop: Shop) -> None:
        product = goods.written(shop, stock=0)
        variant = db.session.scalars(select(Variant.id)).first() or 0

        with pytest.raises(restock.NothingToWaitFor), transaction():
            restock.ask(person_id=shop.owner.id, variant_id=variant)
        assert product.status is ProductStatus.DRAFT


class TestLowStock:
    def test_tells_members_once_for_each_fall(self, shop: Shop) -> None:
        product = ready(shop)
        move(shop, product, ProductStatus.ON_SALE)
        variant = db.session.scalars(select(Variant).where(Variant.product_id == product.id)).one()

        def left(pieces: int) -> int:
            with transaction():
                variant.on_hand = pieces
            with transaction():
                return low_stock.announce(at=LATER)

        assert [left(10), left(5), left(2), left(20), left(0)] == [0, 1, 0, 0, 1]
        assert [each["person_id"] for each in told("low_stock")] == [shop.owner.id] * 2
        said = facts.load("low_stock", told("low_stock")[0])
        assert said.values["goods"] == [("아카시아꿀", 0)]


def test_the_demo_fills_in_the_fields_that_are_asked() -> None:
    for kind, template in TEMPLATES.items():
        assert set(template) == set(notice_fields.fields_of(kind)), kind
