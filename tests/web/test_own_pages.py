"""The member's pages do what they say."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from marketplace.accounts import consents, secrets
from marketplace.accounts.consents import ConsentKind
from marketplace.accounts.models import Consent, Person, PersonStatus
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.enterprises.models import MemberRole
from tests import make
from tests.web.test_forgery import ADDRESS
from tests.web.visitor import Visitor

PASSWORD = "나루터에 배가 세 척"  # noqa: S105


@pytest.fixture
def member(visitor: Visitor) -> Person:
    """A member, signed in."""
    person = make.person(
        name="홍길동", email="hong@example.com", password_hash=secrets.hash_secret(PASSWORD)
    )
    visitor.enter(person)
    return person


class TestMyPage:
    def test_leads_to_everything(self, visitor: Visitor, member: Person) -> None:
        page = visitor.get("/my").text

        assert f"{member.name} 님의 나루" in page
        for path in (
            "/my/orders",
            "/my/coupons",
            "/my/addresses",
            "/my/consents",
            "/my/withdrawal",
        ):
            assert f'href="{path}"' in page
        assert 'href="/office"' not in page
        assert 'href="/seller"' not in page

    def test_shows_the_way_to_the_desk_to_who_has_one(self, visitor: Visitor) -> None:
        person = make.person()
        make.member(make.enterprise(), person, role=MemberRole.STAFF)

        assert 'href="/seller"' in visitor.enter(person).get("/my").text

    def test_changes_details(self, visitor: Visitor, member: Person) -> None:
        dong = make.dong("1121583000", "자양2동")
        form = {"name": "홍길순", "phone": "+82 10 9999 8888", "dong_code": dong.code}

        assert visitor.post("/my/details", form).location == "/my"

        page = visitor.get("/my").text
        assert "홍길순 님의 나루" in page
        assert "자양2동" in page
        db.session.refresh(member)
        assert member.phone == "01099998888"


class TestAddresses:
    def test_are_added_changed_and_removed(self, visitor: Visitor, member: Person) -> None:
        assert "저장한 배송지가 없습니다" in visitor.get("/my/addresses").text
        visitor.post("/my/addresses/new", ADDRESS)
        visitor.post("/my/addresses/new", {**ADDRESS, "label": "할머니 댁", "is_default": "y"})
        page = visitor.get("/my/addresses").text
        assert page.index("할머니 댁") < page.index(">집")
        paths = re.findall(r'href="(/my/addresses/\d+)"', page)
        assert len(paths) == 2

        assert 'value="할머니 댁"' in visitor.get(paths[0]).text
        answer = visitor.post(paths[0], {**ADDRESS, "label": "외할머니 댁", "zip_code": "1"})
        assert answer.status_code == 422
        assert visitor.post(paths[0], {**ADDRESS, "label": "외할머니 댁"}).status_code == 303
        assert visitor.post(f"{paths[1]}/default").status_code == 303
        assert visitor.post(f"{paths[0]}/remove").status_code == 303

        page = visitor.get("/my/addresses").text
        assert "할머니" not in page
        assert "기본 배송지" in page
        assert member.id


class TestConsents:
    def test_are_given_and_withdrawn_with_the_result_told(
        self, visitor: Visitor, member: Person
    ) -> None:
        with transaction():
            consents.give(person_id=member.id, kinds=consents.REQUIRED, at=clock.now(), ip=None)
        assert visitor.get("/my/consents").text.count("동의하기") == 5

        visitor.post("/my/consents/marketing_email/give")
        page = visitor.get("/my/consents").text
        assert "에 동의하셨습니다" in page
        assert "다시 여쭙니다" in page
        visitor.post("/my/consents/marketing_email/withdraw")
        assert "동의를 거두셨습니다" in visitor.get("/my/consents").text

        standing = set(
            db.session.scalars(select(Consent.kind).where(Consent.withdrawn_at.is_(None)))
        )
        assert standing == consents.REQUIRED

    def test_that_are_required_stay(self, visitor: Visitor, member: Person) -> None:
        answer = visitor.post("/my/consents/terms/withdraw")

        assert answer.status_code == 409
        assert "회원 탈퇴로만" in answer.text
        assert member.id

    def test_of_no_kind_are_not_found(self, visitor: Visitor, member: Person) -> None:
        for kind in ("none", ConsentKind.THIRD_PARTY_SELLER.value):
            assert visitor.post(f"/my/consents/{kind}/give").status_code == 404
        assert member.id


class TestWithdrawal:
    def test_takes_two_clicks(self, visitor: Visitor, member: Person) -> None:
        assert 'href="/my/withdrawal"' in visitor.get("/my").text
        page = visitor.get("/my/withdrawal").text
        assert page.count('action="/my/withdrawal"') == 1
        assert "required" not in page.split('action="/my/withdrawal"')[1].split("</form>")[0]

        assert visitor.post("/my/withdrawal").location == "/"

        assert not visitor.is_signed_in()
        db.session.refresh(member)
        assert member.status is PersonStatus.WITHDRAWN
        assert member.password_hash is None

    def test_waits_for_another_owner_of_the_shop(self, visitor: Visitor, member: Person) -> None:
        enterprise = make.enterprise()
        make.member(enterprise, member)

        answer = visitor.post("/my/withdrawal")

        assert answer.status_code == 409
        assert f"{enterprise.name}의 대표가 한 분뿐입니다" in answer.text
        assert visitor.is_signed_in()


class TestPassword:
    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"current": "wrong", "password": "강 건너 느티나무"}, "지금 비밀번호가 맞지 않습니다"),
            ({"current": PASSWORD, "password": "short"}, "10자 이상"),
            ({"current": PASSWORD, "password": ""}, "채워 주세요"),
        ],
    )
    def test_is_not_changed_for_nothing(
        self, visitor: Visitor, member: Person, form: dict[str, str], words: str
    ) -> None:
        answer = visitor.post("/my/password", form)

        assert answer.status_code == 422
        assert words in answer.text
        assert visitor.is_signed_in()
        assert member.id


class TestDocuments:
    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("/terms", "통신판매의 당사자가 아닙니다"),
            ("/youth", "청소년보호책임자"),
            ("/copyright", "저작권자의 허락"),
            ("/accessibility", "한국형 웹 콘텐츠 접근성 지침"),
            ("/coupon-guide", "쿠폰지갑"),
        ],
    )
    def test_are_for_everybody(self, visitor: Visitor, path: str, words: str) -> None:
        answer = visitor.get(path)

        assert answer.status_code == 200
        assert words in answer.text
        assert answer.text.count("<h1>") == 1

    def test_on_privacy_have_every_mandatory_item(self, visitor: Visitor) -> None:
        page = visitor.get("/privacy").text

        for number in range(1, 12):
            assert f"<h2>{number}. " in page
        for item in ("전송요구권", "국외 이전", "보호책임자", "파기", "위탁", "제3자 제공"):
            assert item in page
