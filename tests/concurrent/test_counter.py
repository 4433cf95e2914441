"""Races at the till: one coupon at many tills, two taps, two reversals, a queue sent twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.checkout import counter, counter_offline
from marketplace.checkout.counter_offline import Report
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import devices, holds, tokens
from marketplace.coupons.counter_models import CounterUse, OfflineUse
from marketplace.coupons.models import Coupon, CouponKind, CouponState, Redemption
from marketplace.coupons.offline import OfflineOutcome
from marketplace.coupons.presented import TokenReused
from marketplace.coupons.receipts import Receipt
from marketplace.coupons.refusals import AlreadyUsed, CouponRefused
from marketplace.ledger.models import Entry
from tests import make
from tests.concurrent import crowd
from tests.make import NOW
from tests.service.checkout.tills import Till, assert_books_hold, entries, shop

TERMINALS = 50


@dataclass(frozen=True)
class Terminal:
    """One till of one shop, by ids: threads share no rows."""

    enterprise_id: int
    cashier_id: int

    def use(self, shown: str, *, amount: int | None, purchase: int | None, key: str) -> Receipt:
        """Use what is shown; the transaction is the crowd's."""
        return counter.redeem_at_counter(
            enterprise_id=self.enterprise_id,
            cashier_id=self.cashier_id,
            device_id=None,
            shown=shown,
            amount=None if amount is None else Won(amount),
            purchase_amount=None if purchase is None else Won(purchase),
            idempotency_key=key,
            at=NOW,
        )


def terminals(cashier_id: int) -> list[Terminal]:
    """Open fifty tills in ten shops."""
    shops = [shop().id for _ in range(10)]
    return [Terminal(shops[number % 10], cashier_id) for number in range(TERMINALS)]


def tills_with(till: Till, shown: Sequence[str]) -> list[partial[Receipt]]:
    """Let every till use its own of what is shown, each under a key of its own."""
    return [
        partial(one.use, each, amount=None, purchase=9_000, key=f"terminal-{number:04}")
        for number, (one, each) in enumerate(zip(terminals(till.cashier.id), shown, strict=True))
    ]


class TestOneCoupon:
    def test_one_qr_at_50_terminals_is_one_use(self, crowded_app: Flask) -> None:
        """C5."""
        with crowded_app.app_context():
            till = Till()
            works = tills_with(till, [till.show().qr] * TERMINALS)

        answers = crowd.rush(crowded_app, works)

        winners, refused = crowd.done(answers), crowd.of_type(answers, TokenReused)
        assert (len(winners), len(refused)) == (1, TERMINALS - 1)
        with crowded_app.app_context():
            assert {winners[0].enterprise_name in str(each) for each in refused} == {True}
            assert (make.count_of(CounterUse), entries("counter_redeemed")) == (1, 1)
            assert till.money == ((3_000, 1_500), (7_000, 3_500))
            assert_books_hold()

    def test_fails_without_the_lock_and_the_single_use(
        self, crowded_app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """C10: with both off, the same QR is spent at every till that read before one wrote."""
        barrier = threading.Barrier(crowd.THREADS)
        met = threading.local()

        def look(coupon_ids: Sequence[int]) -> dict[int, Coupon]:
            found = db.session.scalars(select(Coupon).where(Coupon.id.in_(coupon_ids)))
            coupons = {coupon.id: coupon for coupon in found}
            if not getattr(met, "once", False):
                met.once = True
                barrier.wait(timeout=30)
            return coupons

        with crowded_app.app_context():
            till = Till()
            works = tills_with(till, [till.show().qr] * TERMINALS)[: crowd.THREADS]
        monkeypatch.setattr(holds, "lock", look)
        monkeypatch.setattr(tokens, "spend", lambda _token_id, at: at == NOW)

        answers = crowd.rush(crowded_app, works)

        assert len(crowd.done(answers)) > 1
        with crowded_app.app_context():
            assert entries("counter_redeemed") > 1

    def test_paper_at_50_terminals_is_one_use(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            till = Till()
            works = tills_with(till, [till.paper()] * TERMINALS)

        answers = crowd.rush(crowded_app, works)

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, AlreadyUsed)) == TERMINALS - 1
        with crowded_app.app_context():
            assert_books_hold()

    def test_parts_at_once_never_pass_the_balance(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            till = Till(CouponKind.STORED_VALUE, 10_000)
            code = till.paper()
            works = [
                partial(one.use, code, amount=3_000, purchase=None, key=f"part-{number:05}")
                for number, one in enumerate(terminals(till.cashier.id))
            ]

        answers = crowd.rush(crowded_app, works)

        assert len(crowd.done(answers)) == 3
        with crowded_app.app_context():
            spent = db.session.scalars(select(Redemption.amount)).all()
            assert sum(spent) == 9_000
            assert_books_hold()


class TestTaps:
    def test_50_taps_with_one_key_are_one_receipt(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            till = Till(CouponKind.STORED_VALUE, 10_000)
            one = Terminal(till.enterprise.id, till.cashier.id)
            tap = partial(one.use, till.show().qr, amount=3_000, purchase=None, key="one-tap-only")

        answers = crowd.rush(crowded_app, [tap] * TERMINALS)

        assert len({answer.number for answer in crowd.done(answers)}) == 1
        assert len(crowd.done(answers)) == TERMINALS
        with crowded_app.app_context():
            assert (till.coupon.balance, entries("counter_redeemed")) == (7_000, 1)

    def test_reversed_by_many_at_once_comes_back_once(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            till = Till()
            number = till.use(till.show().qr, purchase=9_000).number
            actor_id, enterprise_id = till.cashier.id, till.enterprise.id

        def reverse() -> Receipt:
            return counter.reverse_at_counter(
                number=number, enterprise_id=enterprise_id, actor_id=actor_id, reason="", at=NOW
            )

        answers = crowd.rush(crowded_app, [reverse] * 20)

        assert len(crowd.done(answers)) == 20
        with crowded_app.app_context():
            assert till.coupon.state is CouponState.CLAIMED
            assert (till.owed, entries("counter_reversed")) == (0, 1)
            assert_books_hold()


class TestOffline:
    def test_a_queue_sent_by_a_till_and_its_clone_is_taken_once(self, crowded_app: Flask) -> None:
        """C12: twice, late, out of order and from a cloned device, all at once."""
        with crowded_app.app_context():
            till = Till(CouponKind.STORED_VALUE, 10_000)
            device_id, cashier_id = offline_device(till)
            queue = [report(till, "1", 1_000), report(till, "2", 2_000)]
            cloned = report(till, "2", 2_500)

        def send(one: Report) -> OfflineOutcome:
            return counter_offline.take_in(
                device_id=device_id, cashier_id=cashier_id, report=one, at=NOW
            ).outcome

        sent = [*queue, *reversed(queue), cloned] * 5
        answers = crowd.rush(crowded_app, [partial(send, one) for one in sent])

        assert len(crowd.done(answers)) == len(sent)
        with crowded_app.app_context():
            kept = db.session.scalars(select(OfflineUse).order_by(OfflineUse.id)).all()
            refused = [use for use in kept if use.outcome is OfflineOutcome.REFUSED]
            taken = sum(use.amount for use in kept if use not in refused)
            assert (len(kept), {use.refusal for use in refused}) == (3, {"device_cloned"})
            assert 10_000 - till.coupon.balance == taken == till.owed
            assert entries("counter_redeemed") == len(kept) - len(refused)
            assert_books_hold()

    def test_a_coupon_two_tills_took_without_network_is_owed_to_both(
        self, crowded_app: Flask
    ) -> None:
        with crowded_app.app_context():
            till = Till()
            other = Till(enterprise=shop())
            one = report(till, "1", 5_000, purchase=9_000)
            senders = [offline_device(till), offline_device(other)]

        def send(device_id: int, cashier_id: int) -> OfflineOutcome:
            return counter_offline.take_in(
                device_id=device_id, cashier_id=cashier_id, report=one, at=NOW
            ).outcome

        answers = crowd.rush(crowded_app, [partial(send, *sender) for sender in senders])

        assert sorted(crowd.done(answers)) == [OfflineOutcome.REDEEMED, OfflineOutcome.SHORT]
        assert crowd.of_type(answers, CouponRefused) == []
        with crowded_app.app_context():
            assert (till.owed, other.owed) == (5_000, 5_000)
            kinds = db.session.scalars(select(Entry.kind).order_by(Entry.kind)).all()
            assert kinds == ["counter_redeemed", "offline_shortage"]
            assert_books_hold()


def offline_device(till: Till) -> tuple[int, int]:
    """Register a device of a till with a cap; return its id and its cashier's."""
    with transaction():
        device_id, _ = devices.register(
            enterprise_id=till.enterprise.id, name="계산대", person_id=till.cashier.id, at=NOW
        )
        devices.set_cap(device_id=device_id, cap=Won(50_000), actor_id=till.cashier.id)
    return device_id, till.cashier.id


def report(till: Till, key: str, amount: int, *, purchase: int | None = None) -> Report:
    """Take what the resident shows, without network."""
    return Report(
        key=key,
        qr=till.show().qr,
        amount=Won(amount),
        purchase_amount=None if purchase is None else Won(purchase),
        accepted_at=NOW,
    )
