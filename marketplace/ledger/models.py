"""Accounts, entries and postings."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base
from marketplace.core.money import Won


class AccountKind(StrEnum):
    """Which side of the book an account normally stands on."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class Account(Base):
    """One account of the book, named by a code such as `payable:enterprise:12`."""

    __tablename__ = "ledger_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[AccountKind]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Entry(Base):
    """One event of money. Its postings sum to zero; the database checks it at commit."""

    __tablename__ = "ledger_entry"
    __table_args__ = (UniqueConstraint("kind", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reference: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The transaction that wrote it: no posting may join an entry later.
    transaction_id: Mapped[int] = mapped_column(
        server_default=text("(pg_current_xact_id()::text::bigint)")
    )


class Posting(Base):
    """One leg of an entry: debits are positive, credits negative. Never updated or deleted."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        Index("ix_ledger_posting_account", "account_id", "entry_id", postgresql_include=["amount"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey(Entry.id), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(Account.id))
    amount: Mapped[Won]
