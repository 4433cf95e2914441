"""Everybody takes locks in one order, so that nobody is ever chosen as a deadlock's victim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from flask import Flask

from marketplace.checkout import canceling, confirming
from marketplace.coupons.models import Campaign, FunderKind
from marketplace.orders import queries as orders
from tests import make
from tests.concurrent import crowd
from tests.service.checkout import books

ROUNDS = 12


def drives() -> list[Campaign]:
    """Make two campaigns: the coupons with the lower ids are paid by the later grant."""
    early, late = make.grant(FunderKind.CITY), make.grant(FunderKind.DISTRICT)
    return [
        make.campaign(amount=1_000, cap=3 * ROUNDS, grants=[(paying, 10_000)])
        for paying in (late, early)
    ]


def counted(calls: Counter[int], number: int, work: Callable[[], object]) -> object:
    calls[number] += 1
    return work()


class TestCancelLines:
    def test_never_waits_crosswise_with_a_payment(self, crowded_app: Flask) -> None:
        works: list[Callable[[], object]] = []
        with crowded_app.app_context():
            campaigns = drives()
            for _ in range(ROUNDS):
                buyer, other = make.person(), make.person()
                paid, unpaid = (
                    [make.claimed_coupon(drive, by=by) for drive in campaigns]
                    for by in (buyer, other)
                )
                placed = make.paid_order({make.sellable(): 1}, by=buyer, coupons=paid)
                waiting = make.placed_order({make.sellable(): 1}, by=other, coupons=unpaid)
                (line,) = orders.get(placed.order_id).lines
                works += [
                    partial(
                        canceling.cancel_lines,
                        order_id=placed.order_id,
                        attempt_key=make.attempt_key(),
                        quantities={line.id: 1},
                        reason="단순 변심",
                        actor="guest",
                        at=make.NOW,
                    ),
                    partial(
                        confirming.confirm_payment,
                        payment_id=waiting.payment_id,
                        snapshot=make.report_of(waiting),
                        source="webhook",
                        at=make.NOW,
                    ),
                ]
        calls: Counter[int] = Counter()

        answers = crowd.rush(
            crowded_app,
            [partial(counted, calls, number, work) for number, work in enumerate(works)],
        )

        assert len(crowd.done(answers)) == len(works)
        # A second call is a deadlock's victim trying again.
        assert set(calls.values()) == {1}
        with crowded_app.app_context():
            books.check()
