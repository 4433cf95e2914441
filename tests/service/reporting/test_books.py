"""The checks of the books hold on real orders, and each notices its own kind of damage."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from marketplace.core.db import db
from marketplace.coupons.models import FunderKind
from marketplace.reporting import books
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")


def _sell() -> None:
    """One paid order with a coupon, one without, and one that waits for its payment."""
    drive = make.campaign(
        amount=5_000, funding={FunderKind.CITY: 3_000, FunderKind.DISTRICT: 7_000}
    )
    person = make.person()
    coupon = make.claimed_coupon(drive, by=person)
    make.paid_order({make.sellable(): 2}, by=person, coupons=[coupon])
    make.paid_order({make.sellable(): 1})
    make.placed_order({make.sellable(): 1})


def _broken() -> set[str]:
    return {check.name for check in books.check_books() if not check.holds}


class TestCheckBooks:
    def test_holds_on_an_empty_district(self) -> None:
        assert _broken() == set()

    def test_holds_after_sales(self) -> None:
        _sell()

        assert _broken() == set()

    @pytest.mark.parametrize(
        ("damage", "noticed"),
        [
            (
                "UPDATE funder_grant SET spent = spent + 1 WHERE spent > 0",
                {"grant_spent_is_redeemed"},
            ),
            (
                "UPDATE order_line SET status = 'confirmed' WHERE status = 'paid'",
                {"confirmed_lines_are_posted", "held_is_what_is_open"},
            ),
            (
                "UPDATE bundle SET shipping_fee = shipping_fee + 1",
                {"held_is_what_is_open"},
            ),
            (
                "UPDATE funder_grant SET reserved = reserved + 1 WHERE spent > 0",
                {"grant_reserved_is_outstanding"},
            ),
            (
                "UPDATE order_line_share SET amount = amount + 1",
                {"line_shares_are_coupons"},
            ),
            (
                "UPDATE redemption_share SET amount = amount + 1",
                {"redemptions_are_shares", "grant_spent_is_redeemed", "funder_legs_are_discounts"},
            ),
            ("UPDATE campaign SET issued = issued - 1", {"issued_is_counted"}),
            (
                "UPDATE customer_order SET paid_at = now() WHERE paid_at IS NULL",
                {"paid_orders_are_posted"},
            ),
            (
                "UPDATE variant SET reserved = reserved - 1 WHERE reserved > 0",
                {"stock_reserved_is_held"},
            ),
            (
                "UPDATE payment SET refunded_amount = 1 WHERE captured_amount > 0",
                {"refunds_within_captured"},
            ),
        ],
    )
    def test_notices_damage(self, damage: str, noticed: set[str]) -> None:
        _sell()

        assert db.session.connection().execute(text(damage)).rowcount > 0

        assert _broken() == noticed
