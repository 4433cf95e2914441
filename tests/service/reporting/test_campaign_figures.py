"""A campaign's figures against figures counted by hand, in few queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import event

from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.reporting import campaign_figures, coupon_exports, coupon_sums, funder_sheets
from marketplace.reporting.campaign_figures import Bucket, Happening, Ranked, Tally
from tests import make
from tests.make import NOW
from tests.service.reporting.spending import Spending

pytestmark = pytest.mark.usefixtures("isolated")

TODAY: Final = datetime(2026, 11, 24, tzinfo=SEOUL)
DAY: Final = timedelta(days=1)
BOTH: Final = {"start": TODAY, "end": TODAY + 2 * DAY}


def tally(count: int, won: int) -> Tally:
    return Tally(count, Won(won))


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements sent to the database."""
    sent: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


class TestStanding:
    def test_is_what_was_counted_by_hand(self) -> None:
        spending = Spending()

        now = campaign_figures.standing(spending.campaign_id)

        assert (now.name, now.cap) == ("봄 나들이", 10)
        assert now.issued == tally(10, 100_000)
        assert now.claimed == tally(4, 40_000)
        assert now.outstanding == tally(8, 70_000)
        assert now.expired == tally(1, 10_000)
        assert now.revoked == tally(1, 10_000)
        assert now.spent == tally(0, 10_000)
        assert now.redeemed == tally(3, 15_000)
        assert now.reversed == tally(2, 5_000)

    def test_of_another_campaign_is_its_own(self) -> None:
        Spending()
        other = make.campaign(cap=3)

        assert campaign_figures.standing(other.id).issued == tally(3, 15_000)
        assert campaign_figures.standing(other.id).redeemed == tally(0, 0)

    def test_refuses_what_is_no_campaign(self) -> None:
        with pytest.raises(campaign_figures.CampaignUnknown):
            campaign_figures.standing(10**9)


class TestOverTime:
    def test_counts_each_day_of_seoul(self) -> None:
        spending = Spending()

        first, second = campaign_figures.over_time(spending.campaign_id, bucket=Bucket.DAY, **BOTH)

        assert (first.starts_at, second.starts_at) == (TODAY, TODAY + DAY)
        assert first.tallies == {
            Happening.CLAIMED: tally(4, 40_000),
            Happening.REDEEMED: tally(3, 15_000),
            Happening.REVERSED: tally(1, 1_000),
        }
        assert second.tallies == {
            Happening.REVERSED: tally(1, 4_000),
            Happening.EXPIRED: tally(1, 10_000),
            Happening.REVOKED: tally(1, 10_000),
        }

    def test_counts_each_hour_and_shows_the_quiet_ones(self) -> None:
        spending = Spending()

        hours = campaign_figures.over_time(
            spending.campaign_id, start=TODAY, end=TODAY + DAY, bucket=Bucket.HOUR
        )

        assert len(hours) == 24
        assert {
            hour.starts_at.hour: hour.of(Happening.REDEEMED).count for hour in hours if hour.tallies
        } == {12: 3, 13: 0}
        assert hours[13].of(Happening.REVERSED) == tally(1, 1_000)

    def test_counts_each_week_from_monday_on(self) -> None:
        spending = Spending()

        (last, this) = campaign_figures.over_time(
            spending.campaign_id,
            # Sunday to Wednesday.
            start=TODAY - 2 * DAY,
            end=TODAY + 2 * DAY,
            bucket=Bucket.WEEK,
        )

        assert last.starts_at == datetime(2026, 11, 16, tzinfo=SEOUL)
        assert (last.tallies, this.of(Happening.REDEEMED)) == ({}, tally(3, 15_000))
        assert this.of(Happening.REVERSED) == tally(2, 5_000)

    def test_leaves_out_what_happened_at_the_very_end(self) -> None:
        spending = Spending()
        end = NOW + timedelta(minutes=1)

        (hour,) = campaign_figures.over_time(
            spending.campaign_id, start=NOW, end=end, bucket=Bucket.HOUR
        )

        # The second use was a minute after the first: at the end, which is out.
        assert hour.of(Happening.REDEEMED) == tally(2, 14_000)


class TestRanked:
    def test_gives_online_uses_to_the_shops_of_the_order(self) -> None:
        spending = Spending()

        assert campaign_figures.by_enterprise(spending.campaign_id, **BOTH) == [
            Ranked("milbat", "밀밭나루 빵집", 2, Won(14_000), Won(4_000)),
            Ranked("handdam", "한땀 수선집", 1, Won(1_000), Won(1_000)),
        ]

    def test_goes_by_the_dong_of_who_spends(self) -> None:
        spending = Spending()

        found = campaign_figures.by_dong(spending.campaign_id, **BOTH)

        assert {(row.name, row.uses, row.won, row.reversed_won) for row in found} == {
            ("자양1동", 2, 5_000, 1_000),
            ("자양4동", 1, 10_000, 4_000),
        }

    def test_names_paper_coupons_that_nobody_claimed(self) -> None:
        spending = Spending()
        spending.till.use(
            spending.till.paper(), amount=3_000, key="tap-paper-1", at=NOW + timedelta(minutes=5)
        )

        last = campaign_figures.by_dong(spending.campaign_id, **BOTH)[-1]

        assert (last.key, last.name, last.won) == ("", "종이 쿠폰", 3_000)

    def test_goes_by_channel(self) -> None:
        spending = Spending()

        assert campaign_figures.by_channel(spending.campaign_id, **BOTH) == [
            Ranked("online", "online", 1, Won(10_000), Won(4_000)),
            Ranked("counter", "counter", 2, Won(5_000), Won(1_000)),
        ]

    def test_counts_only_uses_of_the_period(self) -> None:
        spending = Spending()
        tomorrow = {"start": TODAY + DAY, "end": TODAY + 2 * DAY}

        assert campaign_figures.by_enterprise(spending.campaign_id, **tomorrow) == []
        assert campaign_figures.by_dong(spending.campaign_id, **tomorrow) == []
        assert campaign_figures.by_channel(spending.campaign_id, **tomorrow) == []


class TestFunderSheets:
    def test_shows_each_day_of_each_grant(self) -> None:
        spending = Spending()

        sheets = {sheet.grant.grant_id: sheet for sheet in funder_sheets.list_sheets(**BOTH)}

        city = sheets[spending.till.city.id]
        assert [(day.spent, day.reversed) for day in city.days] == [(4_500, 300), (0, 1_200)]
        assert (city.spent, city.reversed, city.net) == (4_500, 1_500, 3_000)
        assert (city.grant.ceiling, city.grant.spent) == (100_000, 3_000)
        district = sheets[spending.till.district.id]
        assert (district.spent, district.reversed, district.net) == (10_500, 3_500, 7_000)

    def test_has_nothing_of_a_quiet_period(self) -> None:
        spending = Spending()

        sheets = funder_sheets.list_sheets(start=TODAY - DAY, end=TODAY)

        assert spending.till.city.id in {sheet.grant.grant_id for sheet in sheets}
        assert {sheet.net for sheet in sheets} == {0}


class TestExports:
    def test_lists_uses_with_people_hidden(self) -> None:
        spending = Spending()

        rows = list(coupon_exports.list_uses(spending.campaign_id, **BOTH))

        assert {
            (row.channel, row.enterprise, row.person, row.dong, row.amount) for row in rows
        } == {
            ("counter", "밀밭나루 빵집", "김*민", "자양1동", 4_000),
            ("counter", "한땀 수선집", "김*민", "자양1동", 1_000),
            ("online", "밀밭나루 빵집", "홍*동", "자양4동", 10_000),
        }
        assert all(row.receipt for row in rows)

    def test_lists_claims_with_people_hidden(self) -> None:
        spending = Spending()

        rows = list(coupon_exports.list_claims(spending.campaign_id, **BOTH))

        assert len(rows) == 4
        assert {row.state for row in rows} == {"claimed", "expired", "revoked"}
        assert all("*" in row.person for row in rows)


def test_asks_few_questions() -> None:
    one = Spending().campaign_id
    reads: list[tuple[Callable[[], object], int]] = [
        (lambda: campaign_figures.standing(one), 1),
        (lambda: campaign_figures.over_time(one, bucket=Bucket.DAY, **BOTH), 1),
        (lambda: campaign_figures.by_enterprise(one, **BOTH), 1),
        (lambda: campaign_figures.by_dong(one, **BOTH), 1),
        (lambda: campaign_figures.by_channel(one, **BOTH), 1),
        (lambda: funder_sheets.list_sheets(**BOTH), 2),
        (lambda: list(coupon_exports.list_uses(one, **BOTH)), 1),
        (lambda: list(coupon_exports.list_claims(one, **BOTH)), 1),
        (coupon_sums.read, 1),
    ]
    for read, queries in reads:
        with counted() as sent:
            read()

        assert len(sent) == queries, sent
