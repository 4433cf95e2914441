"""Bank transfer, invoice and free: ways to be paid without a provider's server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core.db import transaction
from marketplace.core.money import Won
from marketplace.core.settings import Settings
from marketplace.payments import bank_transfer, invoice, payment, providers, queries, refunds
from marketplace.payments.models import PaymentState, ProviderCode
from marketplace.payments.payment import Outcome
from marketplace.payments.port import AmountNotPayable, HeldPayment, NextStep, WebhookRefused
from tests.service.payments.cases import LATER, NOW, now_held, opened

pytestmark = pytest.mark.usefixtures("isolated")

RETURN_URL = "http://localhost/"


def started(
    settings: Settings,
    code: ProviderCode = ProviderCode.BANK_TRANSFER,
    reference: str = "order:1",
    amount: int = 15_000,
    depositor: str | None = "홍 길동",
) -> HeldPayment:
    held = opened(reference, amount, code, depositor=depositor)
    provider = providers.for_code(code, settings)
    answer = provider.create(held, return_url=RETURN_URL)
    with transaction():
        payment.record_created(held.id, answer, at=NOW)
    return now_held(held)


def imported(*lines: str) -> bank_transfer.Imported:
    text = "거래일,입금액,입금자\n" + "".join(f"{line}\n" for line in lines)
    with transaction():
        return bank_transfer.import_statement(text.encode(), at=LATER)


def settled(proposal: bank_transfer.Proposal) -> Outcome:
    with transaction():
        return bank_transfer.settle(
            proposal.deposit_id, proposal.payment_id, source="statement", at=LATER
        )


class TestBankTransfer:
    def test_tells_the_buyer_where_to_pay_and_until_when(self, settings: Settings) -> None:
        held = started(settings)

        told = providers.for_code(ProviderCode.BANK_TRANSFER, settings).instructions(
            held, return_url=RETURN_URL
        )

        assert held.state is PaymentState.AWAITING_DEPOSIT
        assert told.step is NextStep.DEPOSIT
        assert told.lines == {
            "입금 계좌": settings.operator.bank_account,
            "입금 금액": "15,000원",
            "입금자명": "홍 길동",
            "입금 기한": "2026년 11월 24일 12시 30분",
        }

    def test_is_paid_by_the_deposit_of_the_same_name_and_amount(self, settings: Settings) -> None:
        held = started(settings)
        imported("2026-11-24,15000,홍길동", "2026-11-24,14999,홍길동", "2026-11-24,15000,홍길순")

        (proposal,) = bank_transfer.propose_matches()

        assert proposal.reference == "order:1"
        assert settled(proposal) is Outcome.NEWLY_PAID
        assert now_held(held).state is PaymentState.PAID
        assert bank_transfer.propose_matches() == []
        assert len(bank_transfer.list_unmatched()) == 2

    def test_changes_nothing_when_the_same_file_comes_twice(self) -> None:
        lines = ("2026-11-24,15000,홍길동", "2026-11-24,15000,홍길동")

        first, second = imported(*lines), imported(*lines)

        assert (first.added, first.known) == (2, 0)
        assert (second.added, second.known) == (0, 2)

    def test_leaves_it_to_a_person_when_two_orders_fit_one_deposit(
        self, settings: Settings
    ) -> None:
        first = started(settings, reference="order:1")
        second = started(settings, reference="order:2")
        imported("2026-11-24,15000,홍길동")

        assert bank_transfer.propose_matches() == []
        (unmatched,) = bank_transfer.list_unmatched()
        assert [one.id for one in unmatched.candidates] == [first.id, second.id]

    def test_pays_both_when_there_are_as_many_deposits_as_orders(self, settings: Settings) -> None:
        for number in (1, 2):
            started(settings, reference=f"order:{number}")
        imported("2026-11-24,15000,홍길동", "2026-11-24,15000,홍길동")

        outcomes = [settled(proposal) for proposal in bank_transfer.propose_matches()]

        assert outcomes == [Outcome.NEWLY_PAID, Outcome.NEWLY_PAID]

    def test_takes_no_deposit_from_before_the_order(self, settings: Settings) -> None:
        started(settings)
        imported("2026-11-23,15000,홍길동")

        assert bank_transfer.propose_matches() == []

    def test_matches_nobody_by_an_empty_name(self, settings: Settings) -> None:
        started(settings, depositor=None)
        imported("2026-11-24,15000,홍길동")

        assert bank_transfer.propose_matches() == []

    def test_refuses_a_deposit_twice_and_a_payment_twice(self, settings: Settings) -> None:
        started(settings, reference="order:1")
        other = started(settings, reference="order:2", depositor="이산")
        imported("2026-11-24,15000,홍길동", "2026-11-24,15000,남궁민수")
        (proposal,) = bank_transfer.propose_matches()
        settled(proposal)
        (spare,) = bank_transfer.list_unmatched()

        with pytest.raises(bank_transfer.DepositTaken):
            settled(bank_transfer.Proposal(proposal.deposit_id, other.id, "order:2"))
        with pytest.raises(bank_transfer.DepositNotAwaited):
            settled(bank_transfer.Proposal(spare.deposit_id, proposal.payment_id, "order:1"))

        assert now_held(other).state is PaymentState.AWAITING_DEPOSIT

    def test_refuses_another_amount(self, settings: Settings) -> None:
        held = started(settings)
        imported("2026-11-24,14000,홍길동")
        (deposit,) = bank_transfer.list_unmatched()

        with pytest.raises(bank_transfer.DepositAmountDiffers, match=r"14,000원.*15,000원"):
            settled(bank_transfer.Proposal(deposit.deposit_id, held.id, "order:1"))

    def test_sees_a_deposit_after_the_due_time(self, settings: Settings) -> None:
        held = started(settings)
        with transaction():
            payment.close(held.id, state=PaymentState.EXPIRED, source="sweep", at=LATER)
        imported("2026-11-24,15000,홍길동")
        (deposit,) = bank_transfer.list_unmatched()

        outcome = settled(bank_transfer.Proposal(deposit.deposit_id, held.id, "order:1"))

        assert outcome is Outcome.NEWLY_PAID

    def test_refunds_by_a_transfer_somebody_makes(self, settings: Settings) -> None:
        held = started(settings)
        imported("2026-11-24,15000,홍길동")
        settled(bank_transfer.propose_matches()[0])
        with transaction():
            refund = refunds.request_refund(
                payment_id=held.id,
                amount=Won(5_000),
                reference="claim_case:1",
                reason="변심",
                at=LATER,
            )
            paid, order = refunds.get_order(refund.id, at=LATER)
        provider = providers.for_code(ProviderCode.BANK_TRANSFER, settings)
        with transaction():
            refunds.record_answer(refund.id, provider.refund(paid, order), at=LATER)

        assert [due.refund_id for due in queries.list_transfers_due()] == [refund.id]
        assert queries.list_refunds_due(older_than=timedelta(), at=LATER) == []


class TestInvoice:
    def test_is_good_enough_to_act_on_before_the_money_comes(self, settings: Settings) -> None:
        held = opened("order:1", 15_000, ProviderCode.INVOICE, depositor="자원순환과")
        provider = providers.for_code(ProviderCode.INVOICE, settings)

        answer = provider.create(held, return_url=RETURN_URL)
        with transaction():
            outcome = payment.record_created(held.id, answer, at=NOW)
        imported("2026-11-24,15000,자원순환과")
        (proposal,) = bank_transfer.propose_matches()

        assert outcome is Outcome.NEWLY_AUTHORIZED
        assert answer.instructions.lines["청구 금액"] == "15,000원"
        assert settled(proposal) is Outcome.NEWLY_PAID

    def test_bills_less_for_lines_cancelled_before(self, settings: Settings) -> None:
        held = started(settings, ProviderCode.INVOICE)

        with transaction():
            assert invoice.reduce(held.id, by=Won(5_000), source="claim_case:1", at=LATER) == 10_000
        for amount in (10_001, 0, -1):
            with pytest.raises(invoice.InvoiceNotOpen), transaction():
                invoice.reduce(held.id, by=Won(amount), source="claim_case:2", at=LATER)

        assert now_held(held).amount == 10_000

    def test_reduces_no_other_kind_of_payment(self, settings: Settings) -> None:
        held = started(settings)

        with pytest.raises(invoice.InvoiceNotOpen), transaction():
            invoice.reduce(held.id, by=Won(1), source="claim_case:1", at=LATER)


class TestFree:
    def test_is_paid_at_once(self, settings: Settings) -> None:
        held = opened("order:1", 0, ProviderCode.FREE)
        answer = providers.for_code(ProviderCode.FREE, settings).create(held, return_url=RETURN_URL)

        with transaction():
            outcome = payment.record_created(held.id, answer, at=NOW)

        assert outcome is Outcome.NEWLY_PAID
        assert now_held(held).captured_amount == 0

    def test_takes_no_money(self, settings: Settings) -> None:
        with pytest.raises(AmountNotPayable):
            started(settings, ProviderCode.FREE, amount=1)


@pytest.mark.parametrize("code", [ProviderCode.BANK_TRANSFER, ProviderCode.INVOICE])
def test_no_server_may_speak_for_a_local_provider(settings: Settings, code: ProviderCode) -> None:
    with pytest.raises(WebhookRefused):
        providers.for_code(code, settings).parse_webhook(b"{}", {}, at=NOW)
