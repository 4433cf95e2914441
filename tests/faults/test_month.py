"""
A month of the whole shop: 200 orders over 20 enterprises, every state, claim and coupon mix.

Real PostgreSQL, Redis, worker and fake Stripe. Goods travel in a month to come; money goes back at
once, by the worker. In the end the books are proved by what never looked at a line.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.checkout import canceling, confirmation
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.coupons.models import Redemption
from marketplace.enterprises.models import Enterprise
from marketplace.ledger import posting
from marketplace.orders import status
from marketplace.orders.models import (
    ClaimCase,
    ClaimHistory,
    ClaimKind,
    ClaimStatus,
    Line,
    LineHistory,
    LineStatus,
    Order,
)
from marketplace.payments.models import Payment, PaymentState, Refund, RefundState
from tests import make
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.faults import crew, invariants, month
from tests.faults.month import District, Month
from tests.faults.test_checkout import began, charge
from tests.service.coupons import judge

ORDERS, UNPAID = 200, 12
_TAKEN = (PaymentState.PAID, PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED)


@pytest.fixture
def shop(live_app: Flask, live_server: LiveServer) -> Iterator[None]:  # noqa: ARG001
    """A shop that hears the fake Stripe's messages."""
    with live_app.app_context():
        yield


@pytest.mark.usefixtures("shop")
def test_a_month_ends_with_the_books_proved(
    live_settings: Settings, fake_stripe: FakeStripe
) -> None:
    chance = random.Random(2026)  # noqa: S311
    at = clock.now()
    district = month.settle_in(at)
    script = Month(at, chance)

    with crew.working(live_settings):
        paid = [_buy(district, live_settings, chance) for _ in range(ORDERS - UNPAID)]
        unpaid = [_order(district, chance) for _ in range(UNPAID)]
        crew.wait_until(lambda: _count(LineStatus.PAID) >= len(paid), instead=_where_lines_stand)
        crew.wait_until(lambda: _all_paid(paid), seconds=120, instead=_where_lines_stand)
        _leave_unpaid(unpaid)
        for number, order_id in enumerate(paid):
            script.live(number, order_id)
        _let_the_timer_confirm(script)
        crew.wait_until(crew.all_done, seconds=180, instead=crew.unfinished)
        fake_stripe.wait_until_idle()
        crew.wait_until(crew.all_done, seconds=60, instead=crew.unfinished)

    assert _broken_histories() == []
    assert set(db.session.scalars(select(Line.status))) == set(LineStatus)
    assert set(db.session.scalars(select(ClaimCase.status))) == set(ClaimStatus)
    assert set(
        db.session.scalars(select(ClaimCase.kind).where(ClaimCase.status == ClaimStatus.DONE))
    ) == set(ClaimKind)
    assert invariants.find_breaches() == []
    assert invariants.find_disagreements(fake_stripe) == []
    judge.check()
    judge.check_book_pays_what_grants_spent()
    assert _owed_to_enterprises() == _taken_in() - _given_back() + _paid_by_coupons()
    assert _without_pieces_left() == []


def _order(district: District, chance: random.Random, provider: str = "stripe") -> PlacedOrder:
    buyer = chance.choice(district.members)
    pairs = chance.sample(district.goods, chance.choice((1, 2, 2, 3)))
    items = {chance.choice(pair): chance.randint(1, 3) for pair in pairs}
    wallet = district.wallets[buyer.id]
    coupons = [wallet.pop()] if wallet and chance.random() < 0.6 else []
    is_guest = not coupons and chance.random() < 0.2
    return make.placed_order(
        items,
        by=None if is_guest else buyer,
        coupons=coupons,
        is_guest=is_guest,
        at=clock.now(),
        provider=provider,
    )


def _buy(district: District, settings: Settings, chance: random.Random) -> int:
    provider = chance.choice(("stripe", "stripe", "stripe", "bank_transfer"))
    placed = _order(district, chance, provider)
    if placed.is_confirmed:
        return placed.order_id
    if provider == "stripe":
        charge(began(placed, settings), settings)
    else:
        make.pay(placed, at=clock.now(), source="statement")
    return placed.order_id


def _leave_unpaid(unpaid: list[PlacedOrder]) -> None:
    """A third is cancelled, a third expires, a third still waits."""
    for placed in unpaid[::3]:
        with transaction():
            canceling.cancel_unpaid(order_id=placed.order_id, actor="buyer", at=clock.now())
    for placed in unpaid[1::3]:
        crew.end_time_to_pay(placed.order_id)


def _let_the_timer_confirm(script: Month) -> None:
    at = script.at(29)
    for order_id in confirmation.list_due(days=month.AUTO_CONFIRM_DAYS, at=at, limit=ORDERS):
        with transaction():
            confirmation.confirm_overdue(order_id=order_id, days=month.AUTO_CONFIRM_DAYS, at=at)


def _all_paid(orders: list[int]) -> bool:
    db.session.rollback()
    waiting = select(func.count()).where(Order.id.in_(orders), Order.paid_at.is_(None))
    return db.session.scalar(waiting) == 0


def _count(wanted: LineStatus) -> int:
    return _where_lines_stand()[wanted]


def _where_lines_stand() -> Counter[LineStatus]:
    db.session.rollback()
    return Counter(db.session.scalars(select(Line.status)))


def _broken_histories() -> list[str]:
    """Name lines and cases whose steps are no way through their table of moves."""
    db.session.rollback()
    broken = []
    present = dict(db.session.execute(select(Line.id, Line.status)).all())
    reached: dict[int, str | None] = dict.fromkeys(present)
    for step in db.session.scalars(select(LineHistory).order_by(LineHistory.id)):
        known = reached[step.line_id]
        follows = known is None or (
            step.from_status == known
            and LineStatus(step.to_status) in status.MOVES[LineStatus(known)]
        )
        broken += [] if follows else [f"line {step.line_id}: {known} → {step.to_status}"]
        reached[step.line_id] = step.to_status
    broken += [
        f"line {line_id} is {reached[line_id]}"
        for line_id in present
        if reached[line_id] != present[line_id]
    ]
    cases = dict(db.session.execute(select(ClaimCase.id, ClaimCase.status)).all())
    stands: dict[int, str] = {}
    for move in db.session.scalars(select(ClaimHistory).order_by(ClaimHistory.id)):
        known = stands.get(move.claim_case_id)
        follows = known is None or (
            move.from_status == known
            and ClaimStatus(move.to_status) in status.CLAIM_MOVES[ClaimStatus(known)]
        )
        broken += [] if follows else [f"case {move.claim_case_id}: {known} → {move.to_status}"]
        stands[move.claim_case_id] = move.to_status
    return broken + [
        f"case {case} is {stands[case]}" for case in stands if stands[case] != cases[case]
    ]


def _owed_to_enterprises() -> int:
    codes = [
        f"{account}:enterprise:{number}"
        for number in db.session.scalars(select(Enterprise.id))
        for account in ("held", "payable")
    ]
    return -sum(posting.balances(codes).values())


def _taken_in() -> int:
    taken = select(func.coalesce(func.sum(Payment.captured_amount), 0)).where(
        Payment.state.in_(_TAKEN)
    )
    return int(db.session.scalar(taken) or 0)


def _given_back() -> int:
    given = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.state != RefundState.FAILED
    )
    return int(db.session.scalar(given) or 0)


def _paid_by_coupons() -> int:
    net = select(func.coalesce(func.sum(Redemption.amount - Redemption.reversed_amount), 0)).where(
        Redemption.redeemed_at.is_not(None)
    )
    return int(db.session.scalar(net) or 0)


def _without_pieces_left() -> list[str]:
    """Name lines whose state and pieces contradict each other."""
    gone = (LineStatus.CANCELED, LineStatus.RETURNED, LineStatus.SOLDOUT)
    return [
        f"line {line.id} {line.status}: {line.canceled_quantity} of {line.quantity}"
        for line in db.session.scalars(select(Line))
        if (line.canceled_quantity == line.quantity) != (line.status in gone)
    ]
