"""The op `concurrency`: orders in real parallel transactions, on a database to spare."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import select

from marketplace.checkout import quote
from marketplace.checkout.quote_cart import Cart, CartLine, Voucher
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import claims, holds, issuing
from marketplace.coupons.models import Campaign, CouponKind, Grant
from marketplace.coupons.refusals import CouponRefused
from tests import make
from tests.casebook import counted, stage
from tests.concurrent import crowd

Given = Mapping[str, Any]

_DISCOUNT = 1_000


def concurrency(given: Given) -> dict[str, Any]:
    """Answer the op."""
    app = stage.application_to_spare()
    orders = given["parallel_orders"]
    if "voucher" in given:
        return _pay_with_voucher(app, given["voucher"]["balance"], orders)
    if "coupon" in given:
        coupon = given["coupon"]
        results, used = _use_slots(app, coupon["usage_limit"], coupon["used"], len(orders))
        return {"results": results, "used": used}
    budget = given["budget"]
    if budget["type"] == "uses":
        results, used = _use_slots(app, budget["limit"], budget["used"], len(orders))
        return {"results": results, "budget_used": used}
    return _spend_budget(app, budget, [order["discount"] for order in orders])


def _use_slots(app: Flask, limit: int, used: int, orders: int) -> tuple[list[str], int]:
    """Let every order claim a coupon of one campaign and spend it."""
    with app.app_context():
        drive = counted.campaign(slots=max(limit, used), worst_case=_DISCOUNT)
        people = [make.person().id for _ in range(used + orders)]

    def use(person_id: int) -> None:
        claimed = claims.claim(campaign_id=drive.id, person_id=person_id, at=make.NOW)
        counted.redeem(claimed.coupon_id, _DISCOUNT, by=person_id)

    _answers(app, [partial(use, person_id) for person_id in people[:used]])
    results = _answers(app, [partial(use, person_id) for person_id in people[used:]])
    with app.app_context():
        return results, counted.used_of(drive)


def _pay_with_voucher(app: Flask, balance: int, orders: list[Given]) -> dict[str, Any]:
    """Let every order take what it still finds on one voucher."""
    if balance == 0:
        return {"used_amounts": [0 for _ in orders], "balance": 0}
    with app.app_context():
        drive = counted.campaign(slots=1, worst_case=balance, kind=CouponKind.STORED_VALUE)
        coupon_id = counted.free_slot(drive)

    def pay(total: int) -> int:
        coupon = holds.lock([coupon_id])[coupon_id]
        goods = CartLine(sku="goods", enterprise="E", unit_price=Won(total), quantity=1)
        voucher = Voucher(id="voucher", balance=coupon.balance)
        amount = quote.price(Cart(lines=(goods,), coupons=(voucher,))).voucher_total
        if amount:
            counted.redeem(coupon_id, amount)
        return amount

    paid = crowd.rush(app, [partial(pay, order["total"]) for order in orders])
    with app.app_context():
        return {
            "used_amounts": _without_errors(paid),
            "balance": counted.coupon(coupon_id).balance,
        }


def _spend_budget(app: Flask, budget: Given, discounts: list[int]) -> dict[str, Any]:
    """Let every order issue a coupon of its own from one grant and spend it."""
    with app.app_context():
        grant = make.grant(ceiling=max(1, budget["limit"], budget["used"]))
        if budget["used"]:
            before = counted.campaign(slots=1, worst_case=budget["used"], of=grant)
            with make.common.writing():
                counted.redeem(counted.free_slot(before), budget["used"])
        drives = [
            counted.campaign(slots=0, worst_case=max(1, discount), of=grant)
            for discount in discounts
        ]

    def spend(drive: Campaign, discount: int) -> None:
        # What takes nothing off is not used.
        if discount == 0:
            raise CouponRefused
        issuing.issue(campaign_id=drive.id, count=1)
        counted.redeem(counted.free_slot(drive), discount)

    results = _answers(
        app,
        [partial(spend, drive, won) for drive, won in zip(drives, discounts, strict=True)],
    )
    with app.app_context():
        spent = db.session.scalars(select(Grant.spent).where(Grant.id == grant.id)).one()
        return {"results": results, "budget_used": spent}


def _answers(app: Flask, works: list[partial[None]]) -> list[str]:
    if not works:
        return []
    answers = crowd.rush(app, works)
    _without_errors([answer for answer in answers if not isinstance(answer, CouponRefused)])
    return ["rejected" if isinstance(answer, CouponRefused) else "ok" for answer in answers]


def _without_errors(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
