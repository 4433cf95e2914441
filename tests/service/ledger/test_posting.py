"""The book, and what its triggers refuse."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from marketplace.core.db import db, transaction
from marketplace.ledger.models import Entry, Posting
from marketplace.ledger.posting import (
    AccountKind,
    AccountRef,
    AlreadyPosted,
    Unbalanced,
    balance,
    credit,
    debit,
    post,
)
from tests.make import NOW

BANK = AccountRef("bank", AccountKind.ASSET)
OWED = AccountRef("owed", AccountKind.LIABILITY)


def _post(reference: str = "a", amount: int = 1_000) -> int:
    with transaction():
        return post(
            kind="test",
            reference=reference,
            legs=[debit(BANK, amount), credit(OWED, amount)],
            at=NOW,
        )


@pytest.mark.usefixtures("isolated")
class TestPost:
    def test_moves_balances_by_the_amount(self) -> None:
        _post()
        _post("b", 500)

        assert balance("bank") == 1_500
        assert balance("owed") == -1_500

    def test_refuses_legs_that_do_not_sum_to_zero(self) -> None:
        with pytest.raises(Unbalanced), transaction():
            post(kind="test", reference="a", legs=[debit(BANK, 2), credit(OWED, 1)], at=NOW)

        assert db.session.scalars(select(Entry)).all() == []

    def test_refuses_a_single_leg_and_none(self) -> None:
        for legs in ([], [debit(BANK, 0), credit(OWED, 0)], [debit(BANK, 1), credit(BANK, 1)]):
            with pytest.raises(Unbalanced), transaction():
                post(kind="test", reference="a", legs=legs, at=NOW)

    def test_refuses_the_same_event_twice(self) -> None:
        _post()

        with pytest.raises(AlreadyPosted):
            _post()

        assert balance("bank") == 1_000

    def test_adds_up_legs_on_one_account(self) -> None:
        with transaction():
            post(
                kind="test",
                reference="a",
                legs=[debit(BANK, 700), debit(BANK, 300), credit(OWED, 1_000)],
                at=NOW,
            )

        assert sorted(db.session.scalars(select(Posting.amount))) == [-1_000, 1_000]


@pytest.mark.usefixtures("live_app_context")
class TestGuards:
    """What the database refuses whoever asks (reliability.md L2); commits are real."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_posting SET amount = amount + 1",
            "DELETE FROM ledger_posting",
            "TRUNCATE ledger_posting",
            "UPDATE ledger_entry SET kind = 'other'",
            "DELETE FROM ledger_entry",
        ],
    )
    def test_history_cannot_be_changed(self, statement: str) -> None:
        _post()

        with pytest.raises(DBAPIError, match="append-only"), db.engine.begin() as connection:
            connection.execute(text(statement))

    def test_an_entry_is_closed_with_its_transaction(self) -> None:
        entry_id = _post()

        with pytest.raises(DBAPIError, match="is closed"), db.engine.begin() as connection:
            _insert_postings(connection, entry_id, (5, -5))

    def test_an_unbalanced_entry_does_not_commit(self) -> None:
        _post()

        with pytest.raises(DBAPIError, match="is off by 5"), db.engine.begin() as connection:
            _insert_entry(connection, (10, -5))

    def test_an_entry_without_postings_does_not_commit(self) -> None:
        with pytest.raises(DBAPIError, match="has 0 legs"), db.engine.begin() as connection:
            _insert_entry(connection, ())


def _insert_entry(connection: Connection, amounts: tuple[int, ...]) -> None:
    entry_id = connection.execute(
        text(
            "INSERT INTO ledger_entry (kind, reference, occurred_at) "
            "VALUES ('test', 'raw', now()) RETURNING id"
        )
    ).scalar_one()
    _insert_postings(connection, entry_id, amounts)


def _insert_postings(connection: Connection, entry_id: int, amounts: tuple[int, ...]) -> None:
    for amount in amounts:
        connection.execute(
            text(
                "INSERT INTO ledger_posting (entry_id, account_id, amount) "
                "SELECT :entry, min(id), :amount FROM ledger_account"
            ),
            {"entry": entry_id, "amount": amount},
        )
