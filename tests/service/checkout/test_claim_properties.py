"""Whatever is sent back in whatever order, exactly what was paid comes back and never more."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from marketplace.checkout import claim_decisions, claims
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.ledger import posting
from marketplace.orders import queries as orders
from marketplace.orders import standing
from marketplace.orders.models import ClaimKind, Line, LineShare, LineStatus
from marketplace.payments import payment
from marketplace.payments import queries as payments
from marketplace.reporting.books import Book, check_books
from tests.service.checkout import books
from tests.service.checkout import claim_life as life
from tests.service.checkout.test_properties import Purchase, buy, purchases

pytestmark = pytest.mark.usefixtures("isolated")


@dataclass(frozen=True)
class Step:
    """One claim of one line, and how it goes on."""

    which: int
    pieces: int
    is_buyers: bool
    # finished at once, left open for a while, withdrawn, rejected
    ending: str


steps = st.lists(
    st.builds(
        Step,
        which=st.integers(0, 9),
        pieces=st.integers(1, 4),
        is_buyers=st.booleans(),
        ending=st.sampled_from(["done", "done", "open", "withdrawn", "rejected"]),
    ),
    max_size=8,
)


def lines_left(placed: PlacedOrder) -> list[tuple[int, int]]:
    """Return (line, pieces) of what no open case is about."""
    stands = standing.load(placed.order_id, lock=False)
    return [
        (line.id, stands.left_of(line))
        for line in stands.lines.values()
        if stands.left_of(line) and line.id not in stands.pending.claimed
    ]


def ask(placed: PlacedOrder, kind: ClaimKind, line_id: int, pieces: int, why: str) -> int:
    return life.ask(
        claims.ClaimForm(
            order_id=placed.order_id, kind=kind, quantities={line_id: pieces}, reason_code=why
        )
    )


def take(placed: PlacedOrder, kind: ClaimKind, step: Step) -> int | None:
    """Open the claim a step is about; return it when it stays open."""
    left = lines_left(placed)
    if not left:
        return None
    line_id, pieces = left[step.which % len(left)]
    theirs = {ClaimKind.CANCEL: "late", ClaimKind.RETURN: "defective"}[kind]
    status = db.session.get_one(Line, line_id, populate_existing=True).status
    by_buyer = step.is_buyers and status is not LineStatus.CONFIRMED
    case_id = ask(
        placed, kind, line_id, min(pieces, step.pieces), "changed_mind" if by_buyer else theirs
    )
    if step.ending == "open":
        return case_id
    if step.ending == "withdrawn":
        with transaction():
            claims.withdraw(case_id=case_id, order_id=placed.order_id, actor="guest", at=life.AFTER)
    elif step.ending == "rejected":
        by = life.seller(case_id)
        with transaction():
            claim_decisions.reject(case_id, by, reason="확인할 수 없음")
    else:
        finish(case_id, kind)
    return None


def finish(case_id: int, kind: ClaimKind) -> None:
    agreed = life.case(case_id)
    shown = agreed.cash_refund + agreed.shipping_refund - agreed.return_fee
    order_id = agreed.order_id
    before = back_of(order_id)
    if kind is ClaimKind.CANCEL:
        life.accept(case_id)
    else:
        life.bring_back(case_id)
    assert back_of(order_id) - before == shown >= 0
    books.check()


def back_of(order_id: int) -> int:
    held = payment.find_live(f"order:{order_id}")
    return 0 if held is None else sum(one.amount for one in payments.list_refunds(held.id))


def all_went_back(placed: PlacedOrder, sellers: list[int]) -> None:
    """Check that goods and their coupons are back to the won, and nothing is held any more."""
    for line in db.session.scalars(
        select(Line)
        .where(Line.order_id == placed.order_id)
        .execution_options(populate_existing=True)
    ):
        assert line.refunded_amount == line.gross - line.coupon_amount
        assert line.canceled_quantity == line.quantity
        assert line.status in (LineStatus.CANCELED, LineStatus.RETURNED)
    shares = db.session.execute(
        select(LineShare.amount, LineShare.returned_amount)
        .join(Line, Line.id == LineShare.line_id)
        .where(Line.order_id == placed.order_id)
    )
    assert all(amount == returned for amount, returned in shares)
    assert {posting.balance(f"held:enterprise:{seller}") for seller in sellers} == {0}
    assert max(posting.balance(f"payable:enterprise:{seller}") for seller in sellers) <= 0


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    purchase=purchases,
    steps=steps,
    kind=st.sampled_from([ClaimKind.CANCEL, ClaimKind.RETURN]),
    confirms=st.booleans(),
)
def test_exactly_what_was_paid_comes_back(
    purchase: Purchase, steps: list[Step], kind: ClaimKind, *, confirms: bool
) -> None:
    placed, sellers = buy(purchase)
    (life.prepare if kind is ClaimKind.CANCEL else life.deliver)(placed)
    if confirms and kind is ClaimKind.RETURN:
        life.confirm(placed, orders.get(placed.order_id).lines[0].id)
    kept_open = [case_id for step in steps if (case_id := take(placed, kind, step))]

    for case_id in kept_open:
        finish(case_id, kind)
    for line_id, pieces in lines_left(placed):
        why = {ClaimKind.CANCEL: "late", ClaimKind.RETURN: "defective"}[kind]
        finish(ask(placed, kind, line_id, pieces, why), kind)

    all_went_back(placed, sellers)
    db.session.expire_all()
    assert [check for check in check_books(*Book) if not check.holds] == []
    assert back_of(placed.order_id) <= placed.pay_total
    if not any(step.is_buyers for step in steps):
        assert back_of(placed.order_id) == placed.pay_total
        assert {posting.balance(f"payable:enterprise:{seller}") for seller in sellers} == {0}
