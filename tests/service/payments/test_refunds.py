"""Refunds: asked once per cause, never above what was taken, returned when they fail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core.db import transaction
from marketplace.core.money import Won
from marketplace.payments import queries, refunds
from marketplace.payments.models import PaymentState, RefundState
from marketplace.payments.port import HeldPayment, ProviderRefund
from marketplace.payments.refunds import HeldRefund
from tests.service.payments.cases import LATER, now_held, opened, paid

pytestmark = pytest.mark.usefixtures("isolated")


def asked(held: HeldPayment, amount: int, cause: str = "claim_case:1") -> HeldRefund:
    with transaction():
        return refunds.request_refund(
            payment_id=held.id, amount=Won(amount), reference=cause, reason="단순 변심", at=LATER
        )


def answered(refund: HeldRefund, state: RefundState, code: str | None = None) -> RefundState:
    with transaction():
        return refunds.record_answer(
            refund.id,
            ProviderRefund(f"re_{refund.id}", state, refund.amount, failure_code=code),
            at=LATER,
        )


class TestRequestRefund:
    def test_sets_the_money_aside_once_per_cause(self) -> None:
        held = paid(amount=10_000)

        first, second = asked(held, 3_000), asked(held, 3_000)

        assert first.id == second.id
        assert now_held(held).refunded_amount == 3_000
        assert len(queries.list_refunds(held.id)) == 1

    def test_refuses_another_amount_for_the_same_cause(self) -> None:
        held = paid(amount=10_000)
        asked(held, 3_000)

        with pytest.raises(refunds.RefundDiffers):
            asked(held, 3_001)

    def test_never_gives_back_more_than_was_taken(self) -> None:
        held = paid(amount=10_000)
        asked(held, 6_000, "claim_case:1")

        with pytest.raises(refunds.RefundExceedsPayment):
            asked(held, 4_001, "claim_case:2")
        asked(held, 4_000, "claim_case:3")

        assert now_held(held).refunded_amount == 10_000
        assert [row.amount for row in queries.list_refunds(held.id)] == [6_000, 4_000]

    def test_refuses_before_the_money_is_there(self) -> None:
        with pytest.raises(refunds.RefundExceedsPayment):
            asked(opened(), 1)

    @pytest.mark.parametrize("amount", [0, -1])
    def test_refuses_less_than_one_won(self, amount: int) -> None:
        with pytest.raises(refunds.RefundAmountWrong):
            asked(paid(), amount)


class TestGetOrder:
    def test_gives_the_same_key_every_time_and_looks_first_when_it_is_late(self) -> None:
        refund = asked(paid(), 1_000)

        _, soon = refunds.get_order(refund.id, at=LATER)
        _, late = refunds.get_order(refund.id, at=LATER + timedelta(hours=30))

        assert soon.key == late.key
        assert (soon.look_first, late.look_first) == (False, True)

    def test_refuses_an_unknown_refund(self) -> None:
        with pytest.raises(refunds.RefundMissing):
            refunds.get_order(10**9, at=LATER)


class TestRecordAnswer:
    def test_moves_the_payment_as_its_refunds_succeed(self) -> None:
        held = paid(amount=10_000)
        part, rest = asked(held, 4_000, "claim_case:1"), asked(held, 6_000, "claim_case:2")

        assert answered(part, RefundState.SENT) is RefundState.SENT
        assert now_held(held).state is PaymentState.PAID
        answered(part, RefundState.SUCCEEDED)
        assert now_held(held).state is PaymentState.PARTIALLY_REFUNDED
        answered(rest, RefundState.SUCCEEDED)
        assert now_held(held).state is PaymentState.REFUNDED

    def test_takes_late_news_of_a_refund_in_any_order(self) -> None:
        held = paid(amount=10_000)
        refund = asked(held, 10_000)

        answered(refund, RefundState.SUCCEEDED)
        assert answered(refund, RefundState.SENT) is RefundState.SUCCEEDED
        assert answered(refund, RefundState.SUCCEEDED) is RefundState.SUCCEEDED

        assert now_held(held).state is PaymentState.REFUNDED

    def test_returns_the_money_when_the_bank_sends_it_back(self) -> None:
        held = paid(amount=10_000)
        refund = asked(held, 10_000)
        answered(refund, RefundState.SUCCEEDED)

        assert answered(refund, RefundState.FAILED, "lost_card") is RefundState.FAILED
        assert answered(refund, RefundState.FAILED, "lost_card") is RefundState.FAILED

        after = now_held(held)
        assert (after.state, after.refunded_amount) == (PaymentState.PAID, 0)
        assert [alert.kind for alert in queries.list_open_alerts()] == ["refund_failed"]
        asked(held, 10_000, "claim_case:1 again")


class TestRecordRefusal:
    def test_frees_the_money_and_tells_a_person(self) -> None:
        held = paid(amount=10_000)
        refund = asked(held, 10_000)

        for _ in range(2):
            with transaction():
                state = refunds.record_refusal(refund.id, code="charge_disputed", at=LATER)

        assert state is RefundState.FAILED
        assert now_held(held).refunded_amount == 0
        (alert,) = queries.list_open_alerts()
        assert alert.details == {"amount": 10_000, "code": "charge_disputed"}


class TestListRefundsDue:
    def test_lists_what_was_not_answered(self) -> None:
        held = paid(amount=10_000)
        first, second = asked(held, 1_000, "claim_case:1"), asked(held, 2_000, "claim_case:2")
        third = asked(held, 3_000, "claim_case:3")
        answered(second, RefundState.SENT)
        answered(third, RefundState.SUCCEEDED)

        wait = timedelta(minutes=1)

        assert queries.list_refunds_due(older_than=wait, at=LATER) == []
        assert queries.list_refunds_due(older_than=wait, at=LATER + wait) == [first.id, second.id]
