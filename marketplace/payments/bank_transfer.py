"""무통장 입금: the buyer transfers to our account, the bank's statement tells us."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.money import Won
from marketplace.payments import bank_statement, payment
from marketplace.payments.local import LocalProvider, report
from marketplace.payments.models import (
    BankDeposit,
    Payment,
    PaymentState,
    ProviderCode,
)
from marketplace.payments.payment import Outcome
from marketplace.payments.port import HeldPayment, Instructions, NextStep

_PAID_BY_DEPOSIT: Final = (ProviderCode.BANK_TRANSFER, ProviderCode.INVOICE)
_IS_AWAITED: Final = and_(
    Payment.provider.in_(_PAID_BY_DEPOSIT),
    Payment.state.in_((PaymentState.AWAITING_DEPOSIT, PaymentState.AUTHORIZED)),
)
# So many orders of one amount are shown beside a deposit.
MOST_CANDIDATES: Final = 20
_NO_PROPOSALS: Final[Mapping[int, int]] = MappingProxyType({})


class DepositMissing(NotFound):
    message = "입금 내역을 찾을 수 없습니다. 목록을 새로 열어 주세요."


class DepositTaken(Conflict):
    message = "이미 다른 주문에 연결된 입금입니다."


class DepositNotAwaited(Conflict):
    message = "입금을 기다리는 결제가 아닙니다."


class DepositAmountDiffers(Conflict):
    message = "입금액 {deposited:,}원이 결제할 금액 {owed:,}원과 다릅니다."


class BankTransfer(LocalProvider):
    """Deposits to the operator's account."""

    code = ProviderCode.BANK_TRANSFER
    opens_as = PaymentState.AWAITING_DEPOSIT

    def instructions(self, payment: HeldPayment, *, return_url: str) -> Instructions:  # noqa: ARG002
        """Return account, amount, name and due time."""
        lines = {
            "입금 계좌": self._settings.operator.bank_account,
            "입금 금액": f"{payment.amount:,}원",
        }
        if payment.depositor:
            lines["입금자명"] = payment.depositor
        if payment.expires_at is not None:
            lines["입금 기한"] = f"{payment.expires_at.astimezone(SEOUL):%Y년 %m월 %d일 %H시 %M분}"
        return Instructions(step=NextStep.DEPOSIT, lines=lines)


@dataclass(frozen=True)
class Imported:
    """What an uploaded statement added."""

    added: int
    known: int


@dataclass(frozen=True)
class Proposal:
    """A deposit that fits a payment by name and amount."""

    deposit_id: int
    payment_id: int
    reference: str


@dataclass(frozen=True)
class Unmatched:
    """A deposit without a payment, and the open payments of the same amount."""

    deposit_id: int
    deposited_on: date
    depositor: str
    amount: Won
    candidates: Sequence[HeldPayment]


@dataclass(frozen=True)
class _Awaited:
    id: int
    reference: str
    depositor: str | None
    amount: int
    asked_on: date


@dataclass(frozen=True)
class _Deposited:
    id: int
    deposited_on: date


def import_statement(content: bytes, *, at: datetime) -> Imported:
    """
    Keep the deposits of a statement file; the same line twice changes nothing.

    :raises StatementUnreadable, StatementLinesWrong:
    """
    deposits = bank_statement.parse(content)
    if not deposits:
        return Imported(added=0, known=0)
    added = db.session.execute(
        insert(BankDeposit)
        .values(
            [
                {
                    "line_key": deposit.key,
                    "deposited_on": deposit.deposited_on,
                    "depositor": deposit.depositor,
                    "amount": deposit.amount,
                    "imported_at": at,
                }
                for deposit in deposits
            ]
        )
        .on_conflict_do_nothing()
        .returning(BankDeposit.id)
    ).all()
    return Imported(added=len(added), known=len(deposits) - len(added))


def propose_matches() -> list[Proposal]:
    """Pair new deposits with payments of the same name and amount, when only one way fits."""
    awaited: dict[tuple[str, int], list[_Awaited]] = defaultdict(list)
    for row in _awaited_rows():
        awaited[_plain(row.depositor or ""), row.amount].append(row)
    deposits = _deposits_for([row for rows in awaited.values() for row in rows])
    proposals: list[Proposal] = []
    for key, payments in awaited.items():
        found = deposits.get(key, [])
        # Fewer deposits than payments: nobody can say which of them was meant.
        if not key[0] or len(found) < len(payments):
            continue
        proposals.extend(
            Proposal(deposit.id, row.id, row.reference)
            for deposit, row in zip(found, payments, strict=False)
            if deposit.deposited_on >= row.asked_on
        )
    return proposals


def settle(deposit_id: int, payment_id: int, *, source: str, at: datetime) -> Outcome:
    """
    Pay a payment with a deposit, proposed or chosen by hand.

    :raises DepositMissing, DepositTaken, DepositNotAwaited, DepositAmountDiffers:
    """
    awaited = payment.get_held(payment_id)
    if awaited.provider not in _PAID_BY_DEPOSIT:
        raise DepositNotAwaited
    deposit = db.session.get(BankDeposit, deposit_id, populate_existing=True)
    if deposit is None:
        raise DepositMissing
    if deposit.amount != awaited.amount:
        raise DepositAmountDiffers(deposited=deposit.amount, owed=awaited.amount)
    # Applying locks the payment, so that two deposits cannot both pay it.
    outcome = payment.apply(
        payment_id,
        report(awaited, PaymentState.PAID, captured=awaited.amount, method="bank_transfer"),
        source=source,
        at=at,
    )
    if outcome not in (Outcome.NEWLY_PAID, Outcome.SURPLUS):
        raise DepositNotAwaited
    taken = db.session.execute(
        update(BankDeposit)
        .where(BankDeposit.id == deposit_id, BankDeposit.payment_id.is_(None))
        .values(payment_id=payment_id, matched_at=at)
        .returning(BankDeposit.id)
        .execution_options(synchronize_session=False)
    )
    if taken.first() is None:
        raise DepositTaken
    return outcome


def list_unmatched(
    *, after: int | None = None, limit: int = 50, proposed: Mapping[int, int] = _NO_PROPOSALS
) -> list[Unmatched]:
    """
    Return deposits nobody has matched, oldest first, those behind the deposit `after`.

    Each comes with some payments of its amount, the one `proposed` for it among them.
    """
    statement = (
        select(BankDeposit)
        .where(BankDeposit.payment_id.is_(None))
        .order_by(BankDeposit.deposited_on, BankDeposit.id)
        .limit(limit)
    )
    if after is not None:
        last = select(BankDeposit.deposited_on, BankDeposit.id).where(BankDeposit.id == after)
        behind = tuple_(BankDeposit.deposited_on, BankDeposit.id) > last.scalar_subquery()
        statement = statement.where(behind)
    deposits = db.session.scalars(statement).all()
    meant = {deposit.id: proposed.get(deposit.id, 0) for deposit in deposits}
    candidates = _candidates({deposit.amount for deposit in deposits}, meant.values())
    return [
        Unmatched(
            deposit.id,
            deposit.deposited_on,
            deposit.depositor,
            deposit.amount,
            tuple(
                payment.held(row)
                for row, place in candidates[deposit.amount]
                if place <= MOST_CANDIDATES or row.id == meant[deposit.id]
            ),
        )
        for deposit in deposits
    ]


def count_unmatched() -> int:
    """Count the deposits nobody has matched."""
    waiting = select(func.count()).where(BankDeposit.payment_id.is_(None))
    return db.session.scalar(waiting) or 0


def _candidates(
    amounts: Collection[int], meant: Collection[int]
) -> dict[int, list[tuple[Payment, int]]]:
    """Return the first payments that wait for each amount, and those meant, with their places."""
    place = func.row_number().over(partition_by=Payment.amount, order_by=Payment.id)
    ranked = (
        select(Payment.id, place.label("place"))
        .where(_IS_AWAITED, Payment.amount.in_(amounts))
        .subquery()
    )
    rows = db.session.execute(
        select(Payment, ranked.c.place)
        .join(ranked, ranked.c.id == Payment.id)
        .where(or_(ranked.c.place <= MOST_CANDIDATES, Payment.id.in_(meant)))
        .order_by(Payment.id)
    )
    found: dict[int, list[tuple[Payment, int]]] = defaultdict(list)
    for row, its_place in rows:
        found[row.amount].append((row, its_place))
    return found


def _awaited_rows() -> list[_Awaited]:
    rows = db.session.execute(
        select(Payment.id, Payment.reference, Payment.depositor, Payment.amount, Payment.created_at)
        .where(_IS_AWAITED)
        .order_by(Payment.id)
    )
    return [
        _Awaited(
            row.id,
            row.reference,
            row.depositor,
            row.amount,
            row.created_at.astimezone(SEOUL).date(),
        )
        for row in rows
    ]


def _deposits_for(awaited: Sequence[_Awaited]) -> dict[tuple[str, int], list[_Deposited]]:
    """Return unmatched deposits that can belong to these payments, by name and amount."""
    grouped: dict[tuple[str, int], list[_Deposited]] = defaultdict(list)
    if not awaited:
        return grouped
    rows = db.session.execute(
        select(BankDeposit.id, BankDeposit.deposited_on, BankDeposit.depositor, BankDeposit.amount)
        .where(
            BankDeposit.payment_id.is_(None),
            BankDeposit.amount.in_({row.amount for row in awaited}),
            # Older ones, which nobody ever matched, were for something else.
            BankDeposit.deposited_on >= min(row.asked_on for row in awaited),
        )
        .order_by(BankDeposit.deposited_on, BankDeposit.id)
    )
    for row in rows:
        grouped[_plain(row.depositor), row.amount].append(_Deposited(row.id, row.deposited_on))
    return grouped


def _plain(name: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()
