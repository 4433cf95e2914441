"""Coupons made and given in the background outlive the worker that began."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.core.storage import Storage
from marketplace.coupons import code_batches, grant_lists
from marketplace.coupons.code_batches import BatchState
from marketplace.coupons.issue_models import CouponCode
from marketplace.coupons.models import Coupon, Grant
from tests import make
from tests.faults import crew
from tests.make import NOW

CODES, PEOPLE = 40_000, 1_500


@pytest.fixture
def shop(live_app: Flask) -> Iterator[None]:
    """A shop with real commits."""
    with live_app.app_context():
        yield


def _made(batch_id: int) -> int:
    db.session.rollback()
    return code_batches.get(batch_id).made


def _tried(list_id: int) -> int:
    db.session.rollback()
    return len(grant_lists.get(list_id).lines)


@pytest.mark.usefixtures("shop")
def test_a_killed_worker_makes_no_code_twice_and_forgets_none(live_settings: Settings) -> None:
    drive = make.code_campaign(cap=CODES, budget=CODES * 5_000, amount=5_000)
    with transaction():
        batch_id = code_batches.ask(campaign_id=drive.id, wanted=CODES, by=make.person().id, at=NOW)

    with crew.working(live_settings) as running:
        crew.wait_until(lambda: _made(batch_id) > 0)
        running.kill("worker")
        assert _made(batch_id) < CODES
        running.start("worker")
        crew.hurry()
        crew.wait_until(
            lambda: _made(batch_id) == CODES, seconds=90, instead=lambda: crew.unfinished()
        )

    batch = code_batches.get(batch_id)
    assert batch.state is BatchState.READY
    assert make.count_of(Coupon) == make.count_of(CouponCode) == CODES
    assert db.session.scalar(select(func.sum(Grant.reserved))) == CODES * 5_000
    with transaction():
        rows = code_batches.take_for_file(batch_id, by=make.person().id, at=NOW)
    assert len({row.code for row in rows}) == CODES


@pytest.mark.usefixtures("shop")
def test_a_killed_worker_gives_nobody_two_coupons(live_settings: Settings) -> None:
    drive = make.campaign(cap=PEOPLE, budget=PEOPLE * 5_000, amount=5_000)
    with transaction():
        emails = [make.person(email=f"list{n}@example.com").email for n in range(PEOPLE)]
    storage = Storage.of(live_settings)
    storage.put("grant-lists/1", "\n".join(["이메일", *emails]).encode())
    with transaction():
        list_id = grant_lists.take_in(
            campaign_id=drive.id,
            file_name="명단.csv",
            storage_key="grant-lists/1",
            by=make.person().id,
            at=NOW,
        )

    with crew.working(live_settings) as running:
        crew.wait_until(lambda: _tried(list_id) > 0)
        running.kill("worker")
        assert _tried(list_id) < PEOPLE
        running.start("worker")
        crew.hurry()
        crew.wait_until(
            lambda: _tried(list_id) == PEOPLE, seconds=90, instead=lambda: crew.unfinished()
        )
        crew.wait_until(lambda: not storage.has("grant-lists/1"))

    db.session.rollback()
    uploaded = grant_lists.get(list_id)
    assert (uploaded.state, uploaded.granted) == (BatchState.READY, PEOPLE)
    of_people = select(func.count(Coupon.person_id), func.count(Coupon.person_id.distinct()))
    assert tuple(db.session.execute(of_people).one()) == (PEOPLE, PEOPLE)
