"""Stock counted by the enterprise while orders take it, and prices two people change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask
from sqlalchemy import select

from marketplace.catalog import bulk_edits, editing, restock, stock
from marketplace.catalog.editing import ChangedMeanwhile
from marketplace.catalog.models import Variant
from marketplace.catalog.stock import SoldOut
from marketplace.catalog.stock_edits import SoldMeanwhile
from marketplace.core import outbox
from marketplace.core.db import db, transaction
from tests import make
from tests.concurrent import crowd
from tests.concurrent.test_stock import assert_conserved, reserving
from tests.service.catalog import goods


def test_stock_is_never_negative_while_orders_reserve_and_staff_count(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        shop = goods.shop()
        product_id = goods.written(shop, stock=40).id
        variant = db.session.scalars(select(Variant.id)).one()
        enterprise_id, by = shop.enterprise.id, shop.owner.id

    def counting(seen: int, counted: int) -> None:
        bulk_edits.quick(
            product_id=product_id,
            enterprise_id=enterprise_id,
            price=(22_000, 22_000),
            stock=(seen, counted),
            by=by,
            at=make.NOW,
        )

    buyers = [reserving(number, [variant]) for number in range(60)]
    paying = [partial(stock.deduct, reference=f"order:{number}") for number in range(0, 60, 2)]
    staff = [partial(counting, 40, 40 + step) for step in (-9, -7, -5, 3, -8, 2, -6, -4)]
    counted: list[Callable[[], None]] = [*staff, *paying, *buyers[40:]]
    both: list[Callable[[], None]] = [
        each for pair in zip(buyers, counted, strict=False) for each in pair
    ]

    answers = crowd.rush(crowded_app, both)

    refused = [type(each) for each in answers if isinstance(each, BaseException)]
    assert set(refused) <= {SoldOut, SoldMeanwhile}
    with crowded_app.app_context():
        assert_conserved()
        left = db.session.get_one(Variant, variant)
        assert 0 <= left.reserved <= left.on_hand


def test_one_of_two_staff_wins(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        shop = goods.shop()
        product = goods.written(shop)
        seen, product_id = goods.seen(product), product.id
        enterprise_id, by = shop.enterprise.id, shop.owner.id
        drafts = [goods.draft(shop, name=f"담당자 {number}") for number in range(8)]

    def saving(number: int) -> None:
        editing.edit(
            product_id=product_id,
            enterprise_id=enterprise_id,
            draft=drafts[number],
            seen=seen,
            by=by,
            at=make.NOW + timedelta(seconds=1 + number),
        )

    answers = crowd.rush(crowded_app, [partial(saving, number) for number in range(8)])

    assert len(crowd.done(answers)) == 1
    lost = [each for each in answers if isinstance(each, BaseException)]
    assert {type(each) for each in lost} == {ChangedMeanwhile}


def test_two_watchers_tell_each_resident_once(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        of = make.product()
        gone = make.variant(of, on_hand=0)
        people = [make.person().id for _ in range(30)]
        with transaction():
            for person in people:
                restock.ask(person_id=person, variant_id=gone.id)
        with transaction():
            db.session.get_one(Variant, gone.id).on_hand = 1

    crowd.rush(crowded_app, [restock.announce] * 6)

    with crowded_app.app_context():
        told = db.session.scalars(
            select(outbox.Job.payload).where(outbox.Job.kind == "notifications.deliver")
        ).all()
        assert sorted(int(str(each["person_id"])) for each in told) == sorted(people)
