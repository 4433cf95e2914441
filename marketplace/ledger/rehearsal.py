"""
Try transfers and entries on accounts of their own in the real book.

Whoever rehearses rolls the transaction back: auditors see how the book would answer, and nothing
stays in it. What a booked ledger does not know, holds and limits, is kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.core.money import Won
from marketplace.ledger import posting
from marketplace.ledger.models import Account, AccountKind, Posting

CURRENCY: Final = "KRW"
_DEBIT_SIDE: Final = frozenset({AccountKind.ASSET, AccountKind.EXPENSE})


class RehearsalRefused(Conflict):
    """The book does not take this transfer or entry."""

    message = "장부에 기록할 수 없습니다: {problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """Everything ever debited to an account, and everything credited."""

    debits: Won
    credits: Won


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedLeg:
    """One leg as it was handed in, before anything about it is believed."""

    account: str
    debit: int = 0
    credit: int = 0
    currency: str = CURRENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hold:
    debit: str
    credit: str
    amount: int


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """One set of accounts; `limited` ones may never be debited beyond their credits."""

    name: str
    accounts: Mapping[str, AccountKind]
    limited: frozenset[str]
    at: datetime
    entry_count: int = 0
    _holds: dict[str, _Hold] = field(default_factory=dict)
    _transfer_ids: set[str] = field(default_factory=set)

    def open_with(self, account: str, turnover: Turnover) -> None:
        """
        Give an account a past, against a counter account outside the rehearsal.

        :raises RehearsalRefused:
        """
        if account not in self.accounts:
            raise RehearsalRefused(problem=f"없는 계정입니다: {account}")
        debits, credited = turnover.debits, turnover.credits
        past = posting.AccountRef(f"{self.name}:past", AccountKind.EQUITY)
        own = self._ref(account)
        for side, amount, legs in (
            ("debits", debits, [posting.debit(own, debits), posting.credit(past, debits)]),
            ("credits", credited, [posting.debit(past, credited), posting.credit(own, credited)]),
        ):
            if amount:
                self._post(f"past:{account}:{side}", legs)

    def transfer(
        self, *, debit: str, credit: str, amount: int, transfer_id: str | None, hold: bool
    ) -> None:
        """
        Move money from one account to another at once, or hold it for a later decision.

        :raises RehearsalRefused:
        """
        if transfer_id in self._transfer_ids:
            raise RehearsalRefused(problem=f"{transfer_id}은(는) 이미 있습니다")
        if hold and transfer_id is None:
            raise RehearsalRefused(problem="보류에는 번호가 있어야 합니다")
        if debit == credit or amount <= 0 or not {debit, credit} <= self.accounts.keys():
            raise RehearsalRefused(problem="서로 다른 두 계정과 1원 이상의 금액이 필요합니다")
        self._check_limit(debit, amount)
        if transfer_id is not None:
            self._transfer_ids.add(transfer_id)
        if hold and transfer_id is not None:
            self._holds[transfer_id] = _Hold(debit=debit, credit=credit, amount=amount)
        else:
            self._move(debit, credit, amount)

    def post_hold(self, transfer_id: str, amount: int | None) -> None:
        """
        Book a hold, or a part of it and let the rest go.

        :raises RehearsalRefused:
        """
        hold = self._get_hold(transfer_id)
        booked = hold.amount if amount is None else amount
        if not 0 < booked <= hold.amount:
            raise RehearsalRefused(problem=f"보류된 금액은 {hold.amount:,}원입니다")
        del self._holds[transfer_id]
        self._move(hold.debit, hold.credit, booked)

    def void_hold(self, transfer_id: str) -> None:
        """
        Let a hold go.

        :raises RehearsalRefused:
        """
        self._get_hold(transfer_id)
        del self._holds[transfer_id]

    def enter(self, legs: Sequence[RehearsedLeg]) -> None:
        """
        Book one entry of several legs.

        :raises RehearsalRefused, posting.Unbalanced:
        """
        for leg in legs:
            if leg.account not in self.accounts:
                raise RehearsalRefused(problem=f"없는 계정입니다: {leg.account}")
            if leg.currency != CURRENCY:
                raise RehearsalRefused(problem="장부는 원화만 기록합니다")
            if min(leg.debit, leg.credit) != 0 or max(leg.debit, leg.credit) <= 0:
                raise RehearsalRefused(problem="차변이나 대변 한쪽에 1원 이상을 적습니다")
        for account in self.limited & {leg.account for leg in legs}:
            debited = sum(leg.debit - leg.credit for leg in legs if leg.account == account)
            self._check_limit(account, debited)
        self._book([_posted(self._ref(leg.account), leg) for leg in legs])

    def turnovers(self) -> dict[str, Turnover]:
        """Return the turnover of every account, read from the book."""
        found = turnovers([self._code(account) for account in self.accounts])
        return {account: found[self._code(account)] for account in self.accounts}

    def balances(self) -> dict[str, Won]:
        """Return every balance on the account's normal side."""
        balances = posting.balances([self._code(account) for account in self.accounts])
        return {
            account: Won(balances[self._code(account)] * (1 if kind in _DEBIT_SIDE else -1))
            for account, kind in self.accounts.items()
        }

    def on_hold(self) -> dict[str, Won]:
        """Return what is held on every account, on either side."""
        return {
            account: Won(
                sum(
                    hold.amount
                    for hold in self._holds.values()
                    if account in (hold.debit, hold.credit)
                )
            )
            for account in self.accounts
        }

    def _check_limit(self, account: str, debited: int) -> None:
        if account not in self.limited:
            return
        turnover = self.turnovers()[account]
        held = sum(hold.amount for hold in self._holds.values() if hold.debit == account)
        if turnover.debits + held + debited > turnover.credits:
            raise RehearsalRefused(problem=f"{account}의 잔액을 넘습니다")

    def _move(self, debit: str, credit: str, amount: int) -> None:
        self._book(
            [posting.debit(self._ref(debit), amount), posting.credit(self._ref(credit), amount)]
        )

    def _book(self, legs: Iterable[posting.Leg]) -> None:
        self._post(f"entry:{self.entry_count + 1}", legs)
        self.entry_count += 1

    def _post(self, reference: str, legs: Iterable[posting.Leg]) -> None:
        posting.post(kind="rehearsal", reference=f"{self.name}:{reference}", legs=legs, at=self.at)

    def _get_hold(self, transfer_id: str) -> _Hold:
        if transfer_id not in self._holds:
            raise RehearsalRefused(problem=f"보류된 {transfer_id}이(가) 없습니다")
        return self._holds[transfer_id]

    def _code(self, account: str) -> str:
        return f"{self.name}:account:{account}"

    def _ref(self, account: str) -> posting.AccountRef:
        return posting.AccountRef(self._code(account), self.accounts[account])


def turnovers(codes: Sequence[str]) -> dict[str, Turnover]:
    """Return what was ever debited and credited to each account."""
    debits = func.coalesce(func.sum(Posting.amount).filter(Posting.amount > 0), 0)
    credits_ = func.coalesce(-func.sum(Posting.amount).filter(Posting.amount < 0), 0)
    rows = db.session.execute(
        select(Account.code, debits, credits_)
        .join(Posting, Posting.account_id == Account.id)
        .where(Account.code.in_(codes))
        .group_by(Account.code)
    )
    found = {
        code: Turnover(debits=Won(int(debited)), credits=Won(int(credited)))
        for code, debited, credited in rows
    }
    nothing = Turnover(debits=Won(0), credits=Won(0))
    return {code: found.get(code, nothing) for code in codes}


def _posted(account: posting.AccountRef, leg: RehearsedLeg) -> posting.Leg:
    if leg.debit:
        return posting.debit(account, leg.debit)
    return posting.credit(account, leg.credit)
