"""Reviews and questions on pages: written, answered, reported, and nobody else's to touch."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image
from sqlalchemy import select

from marketplace.accounts.models import Person, Role
from marketplace.catalog.models import Product
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.orders.models import LineStatus
from marketplace.reviews import questions, replies
from marketplace.reviews.models import Question, Review, ReviewPhoto, ReviewReport
from tests import make
from tests.make import talk
from tests.web.visitor import Visitor

Another = Callable[[], Visitor]
_SCRIPT = "<script>alert('후기')</script> 아주 달아요 <img src=x onerror=alert(1)>"


def _picture(size: tuple[int, int] = (640, 480), kind: str = "JPEG") -> io.BytesIO:
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (37.0, 32.0, 0.0)}
    options = {"exif": exif} if kind == "JPEG" else {}
    Image.new("RGB", size, (200, 120, 40)).save(written, kind, **options)
    return io.BytesIO(written.getvalue())


def _shop_of(product: Product, member: Person) -> None:
    from marketplace.enterprises.models import Enterprise

    make.member(db.session.get_one(Enterprise, product.enterprise_id), member)


class TestWritingAReview:
    def test_takes_words_stars_and_photos(self, visitor: Visitor) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)
        visitor.enter(buyer)
        assert f"/my/reviews/new/{line.id}" in visitor.get("/my/reviews").text

        sent = visitor.post(
            f"/my/reviews/new/{line.id}",
            {
                "rating": "5",
                "body": talk.SAID,
                "photos": [(_picture(), "a.jpg"), (_picture((300, 300), "PNG"), "b.png")],
            },
        )

        assert sent.status_code == 303
        photos = db.session.scalars(select(ReviewPhoto).order_by(ReviewPhoto.position)).all()
        assert len(photos) == 2
        page = visitor.get(f"/products/{line.product_id}").text
        assert talk.SAID in page
        assert photos[0].storage_key in page
        stored = visitor.get(f"/pictures/{photos[0].storage_key}-640.jpg")
        assert not Image.open(io.BytesIO(stored.data)).getexif()

    @pytest.mark.parametrize(
        ("photo", "name"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.svg"),
            (b"<html><script>alert(1)</script></html>", "a.jpg"),
            (b"\xff\xd8\xff\xe0" + b"\x00" * 50, "a.jpg"),
        ],
    )
    def test_refuses_what_is_no_picture_and_keeps_the_words(
        self, visitor: Visitor, photo: bytes, name: str
    ) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)
        visitor.enter(buyer)

        sent = visitor.post(
            f"/my/reviews/new/{line.id}",
            {"rating": "4", "body": talk.SAID, "photos": [(io.BytesIO(photo), name)]},
        )

        assert sent.status_code == 422
        assert talk.SAID in sent.text
        assert db.session.scalars(select(Review)).all() == []

    def test_refuses_short_words_missing_stars_and_a_sixth_photo(self, visitor: Visitor) -> None:
        buyer = make.person()
        line = talk.kept_line(by=buyer)
        visitor.enter(buyer)
        path = f"/my/reviews/new/{line.id}"

        for form in (
            {"rating": "4", "body": "짧다"},
            {"rating": "", "body": talk.SAID},
            {"rating": "9", "body": talk.SAID},
            {
                "rating": "4",
                "body": talk.SAID,
                "photos": [(_picture((9, 9)), f"{n}.jpg") for n in range(6)],
            },
        ):
            assert visitor.post(path, form).status_code == 422
        assert db.session.scalars(select(Review)).all() == []

    def test_belongs_to_the_buyer_alone(self, visitor: Visitor) -> None:
        buyer, other = make.person(), make.person()
        line = talk.kept_line(by=buyer)
        review_id = talk.review(by=buyer)
        visitor.enter(other)

        form = {"rating": "1", "body": talk.SAID}
        assert visitor.get(f"/my/reviews/new/{line.id}").status_code == 404
        assert visitor.post(f"/my/reviews/new/{line.id}", form).status_code == 404
        assert visitor.get(f"/my/reviews/{review_id}/edit").status_code == 404
        assert visitor.post(f"/my/reviews/{review_id}/edit", form).status_code == 404
        assert visitor.post(f"/my/reviews/{review_id}/deletion").status_code == 404
        assert db.session.get_one(Review, review_id).rating == 5

    def test_waits_for_the_confirmation_and_is_written_once(self, visitor: Visitor) -> None:
        buyer = make.person()
        early = talk.kept_line(by=buyer, up_to=LineStatus.DELIVERED)
        line = talk.kept_line(by=buyer)
        visitor.enter(buyer)
        form = {"rating": "3", "body": talk.SAID}

        assert visitor.post(f"/my/reviews/new/{early.id}", form).status_code == 409
        assert visitor.post(f"/my/reviews/new/{line.id}", form).status_code == 303
        assert visitor.post(f"/my/reviews/new/{line.id}", form).status_code == 409

    def test_is_changed_and_taken_back(self, visitor: Visitor) -> None:
        buyer = make.person()
        review_id = talk.review(by=buyer, at=clock.now())
        visitor.enter(buyer)

        page = visitor.get(f"/my/reviews/{review_id}/edit").text
        assert talk.SAID in page
        changed = visitor.post(
            f"/my/reviews/{review_id}/edit", {"rating": "2", "body": "다시 먹어 보니 그저 그래요."}
        )
        assert changed.status_code == 303
        assert "그저 그래요" in visitor.get("/my/reviews").text
        assert visitor.post(f"/my/reviews/{review_id}/deletion").status_code == 303
        assert db.session.scalars(select(Review)).all() == []


class TestReadingReviews:
    def test_shows_what_was_typed_as_text_everywhere(
        self, visitor: Visitor, another: Another
    ) -> None:
        owner, clerk = make.person(), make.person(roles=[Role.OPERATOR])
        product = make.product()
        _shop_of(product, owner)
        writer = make.person()
        review_id = talk.review(product, by=writer, body=_SCRIPT)
        question_id = talk.question(product, body=_SCRIPT)
        with transaction():
            replies.reply(
                review_id=review_id,
                enterprise_id=product.enterprise_id,
                text=_SCRIPT,
                at=clock.now(),
            )
            questions.answer(
                question_id=question_id,
                enterprise_id=product.enterprise_id,
                text=_SCRIPT,
                by=owner.id,
                at=clock.now(),
            )
        visitor.enter(make.person())
        visitor.post(f"/reviews/{review_id}/reports", {"reason": _SCRIPT, "product_id": product.id})
        seller = another().enter(owner, second_factor=True)
        office = another().enter(clerk, second_factor=True)
        member = another().enter(writer)

        for page in (
            visitor.get(f"/products/{product.id}"),
            visitor.get(f"/products/{product.id}/reviews"),
            visitor.get(f"/products/{product.id}/questions"),
            seller.get("/seller/reviews"),
            seller.get("/seller/questions?state=answered"),
            office.get("/office/reviews"),
            member.get("/my/reviews"),
        ):
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "onerror=alert(1)>" not in page.text
            assert "&lt;script&gt;alert" in page.text

    def test_pages_and_filters_by_stars(self, visitor: Visitor) -> None:
        product = make.product()
        for n in range(22):
            talk.review(product, rating=4 + n % 2, body=f"{n:02}번째로 남기는 후기입니다.")

        first = visitor.get(f"/products/{product.id}/reviews").text
        next_url = re.search(r'href="([^"]*after=[^"]*)"', first)

        assert next_url is not None
        rest = visitor.get(next_url[1].replace("&amp;", "&")).text
        assert len(re.findall("번째로 남기는", first)) == 20
        assert len(re.findall("번째로 남기는", rest)) == 2
        fours = visitor.get(f"/products/{product.id}/reviews?rating=4").text
        assert len(re.findall("번째로 남기는", fours)) == 11
        for broken in ("after=1", "after=x-1", f"after={'9' * 18}-1", "rating=7"):
            assert visitor.get(f"/products/{product.id}/reviews?{broken}").status_code == 200


class TestReports:
    def test_are_decided_by_the_office(self, visitor: Visitor, another: Another) -> None:
        product, writer = make.product(), make.person()
        review_id = talk.review(product, by=writer)
        form = {"reason": "욕설이 있습니다", "product_id": product.id}
        visitor.enter(make.person())

        assert visitor.post(f"/reviews/{review_id}/reports", form).status_code == 303
        again = visitor.post(f"/reviews/{review_id}/reports", form)
        assert again.status_code == 409
        assert "욕설이 있습니다" in again.text
        assert visitor.post("/reviews/999999999/reports", form).status_code == 404

        clerk = another().enter(make.person(roles=[Role.OPERATOR]), second_factor=True)
        assert "욕설이 있습니다" in clerk.get("/office/reviews").text
        short = clerk.post(f"/office/reviews/{review_id}/hide", {"reason": ""})
        assert short.status_code == 422
        hidden = clerk.post(f"/office/reviews/{review_id}/hide", {"reason": "욕설 확인"})
        assert hidden.status_code == 303
        assert clerk.post(f"/office/reviews/{review_id}/hide", {"reason": "또"}).status_code in (
            409,
            422,
        )
        assert talk.SAID not in visitor.get(f"/products/{product.id}/reviews").text
        own = another().enter(writer)
        assert "욕설 확인" in own.get("/my/reviews").text
        assert own.get(f"/my/reviews/{review_id}/edit").status_code == 200
        assert own.post(f"/my/reviews/{review_id}/deletion").status_code == 409
        assert (
            clerk.post(f"/office/reviews/{review_id}/keep", {"reason": "다시 봄"}).status_code
            == 303
        )
        assert db.session.scalars(select(ReviewReport.is_upheld)).all() == [True]


class TestQuestions:
    def test_are_asked_answered_and_taken_back(self, visitor: Visitor, another: Another) -> None:
        product, owner = make.product(), make.person()
        _shop_of(product, owner)
        visitor.enter(make.person())
        path = f"/products/{product.id}/questions"

        short = visitor.post(path, {"body": "네?"})
        assert short.status_code == 422
        assert "네?" in short.text
        for body in ("언제 따신 건가요?", "택배로 되나요?"):
            assert visitor.post(path, {"body": body}).status_code == 303
        first, second = db.session.scalars(select(Question.id).order_by(Question.id)).all()
        seller = another().enter(owner, second_factor=True)
        assert "언제 따신 건가요?" in seller.get("/seller/questions").text
        assert seller.post(f"/seller/questions/{first}", {"answer": " "}).status_code == 422
        answered = seller.post(f"/seller/questions/{first}", {"answer": "어제 땄습니다"})
        assert answered.status_code == 303
        assert "어제 땄습니다" in visitor.get(path).text
        assert visitor.post(f"/questions/{first}/deletion").status_code == 409
        assert visitor.post(f"/questions/{second}/deletion").status_code == 303

    def test_a_secret_one_is_read_by_its_asker_the_shop_and_the_office(
        self, visitor: Visitor, another: Another
    ) -> None:
        product, owner, asker = make.product(), make.person(), make.person()
        _shop_of(product, owner)
        stranger_owner = make.person()
        make.member(make.enterprise(), stranger_owner)
        path = f"/products/{product.id}/questions"
        visitor.enter(asker)
        visitor.post(path, {"body": "제 번호는 비밀입니다", "is_secret": "y"})

        may_read = [
            visitor,
            another().enter(owner, second_factor=True),
            another().enter(make.person(roles=[Role.OPERATOR]), second_factor=True),
        ]
        may_not = [
            another(),
            another().enter(make.person()),
            another().enter(stranger_owner, second_factor=True),
            another().enter(owner, second_factor=False),
        ]
        for each in may_read:
            assert "제 번호는 비밀입니다" in each.get(path).text
        for each in may_not:
            assert "제 번호는 비밀입니다" not in each.get(path).text
            assert "제 번호는 비밀입니다" not in each.get(f"/products/{product.id}").text

    def test_are_limited(self, visitor: Visitor) -> None:
        product = make.product()
        visitor.enter(make.person())
        path = f"/products/{product.id}/questions"

        codes = [visitor.post(path, {"body": f"{n}번째 문의입니다"}).status_code for n in range(21)]

        assert codes == [303] * 20 + [429]


class TestOtherShops:
    def test_ids_of_another_shop_are_not_found(self, visitor: Visitor) -> None:
        owner = make.person()
        make.member(make.enterprise(), owner)
        product = make.product()
        review_id, question_id = talk.review(product), talk.question(product)
        visitor.enter(owner, second_factor=True)

        assert (
            visitor.post(f"/seller/reviews/{review_id}/reply", {"reply": "답"}).status_code == 404
        )
        assert visitor.post(f"/seller/questions/{question_id}", {"answer": "답"}).status_code == 404
        for path in ("/seller/reviews", "/seller/questions", "/seller/panels"):
            page = visitor.get(path)
            assert page.status_code == 200
            assert product.name not in page.text
        assert db.session.get_one(Review, review_id).reply is None
        assert db.session.get_one(Question, question_id).answer is None
