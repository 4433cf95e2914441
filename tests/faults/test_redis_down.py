"""Without Redis the shop browses and sells; its work waits in the outbox (J4, J5, S11)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from marketplace.accounts.secrets import hash_secret
from marketplace.catalog.models import Variant
from marketplace.core.db import db
from marketplace.core.outbox import JobState
from marketplace.core.settings import Settings
from marketplace.coupons.models import Coupon, CouponState
from marketplace.demo.launcher.valkey import EmbeddedValkey
from marketplace.notifications.transport import Folder
from marketplace.orders.models import Order
from tests import make
from tests.bed.stripe import FakeStripe
from tests.faults import crew, invariants
from tests.faults.crew import Crew
from tests.faults.shopper import Shopper, path_of

EMAIL, PASSWORD = "resident@example.com", "나루터에 배가 세 척"
UNFINISHED = (JobState.PENDING, JobState.SENT)


@pytest.fixture
def live_settings(live_settings: Settings, own_redis: EmbeddedValkey) -> Settings:
    """Settings with a Redis that this test may break."""
    return replace(live_settings, redis_url=own_redis.start())


@pytest.fixture
def shop(
    live_app: Flask, live_settings: Settings, fake_stripe: FakeStripe
) -> Iterator[tuple[Crew, Variant]]:
    """Every process of the shop, a resident with a password, a coupon to claim and goods."""
    fake_stripe.send_webhooks_to(f"{live_settings.public_url}/webhooks/stripe")
    with live_app.app_context():
        make.person(email=EMAIL, password_hash=hash_secret(PASSWORD))
        make.campaign(slug="welcome", amount=3_000)
        wanted = make.sellable(price=20_000)
        with crew.working(live_settings, "web", "worker", "dispatcher") as running:
            yield running, wanted


def browse(visitor: Shopper, wanted: Variant) -> list[requests.Response]:
    """Look around as everybody does."""
    pages = ("/", "/products", f"/products/{wanted.product_id}", "/coupons", "/cart", "/terms")
    return [visitor.get(page) for page in (*pages, "/sign-in", "/readyz")]


def buy(resident: Shopper, wanted: Variant) -> list[requests.Response]:
    """Claim the coupon, fill the cart, order and pay; return every answer on the way."""
    steps = [resident.post("/coupons/welcome/claim"), resident.fill_cart(wanted.id)]
    ticked = {"has_coupons": "1", "coupon_id": str(claimed().id)}
    steps += [resident.post("/checkout/coupons", ticked), resident.place()]
    steps.append(resident.pay(path_of(steps[-1])))
    return [*steps, resident.get(path_of(steps[-1]))]


def claimed() -> Coupon:
    """The one coupon somebody claimed."""
    db.session.rollback()
    found = select(Coupon).where(Coupon.person_id.is_not(None))
    return db.session.scalars(found.execution_options(populate_existing=True)).one()


def bought() -> list[Order]:
    """What was paid for."""
    db.session.rollback()
    return list(db.session.scalars(select(Order).where(Order.paid_at.is_not(None))))


class TestRedisDown:
    def test_the_shop_sells_and_its_work_waits_until_redis_is_back(
        self,
        shop: tuple[Crew, Variant],
        live_settings: Settings,
        own_redis: EmbeddedValkey,
        fake_stripe: FakeStripe,
    ) -> None:
        running, wanted = shop
        resident, stranger = (Shopper(live_settings.public_url) for _ in range(2))
        assert path_of(resident.sign_in(EMAIL, PASSWORD)) == "/"

        os.kill(own_redis.pid, signal.SIGKILL)
        looks = browse(stranger, wanted)
        refused = stranger.sign_in(EMAIL, PASSWORD)
        steps = buy(resident, wanted)
        fake_stripe.wait_until_idle()

        assert [answer.status_code for answer in looks] == [200] * len(looks)
        assert looks[-1].json()["redis"] is False
        assert refused.status_code == 503
        assert "1분쯤 뒤에 다시" in refused.text
        assert [answer.status_code for answer in steps] == [303] * 5 + [200]
        assert "주문이 완료되었습니다" in steps[-1].text
        assert [order.pay_total for order in bought()] == [20_000]
        # The provider's messages are kept; what they and the order ask for waits.
        assert crew.count_jobs("checkout.act_on_event", *UNFINISHED) > 0
        assert crew.count_jobs("notifications.deliver", *UNFINISHED) > 0
        assert {running.children[name].poll() for name in ("web", "dispatcher")} == {None}

        own_redis.start()
        crew.wait_until(crew.all_done)

        # The limits look for Redis again after a few seconds; until then they stay closed.
        crew.wait_until(lambda: stranger.sign_in(EMAIL, PASSWORD).status_code == 303)
        mails = [mail["Subject"] for mail in Folder(live_settings.data_dir / "mail").newest()]
        assert [bought()[0].number in str(subject) for subject in mails].count(True) == 1
        invariants.check(fake_stripe)


class TestRedisFrozen:
    def test_nobody_waits_for_it(
        self,
        shop: tuple[Crew, Variant],
        live_settings: Settings,
        own_redis: EmbeddedValkey,
        fake_stripe: FakeStripe,
    ) -> None:
        """J5."""
        _, wanted = shop
        resident, stranger = (Shopper(live_settings.public_url) for _ in range(2))
        resident.sign_in(EMAIL, PASSWORD)
        browse(resident, wanted)

        os.kill(own_redis.pid, signal.SIGSTOP)
        try:
            answers = []
            for _ in range(3):
                answers += [*browse(stranger, wanted), stranger.sign_in(EMAIL, PASSWORD)]
            steps = buy(resident, wanted)
            fake_stripe.wait_until_idle()
        finally:
            os.kill(own_redis.pid, signal.SIGCONT)

        slowest = max(answer.elapsed.total_seconds() for answer in (*answers, *steps))
        # One second on a calm machine; noise must not fail it.
        assert slowest < 3
        refused = [answer.status_code for answer in answers if answer.request.method == "POST"]
        assert refused == [503] * 3
        assert [answer.status_code for answer in steps] == [303] * 5 + [200]
        crew.wait_until(crew.all_done)
        assert claimed().state is CouponState.REDEEMED
        invariants.check(fake_stripe)
