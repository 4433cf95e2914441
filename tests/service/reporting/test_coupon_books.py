"""The coupons' books hold through a campaign's life, and each check notices its own damage."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from marketplace.checkout import accounts
from marketplace.core.db import db, transaction
from marketplace.coupons.models import CouponKind, FunderKind
from marketplace.ledger import posting
from marketplace.ledger.posting import credit, debit
from marketplace.reporting import books, coupon_sums
from marketplace.reporting.books import Book
from tests import make
from tests.make import NOW
from tests.service.checkout.tills import Till, shop
from tests.service.reporting.spending import LATER, Spending

pytestmark = pytest.mark.usefixtures("isolated")


def broken() -> set[str]:
    db.session.expire_all()
    return {check.name for check in books.check_books(Book.COUPONS) if not check.holds}


class TestCheckCoupons:
    def test_holds_before_there_is_any(self) -> None:
        assert broken() == set()

    def test_holds_through_a_life(self) -> None:
        Spending()

        assert broken() == set()

    @pytest.mark.parametrize("kind", [CouponKind.FIXED, CouponKind.STORED_VALUE])
    def test_holds_while_an_order_waits(self, kind: CouponKind) -> None:
        person = make.person()
        coupon = make.claimed_coupon(make.campaign(kind=kind, amount=5_000), by=person)
        make.placed_order({make.sellable(price=3_000): 1}, by=person, coupons=[coupon])

        assert broken() == set()

    def test_holds_when_enterprises_pay_a_part(self) -> None:
        """What an enterprise gives itself is spent, and in no ledger."""
        till = Till(kind=CouponKind.STORED_VALUE, amount=10_000)
        own = make.campaign(
            kind=CouponKind.STORED_VALUE,
            amount=10_001,
            grants=[
                (make.grant(FunderKind.CITY), 3_333),
                (make.grant(FunderKind.ENTERPRISE), 6_667),
            ],
        )
        till.coupon_id = make.claimed_coupon(own, by=till.resident).id
        first = till.use(till.show().qr, amount=3_333)
        till.use(till.show(at=LATER).qr, amount=1_111, key="tap-00000002", at=LATER)
        till.reverse(first, at=NOW + timedelta(minutes=1))

        assert broken() == set()
        assert {book.holds for book in coupon_sums.read().grants} == {True}

    @pytest.mark.parametrize(
        ("damage", "noticed"),
        [
            ("UPDATE campaign SET issued = issued - 1", {"issued_is_counted"}),
            (
                "UPDATE coupon SET balance = balance - 1 WHERE state = 'claimed'",
                {"coupon_balance_is_rest", "issued_won_adds_up"},
            ),
            (
                "UPDATE coupon SET balance = 0 WHERE state = 'expired'",
                {"coupon_balance_is_rest", "issued_won_adds_up"},
            ),
            (
                "UPDATE coupon SET state = 'expired' WHERE state = 'issued'",
                {"grant_reserved_is_outstanding"},
            ),
            (
                "UPDATE coupon SET state = 'redeemed' WHERE state = 'revoked'",
                {"coupon_states_are_uses"},
            ),
            (
                "UPDATE funder_grant SET reserved = reserved - 1",
                {"grant_reserved_is_outstanding"},
            ),
            (
                "UPDATE funder_grant SET spent = spent - 1 WHERE spent > 0",
                {"grant_spent_is_redeemed"},
            ),
            (
                "UPDATE redemption SET reversed_amount = reversed_amount - 1"
                " WHERE reversed_amount = 1000",
                {
                    "coupon_balance_is_rest",
                    "issued_won_adds_up",
                    "redemptions_are_shares",
                    "reversals_are_written",
                },
            ),
            (
                "UPDATE redemption SET enterprise_id = (SELECT max(id) FROM enterprise)"
                " WHERE amount = 4000",
                {"counter_payables_are_uses"},
            ),
        ],
    )
    def test_notices_damage(self, damage: str, noticed: set[str]) -> None:
        Spending()

        assert db.session.connection().execute(text(damage)).rowcount > 0

        assert broken() == noticed

    def test_notices_a_share_of_another_grant(self) -> None:
        Spending()
        moved = db.session.connection().execute(
            text(
                "UPDATE redemption_share SET amount = amount"
                " + CASE WHEN grant_id = (SELECT min(grant_id) FROM redemption_share)"
                " THEN 1 ELSE -1 END WHERE redemption_id = (SELECT min(id) FROM redemption)"
            )
        )

        assert moved.rowcount == 2
        assert broken() == {
            "grant_spent_is_redeemed",
            "grant_reserved_is_outstanding",
            "funder_legs_are_discounts",
        }

    def test_notices_a_use_that_was_never_posted(self) -> None:
        """The book is append-only: damage to it is an entry too many, or one that is missing."""
        spending = Spending()
        with transaction():
            posting.post(
                kind="paid",
                reference="order:0",
                legs=[debit(accounts.grant(spending.till.city.id), 1), credit(accounts.BANK, 1)],
                at=NOW,
            )

        assert broken() == {"funder_legs_are_discounts"}

    def test_notices_a_shop_owed_too_much(self) -> None:
        spending = Spending()
        with transaction():
            posting.post(
                kind="counter_redeemed",
                reference="redemption:0",
                legs=[
                    debit(accounts.BANK, 1),
                    credit(accounts.payable(spending.bakery.id), 1),
                ],
                at=NOW,
            )

        assert broken() == {"counter_payables_are_uses"}

    def test_notices_a_shop_owed_for_nothing(self) -> None:
        Spending()
        stranger = shop()
        with transaction():
            posting.post(
                kind="counter_redeemed",
                reference="redemption:0",
                legs=[debit(accounts.BANK, 1), credit(accounts.payable(stranger.id), 1)],
                at=NOW,
            )

        assert broken() == {"counter_payables_are_uses"}

    def test_notices_a_shortage_nobody_told_of(self) -> None:
        spending = Spending()
        with transaction():
            posting.post(
                kind="offline_shortage",
                reference="offline_use:0",
                legs=[
                    debit(accounts.OFFLINE_SHORTAGE, 700),
                    credit(accounts.payable(spending.bakery.id), 700),
                ],
                at=NOW,
            )

        assert broken() == {"offline_shortages_are_posted"}


class TestSums:
    def test_show_where_every_won_is(self) -> None:
        spending = Spending()

        sums = coupon_sums.read()

        (book,) = [each for each in sums.campaigns if each.campaign_id == spending.campaign_id]
        assert (book.counter, book.redeemed, book.expired, book.revoked, book.outstanding) == (
            10,
            0,
            1,
            1,
            8,
        )
        assert (book.issued_won, book.spent_won, book.unused_won) == (100_000, 10_000, 0)
        assert (book.expired_won, book.revoked_won, book.outstanding_won) == (
            10_000,
            10_000,
            70_000,
        )
        assert book.holds

    def test_show_each_funders_part_of_a_campaign(self) -> None:
        spending = Spending()

        of_city, of_district = [
            book for book in coupon_sums.read().funders if book.campaign_id == spending.campaign_id
        ]

        assert (of_city.issued, of_city.spent, of_city.outstanding) == (30_000, 3_000, 21_000)
        assert (of_city.expired, of_city.revoked, of_city.unused) == (3_000, 3_000, 0)
        assert (of_district.issued, of_district.spent) == (70_000, 7_000)
        assert of_district.outstanding == 49_000

    def test_count_what_a_one_time_coupon_left_over_as_unused(self) -> None:
        till = Till(
            kind=CouponKind.PERCENT, amount=0, rules={"rate_bps": 1_000, "max_discount": 5_000}
        )
        till.use(till.show().qr, purchase=12_000)

        (book,) = coupon_sums.read().campaigns

        assert (book.issued_won, book.spent_won, book.unused_won) == (15_000, 1_200, 3_800)
        assert (book.redeemed, book.outstanding, book.outstanding_won) == (1, 2, 10_000)
        assert broken() == set()

    def test_show_that_a_broken_row_does_not_hold(self) -> None:
        Spending()
        db.session.connection().execute(text("UPDATE funder_grant SET reserved = reserved + 1"))
        db.session.connection().execute(text("UPDATE campaign SET issued = issued - 1"))

        sums = coupon_sums.read()

        assert {book.holds for book in sums.grants} == {False}
        assert {(book.counts_hold, book.won_holds) for book in sums.campaigns} == {(False, True)}
