"""Reports once per person; hidden with a reason; everybody concerned is told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.reviews import moderation, own, queries, writing
from marketplace.reviews.queries import Reader
from tests import make
from tests.make import NOW, talk

pytestmark = pytest.mark.usefixtures("isolated")


def _report(review_id: int, person_id: int) -> None:
    with transaction():
        moderation.report(review_id=review_id, person_id=person_id, reason="욕설입니다", at=NOW)


def _told() -> list[str]:
    return sorted(
        str(job.payload["kind"])
        for job in db.session.scalars(select(Job).where(Job.kind == "notifications.deliver"))
        if str(job.payload["kind"]).startswith("review")
    )


class TestReport:
    def test_counts_a_person_once(self) -> None:
        review_id, neighbour = talk.review(), make.person()
        _report(review_id, neighbour.id)

        with pytest.raises(moderation.AlreadyReported):
            _report(review_id, neighbour.id)
        assert moderation.count_open() == 1

    def test_refuses_ones_own(self) -> None:
        writer = make.person()
        review_id = talk.review(by=writer)

        with pytest.raises(moderation.OwnReview):
            _report(review_id, writer.id)


class TestDecide:
    def test_hides_with_a_reason_and_tells_both(self) -> None:
        writer, product = make.person(), make.product()
        review_id = talk.review(product, by=writer)
        _report(review_id, make.person().id)
        clerk = make.person()

        with transaction():
            moderation.hide(
                review_id=review_id, reason="욕설이 있습니다", by=clerk.id, at=NOW, ip="192.0.2.1"
            )

        assert queries.list_reviews(product.id, name="꿀", reader=Reader()) == []
        assert queries.sums_of([product.id]) == {}
        assert own.list_written(writer.id)[0].hidden_reason == "욕설이 있습니다"
        assert _told() == ["review_hidden", "review_report_decided"]
        assert moderation.list_reported() == []
        assert [one.id for one in moderation.list_hidden()] == [review_id]
        event = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "review.hidden")
        ).one()
        assert (event.subject_id, event.actor_id) == (review_id, clerk.id)

    def test_a_hidden_one_cannot_be_washed_clean(self) -> None:
        writer = make.person()
        review_id = talk.review(by=writer)
        with transaction():
            moderation.hide(review_id=review_id, reason="욕설", by=writer.id, at=NOW, ip=None)

        with pytest.raises(writing.HiddenByOffice), transaction():
            writing.take_back(review_id=review_id, person_id=writer.id)

    def test_keeps_a_reported_one_and_shows_a_hidden_one_again(self) -> None:
        product, clerk = make.product(), make.person()
        review_id = talk.review(product)
        _report(review_id, make.person().id)

        with transaction():
            moderation.keep(review_id=review_id, answer="문제없음", by=clerk.id, at=NOW, ip=None)
        with pytest.raises(moderation.NothingToDecide), transaction():
            moderation.keep(review_id=review_id, answer="문제없음", by=clerk.id, at=NOW, ip=None)
        with transaction():
            moderation.hide(review_id=review_id, reason="잘못 봄", by=clerk.id, at=NOW, ip=None)
        with transaction():
            moderation.keep(review_id=review_id, answer="다시 봄", by=clerk.id, at=NOW, ip=None)

        assert len(queries.list_reviews(product.id, name="꿀", reader=Reader())) == 1
