"""Numbers typed into the coupon zone, the waiting list, and coupons given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import event, select

from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.coupons import codes, waiting
from marketplace.coupons.counter_models import FraudFlag, FraudKind
from marketplace.coupons.models import Coupon
from tests import make
from tests.web.visitor import Visitor


def guess(visitor: Visitor, written: str, *, address: str = "192.0.2.1") -> int:
    """Type a number and return how it was answered."""
    answer = visitor.post("/coupons/code", {"code": written}, environ_base={"REMOTE_ADDR": address})
    return answer.status_code


class TestEnterCode:
    def test_leads_to_the_wallet(self, visitor: Visitor) -> None:
        drive = make.code_campaign(name="골목 쿠폰", cap=3)
        _, (code, *_) = make.code_batch(drive)
        visitor.enter(make.person())

        answer = visitor.post("/coupons/code", {"code": codes.shown(code).lower()})

        assert answer.status_code == 303
        assert answer.location.startswith("/my/coupons?got=")
        assert "골목 쿠폰을 받았습니다" in visitor.get(answer.location).text

    def test_takes_a_shared_code(self, visitor: Visitor) -> None:
        make.shared_code_campaign("나루축제", name="축제 쿠폰")
        visitor.enter(make.person())

        assert visitor.post("/coupons/code", {"code": " 나루 축제 "}).status_code == 303

    def test_shows_again_what_was_typed(self, visitor: Visitor) -> None:
        visitor.enter(make.person())

        answer = visitor.post("/coupons/code", {"code": '"><b>없는 번호'})

        assert answer.status_code == 404
        assert "쓸 수 없는 쿠폰 번호입니다" in answer.text
        assert 'value="&#34;&gt;&lt;b&gt;없는 번호"' in answer.text

    def test_asks_a_visitor_to_sign_in_first(self, visitor: Visitor) -> None:
        assert visitor.post("/coupons/code", {"code": "x"}).location.startswith("/sign-in")
        assert "로그인하고 번호 입력" in visitor.get("/coupons").text

    def test_answers_foreign_and_unknown_numbers_alike(self, visitor: Visitor) -> None:
        """No oracle: the same words, and the same statements behind them."""
        _, (used, *_) = make.code_batch()
        with transaction():
            coupon = db.session.get_one(Coupon, db.session.scalars(select(Coupon.id)).first())
            coupon.person_id, coupon.claimed_at = make.person().id, make.NOW
            coupon.state, coupon.expires_at = coupon.state.CLAIMED, make.FAR_AHEAD
        visitor.enter(make.person())
        token = visitor.csrf_token()
        # What is left of every campaign is kept for two seconds.
        visitor.get("/coupons")
        heard: list[str] = []

        def listen(*said: object) -> None:
            # Savepoints are this test's own: its transaction is rolled back.
            if "SAVEPOINT" not in str(said[2]):
                heard.append(str(said[2]))

        answers = []
        event.listen(db.engine, "before_cursor_execute", listen)
        try:
            for written in (used, codes.draw(), used[:-1] + "U"):
                heard.clear()
                answer = visitor.request(
                    "POST", "/coupons/code", data={"csrf_token": token, "code": written}
                )
                page = answer.text.replace(written, "")
                answers.append((answer.status_code, page, list(heard)))
        finally:
            event.remove(db.engine, "before_cursor_execute", listen)

        assert answers[0][0] == 404
        assert answers[1] == answers[0]
        assert answers[2] == answers[0]


class TestGuessing:
    """S12, scaled: what is counted is tries, however many more would come."""

    def test_one_person_is_stopped_after_ten(self, visitor: Visitor) -> None:
        make.code_batch(codes=20)
        visitor.enter(make.person())

        said = [guess(visitor, codes.draw(), address=f"192.0.2.{n}") for n in range(1, 31)]

        assert Counter(said) == {404: 10, 429: 20}
        assert said[:10] == [404] * 10
        assert make.count_of(FraudFlag) == 1
        assert make.count_of(Coupon) == 20

    def test_one_address_is_stopped_after_ten(self, another: Callable[[], Visitor]) -> None:
        guessers = [another().enter(make.person()) for _ in range(5)]

        said = [guess(each, codes.draw()) for each in guessers for _ in range(4)]

        assert Counter(said) == {404: 10, 429: 10}
        flagged = set(db.session.scalars(select(FraudFlag.kind)))
        assert flagged == {FraudKind.CODE_GUESSING}

    def test_a_right_number_does_not_pass_after_ten_wrong_ones(self, visitor: Visitor) -> None:
        _, (code, *_) = make.code_batch()
        visitor.enter(make.person())
        for _ in range(10):
            guess(visitor, codes.draw())

        assert guess(visitor, code) == 429

    def test_right_numbers_use_up_nothing(self, another: Callable[[], Visitor]) -> None:
        _, batch = make.code_batch(codes=12)

        said = [guess(another().enter(make.person()), code) for code in batch]

        assert said == [303] * 12

    def test_says_when_to_come_back(self, visitor: Visitor) -> None:
        visitor.enter(make.person())
        for _ in range(10):
            guess(visitor, codes.draw())

        answer = visitor.post("/coupons/code", {"code": "x"})

        assert answer.status_code == 429
        assert "너무 여러 번 시도하셨습니다" in answer.text


class TestWaiting:
    def test_joins_and_leaves(self, visitor: Visitor) -> None:
        drive = make.waited_campaign(slug="full", cap=1)
        make.claimed_coupon(drive)
        visitor.enter(make.person())
        assert "대기 신청" in visitor.get("/coupons").text

        joined = visitor.post("/coupons/full/waiting")
        page = visitor.get("/coupons").text
        left = visitor.post("/coupons/full/waiting/leave")

        assert (joined.status_code, left.status_code) == (303, 303)
        assert "대기 취소" in page
        assert "대기 신청" in visitor.get("/coupons").text

    def test_refuses_while_something_is_left(self, visitor: Visitor) -> None:
        make.waited_campaign(slug="full", cap=1)
        visitor.enter(make.person())

        answer = visitor.post("/coupons/full/waiting")

        assert answer.status_code == 409
        assert "아직 남아 있습니다" in answer.text

    def test_a_returned_coupon_goes_on(self, visitor: Visitor) -> None:
        drive = make.waited_campaign(slug="full", cap=1)
        owner, next_one = make.person(), make.person()
        coupon = make.claimed_coupon(drive, by=owner)
        with transaction():
            waiting.join(slug="full", person_id=next_one.id, at=make.NOW)
        visitor.enter(owner)
        assert f"/coupons/own/{coupon.id}/return" in visitor.get("/coupons").text

        answer = visitor.post(f"/coupons/own/{coupon.id}/return")

        assert answer.status_code == 303
        assert "반납했습니다" in visitor.get("/coupons").text
        fresh = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert fresh.person_id == next_one.id

    def test_the_wallet_tells_how_many_are_ahead(self, visitor: Visitor) -> None:
        drive = make.waited_campaign(slug="full", cap=1)
        make.claimed_coupon(drive)
        first, own = make.person(), make.person()
        with transaction():
            waiting.join(slug="full", person_id=first.id, at=make.NOW)
            waiting.join(slug="full", person_id=own.id, at=make.NOW + timedelta(seconds=1))
        visitor.enter(own)

        page = visitor.get("/my/coupons").text
        left = visitor.post("/coupons/full/waiting/leave", {"wallet": "1"})

        assert "앞에 1명" in page
        assert left.location == "/my/coupons"
        assert "앞에" not in visitor.get("/my/coupons").text

    def test_the_wallet_takes_an_unused_coupon_back(self, visitor: Visitor) -> None:
        owner = make.person()
        coupon = make.claimed_coupon(by=owner)
        visitor.enter(owner)
        assert f"/coupons/own/{coupon.id}/return" in visitor.get("/my/coupons").text

        answer = visitor.post(f"/coupons/own/{coupon.id}/return", {"wallet": "1"})

        assert (answer.status_code, answer.location) == (303, "/my/coupons")
        assert f"/coupons/own/{coupon.id}/return" not in visitor.get("/my/coupons").text

    def test_nobody_returns_anothers_coupon(self, visitor: Visitor) -> None:
        coupon = make.claimed_coupon()
        visitor.enter(make.person())

        assert visitor.post(f"/coupons/own/{coupon.id}/return").status_code == 404


class TestStub:
    def test_counts_down_and_then_lets_claim(self, visitor: Visitor) -> None:
        at = clock.now()
        make.campaign(slug="soon", starts_at=at + timedelta(minutes=5))
        make.campaign(slug="open", starts_at=at - timedelta(minutes=5))
        visitor.enter(make.person())

        page = visitor.get("/coupons").text

        assert 'data-stub="/coupons/soon/stub"' in page
        assert "data-countdown" in visitor.get("/coupons/soon/stub").text
        assert 'action="/coupons/open/claim"' in visitor.get("/coupons/open/stub").text
        assert visitor.get("/coupons/none/stub").status_code == 404
