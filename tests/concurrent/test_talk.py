"""One line, one review; one person, one report; a round closes while people score."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.core.db import db, transaction
from marketplace.reviews import moderation, panels, queries, rounds, scoring, writing
from marketplace.reviews.models import Review, ReviewReport
from marketplace.reviews.panel_models import PanelScore, PanelSheet
from marketplace.reviews.panels import PanellistKind, Plan
from marketplace.reviews.scoring import Sheet
from marketplace.search import index
from marketplace.search.models import ProductDocument
from tests import make
from tests.concurrent import crowd
from tests.make import NOW, talk

HANDS = 8


@pytest.fixture(autouse=True)
def _context(live_app: Flask) -> object:
    """Keep the application's context pushed."""
    with live_app.app_context():
        yield


def test_a_line_is_reviewed_once(live_app: Flask) -> None:
    buyer = make.person()
    line = talk.kept_line(by=buyer)
    write = partial(
        writing.write,
        line_id=line.id,
        person_id=buyer.id,
        rating=5,
        body=talk.SAID,
        photos=[],
        at=NOW,
    )

    answers = crowd.rush(live_app, [write] * HANDS)

    assert len(crowd.done(answers)) == 1
    assert len(crowd.of_type(answers, writing.AlreadyWritten)) == HANDS - 1
    assert db.session.scalar(select(func.count()).select_from(Review)) == 1


def test_a_person_reports_once(live_app: Flask) -> None:
    review_id, neighbour = talk.review(), make.person()
    report = partial(
        moderation.report, review_id=review_id, person_id=neighbour.id, reason="욕설", at=NOW
    )

    answers = crowd.rush(live_app, [report] * HANDS)

    assert len(crowd.done(answers)) == 1
    assert len(crowd.of_type(answers, moderation.AlreadyReported)) == HANDS - 1
    assert db.session.scalar(select(func.count()).select_from(ReviewReport)) == 1


def test_the_index_ends_with_every_review_counted(live_app: Flask) -> None:
    product = make.product()
    make.variant(product)
    with transaction():
        index.reindex([product.id], at=NOW)
    buyers = [make.person() for _ in range(HANDS)]
    variant = make.variant(product, options=["큰 병"])
    lines = [talk.kept_line(variant, by=buyer) for buyer in buyers]

    def write_and_count(place: int) -> None:
        writing.write(
            line_id=lines[place].id,
            person_id=buyers[place].id,
            rating=4,
            body=talk.SAID,
            photos=[],
            at=NOW,
        )

    def count() -> None:
        index.record_ratings(
            [product.id],
            lambda ids: {each: index.Rating(*sums) for each, sums in queries.sums_of(ids).items()},
        )

    # As the worker does it: each review is counted by somebody after it was written.
    crowd.rush(live_app, [partial(write_and_count, place) for place in range(HANDS)])
    crowd.rush(live_app, [count] * HANDS)

    db.session.rollback()
    document = db.session.get_one(ProductDocument, product.id)
    assert (document.rating_sum, document.review_count) == (4 * HANDS, HANDS)


def test_no_score_is_given_once_a_round_is_closed(live_app: Flask) -> None:
    clerk, panel = make.person(), [make.person() for _ in range(HANDS)]
    product = make.product()
    with transaction():
        plan = Plan(name="품평회", held_on=date(2026, 11, 20), badges=1)
        panel_id = panels.create(plan, by=clerk.id, at=NOW, ip=None)
        panels.enter(panel_id, product_id=product.id, by=clerk.id, ip=None)
        for person in panel:
            panels.seat(
                panel_id, email=person.email, kind=PanellistKind.CONSUMER, by=clerk.id, ip=None
            )
        rounds.open_scoring(panel_id, by=clerk.id, at=NOW, ip=None)
    criteria = scoring.list_criteria(panel_id)
    (entry,) = scoring.list_entries(panel_id, person_id=panel[0].id)
    sheet = Sheet(scores={each.id: 3 for each in criteria}, comment="", improvement="", channels=[])

    def give(person_id: int) -> None:
        scoring.score(
            panel_id=panel_id, entry_id=entry.id, person_id=person_id, sheet=sheet, at=NOW
        )

    answers = crowd.rush(
        live_app,
        [
            *(partial(give, person.id) for person in panel[:4]),
            partial(rounds.close, panel_id, by=clerk.id, at=NOW, ip=None),
            *(partial(give, person.id) for person in panel[4:]),
        ],
    )

    refused = crowd.of_type(answers, scoring.ScoringOver)
    sheets = db.session.scalar(select(func.count()).select_from(PanelSheet))
    scores = db.session.scalar(select(func.count()).select_from(PanelScore))
    assert len(crowd.done(answers)) + len(refused) == HANDS + 1
    assert sheets == HANDS - len(refused)
    assert scores == (sheets or 0) * len(criteria)
