"""Every kind of job there is, delivered five times at once, has its effect once (J8)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.accounts import mailed_links
from marketplace.catalog import product_imports
from marketplace.checkout import expiring
from marketplace.core import clock, outbox
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.core.settings import Settings
from marketplace.core.storage import Storage
from marketplace.coupons import code_batches, grant_lists
from marketplace.coupons.code_batches import BatchState
from marketplace.demo.fake_stripe.store import Filter
from marketplace.ledger.models import Entry
from marketplace.notifications.models import Message, RecordedText
from marketplace.orders.models import Order
from marketplace.payments.models import ProviderEvent
from tests import make
from tests.architecture import sources
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.faults import crew, invariants
from tests.faults.test_checkout import began, charge

_TIMES = 5


@pytest.fixture
def shop(live_app: Flask, live_server: LiveServer) -> Iterator[None]:  # noqa: ARG001
    """A shop that hears the fake Stripe's messages."""
    with live_app.app_context():
        yield


def kinds_there_are() -> set[str]:
    """The kinds of job that the workers know."""
    return {
        str(call.args[0].value)
        for tree in sources.modules("workers").values()
        for call in sources.calls(tree, "job")
        if call.args and isinstance(call.args[0], ast.Constant)
    }


def paid_canceled_and_expired(settings: Settings, stripe: FakeStripe) -> None:
    """Leave word of money that came, money that goes back and money that must not come."""
    now = clock.now()
    charge(began(make.placed_order({make.sellable(): 1}, at=now), settings), settings)

    canceled = make.placed_order({make.sellable(): 1}, at=now)
    charge(began(canceled, settings), settings)
    stripe.wait_until_idle()
    make.pay(canceled, at=now)
    make.cancel(canceled, at=now)

    expired = make.placed_order({make.sellable(): 1}, at=now - timedelta(minutes=31))
    began(expired, settings)
    with transaction():
        assert expiring.expire_unpaid(order_id=expired.order_id, at=now)


_BY_SCHEDULE = (
    "catalog.run_price_plans",
    "catalog.watch_stock",
    "claims.watch",
    "checkout.expire_unpaid",
    "checkout.reconcile",
    "counter.forget_tokens",
    "coupons.announce_expiring",
    "coupons.expire",
    "coupons.greet_birthdays",
    "coupons.serve_waiting",
    "enterprises.remind_designations",
    "orders.confirm_overdue",
    "orders.remind_overdue",
    "orders.track",
    "reporting.check_books",
    "reporting.watch_fraud",
    "search.reindex_all",
    "upkeep.sweep",
)


def coupons_for_many(settings: Settings) -> tuple[int, int]:
    """Ask for a batch of codes and for coupons by list; return the batch's and the list's id."""
    clerk = make.person()
    coded, listed = make.code_campaign(cap=3), make.campaign(cap=3)
    Storage.of(settings).put("lists/people.csv", "이메일\nnobody@example.com\n".encode())
    with transaction():
        batch = code_batches.ask(campaign_id=coded.id, wanted=3, by=clerk.id, at=clock.now())
        people = grant_lists.take_in(
            campaign_id=listed.id,
            file_name="people.csv",
            storage_key="lists/people.csv",
            by=clerk.id,
            at=clock.now(),
        )
    return batch, people


def goods_by_sheet(settings: Settings) -> tuple[int, int]:
    """Ask for the product of a sheet; return the import's id and its enterprise."""
    seller, clerk = make.enterprise(), make.person()
    make.shipping(seller)
    kind = make.category("빵")
    content = f"판매자 상품코드,상품명,분류,판매가\nB-1,사워도우,{kind.slug},9000\n".encode()
    Storage.of(settings).put("sheets/goods.csv", content)
    with transaction():
        import_id, _ = product_imports.take_in(
            enterprise_id=seller.id,
            filename="goods.csv",
            content=content,
            storage_key="sheets/goods.csv",
            by=clerk.id,
            at=clock.now(),
        )
    return import_id, seller.id


def everything_else() -> None:
    """Leave word of every kind that no order asks for by itself."""
    wanted = make.sellable()
    forgetful = make.person()
    with transaction():
        mailed_links.ask(person_id=forgetful.id, purpose=mailed_links.TokenPurpose.RESET_PASSWORD)
        for kind in _BY_SCHEDULE:
            outbox.enqueue(kind, {})
        outbox.enqueue("search.reindex", {"product_ids": [wanted.product_id]})
        outbox.enqueue("search.reindex_variants", {"variant_ids": [wanted.id]})
        outbox.enqueue("search.reindex_enterprise", {"enterprise_id": 1})
        outbox.enqueue("search.rate", {"product_ids": [wanted.product_id]})
        order_id = db.session.scalars(select(Order.id)).first()
        outbox.enqueue("notifications.text", {"kind": "deposit_awaited", "order_id": order_id})
        outbox.enqueue("notifications.resend", {"message_id": 0})


@pytest.mark.usefixtures("shop")
def test_every_kind_has_its_effect_once(live_settings: Settings, fake_stripe: FakeStripe) -> None:
    paid_canceled_and_expired(live_settings, fake_stripe)
    everything_else()
    batch, people = coupons_for_many(live_settings)
    sheet = goods_by_sheet(live_settings)
    waiting = db.session.execute(select(Job.id, Job.kind)).all()
    assert {job.kind for job in waiting} == kinds_there_are()

    running = crew.Crew(live_settings)
    try:
        for job in waiting:
            running.deliver(job.kind, job.id, times=_TIMES)
        running.start()
        crew.wait_until(crew.all_done, instead=crew.unfinished)
    finally:
        running.stop()
    fake_stripe.wait_until_idle()

    assert db.session.scalars(select(Job.id).where(Job.attempts > 0)).all() == []
    kinds = db.session.scalars(select(Entry.kind)).all()
    assert sorted(kinds) == ["cancel", "paid", "paid", "refund_sent"]
    told = db.session.scalars(select(Message.kind)).all()
    of_orders = ["order_canceled", "order_expired", "order_paid", "order_paid"]
    assert sorted(told) == ["deposit_awaited", *of_orders, "reset_password"]
    assert db.session.scalar(select(func.count()).select_from(RecordedText)) == 1
    unhandled = select(ProviderEvent.event_id).where(ProviderEvent.handled_at.is_(None))
    assert db.session.scalars(unhandled).all() == []
    assert code_batches.get(batch).made == 3
    assert product_imports.get(*sheet).created == 1
    assert (grant_lists.get(people).state, grant_lists.get(people).total) == (BatchState.READY, 1)
    for kind, count in (("payment_intent.canceled", 1), ("refund.created", 1)):
        happened = fake_stripe.fake.store.page(Filter("event", types=(kind,), limit=100))[0]
        assert len(happened) == count
    invariants.check(fake_stripe)
