"""Rounds of a panel: weights make a whole, scores are blind, nobody judges their own shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.audit.models import AuditEvent
from marketplace.catalog.models import Product
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.reviews import panel_page, panels, queries, results, rounds, scoring, status
from marketplace.reviews.panels import Criterion, PanellistKind, Plan
from marketplace.reviews.scoring import Sheet
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")

_PLAN = Plan(name="2026 가을 품평회", held_on=date(2026, 11, 20), badges=1)


@dataclass(frozen=True)
class Round:
    """A round in the hands of a test."""

    id: int
    clerk: Person
    products: tuple[Product, ...]
    panel: tuple[Person, ...]

    def entry(self, position: int) -> int:
        """Return the id of an entry by its place."""
        return panel_page.get(self.id).entries[position].id

    def give(self, who: int, position: int, *points: int, comment: str = "") -> None:
        """Let a panellist score an entry."""
        criteria = scoring.list_criteria(self.id)
        sheet = Sheet(
            scores={each.id: point for each, point in zip(criteria, points, strict=True)},
            comment=comment,
            improvement="",
            channels=["smartstore"],
        )
        with transaction():
            scoring.score(
                panel_id=self.id,
                entry_id=self.entry(position),
                person_id=self.panel[who].id,
                sheet=sheet,
                at=NOW,
            )

    def close(self) -> None:
        """End scoring."""
        with transaction():
            rounds.close(self.id, by=self.clerk.id, at=NOW, ip=None)

    def publish(self, *, drops_extremes: bool = False) -> None:
        """Publish the result."""
        with transaction():
            rounds.publish(
                self.id, drops_extremes=drops_extremes, by=self.clerk.id, at=NOW, ip=None
            )


def _draft(products: tuple[Product, ...], panel: tuple[Person, ...]) -> Round:
    clerk = make.person()
    with transaction():
        panel_id = panels.create(_PLAN, by=clerk.id, at=NOW, ip=None)
        panels.set_criteria(
            panel_id, [Criterion("품질", 7_500), Criterion("포장", 2_500)], by=clerk.id, ip=None
        )
        for product in products:
            panels.enter(panel_id, product_id=product.id, by=clerk.id, ip=None)
        for person in panel:
            panels.seat(
                panel_id, email=person.email, kind=PanellistKind.CONSUMER, by=clerk.id, ip=None
            )
    return Round(panel_id, clerk, products, panel)


def _open(products: int = 2, seats: int = 3) -> Round:
    made = _draft(
        tuple(make.product(name=f"꿀 {n}") for n in range(products)),
        tuple(make.person() for _ in range(seats)),
    )
    with transaction():
        rounds.open_scoring(made.id, by=made.clerk.id, at=NOW, ip=None)
    return made


class TestSetUp:
    @pytest.mark.parametrize(
        "criteria",
        [
            [],
            [Criterion("품질", 9_999)],
            [Criterion("품질", 5_000), Criterion("품질", 5_000)],
            [Criterion("품질", 10_001), Criterion("포장", -1)],
            [Criterion("", 10_000)],
        ],
    )
    def test_refuses_weights_that_make_no_whole(self, criteria: list[Criterion]) -> None:
        made = _draft((), ())

        with pytest.raises(panels.CriteriaInvalid), transaction():
            panels.set_criteria(made.id, criteria, by=made.clerk.id, ip=None)

    def test_begins_with_criteria_that_make_a_whole(self) -> None:
        assert sum(weight for _, weight in panels.CRITERIA) == panels.WHOLE

    def test_refuses_the_same_product_and_the_same_person_twice(self) -> None:
        product, person = make.product(), make.person()
        made = _draft((product,), (person,))

        with pytest.raises(panels.AlreadyThere), transaction():
            panels.enter(made.id, product_id=product.id, by=made.clerk.id, ip=None)
        with pytest.raises(panels.AlreadyThere), transaction():
            panels.seat(
                made.id,
                email=person.email.upper(),
                kind=PanellistKind.MERCHANDISER,
                by=made.clerk.id,
                ip=None,
            )

    def test_does_not_open_empty_and_changes_nothing_once_open(self) -> None:
        empty = _draft((), ())
        with pytest.raises(rounds.NotReady), transaction():
            rounds.open_scoring(empty.id, by=empty.clerk.id, at=NOW, ip=None)

        opened = _open()
        with pytest.raises(panels.NotInDraft), transaction():
            panels.enter(opened.id, product_id=make.product().id, by=opened.clerk.id, ip=None)
        with pytest.raises(status.PanelMoveNotAllowed), transaction():
            rounds.publish(opened.id, drops_extremes=False, by=1, at=NOW, ip=None)

    def test_every_step_is_in_the_trail(self) -> None:
        made = _open()
        made.give(0, 0, 5, 5)
        made.close()
        made.publish()

        found = db.session.scalars(
            select(AuditEvent.action).where(
                AuditEvent.subject_kind == "panel", AuditEvent.subject_id == made.id
            )
        ).all()
        assert {"panel.created", "panel.opened", "panel.closed", "panel.published"} <= set(found)


class TestScore:
    def test_shows_no_maker_and_nobody_elses_scores(self) -> None:
        shop = make.enterprise(name="달콤양봉원")
        product = make.product(shop, name="달콤양봉원 밤꿀")
        made = _draft((product,), (make.person(), make.person()))
        with transaction():
            rounds.open_scoring(made.id, by=made.clerk.id, at=NOW, ip=None)
        made.give(0, 0, 5, 4, comment="좋아요")

        (other,) = scoring.list_entries(made.id, person_id=made.panel[1].id)

        assert other.name == "○○ 밤꿀"
        assert "달콤양봉원" not in repr(other)
        assert (other.is_scored, other.scores, other.comment) == (False, {}, "")

    def test_replaces_what_was_given_before(self) -> None:
        made = _open()
        made.give(0, 0, 1, 1)
        made.give(0, 0, 5, 4)

        (entry, _) = scoring.list_entries(made.id, person_id=made.panel[0].id)
        assert sorted(entry.scores.values()) == [4, 5]

    def test_refuses_strangers_missing_points_and_a_closed_round(self) -> None:
        made = _open()
        criteria = scoring.list_criteria(made.id)
        half = Sheet(scores={criteria[0].id: 5}, comment="", improvement="", channels=[])
        high = Sheet(
            scores={each.id: 6 for each in criteria}, comment="", improvement="", channels=[]
        )
        for who, sheet, refusal in (
            (make.person(), half, scoring.SeatMissing),
            (made.panel[0], half, scoring.ScoresMissing),
            (made.panel[0], high, scoring.ScoresMissing),
        ):
            with pytest.raises(refusal), transaction():
                scoring.score(
                    panel_id=made.id,
                    entry_id=made.entry(0),
                    person_id=who.id,
                    sheet=sheet,
                    at=NOW,
                )
        made.close()
        with pytest.raises(scoring.ScoringOver):
            made.give(0, 0, 5, 5)

    def test_refuses_an_entry_of_another_round(self) -> None:
        made, other = _open(), _open()

        with pytest.raises(scoring.SeatMissing):
            scoring.get_entry(made.id, other.entry(0), person_id=made.panel[0].id)


class TestConflicts:
    def test_flags_who_works_for_the_maker_and_lets_them_score_the_others(self) -> None:
        insider, shop = make.person(), make.enterprise()
        make.member(shop, insider)
        made = _draft((make.product(shop), make.product()), (insider,))
        with transaction():
            rounds.open_scoring(made.id, by=made.clerk.id, at=NOW, ip=None)

        own, other = scoring.list_entries(made.id, person_id=insider.id)
        assert (own.has_conflict, other.has_conflict) == (True, False)
        with pytest.raises(scoring.InConflict):
            made.give(0, 0, 5, 5)
        made.give(0, 1, 3, 3)

    def test_drops_the_scores_of_who_steps_back_or_joins_the_maker_later(self) -> None:
        made = _open(products=2, seats=2)
        for who in (0, 1):
            made.give(who, 0, 5, 5)
        with transaction():
            scoring.declare_conflict(
                panel_id=made.id, entry_id=made.entry(0), person_id=made.panel[0].id, at=NOW
            )
        shop_id = made.products[0].enterprise_id
        make.member(db.session.get_one(make.enterprise().__class__, shop_id), made.panel[1])
        made.close()

        row = next(
            row
            for row in results.table(made.id, drops_extremes=False).rows
            if row.entry_id == made.entry(0)
        )
        assert (row.sheets, row.conflicts, row.mean_all) == (0, 2, None)


class TestResults:
    def test_weighs_in_whole_basis_points(self) -> None:
        made = _open(products=2, seats=3)
        for who, points in enumerate([(5, 1), (4, 4), (3, 2)]):
            made.give(who, 0, *points)
        made.give(0, 1, 5, 5)
        made.close()

        table = results.table(made.id, drops_extremes=False)

        best, second = table.rows
        assert best.entry_id == made.entry(1)
        assert best.mean_all == 50_000
        # (40,000 + 40,000 + 27,500) / 3 = 35,833.3…; without the extremes the middle one alone.
        assert (second.mean_all, second.mean_dropped) == (35_833, 40_000)
        assert second.by_criterion == (40_000, 23_333)

    @pytest.mark.parametrize(
        ("values", "expected"), [([], None), ([1, 2], 2), ([1, 1, 2], 1), ([3, 3, 3, 4], 3)]
    )
    def test_rounds_half_up(self, values: list[int], expected: int | None) -> None:
        assert results.mean(values) == expected

    def test_drops_extremes_of_three_sheets_and_more(self) -> None:
        assert results.without_extremes([3, 1, 2]) == [2]
        assert results.without_extremes([1, 9]) == [1, 9]

    def test_publishes_badges_and_each_shops_own_result_without_names(self) -> None:
        made = _open(products=2, seats=2)
        made.give(0, 0, 2, 2)
        made.give(0, 1, 5, 5, comment="선물하고 싶어요")
        owner = make.person()
        make.member(
            db.session.get_one(make.enterprise().__class__, made.products[1].enterprise_id), owner
        )
        made.close()
        with transaction():
            rounds.note(
                made.id,
                entry_id=made.entry(1),
                improvement="작은 병도 만들어 보세요",
                channels=["gift_set", "smartstore"],
                by=made.clerk.id,
                ip=None,
            )
        assert results.list_of_enterprise(made.products[1].enterprise_id) == []

        made.publish()

        (own,) = results.list_of_enterprise(made.products[1].enterprise_id)
        assert own.row.has_badge
        assert own.row.channels == ("smartstore", "gift_set")
        assert own.row.opinions[0].comment == "선물하고 싶어요"
        assert made.panel[0].name not in repr(own)
        assert queries.summary_of(made.products[1].id).won_panels == (_PLAN.name,)
        assert queries.summary_of(made.products[0].id).won_panels == ()
        told = [
            job.payload["person_id"]
            for job in db.session.scalars(select(Job))
            if job.payload.get("kind") == "panel_published"
        ]
        assert told == [owner.id]

    def test_is_read_in_as_many_queries_however_large(self) -> None:
        from tests.service.checkout.counting import statements

        counts = []
        for products, seats in ((2, 2), (6, 5)):
            made = _open(products=products, seats=seats)
            for who in range(seats):
                for position in range(products):
                    made.give(who, position, 3, 4)
            made.close()
            with statements() as sent:
                results.table(made.id, drops_extremes=True)
            counts.append(len(sent))

        assert counts == [4, 4]
