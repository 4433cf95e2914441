"""Reviews: by who bought and kept, once per line, for a month."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.catalog.picture_rows import StoredPicture
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.orders.models import LineStatus
from marketplace.reviews import own, queries, replies, writing
from marketplace.reviews.models import Review, ReviewPhoto
from marketplace.reviews.queries import Reader
from marketplace.search import index
from marketplace.search.models import ProductDocument
from tests import make
from tests.make import NOW, talk

pytestmark = pytest.mark.usefixtures("isolated")

PHOTO = StoredPicture("a" * 32, 800, 600, "data:image/webp;base64,AA")


def _write(line_id: int, person_id: int, *, rating: int = 4, body: str = talk.SAID) -> int:
    with transaction():
        return writing.write(
            line_id=line_id, person_id=person_id, rating=rating, body=body, photos=[PHOTO], at=NOW
        )


class TestWrite:
    def test_keeps_words_stars_and_photos_and_asks_for_the_mean(self) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)

        review_id = _write(line.id, buyer.id)

        (card,) = queries.list_reviews(line.product_id, name="꿀", reader=Reader())
        assert (card.id, card.rating, card.body) == (review_id, 4, talk.SAID)
        assert [photo.alt for photo in card.photos] == ["꿀 후기 사진 1"]
        jobs = db.session.scalars(select(Job).where(Job.kind == "search.rate")).all()
        assert [job.payload for job in jobs] == [{"product_ids": [line.product_id]}]

    def test_refuses_the_line_of_somebody_else(self) -> None:
        line = talk.kept_line()

        with pytest.raises(writing.NotBought):
            _write(line.id, make.person().id)

    @pytest.mark.parametrize("before", [LineStatus.PREPARING, LineStatus.DELIVERED])
    def test_refuses_what_is_not_confirmed(self, before: LineStatus) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer, up_to=before)

        with pytest.raises(writing.NotConfirmed):
            _write(line.id, buyer.id)

    def test_refuses_a_second_one(self) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)
        _write(line.id, buyer.id)

        with pytest.raises(writing.AlreadyWritten):
            _write(line.id, buyer.id)

    @pytest.mark.parametrize(
        ("rating", "body", "refusal"),
        [
            (0, talk.SAID, writing.RatingInvalid),
            (6, talk.SAID, writing.RatingInvalid),
            (5, "가" * 9, writing.BodyInvalid),
            (5, " " * 30, writing.BodyInvalid),
            (5, "가" * 2_001, writing.BodyInvalid),
        ],
    )
    def test_refuses_what_says_nothing(
        self, rating: int, body: str, refusal: type[Exception]
    ) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)

        with pytest.raises(refusal):
            _write(line.id, buyer.id, rating=rating, body=body)

    def test_a_line_leaves_the_list_of_what_waits(self) -> None:
        buyer = make.person()
        first, second = talk.kept_line(by=buyer), talk.kept_line(by=buyer)
        talk.kept_line(by=buyer, up_to=LineStatus.DELIVERED)

        _write(first.id, buyer.id)

        assert [each.line_id for each in own.list_to_write(buyer.id)] == [second.id]
        assert [each.product_id for each in own.list_written(buyer.id)] == [first.product_id]


class TestChange:
    def test_changes_words_and_photos_within_a_month(self) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)
        review_id = _write(line.id, buyer.id)
        old = db.session.scalars(select(ReviewPhoto.id)).one()

        with transaction():
            writing.change(
                review_id=review_id,
                person_id=buyer.id,
                rating=2,
                body="며칠 먹어 보니 조금 아쉬워요.",
                added=[PHOTO, PHOTO],
                removed=[old],
                at=NOW + timedelta(days=29),
            )

        written = own.get_written(review_id, person_id=buyer.id)
        assert (written.rating, len(written.photos)) == (2, 2)

    def test_refuses_a_sixth_photo(self) -> None:
        buyer = make.person()
        review_id = _write(talk.kept_line(by=buyer).id, buyer.id)

        with pytest.raises(writing.TooManyPhotos), transaction():
            writing.change(
                review_id=review_id,
                person_id=buyer.id,
                rating=2,
                body=talk.SAID,
                added=[PHOTO] * 5,
                removed=[],
                at=NOW,
            )

    @pytest.mark.parametrize(("days", "mine"), [(30, True), (1, False)])
    def test_refuses_later_and_others(self, days: int, *, mine: bool) -> None:
        buyer = make.person()
        review_id = _write(talk.kept_line(by=buyer).id, buyer.id)

        with (
            pytest.raises(writing.TooLateToChange if mine else writing.ReviewMissing),
            transaction(),
        ):
            writing.change(
                review_id=review_id,
                person_id=buyer.id if mine else make.person().id,
                rating=1,
                body=talk.SAID,
                added=[],
                removed=[],
                at=NOW + timedelta(days=days),
            )

    def test_takes_back_everything_and_may_write_again(self) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)
        review_id = _write(line.id, buyer.id)

        with transaction():
            writing.take_back(review_id=review_id, person_id=buyer.id)

        assert db.session.scalar(select(func.count()).select_from(ReviewPhoto)) == 0
        assert _write(line.id, buyer.id) != review_id


class TestReading:
    def test_pages_by_place_and_stars(self) -> None:
        product = make.product()
        ids = [
            talk.review(product, rating=1 + n % 2, at=NOW + timedelta(minutes=n))
            for n in range(queries.PAGE + 3)
        ]

        first = queries.list_reviews(product.id, name="꿀", reader=Reader())
        last = first[-1]
        rest = queries.list_reviews(
            product.id, name="꿀", reader=Reader(), after=queries.Cursor(last.created_at, last.id)
        )

        assert [each.id for each in [*first, *rest]] == ids[::-1]
        ones = queries.list_reviews(product.id, name="꿀", reader=Reader(), rating=1)
        assert {each.rating for each in ones} == {1}
        assert queries.count_by_rating(product.id) == {5: 0, 4: 0, 3: 0, 2: 11, 1: 12}

    def test_the_index_counts_what_is_shown(self) -> None:
        product = make.product()
        make.variant(product)
        with transaction():
            index.reindex([product.id], at=NOW)
        for rating in (5, 4):
            talk.review(product, rating=rating)
        hidden = talk.review(product, rating=1)
        with transaction():
            db.session.get_one(Review, hidden).hidden_at = NOW

        with transaction():
            index.record_ratings(
                [product.id],
                lambda ids: {
                    each: index.Rating(*sums) for each, sums in queries.sums_of(ids).items()
                },
            )

        document = db.session.get_one(ProductDocument, product.id)
        assert (document.rating_sum, document.review_count) == (9, 2)


class TestReply:
    def test_answers_and_tells_the_writer_once(self) -> None:
        product = make.product()
        review_id = talk.review(product)

        for text in ("고맙습니다.", "정말 고맙습니다."):
            with transaction():
                replies.reply(
                    review_id=review_id, enterprise_id=product.enterprise_id, text=text, at=NOW
                )

        (card,) = queries.list_reviews(product.id, name="꿀", reader=Reader())
        assert card.reply == "정말 고맙습니다."
        told = [
            job for job in db.session.scalars(select(Job)) if "review_replied" in job.dedupe_key
        ]
        assert len(told) == 1
        assert replies.count_unanswered(product.enterprise_id) == 0

    def test_refuses_reviews_of_other_shops(self) -> None:
        review_id = talk.review()
        other = make.enterprise()

        with pytest.raises(writing.ReviewMissing), transaction():
            replies.reply(review_id=review_id, enterprise_id=other.id, text="답", at=NOW)
        assert replies.list_page(other.id) == []
