"""Post entries and read balances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ARRAY, BigInteger, String, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from marketplace.core.db import db, table_of
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.core.money import Won
from marketplace.ledger.models import Account, AccountKind, Entry, Posting

__all__ = [
    "AccountKind",
    "AccountRef",
    "AlreadyPosted",
    "Leg",
    "Unbalanced",
    "balance",
    "balances",
    "credit",
    "debit",
    "post",
]


class Unbalanced(InvalidInput):
    """The legs do not sum to zero, or there are fewer than two."""

    message = "차변과 대변의 합이 맞지 않습니다({difference:,}원)."


class AlreadyPosted(Conflict):
    """This event was posted before."""

    message = "이미 기록된 거래입니다({kind} {reference})."


@dataclass(frozen=True)
class AccountRef:
    """An account by its code, opened when first used."""

    code: str
    kind: AccountKind


@dataclass(frozen=True)
class Leg:
    """One side of an entry, in won: debits positive, credits negative."""

    account: AccountRef
    amount: Won


def debit(account: AccountRef, amount: int) -> Leg:
    """Return a leg that debits the account."""
    return Leg(account, Won(amount))


def credit(account: AccountRef, amount: int) -> Leg:
    """Return a leg that credits the account."""
    return Leg(account, Won(-amount))


_ENTRY: Final = (
    upsert(table_of(Entry))
    .values(
        kind=bindparam("its_kind"),
        reference=bindparam("its_reference"),
        occurred_at=bindparam("at"),
    )
    .on_conflict_do_nothing()
    .returning(Entry.id)
)
_BY_CODE: Final = select(Account.code, Account.id).where(
    Account.code == func.any(bindparam("codes", type_=ARRAY(String)))
)
_LEGS: Final = (
    func.unnest(
        bindparam("accounts", type_=ARRAY(BigInteger)),
        bindparam("amounts", type_=ARRAY(BigInteger)),
    )
    .table_valued("account_id", "amount")
    .render_derived()
)
_POSTINGS: Final = insert(table_of(Posting)).from_select(
    ["entry_id", "account_id", "amount"],
    select(bindparam("entry", type_=BigInteger), _LEGS.c.account_id, _LEGS.c.amount),
    include_defaults=False,
)


def post(*, kind: str, reference: str, legs: Iterable[Leg], at: datetime) -> int:
    """
    Write one entry and return its id. Legs on one account are added up; zero legs are left out.

    :raises Unbalanced, AlreadyPosted:
    """
    sums: dict[AccountRef, int] = {}
    for leg in legs:
        sums[leg.account] = sums.get(leg.account, 0) + leg.amount
    amounts = {account: amount for account, amount in sums.items() if amount}
    difference = sum(amounts.values())
    if difference or len(amounts) < 2:
        raise Unbalanced(difference=difference)
    entry_id: int | None = db.session.scalar(
        _ENTRY, {"its_kind": kind, "its_reference": reference, "at": at}
    )
    if entry_id is None:
        raise AlreadyPosted(kind=kind, reference=reference)
    ids = _account_ids(amounts)
    db.session.execute(
        _POSTINGS,
        {
            "entry": entry_id,
            "accounts": [ids[account.code] for account in amounts],
            "amounts": list(amounts.values()),
        },
    )
    return entry_id


def balance(code: str) -> Won:
    """Return what has been debited to an account less what has been credited."""
    return balances([code])[code]


def balances(codes: Sequence[str]) -> dict[str, Won]:
    """Return the balance of each account, debit positive; unknown accounts have none."""
    rows = db.session.execute(
        select(Account.code, func.sum(Posting.amount))
        .join(Posting, Posting.account_id == Account.id)
        .where(Account.code.in_(codes))
        .group_by(Account.code)
    )
    found = {code: Won(int(amount)) for code, amount in rows}
    return {code: found.get(code, Won(0)) for code in codes}


def _account_ids(amounts: Mapping[AccountRef, int]) -> dict[str, int]:
    codes = [account.code for account in amounts]
    ids = dict(db.session.execute(_BY_CODE, {"codes": codes}).all())
    missing = [account for account in amounts if account.code not in ids]
    if missing:
        # Sorted, so that two transactions opening the same accounts wait in one order.
        db.session.execute(
            upsert(Account)
            .values(
                [
                    {"code": account.code, "kind": account.kind}
                    for account in sorted(missing, key=lambda account: account.code)
                ]
            )
            .on_conflict_do_nothing()
        )
        ids = dict(db.session.execute(_BY_CODE, {"codes": codes}).all())
    return ids
