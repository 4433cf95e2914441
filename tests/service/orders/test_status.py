"""The states of an order's lines."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.core.db import db, transaction
from marketplace.orders import queries as orders
from marketplace.orders import status
from marketplace.orders.models import Line, LineHistory, LineStatus
from marketplace.orders.status import MOVES
from tests import make


class TestMoves:
    def test_lists_every_state(self) -> None:
        assert set(MOVES) == set(LineStatus)
        assert set(status.LABELS) == set(LineStatus)

    def test_every_state_can_be_reached_from_the_first(self) -> None:
        reached = {LineStatus.PAYMENT_WAITING}
        while True:
            further = reached | {to for state in reached for to in MOVES[state]}
            if further == reached:
                break
            reached = further

        assert reached == set(LineStatus)

    def test_what_has_ended_stays_ended(self) -> None:
        for state in status.ENDED - {LineStatus.CANCELED_UNPAID}:
            assert MOVES[state] == frozenset()


class TestDerive:
    @pytest.mark.parametrize(
        ("lines", "whole"),
        [
            (["paid", "paid"], "paid"),
            (["paid", "shipping"], "paid"),
            (["canceled", "delivered"], "delivered"),
            (["canceled", "canceled"], "canceled"),
            (["canceled", "returned", "soldout"], "returned"),
            (["canceled", "soldout"], "canceled"),
            (["canceled_unpaid"], "canceled_unpaid"),
            (["soldout"], "soldout"),
            (["confirmed", "exchanged"], "confirmed"),
        ],
    )
    def test_the_line_that_lags_most_decides(self, lines: list[str], whole: str) -> None:
        assert status.derive([LineStatus(line) for line in lines]) == whole


@pytest.mark.usefixtures("isolated")
class TestMove:
    def test_writes_the_history_of_every_line(self) -> None:
        placed = make.paid_order({make.sellable(): 1, make.sellable(): 1})
        line_ids = [line.id for line in orders.get(placed.order_id).lines]

        with transaction():
            status.move(
                line_ids=line_ids,
                to=LineStatus.PREPARING,
                actor="member:3",
                note="발주확인",
                at=make.NOW,
                ip="192.0.2.1",
            )

        rows = db.session.scalars(
            select(LineHistory).where(LineHistory.to_status == "preparing")
        ).all()
        assert {row.line_id for row in rows} == set(line_ids)
        assert {(row.from_status, row.actor, row.note, row.ip) for row in rows} == {
            ("paid", "member:3", "발주확인", "192.0.2.1")
        }
        steps = [step.label for step in orders.timeline(placed.order_id)]
        assert steps == ["결제대기", "결제대기", "결제완료", "결제완료", "상품준비중", "상품준비중"]

    def test_refuses_all_when_one_may_not(self) -> None:
        placed = make.paid_order({make.sellable(): 1, make.sellable(): 1})
        first, second = (line.id for line in orders.get(placed.order_id).lines)
        with transaction():
            status.move(line_ids=[first], to=LineStatus.PREPARING, actor="m", at=make.NOW)

        with pytest.raises(status.MoveNotAllowed, match="결제완료"), transaction():
            status.move(line_ids=[first, second], to=LineStatus.SHIPPING, actor="m", at=make.NOW)

        states = db.session.execute(select(Line.id, Line.status)).all()
        assert dict(states) == {first: LineStatus.PREPARING, second: LineStatus.PAID}

    def test_notes_when_a_line_is_confirmed(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        (line,) = orders.get(placed.order_id).lines
        with transaction():
            for step in (
                LineStatus.PREPARING,
                LineStatus.SHIPPING,
                LineStatus.DELIVERED,
                LineStatus.CONFIRMED,
            ):
                status.move(line_ids=[line.id], to=step, actor="m", at=make.NOW)

        assert db.session.scalars(select(Line.confirmed_at)).one() == make.NOW
