"""Signing in at the page: refusals, limits, the second factor, and where one lands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from marketplace.accounts import people, second_factor, secrets
from marketplace.accounts.models import Person, PersonStatus, Role
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from tests import make
from tests.web.visitor import Visitor

PASSWORD = "나루터에 배가 세 척"  # noqa: S105
FORM = {"email": "hong@example.com", "password": PASSWORD}


def member(email: str = "hong@example.com", **values: object) -> Person:
    """Make somebody with the password of these tests."""
    return make.person(email=email, password_hash=secrets.hash_secret(PASSWORD), **values)  # type: ignore[arg-type]


def enrolled(person: Person) -> tuple[pyotp.TOTP, list[str]]:
    """Enrol a second factor a minute ago."""
    then = clock.now() - timedelta(seconds=60)
    with transaction():
        second_factor.begin(person_id=person.id)
    enrolment = second_factor.find_enrolment(person.id)
    assert enrolment is not None
    totp = pyotp.TOTP(enrolment.key)
    with transaction():
        codes = second_factor.confirm(person_id=person.id, code=totp.at(then), at=then, ip=None)
    return totp, codes


class TestSignIn:
    def test_leads_home(self, visitor: Visitor) -> None:
        member()

        answer = visitor.post("/sign-in", FORM)

        assert (answer.status_code, answer.location) == (303, "/")
        assert visitor.is_signed_in()
        assert visitor.get("/sign-in").location == "/"

    def test_leads_back_to_where_one_wanted_to(self, visitor: Visitor) -> None:
        member()

        asked = visitor.get("/my/addresses")
        assert asked.location == "/sign-in?next=/my/addresses"
        assert 'name="next" value="/my/addresses"' in visitor.get(asked.location).text
        assert visitor.post("/sign-in", {**FORM, "next": "/my/addresses"}).location == (
            "/my/addresses"
        )

    @pytest.mark.parametrize(
        "target",
        [
            "//evil.example",
            "/\\evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "@evil.example",
            "///evil.example",
            "/\r\nSet-Cookie:a=b",
            "https://evil.example/",
        ],
    )
    def test_leads_to_no_other_site(self, visitor: Visitor, target: str) -> None:
        member()

        page = visitor.get("/sign-in", query_string={"next": target}).text
        assert f'value="{target}"' not in page
        assert visitor.post("/sign-in", {**FORM, "next": target}).location == "/"

    @pytest.mark.parametrize(
        "wrong", [{"password": "wrong"}, {"email": "nobody@example.com"}], ids=str
    )
    def test_says_no_and_keeps_the_address(self, visitor: Visitor, wrong: dict[str, str]) -> None:
        member()

        answer = visitor.post("/sign-in", {**FORM, **wrong})

        assert answer.status_code == 422
        assert "이메일이나 비밀번호가 맞지 않습니다" in answer.text
        assert f'value="{ {**FORM, **wrong}["email"] }"' in answer.text
        assert PASSWORD not in answer.text
        assert not visitor.is_signed_in()

    def test_offers_another_mail_to_who_is_not_confirmed(self, visitor: Visitor) -> None:
        member(confirmed=False)

        answer = visitor.post("/sign-in", FORM)

        assert answer.status_code == 403
        assert "확인 메일 다시 받기" in answer.text

    def test_refuses_the_disabled(self, visitor: Visitor) -> None:
        member(status=PersonStatus.DISABLED)

        answer = visitor.post("/sign-in", FORM)

        assert answer.status_code == 409
        assert "정지된 계정" in answer.text

    def test_is_closed_after_ten_wrong_passwords_and_tells_the_member(
        self, visitor: Visitor
    ) -> None:
        person = member("locked@example.com")
        wrong = {"email": "locked@example.com", "password": "wrong"}
        statuses = [visitor.post("/sign-in", wrong).status_code for _ in range(11)]

        assert statuses == [422] * 10 + [429]
        answer = visitor.post("/sign-in", {"email": "LOCKED@example.com", "password": PASSWORD})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900
        assert "분 뒤에 다시 해 주세요" in answer.text
        warned = db.session.scalars(
            select(Job.payload).where(Job.payload["kind"].astext == "sign_in_locked")
        ).all()
        assert warned == [{"kind": "sign_in_locked", "person_id": person.id}]

    def test_forgets_wrong_tries_after_a_right_one(self, visitor: Visitor) -> None:
        member("clumsy@example.com")
        for _ in range(3):
            for _ in range(5):
                visitor.post("/sign-in", {"email": "clumsy@example.com", "password": "wrong"})
            answer = visitor.post("/sign-in", {"email": "clumsy@example.com", "password": PASSWORD})
            assert answer.status_code == 303
            visitor.post("/sign-out")

    def test_counts_the_real_address_whatever_a_header_says(self, visitor: Visitor) -> None:
        statuses = [
            visitor.post(
                "/sign-in",
                {"email": "spoof@example.com", "password": "wrong"},
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            ).status_code
            for number in range(11)
        ]

        assert statuses[-1] == 429


class TestStaff:
    def test_land_on_enrolment_without_a_second_factor(self, visitor: Visitor) -> None:
        member(roles=[Role.OPERATOR])

        answer = visitor.post("/sign-in", FORM)

        assert answer.location == "/second-factor"
        assert "등록 시작" in visitor.get("/second-factor").text
        assert visitor.get("/office").location == "/second-factor?next=/office"

    def test_enrol_and_come_in(self, visitor: Visitor) -> None:
        person = member(roles=[Role.OPERATOR])
        visitor.post("/sign-in", FORM)
        assert visitor.post("/second-factor/begin").status_code == 303
        page = visitor.get("/second-factor").text
        assert "data:image/svg+xml" in page
        db.session.expire_all()
        enrolment = second_factor.find_enrolment(person.id)
        assert enrolment is not None
        assert enrolment.key in page
        totp = pyotp.TOTP(enrolment.key)
        assert visitor.post("/second-factor/confirm", {"code": "000000"}).status_code == 422

        answer = visitor.post(
            "/second-factor/confirm", {"code": totp.at(clock.now()), "next": "/office"}
        )

        assert answer.location == "/second-factor/recovery-codes?next=/office"
        shown = visitor.get(answer.location).text
        assert shown.count("<code>") == second_factor.RECOVERY_CODES
        assert 'href="/office"' in shown
        assert visitor.get("/second-factor/recovery-codes").location == "/second-factor"
        assert visitor.get("/office").status_code == 200

    def test_are_asked_for_the_code_before_anything_opens(self, visitor: Visitor) -> None:
        person = member(roles=[Role.OPERATOR])
        totp, _ = enrolled(person)

        answer = visitor.post("/sign-in", {**FORM, "next": "/office"})

        assert answer.location == "/second-factor?next=/office"
        assert not visitor.is_signed_in()
        assert visitor.post("/second-factor", {"code": "123"}).status_code == 422
        code = totp.at(clock.now())
        assert visitor.post("/second-factor", {"code": code, "next": "/office"}).location == (
            "/office"
        )
        assert visitor.get("/office").status_code == 200

    def test_cannot_use_a_code_twice(
        self, visitor: Visitor, another: Callable[[], Visitor]
    ) -> None:
        totp, _ = enrolled(member(roles=[Role.OPERATOR]))
        code = totp.at(clock.now())
        visitor.post("/sign-in", FORM)
        assert visitor.post("/second-factor", {"code": code}).status_code == 303

        thief = another()
        thief.post("/sign-in", FORM)

        assert thief.post("/second-factor", {"code": code}).status_code == 422
        assert not thief.is_signed_in()

    def test_come_in_with_a_recovery_code(self, visitor: Visitor) -> None:
        _, codes = enrolled(member(roles=[Role.OPERATOR]))
        visitor.post("/sign-in", FORM)

        assert visitor.post("/second-factor", {"code": codes[0]}).location == "/office"

    def test_may_guess_ten_codes(self, visitor: Visitor) -> None:
        enrolled(member(roles=[Role.OPERATOR]))
        visitor.post("/sign-in", FORM)
        statuses = [
            visitor.post("/second-factor", {"code": f"{number:06}"}).status_code
            for number in range(11)
        ]

        assert statuses == [422] * 10 + [429]

    def test_must_give_the_password_again_when_they_dawdle(self, visitor: Visitor) -> None:
        totp, _ = enrolled(member(roles=[Role.OPERATOR]))
        visitor.post("/sign-in", FORM)
        with visitor.client.session_transaction() as session:
            session["pending"] = {**session["pending"], "until": 1}

        answer = visitor.post("/second-factor", {"code": totp.at(clock.now())})

        assert answer.location == "/sign-in"

    def test_must_give_the_new_password_once_sessions_were_ended(self, visitor: Visitor) -> None:
        person = member(roles=[Role.OPERATOR])
        totp, _ = enrolled(person)
        visitor.post("/sign-in", FORM)
        with transaction():
            people.end_sessions(person_id=person.id)

        answer = visitor.post("/second-factor", {"code": totp.at(clock.now())})

        assert answer.location == "/sign-in"
        assert not visitor.is_signed_in()

    def test_members_with_a_second_factor_are_asked_too(self, visitor: Visitor) -> None:
        totp, _ = enrolled(member())
        visitor.post("/sign-in", FORM)
        assert not visitor.is_signed_in()

        assert visitor.post("/second-factor", {"code": totp.at(clock.now())}).location == "/"


class TestOwners:
    def test_need_a_second_factor_for_their_shop(self, visitor: Visitor) -> None:
        person = member()
        make.member(make.enterprise(), person)
        visitor.enter(person)

        assert visitor.get("/seller").location == "/second-factor?next=/seller"
        visitor.enter(person, second_factor=True)
        assert visitor.get("/seller").status_code == 200


class TestReset:
    def test_says_the_same_to_everybody(self, visitor: Visitor) -> None:
        member("reset@example.com")

        answers = {
            email: visitor.post("/password/reset", {"email": email})
            for email in ("reset@example.com", "reset-nobody@example.com")
        }

        assert {answer.location for answer in answers.values()} == {"/password/reset/sent"}
        assert "10분" in visitor.get("/password/reset/sent").text

    def test_is_limited_per_account(self, visitor: Visitor) -> None:
        statuses = [
            visitor.post("/password/reset", {"email": "often@example.com"}).status_code
            for _ in range(6)
        ]

        assert statuses == [303] * 5 + [429]
