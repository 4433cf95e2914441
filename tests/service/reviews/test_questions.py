"""Questions: secret ones stay secret, enterprises answer their own, askers are told."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.enterprises.models import MemberRole
from marketplace.reviews import queries, questions
from marketplace.reviews.queries import Reader
from tests import make
from tests.make import NOW, talk

pytestmark = pytest.mark.usefixtures("isolated")


def _answer(question_id: int, enterprise_id: int, text: str = "어제 땄습니다.") -> None:
    with transaction():
        questions.answer(
            question_id=question_id, enterprise_id=enterprise_id, text=text, by=1, at=NOW
        )


def _told(kind: str) -> list[object]:
    jobs = db.session.scalars(select(Job).where(Job.kind == "notifications.deliver"))
    return [job.payload.get("person_id") for job in jobs if job.payload["kind"] == kind]


class TestAsk:
    def test_tells_owners_and_staff_and_no_cashier(self) -> None:
        shop = make.enterprise()
        owner, staff, cashier = make.person(), make.person(), make.person()
        make.member(shop, owner)
        make.member(shop, staff, role=MemberRole.STAFF)
        make.member(shop, cashier, role=MemberRole.CASHIER)

        talk.question(make.product(shop))

        assert sorted(map(str, _told("question_asked"))) == sorted([str(owner.id), str(staff.id)])

    @pytest.mark.parametrize("body", ["네?", " " * 20, "가" * 1_001])
    def test_refuses_what_asks_nothing(self, body: str) -> None:
        with pytest.raises(questions.BodyInvalid):
            talk.question(make.product(), body=body)

    def test_refuses_what_is_not_for_sale(self) -> None:
        product = make.product()
        product_id = product.id + 1_000

        with pytest.raises(questions.ProductGone), transaction():
            questions.ask(
                product_id=product_id,
                person_id=make.person().id,
                body="있나요? 궁금해요",
                is_secret=False,
                at=NOW,
            )


class TestSecrets:
    def test_are_read_by_the_asker_the_shop_and_the_office_alone(self) -> None:
        asker, product = make.person(), make.product()
        question_id = talk.question(product, by=asker, body="제 번호는 010-…", is_secret=True)
        with transaction():
            questions.answer(
                question_id=question_id,
                enterprise_id=product.enterprise_id,
                text="전화드릴게요",
                by=asker.id,
                at=NOW,
            )

        def seen_by(reader: Reader) -> tuple[str, str | None]:
            (card,) = queries.list_questions(product.id, reader=reader)
            return card.body, card.answer

        hidden = (queries.HIDDEN_WORDS, None)
        readable = ("제 번호는 010-…", "전화드릴게요")
        assert seen_by(Reader()) == hidden
        assert seen_by(Reader(person_id=make.person().id)) == hidden
        assert seen_by(Reader(person_id=asker.id)) == readable
        assert seen_by(Reader(person_id=1, reads_secrets=True)) == readable
        assert queries.summary_of(product.id).questions[0].body == queries.HIDDEN_WORDS


class TestAnswer:
    def test_tells_the_asker_of_the_first_answer(self) -> None:
        product, by = make.product(), make.person()
        question_id = talk.question(product)

        for text in ("어제요", "그제요"):
            with transaction():
                questions.answer(
                    question_id=question_id,
                    enterprise_id=product.enterprise_id,
                    text=text,
                    by=by.id,
                    at=NOW,
                )

        assert len(_told("question_answered")) == 1
        assert questions.list_answered(product.enterprise_id)[0].answer == "그제요"
        assert questions.count_unanswered(product.enterprise_id) == 0

    def test_refuses_questions_of_other_shops(self) -> None:
        question_id = talk.question(make.product())

        with pytest.raises(questions.QuestionMissing):
            _answer(question_id, make.enterprise().id)

    def test_lists_who_waits_longest_first_with_a_day_to_answer(self) -> None:
        product = make.product()
        first, second = talk.question(product), talk.question(product)

        waiting = questions.list_unanswered(product.enterprise_id)

        assert [one.id for one in waiting] == [first, second]
        friday = datetime(2026, 11, 27, 3, tzinfo=UTC)
        assert questions.due_on(friday) == date(2026, 12, 1)


class TestTakeBack:
    def test_takes_back_ones_own_unanswered_question_alone(self) -> None:
        asker, product = make.person(), make.product()
        mine, answered = talk.question(product, by=asker), talk.question(product, by=asker)
        with transaction():
            questions.answer(
                question_id=answered,
                enterprise_id=product.enterprise_id,
                text="네",
                by=asker.id,
                at=NOW,
            )

        with pytest.raises(questions.QuestionMissing), transaction():
            questions.take_back(question_id=mine, person_id=make.person().id)
        with pytest.raises(questions.AlreadyAnswered), transaction():
            questions.take_back(question_id=answered, person_id=asker.id)
        with transaction():
            questions.take_back(question_id=mine, person_id=asker.id)

        assert queries.count_questions(product.id) == 1
