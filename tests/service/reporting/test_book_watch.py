"""The scheduled check of the books keeps what it found and tells of what is new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from marketplace.accounts.models import Role
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.reporting import book_watch, books
from marketplace.reporting.book_watch import KeptCheck
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def watch(hours: int = 0) -> KeptCheck:
    with transaction():
        return book_watch.watch(at=NOW + timedelta(hours=hours))


def damage(by: int = 1) -> None:
    with transaction():
        db.session.execute(text("UPDATE campaign SET issued = issued - :by"), {"by": by})


def told() -> list[tuple[int, list[str]]]:
    jobs = db.session.scalars(
        select(Job).where(Job.payload["kind"].astext == "books_broken").order_by(Job.id)
    )
    return [(job.payload["person_id"], job.payload["titles"]) for job in jobs]  # type: ignore[misc]


class TestWatch:
    def test_keeps_that_all_holds(self) -> None:
        make.campaign(cap=3)

        kept = watch()

        assert kept.holds
        assert kept.checks == len(books.check_books())
        assert book_watch.find_last() == kept
        assert told() == []

    def test_tells_each_administrator_of_a_new_breach(self) -> None:
        make.campaign(cap=3)
        administrator = make.person(roles=[Role.ADMINISTRATOR])
        make.person(roles=[Role.OPERATOR])
        damage()

        kept = watch()

        (finding,) = kept.findings
        assert (finding.name, finding.broken) == ("issued_is_counted", 1)
        assert finding.example.startswith("campaign ")
        assert told() == [(administrator.id, [finding.title])]

    def test_does_not_tell_twice_of_the_same_breach(self) -> None:
        make.campaign(cap=3)
        make.person(roles=[Role.ADMINISTRATOR])
        damage()

        watch()
        watch(hours=1)

        assert len(told()) == 1

    def test_tells_again_when_it_breaks_again(self) -> None:
        make.campaign(cap=3)
        make.person(roles=[Role.ADMINISTRATOR])
        damage()
        watch()
        damage(by=-1)
        assert watch(hours=1).holds
        damage()

        watch(hours=2)

        assert len(told()) == 2

    def test_tells_of_another_breach_while_one_stands(self) -> None:
        make.campaign(cap=3)
        make.person(roles=[Role.ADMINISTRATOR])
        damage()
        watch()
        with transaction():
            db.session.execute(text("UPDATE funder_grant SET reserved = reserved - 1"))

        kept = watch(hours=1)

        assert {finding.name for finding in kept.findings} == {
            "issued_is_counted",
            "grant_reserved_is_outstanding",
        }
        assert [len(titles) for _, titles in told()] == [1, 1]


class TestRuns:
    def test_come_newest_first(self) -> None:
        for hours in (0, 2, 1):
            watch(hours)

        runs = book_watch.list_runs(limit=2)

        assert [run.checked_at for run in runs] == [
            NOW + timedelta(hours=2),
            NOW + timedelta(hours=1),
        ]

    def test_are_none_before_the_first(self) -> None:
        assert book_watch.find_last() is None
