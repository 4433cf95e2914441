"""The coupon zone, the count that stays true, and the wallet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core import clock
from marketplace.coupons.models import CampaignStatus
from tests import make
from tests.web.visitor import Visitor


class TestZone:
    def test_lets_a_visitor_take_what_is_open(self, visitor: Visitor) -> None:
        make.campaign(name="첫 나들이", slug="first", cap=10)

        page = visitor.get("/coupons").text

        assert 'action="/coupons/first/claim"' in page
        assert "지금 받을 수 있어요" in page
        assert 'hx-get="/coupons/first/left"' in page
        assert "이미 받으셨어요" not in page

    def test_shows_who_already_has_it(self, visitor: Visitor) -> None:
        person = make.person()
        make.claimed_coupon(make.campaign(slug="first"), by=person)

        page = visitor.enter(person).get("/coupons").text

        assert "이미 받으셨어요" in page
        assert "/coupons/first/claim" not in page

    def test_shows_when_nothing_is_left(self, visitor: Visitor) -> None:
        make.claimed_coupon(make.campaign(slug="first", cap=1))

        page = visitor.get("/coupons").text

        assert "모두 소진" in page
        assert "/coupons/first/claim" not in page
        assert "hx-get" not in page

    def test_shows_what_is_to_come_and_what_pauses(self, visitor: Visitor) -> None:
        at = clock.now()
        make.campaign(slug="soon", starts_at=at + timedelta(days=3))
        make.campaign(slug="pause", status=CampaignStatus.PAUSED)

        page = visitor.get("/coupons").text

        assert "부터 받을 수 있어요" in page
        assert "잠시 멈춤" in page
        assert "/claim" not in page

    def test_says_what_to_do_when_there_is_none(self, visitor: Visitor) -> None:
        page = visitor.get("/coupons").text

        assert "지금 받을 수 있는 쿠폰이 없습니다" in page
        assert "상품 보러 가기" in page


class TestClaim:
    def test_leads_to_the_wallet(self, visitor: Visitor) -> None:
        make.campaign(name="첫 나들이", slug="first", cap=2)
        visitor.enter(make.person())

        first = visitor.post("/coupons/first/claim")
        told_first = visitor.get(first.location).text
        again = visitor.post("/coupons/first/claim")
        told_again = visitor.get(again.location).text

        assert (first.status_code, again.status_code) == (303, 303)
        assert "첫 나들이 쿠폰을 받았습니다" in told_first
        assert "이미 받은 쿠폰입니다" in told_again
        assert "쓸 수 있는 쿠폰 <b>1</b>장" in told_again

    @pytest.mark.parametrize(
        ("changes", "status", "words"),
        [
            ({"cap": 1}, 409, "소진"),
            ({"status": CampaignStatus.PAUSED}, 409, "멈"),
            ({"starts_at": make.FAR_AHEAD - timedelta(days=9)}, 409, "시작"),
            ({"eligibility": {"dong": ["1121585000"]}}, 409, "동"),
        ],
    )
    def test_refuses_with_a_reason_and_the_zone_again(
        self, visitor: Visitor, changes: dict[str, object], status: int, words: str
    ) -> None:
        campaign = make.campaign(slug="first", **changes)  # type: ignore[arg-type]
        if changes.get("cap") == 1:
            make.claimed_coupon(campaign)
        visitor.enter(make.person())

        answer = visitor.post("/coupons/first/claim")

        assert answer.status_code == status
        assert 'role="alert"' in answer.text
        assert words in answer.text

    def test_of_nothing_is_not_found(self, visitor: Visitor) -> None:
        visitor.enter(make.person())

        assert visitor.post("/coupons/nothing/claim").status_code == 404

    def test_asks_a_visitor_to_sign_in_first(self, visitor: Visitor) -> None:
        make.campaign(slug="first")

        answer = visitor.post("/coupons/first/claim")

        assert answer.status_code == 303
        assert answer.location.startswith("/sign-in")


class TestLeft:
    def test_tells_the_count_alone(self, visitor: Visitor) -> None:
        campaign = make.campaign(slug="first", cap=10)
        make.claimed_coupon(campaign)

        page = visitor.get("/coupons/first/left").text

        assert "<b>9장</b> / 10장" in page
        assert 'hx-get="/coupons/first/left"' in page
        assert "<html" not in page

    def test_stops_asking_when_nothing_is_left(self, visitor: Visitor) -> None:
        make.claimed_coupon(make.campaign(slug="first", cap=1))

        page = visitor.get("/coupons/first/left").text

        assert "<b>0장</b> / 1장" in page
        assert "hx-get" not in page

    def test_of_nothing_is_not_found(self, visitor: Visitor) -> None:
        assert visitor.get("/coupons/nothing/left").status_code == 404


class TestWallet:
    def test_shows_what_can_be_spent_and_what_was(self, visitor: Visitor) -> None:
        person = make.person()
        make.claimed_coupon(make.campaign(name="첫 나들이", min_order=20_000), by=person)
        spent = make.claimed_coupon(make.campaign(name="한가위 마중물"), by=person)
        make.paid_order({make.sellable(price=30_000): 1}, by=person, coupons=[spent])

        page = visitor.enter(person).get("/my/coupons").text

        assert "쓸 수 있는 쿠폰 <b>1</b>장" in page
        assert "20,000원 이상" in page
        assert page.index("첫 나들이") < page.index("지난 쿠폰") < page.index("한가위 마중물")
        assert "사용 완료" in page

    def test_says_where_coupons_come_from(self, visitor: Visitor) -> None:
        page = visitor.enter(make.person()).get("/my/coupons").text

        assert "쓸 수 있는 쿠폰이 없습니다" in page
        assert 'href="/coupons"' in page
