"""Several hands at one claim: one wins, the others are told, money and stock move once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask
from sqlalchemy import func, select

from marketplace.catalog import stock
from marketplace.catalog.models import Variant
from marketplace.checkout import claim_decisions, claims, confirmation
from marketplace.checkout.claims import OpenedCase
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise
from marketplace.ledger import posting
from marketplace.orders import fulfilment, standing
from marketplace.orders import queries as orders
from marketplace.orders.claim_desk import ClaimMoved
from marketplace.orders.models import ClaimCase, ClaimHistory, ClaimKind, ClaimStatus, LineStatus
from marketplace.payments import queries as payments
from tests import make
from tests.concurrent import crowd
from tests.make.common import save
from tests.service.checkout import books
from tests.service.checkout import claim_life as life

CANCEL, RETURN, EXCHANGE = ClaimKind.CANCEL, ClaimKind.RETURN, ClaimKind.EXCHANGE


def sold(seller: Enterprise, *, pieces: int = 2) -> tuple[PlacedOrder, Variant]:
    buyer = make.person()
    coupon = make.claimed_coupon(make.campaign(amount=4_000), by=buyer)
    wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=3_000))
    return make.paid_order({wanted: pieces}, by=buyer, coupons=[coupon]), wanted


def again(variant_id: int) -> Variant:
    """Return a variant in the session of now."""
    return db.session.get_one(Variant, variant_id)


def steps_of(case_id: int) -> list[str]:
    return list(
        db.session.scalars(
            select(ClaimHistory.to_status)
            .where(ClaimHistory.claim_case_id == case_id)
            .order_by(ClaimHistory.id)
        )
    )


class TestDeciding:
    def test_two_staff_accept_and_reject_a_cancel(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            placed, wanted = sold(make.enterprise())
            life.prepare(placed)
            case_id = life.ask(life.form(placed, {wanted: 2}, kind=CANCEL))
            by = life.seller(case_id)
            variant_id, before = wanted.id, make.stock_of(wanted)[0]
        works: list[Callable[[], None]] = [
            partial(claim_decisions.accept, case_id, by),
            partial(claim_decisions.reject, case_id, by, reason="이미 보냈습니다"),
        ] * 6

        answers = crowd.rush(crowded_app, works)

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, ClaimMoved)) == 11
        with crowded_app.app_context():
            accepted = life.case(case_id).status is ClaimStatus.DONE
            refunds = payments.list_refunds(placed.payment_id)
            assert [one.amount for one in refunds] == ([placed.pay_total] if accepted else [])
            assert make.stock_of(again(variant_id))[0] == before + (2 if accepted else 0)
            assert steps_of(case_id) == ["requested", "done" if accepted else "rejected"]
            books.check()

    def test_the_buyer_withdraws_while_the_seller_accepts(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            placed, wanted = sold(make.enterprise())
            life.prepare(placed)
            case_id = life.ask(life.form(placed, {wanted: 2}, kind=CANCEL))
            by = life.seller(case_id)
        withdraw = partial(
            claims.withdraw, case_id=case_id, order_id=placed.order_id, actor="guest", at=life.AFTER
        )

        answers = crowd.rush(
            crowded_app, [withdraw, partial(claim_decisions.accept, case_id, by)] * 4
        )

        assert len(crowd.done(answers)) == 1
        with crowded_app.app_context():
            ended = life.case(case_id).status
            went_back = sum(one.amount for one in payments.list_refunds(placed.payment_id))
            assert went_back == (placed.pay_total if ended is ClaimStatus.DONE else 0)
            books.check()

    def test_a_return_is_finished_once(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            seller = make.enterprise()
            placed, wanted = sold(seller)
            life.deliver(placed)
            case_id = life.ask(life.form(placed, {wanted: 2}, why="defective"))
            life.collect(case_id)
            by, seller_id = life.seller(case_id), seller.id
        finish = partial(
            claim_decisions.finish_return, case_id, by, sellable=True, inspection="금이 가 있음"
        )

        answers = crowd.rush(crowded_app, [finish] * 8)

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, ClaimMoved)) == 7
        with crowded_app.app_context():
            (refund,) = payments.list_refunds(placed.payment_id)
            assert refund.amount == placed.pay_total
            assert posting.balance(f"held:enterprise:{seller_id}") == 0
            books.check()


class TestAsking:
    def test_twenty_presses_open_one_case(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            placed, wanted = sold(make.enterprise())
            life.deliver(placed)
            form, key = life.form(placed, {wanted: 1}), make.attempt_key()
            seen = life.shown(form).seen
        ask = partial(
            claims.request, form, attempt_key=key, seen=seen, actor="guest", at=life.AFTER
        )

        answers = crowd.rush(crowded_app, [ask] * 20)

        opened: list[OpenedCase] = crowd.done(answers)
        assert len(opened) == 20
        assert [one.is_new for one in opened].count(True) == 1
        with crowded_app.app_context():
            assert db.session.scalar(select(func.count()).select_from(ClaimCase)) == 1

    def test_two_windows_claim_the_same_pieces_once(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            placed, wanted = sold(make.enterprise())
            life.deliver(placed)
            form = life.form(placed, {wanted: 2})
            seen = life.shown(form).seen
            keys = [make.attempt_key() for _ in range(6)]
        works = [
            partial(claims.request, form, attempt_key=key, seen=seen, actor="guest", at=life.AFTER)
            for key in keys
        ]

        answers = crowd.rush(crowded_app, works)

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, standing.AlreadyClaimed)) == 5

    def test_a_return_against_the_timer_that_confirms(self, crowded_app: Flask) -> None:
        late = life.THERE + timedelta(days=40)
        with crowded_app.app_context():
            seller = make.enterprise()
            placed, wanted = sold(seller)
            life.deliver(placed)
            form = life.form(placed, {wanted: 2}, why="defective")
            seen = life.shown(form, at=late).seen
            seller_id, variant_id = seller.id, wanted.id
        ask = partial(
            claims.request, form, attempt_key="one-press", seen=seen, actor="guest", at=late
        )
        timer = partial(confirmation.confirm_overdue, order_id=placed.order_id, days=8, at=late)
        works: list[Callable[[], object]] = [ask, timer] * 4

        answers = crowd.rush(crowded_app, works)

        # Whoever came first: a defect is claimed either way, and paid by whoever holds the money.
        assert len(crowd.done(answers)) == len(works)
        with crowded_app.app_context():
            (case_id,) = db.session.scalars(select(ClaimCase.id)).all()
            life.bring_back(case_id, at=late)
            assert life.line_of(placed, again(variant_id)).status is LineStatus.RETURNED
            accounts = [f"{one}:enterprise:{seller_id}" for one in ("held", "payable")]
            assert set(posting.balances(accounts).values()) == {0}
            books.check()

    def test_a_cancel_request_against_the_parcel_that_leaves(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            seller = make.enterprise()
            placed, wanted = sold(seller)
            life.prepare(placed)
            (bundle,) = orders.get(placed.order_id).bundles
            form = life.form(placed, {wanted: 2}, kind=CANCEL)
            seen = life.shown(form).seen
            seller_id = seller.id
        works: list[Callable[[], object]] = [
            partial(
                claims.request, form, attempt_key="one", seen=seen, actor="guest", at=life.AFTER
            ),
            partial(
                fulfilment.dispatch,
                bundle_id=bundle.id,
                enterprise_ids=[seller_id],
                way=life.BY_HAND,
                actor="person:1",
                at=life.AFTER,
            ),
        ]

        answers = crowd.rush(crowded_app, works)

        assert len(crowd.done(answers)) == 1


class TestExchanging:
    def test_the_last_piece_is_kept_for_one(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            seller = make.enterprise()
            red = make.sellable(seller, price=10_000, on_hand=20)
            blue = Variant(product_id=red.product_id, option_values=["파랑"], on_hand=1, position=1)
            save(blue)
            cases = []
            for _ in range(4):
                placed = life.deliver(make.paid_order({red: 1}))
                form = life.form(
                    placed, {red: 1}, kind=EXCHANGE, why="defective", instead={red: blue}
                )
                cases.append(life.ask(form))
            blue_id = blue.id
            deciders = [life.seller(case_id) for case_id in cases]

        answers = crowd.rush(
            crowded_app,
            [
                partial(claim_decisions.accept, case_id, by)
                for case_id, by in zip(cases, deciders, strict=True)
            ],
        )

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, stock.SoldOut)) == 3
        with crowded_app.app_context():
            assert make.stock_of(again(blue_id)) == (1, 1)
