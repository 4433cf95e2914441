"""Races for stock."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import Select, select
from sqlalchemy.exc import OperationalError

from marketplace.catalog import stock
from marketplace.catalog.models import ReservationState, StockReservation, Variant
from marketplace.catalog.stock import SoldOut
from marketplace.checkout import cart, placing
from marketplace.checkout.cart import Owner
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db
from marketplace.orders.models import Order
from tests import make
from tests.concurrent import crowd
from tests.service.checkout import books


def reserving(number: int, variants: list[int]) -> Callable[[], None]:
    return partial(
        stock.reserve,
        reference=f"order:{number}",
        quantities=dict.fromkeys(variants, 1),
        expires_at=make.NOW + timedelta(minutes=30),
        at=make.NOW,
    )


def random_carts(variants: list[int], *, count: int, size: int) -> list[list[int]]:
    dice = random.Random(7)  # noqa: S311
    return [dice.sample(variants, size) for _ in range(count)]


def reserving_each(carts: list[list[int]]) -> list[Callable[[], None]]:
    return [reserving(number, variants) for number, variants in enumerate(carts)]


def assert_conserved() -> None:
    """Assert that what is reserved is what the reservations say, and that there was enough."""
    held: dict[int, int] = {}
    for kept in db.session.scalars(select(StockReservation)):
        if kept.state is ReservationState.HELD:
            held[kept.variant_id] = held.get(kept.variant_id, 0) + kept.quantity
    for variant in db.session.scalars(select(Variant)):
        assert variant.reserved == held.get(variant.id, 0)
        assert variant.reserved <= variant.on_hand


class TestReserve:
    def test_500_carts_of_3_out_of_20_products_of_100_pieces(self, crowded_app: Flask) -> None:
        """C7."""
        with crowded_app.app_context():
            of = make.product()
            variants = [make.variant(of, options=[str(n)], on_hand=100).id for n in range(20)]

        carts = random_carts(variants, count=500, size=3)
        answers = crowd.rush(crowded_app, reserving_each(carts))

        assert len(crowd.done(answers)) == 500
        with crowded_app.app_context():
            assert_conserved()
            reserved = db.session.scalars(select(Variant.reserved)).all()
            assert sum(reserved) == 1_500

    def test_500_carts_for_fewer_pieces_sell_every_piece_and_no_more(
        self, crowded_app: Flask
    ) -> None:
        with crowded_app.app_context():
            of = make.product()
            variants = [make.variant(of, options=[str(n)], on_hand=20).id for n in range(20)]

        carts = random_carts(variants, count=500, size=1)
        answers = crowd.rush(crowded_app, reserving_each(carts))

        wanted = Counter(variant for cart in carts for variant in cart)
        with crowded_app.app_context():
            assert_conserved()
            reserved = dict(db.session.execute(select(Variant.id, Variant.reserved)).all())
        assert reserved == {variant: min(20, wanted[variant]) for variant in variants}
        assert len(crowd.done(answers)) == sum(reserved.values())
        assert len(crowd.of_type(answers, SoldOut)) == 500 - sum(reserved.values())

    def test_fails_without_the_order_of_locks(
        self, crowded_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """C10: the same carts in random order deadlock or time out."""

        def unordered(variant_ids: list[int]) -> Select[int, int, bool]:
            return (
                select(Variant.id, Variant.on_hand - Variant.reserved, Variant.is_active)
                .where(Variant.id == variant_ids[0])
                .with_for_update()
            )

        def one_by_one(variant_ids: list[int]) -> dict[int, int]:
            available: dict[int, int] = {}
            for variant_id in variant_ids:
                for row in db.session.execute(unordered([variant_id])):
                    available[row[0]] = row[1]
            return available

        monkeypatch.setattr(stock, "lock_available", one_by_one)
        with crowded_app.app_context():
            of = make.product()
            variants = [make.variant(of, options=[str(n)], on_hand=500).id for n in range(6)]

        answers = crowd.rush(crowded_app, reserving_each(random_carts(variants, count=20, size=5)))

        assert crowd.of_type(answers, OperationalError)

    def test_fails_without_the_lock(
        self, crowded_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """C10: without it the database's own constraint is what refuses, too late to say so."""

        monkeypatch.setattr(stock, "_LOCK", stock._FREE)
        with crowded_app.app_context():
            wanted = make.sellable(on_hand=10).id

        answers = crowd.rush(crowded_app, [reserving(n, [wanted]) for n in range(200)])

        told = len(crowd.done(answers)) + len(crowd.of_type(answers, SoldOut))
        assert told < 200
        with crowded_app.app_context():
            assert_conserved()


class TestPlaceOrder:
    def test_500_buyers_race_for_100_pieces(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            wanted = make.sellable(on_hand=100, price=10_000)
            owners = [Owner(person_id=make.person().id) for _ in range(500)]
            for owner in owners:
                make.cart_of(owner, {wanted: 1})
            variant_id = wanted.id

        def order(owner: Owner) -> PlacedOrder:
            placed = placing.place_order(
                owner=owner,
                attempt_key=make.attempt_key(),
                form=make.order_form(13_000),
                at=make.NOW,
            )
            make.pay(placed)
            return placed

        answers = crowd.rush(crowded_app, [partial(order, owner) for owner in owners])

        assert len(crowd.done(answers)) == 100
        assert len(crowd.of_type(answers, SoldOut)) == 400
        losers = [
            owner
            for owner, answer in zip(owners, answers, strict=True)
            if isinstance(answer, SoldOut)
        ]
        with crowded_app.app_context():
            left = db.session.get_one(Variant, variant_id)
            assert (left.on_hand, left.reserved) == (0, 0)
            assert make.count_of(Order) == 100
            assert all(cart.count_items(owner=owner) == 1 for owner in losers[:50])
            books.check()
