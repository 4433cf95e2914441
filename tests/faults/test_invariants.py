"""Every invariant notices when it is broken (O6): a check that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.settings import Settings
from tests import make
from tests.bed.stripe import FakeStripe
from tests.faults import invariants
from tests.faults.test_checkout import began, charge

# What somebody with all rights might do to the database, and who must notice.
_BROKEN = (
    ("DELETE FROM order_line", "orders are whole"),
    ("DELETE FROM bundle", "orders are whole"),
    ("DELETE FROM payment", "orders are whole"),
    (
        "INSERT INTO bundle (order_id, enterprise_id, shipping_policy_id, position, shipping_fee, "
        "surcharge, shipping_discount) SELECT order_id, enterprise_id, 99, 2, 0, 0, 0 FROM bundle "
        "LIMIT 1",
        "bundles hold lines",
    ),
    (
        "UPDATE order_line SET unit_price = unit_price + 1, gross = gross + quantity",
        "orders cost what their lines and bundles cost",
    ),
    ("UPDATE order_line SET status = 'paid'", "lines stand where their orders stand"),
    ("UPDATE stock_reservation SET state = 'released'", "stock is set aside for every line"),
    ("UPDATE stock_reservation SET quantity = 9", "stock is set aside for every line"),
    (
        "INSERT INTO stock_reservation (reference, variant_id, quantity, state, expires_at) "
        "SELECT 'order:99', variant_id, 1, 'held', now() FROM order_line LIMIT 1",
        "stock is set aside for nothing else",
    ),
    ("UPDATE redemption SET state = 'released'", "coupons stand where their orders stand"),
    ("UPDATE customer_order SET closed_at = NULL, paid_at = now()", "paid orders were paid once"),
    ("UPDATE payment SET captured_amount = amount", "money nobody waits for goes back"),
    ("DELETE FROM job WHERE dedupe_key LIKE 'order_paid:%'", "buyers are told once that they paid"),
    (
        "UPDATE payment SET captured_amount = captured_amount + 1 WHERE state = 'paid'",
        "the provider's account is what was captured and not given back",
    ),
    (
        "INSERT INTO job (kind, dedupe_key, payload, state) VALUES ('x', 'x', '{}', 'dead')",
        "no job has died",
    ),
    ("UPDATE variant SET reserved = reserved + 1", "예약 재고가"),
)


@pytest.fixture
def shop(live_app: Flask) -> Iterator[None]:
    """A shop with an order that waits for payment, with a coupon, and one that is paid."""
    with live_app.app_context():
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
        make.placed_order({make.sellable(): 2}, by=buyer, coupons=[coupon], at=clock.now())
        make.paid_order({make.sellable(): 1}, at=clock.now())
        yield


@pytest.mark.usefixtures("shop")
class TestBooksAndOrders:
    def test_hold_when_nothing_is_broken(self) -> None:
        assert invariants.find_breaches() == []

    @pytest.mark.parametrize(("harm", "noticed"), _BROKEN)
    def test_are_seen_to_be_broken(self, live_database: str, harm: str, noticed: str) -> None:
        with psycopg.connect(live_database.replace("+psycopg", "")) as connection:
            # Neither triggers nor foreign keys stop somebody with all rights.
            connection.execute("SET session_replication_role = replica")
            connection.execute(harm.encode())

        assert any(breach.startswith(noticed) for breach in invariants.find_breaches())


class TestProvider:
    @pytest.fixture
    def paid(self, live_app: Flask, live_settings: Settings) -> Iterator[PlacedOrder]:
        """An order charged at the provider, of which the shop does not know yet."""
        with live_app.app_context():
            placed = make.placed_order({make.sellable(): 1}, at=clock.now())
            charge(began(placed, live_settings), live_settings)
            yield placed

    def test_agrees_once_the_shop_knows(self, paid: PlacedOrder, fake_stripe: FakeStripe) -> None:
        assert any("took 13000, known 0" in f for f in invariants.find_disagreements(fake_stripe))

        make.pay(paid, at=clock.now())

        assert "the book says" not in " ".join(invariants.find_disagreements(fake_stripe))

    @pytest.mark.parametrize(
        ("kind", "change", "noticed"),
        [
            ("payment_intent", {"metadata": {"public_id": "nobody"}}, "belongs to no payment"),
            ("payment_intent", {"amount_received": 26_000}, "took 26000, known"),
            ("charge", {"id": "ch_second"}, "charged 2 times"),
            ("payment_intent", {"id": "pi_second"}, "2 intents of"),
        ],
    )
    def test_is_seen_to_disagree(
        self,
        paid: PlacedOrder,
        fake_stripe: FakeStripe,
        kind: str,
        change: dict[str, object],
        noticed: str,
    ) -> None:
        assert paid
        store = fake_stripe.fake.store
        (thing,) = invariants.everything(fake_stripe, kind)
        parent = thing.get("payment_intent")
        with store.unit():
            store.put(kind, {**thing, **change}, parent=parent)

        assert any(noticed in found for found in invariants.find_disagreements(fake_stripe))
