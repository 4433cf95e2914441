"""The header counts what waits for somebody, in one query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from marketplace.core.db import db, transaction
from marketplace.notifications.models import Notice
from marketplace.reporting import header
from marketplace.reporting.header import HeaderCounts
from tests import make
from tests.make import FAR_AHEAD, NOW

HASH = "0123456789abcdef" * 4
pytestmark = pytest.mark.usefixtures("isolated")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is sent to the database."""
    sent: list[str] = []
    engine = db.session.connection().engine

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _notice(person_id: int, key: str, *, is_read: bool = False) -> None:
    with transaction():
        db.session.add(
            Notice(
                dedupe_key=key,
                person_id=person_id,
                kind="order_paid",
                title="결제가 끝났습니다",
                link="/my",
                read_at=NOW if is_read else None,
            )
        )


class TestCountForPerson:
    def test_is_nothing_for_a_newcomer(self) -> None:
        person = make.person()

        assert header.count_for_person(person_id=person.id, at=NOW) == HeaderCounts()

    def test_counts_only_what_is_theirs_and_waits(self) -> None:
        person, other = make.person(), make.person()
        make.cart({make.variant(): 3, make.variant(): 1}, of=person)
        make.cart({make.variant(): 1}, of=other)
        make.claimed_coupon(by=person)
        make.claimed_coupon(by=other)
        _notice(person.id, "a")
        _notice(person.id, "b")
        _notice(person.id, "c", is_read=True)
        _notice(other.id, "d")

        with statements() as sent:
            counts = header.count_for_person(person_id=person.id, at=NOW)

        assert counts == HeaderCounts(cart=2, coupons=1, unread=2)
        assert len(sent) == 1

    def test_leaves_expired_coupons_out(self) -> None:
        person = make.person()
        make.claimed_coupon(by=person)

        assert header.count_for_person(person_id=person.id, at=FAR_AHEAD).coupons == 0


def test_count_for_guest_knows_the_cart_by_its_hash() -> None:
    make.cart({make.variant(): 2}, token_hash=HASH)

    assert header.count_for_guest(cart_token_hash=HASH) == HeaderCounts(cart=1)
    assert header.count_for_guest(cart_token_hash=HASH[::-1]) == HeaderCounts()
