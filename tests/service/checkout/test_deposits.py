"""Deposits that pay orders, and refunds somebody transfers by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from marketplace.checkout import accounts, deposits
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.ledger import posting
from marketplace.orders.models import Order
from marketplace.payments import bank_transfer, payment, refunds
from marketplace.payments.models import PaymentState, Refund, RefundState
from tests import make
from tests.service.checkout import books, counting

pytestmark = pytest.mark.usefixtures("isolated")


def awaited(depositor: str = "") -> PlacedOrder:
    return make.placed_order(
        {make.sellable(price=20_000): 1}, provider="bank_transfer", depositor=depositor
    )


def refund_by_hand(depositor: str = "") -> int:
    """Pay an order, cancel it and ask for its refund, which nobody's server makes."""
    placed = awaited(depositor)
    make.pay(placed)
    make.cancel(placed)
    return db.session.scalars(select(Refund.id).order_by(Refund.id.desc())).first() or 0


def sent_by_hand(depositor: str = "") -> int:
    """Make a refund that waits for somebody to transfer it."""
    refund_id = refund_by_hand(depositor)
    with transaction():
        db.session.execute(
            update(Refund).where(Refund.id == refund_id).values(state=RefundState.SENT)
        )
    return refund_id


def transferred(refund_id: int, name: str) -> RefundState:
    with transaction():
        return deposits.record_transfer(refund_id=refund_id, transfer_ref=name, at=make.NOW)


class TestSettle:
    def test_refuses_a_deposit_that_is_not_there(self) -> None:
        placed = awaited()

        with pytest.raises(bank_transfer.DepositMissing), transaction():
            deposits.settle(
                deposit_id=404, payment_id=placed.payment_id, source="desk", at=make.NOW
            )

        assert payment.get_held(placed.payment_id).state is PaymentState.AWAITING_DEPOSIT


def import_deposits(*deposits: tuple[str, int]) -> None:
    """Keep deposits of one day, each (depositor, amount)."""
    lines = [f"{make.NOW:%Y-%m-%d},{amount},{name}" for name, amount in deposits]
    with transaction():
        bank_transfer.import_statement(
            "\n".join(["거래일,입금액,입금자", *lines]).encode(), at=make.NOW
        )


class TestListWaiting:
    def test_shows_a_page_at_a_time_oldest_first(self) -> None:
        import_deposits(*((f"손님{number}", 1_000 + number) for number in range(5)))

        first = deposits.list_waiting(limit=2)
        second = deposits.list_waiting(limit=2, after=first.next_after)
        last = deposits.list_waiting(limit=2, after=second.next_after)

        pages = (first, second, last)
        amounts = [[deposit.amount for deposit in page.deposits] for page in pages]
        assert amounts == [[1_000, 1_001], [1_002, 1_003], [1_004]]
        assert [page.total for page in pages] == [5, 5, 5]
        assert last.next_after is None

    def test_shows_the_order_that_was_meant_beside_the_first_of_its_amount(self) -> None:
        orders_of_one_amount = [awaited(f"손님{number}") for number in range(25)]
        import_deposits(("손님24", 23_000), ("모르는 이", 23_000))

        meant, unknown = deposits.list_waiting().deposits

        shown = [one.payment_id for one in meant.candidates]
        assert shown == [
            one.payment_id for one in (*orders_of_one_amount[:20], *orders_of_one_amount[24:])
        ]
        assert [one.is_proposed for one in meant.candidates] == [False] * 20 + [True]
        assert len(unknown.candidates) == 20
        assert not any(one.is_proposed for one in unknown.candidates)

    def test_asks_as_often_for_many_as_for_few(self) -> None:
        asked = []
        for names in (["가", "나"], ["다", "라", "마", "바", "사", "아"]):
            for name in names:
                awaited(name)
            import_deposits(*((name, 23_000) for name in names))
            with counting.statements() as sent:
                deposits.list_waiting()
            asked.append(len(sent))

        assert asked[0] == asked[1] <= 6


class TestListTransfers:
    def test_shows_a_page_at_a_time_in_as_many_statements(self) -> None:
        refund_ids = [sent_by_hand() for _ in range(5)]

        asked, shown = [], []
        after: int | None = None
        for limit in (1, 3, 3):
            with counting.statements() as sent:
                page = deposits.list_transfers(after=after, limit=limit)
            asked.append(len(sent))
            shown.append([one.refund_id for one in page.transfers])
            after = page.next_after
            assert page.total == 5

        assert shown == [refund_ids[:1], refund_ids[1:4], refund_ids[4:]]
        assert after is None
        assert asked == [3, 3, 3]

    def test_says_what_to_write_on_the_transfer(self) -> None:
        sent_by_hand("나루상회")

        (one,) = deposits.list_transfers().transfers

        assert (one.depositor, one.amount, one.reason) == ("나루상회", 23_000, "단순 변심")
        assert one.order_number == db.session.scalars(select(Order.number)).one()


class TestRecordTransfer:
    def test_pays_what_is_owed_once_under_its_first_name(self) -> None:
        refund_id = refund_by_hand()
        owed = -posting.balance(accounts.REFUND_DUE.code)

        states = [transferred(refund_id, name) for name in ("T-1", "T-2")]

        assert owed == 23_000
        assert states == [RefundState.SUCCEEDED] * 2
        assert posting.balance(accounts.REFUND_DUE.code) == 0
        assert db.session.scalars(select(Refund.provider_ref)).one() == "T-1"
        books.check()

    def test_refuses_what_was_never_asked_for(self) -> None:
        with pytest.raises(refunds.RefundMissing):
            transferred(404, "T-1")
