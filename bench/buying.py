"""Eight shoppers buy from three enterprises each, again and again, until the order is paid."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from bench.figures import Figure, percentile, ratio
from bench.generator import Act, Crew, Leg
from bench.pages import YARDSTICK, bare_visits
from bench.rounds import Both, Failed, Pace, in_turn
from bench.shopper import Bought, Browser, WayToPay, buy, inputs, sign_in
from bench.stage import Stage
from marketplace.accounts import staffing
from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.demo.district import content_people, logins

CLIENTS: Final = 8
_SHOPS: Final = 3
_LEAST: Final = 40.0


@dataclass(frozen=True)
class Good:
    """Something to buy."""

    enterprise_id: int
    product_id: int
    variant_id: int


@dataclass(frozen=True)
class Shopping:
    """Shoppers who are signed in, and what they choose from."""

    url: str
    jars: tuple[dict[str, str], ...]
    goods: tuple[Good, ...]
    way: WayToPay
    looks: bool
    seed: int

    def begin(self, number: int) -> Act:
        """Sit down at the browser."""
        browser = Browser(self.url, dict(self.jars[number]))
        csrf_token = inputs(browser.get("/cart"))["csrf_token"]
        chance = random.Random(self.seed * CLIENTS + number)  # noqa: S311

        def shop() -> Bought:
            chosen: dict[int, Good] = {}
            while len(chosen) < _SHOPS:
                good = chance.choice(self.goods)
                chosen[good.enterprise_id] = good
            basket = {good.variant_id: good.product_id for good in chosen.values()}
            return buy(browser, basket, way=self.way, csrf_token=csrf_token, looks=self.looks)

        return shop


def checkout(stage: Stage, crew: Crew, pace: Pace) -> list[Figure]:
    """Measure complete orders per second, by every way to pay that asks nobody to wait."""
    emails = content_people.resident_emails()
    residents = _jars(stage, emails[:CLIENTS])
    buyers = _jars(stage, emails[CLIENTS : 2 * CLIENTS])
    # Afterwards, because staff sign in with a second factor.
    _let_order_for_departments(emails[CLIENTS : 2 * CLIENTS])
    return [
        _measure("checkout", stage, crew, pace, residents, WayToPay.STRIPE),
        _measure("checkout_invoice", stage, crew, pace.brief(), buyers, WayToPay.INVOICE),
        _measure("checkout_transfer", stage, crew, pace.brief(), residents, WayToPay.BANK_TRANSFER),
        _measure(
            "checkout_looking", stage, crew, pace.brief(), residents, WayToPay.STRIPE, looks=True
        ),
    ]


def _measure(
    name: str,
    stage: Stage,
    crew: Crew,
    pace: Pace,
    jars: Sequence[dict[str, str]],
    way: WayToPay,
    *,
    looks: bool = False,
) -> Figure:
    goods = _goods()
    before = _Books.read()
    bought: list[Bought] = []

    def shop(number: int) -> Leg:
        shopping = Shopping(stage.shop, tuple(jars), goods, way, looks, seed=number)
        leg = crew.run(shopping, clients=CLIENTS, seconds=pace.seconds)
        bought.extend(leg.kept)
        stage.settle()
        return leg

    def bare(_: int) -> Leg:
        return crew.run(bare_visits(stage), clients=CLIENTS, seconds=pace.seconds / 2)

    both = in_turn(pace, shop, bare)
    _compare(before, _Books.read(), bought, way)
    is_asked_for = name == "checkout"
    return Figure(
        name=name,
        ratio=ratio(both.measured_rates, both.yardstick_rates),
        value=both.measured_rate,
        unit="orders/s",
        yardstick=YARDSTICK,
        yardstick_value=both.yardstick_rate,
        must="≥ 40 orders/s" if is_asked_for else "",
        holds=both.measured_rate >= _LEAST if is_asked_for else None,
        note=_note(both, bought, way),
    )


def _note(both: Both, bought: Sequence[Bought], way: WayToPay) -> str:
    requests = statistics.median(order.requests for order in bought)
    slow = percentile([each for leg in both.measured for each in leg.latencies], 0.95)
    return (
        f"{way.value}: {len(bought)} orders of {requests:g} requests, 0 errors, all in the "
        f"database, stock exact; p95 {slow * 1_000:.0f} ms an order"
    )


@dataclass(frozen=True)
class _Books:
    """What the database says was sold."""

    orders: frozenset[str]
    unpaid: frozenset[str]
    on_hand: Counter[int]
    reserved: Counter[int]

    @classmethod
    def read(cls) -> _Books:
        orders = db.session.execute(
            text("SELECT number, paid_at IS NULL AS unpaid FROM customer_order")
        ).all()
        stock = db.session.execute(text("SELECT id, on_hand, reserved FROM variant")).all()
        db.session.rollback()
        return cls(
            orders=frozenset(row.number for row in orders),
            unpaid=frozenset(row.number for row in orders if row.unpaid),
            on_hand=Counter({row.id: row.on_hand for row in stock}),
            reserved=Counter({row.id: row.reserved for row in stock}),
        )


def _compare(before: _Books, after: _Books, bought: Sequence[Bought], way: WayToPay) -> None:
    """
    Hold what shoppers were told against the database.

    :raises Failed: an order is missing or too many, unpaid, or a piece is gone astray
    """
    placed = after.orders - before.orders
    unpaid = after.unpaid - before.unpaid
    sold = Counter(variant_id for order in bought for variant_id in order.variant_ids)
    taken = before.on_hand - after.on_hand
    held = after.reserved - before.reserved
    waits = way is WayToPay.BANK_TRANSFER
    problems = [
        len(placed) != len(bought) and f"{len(bought)} orders told, {len(placed)} written",
        not waits and placed != {order.number for order in bought} and "other order numbers",
        way is WayToPay.STRIPE and unpaid and f"{len(unpaid)} orders unpaid",
        (held if waits else taken) != sold and "the stock is not what was sold",
        (taken if waits else held) and "pieces are taken that should be held, or held still",
    ]
    if any(problems):
        raise Failed("; ".join(problem for problem in problems if problem))


def _goods() -> tuple[Good, ...]:
    """Return goods of which there are plenty, without options to choose."""
    rows = db.session.execute(
        text(
            "SELECT p.enterprise_id, p.id AS product_id, v.id AS variant_id"
            "  FROM product p JOIN variant v ON v.product_id = p.id"
            " WHERE v.on_hand - v.reserved >= 100 AND v.is_active AND p.status = 'on_sale'"
            "   AND v.option_values = '{}' ORDER BY v.id"
        )
    ).all()
    db.session.rollback()
    return tuple(Good(*row) for row in rows)


def _jars(stage: Stage, emails: Sequence[str]) -> list[dict[str, str]]:
    """Sign shoppers in and return their cookies."""
    jars = []
    for email in emails:
        browser = Browser(stage.shop)
        sign_in(browser, email=email, password=logins.PASSWORD)
        jars.append(browser.cookies)
    return jars


def _let_order_for_departments(emails: Sequence[str]) -> None:
    """Let residents order for a department, which pays by invoice."""
    people = text("SELECT id FROM person WHERE email = ANY(:emails)")
    administrator = text("SELECT person_id FROM role_grant WHERE role = 'administrator' LIMIT 1")
    with transaction():
        actor_id = db.session.scalars(administrator).one()
        department_id = db.session.scalars(text("SELECT min(id) FROM department")).one()
        for person_id in db.session.scalars(people, {"emails": list(emails)}).all():
            staffing.grant(
                person_id=person_id,
                role=Role.DEPARTMENT_BUYER,
                department_id=department_id,
                actor_id=actor_id,
                at=clock.now(),
                ip=None,
            )
