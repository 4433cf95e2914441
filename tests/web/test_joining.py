"""Joining at the page: consents stand alone, and a mailed link ends it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from marketplace.accounts import mailed_links
from marketplace.accounts.models import Consent, MailedToken, Person
from marketplace.accounts.sign_in import recognise
from marketplace.core import clock
from marketplace.core.db import db, transaction
from tests import make
from tests.service.accounts import jobs
from tests.web.test_forgery import PASSWORD, SIGN_UP
from tests.web.visitor import Visitor


def _token() -> str:
    token_id = db.session.scalars(select(MailedToken.id).order_by(MailedToken.id.desc())).first()
    assert token_id is not None
    return mailed_links.link_token(token_id)


class TestSignUp:
    def test_page_ticks_nothing_and_says_what_the_law_wants(self, visitor: Visitor) -> None:
        page = visitor.get("/sign-up").text

        assert page.count('type="checkbox"') == 7
        assert "checked" not in page
        assert page.count("[필수]") == 2
        assert page.count("[선택]") == 5
        assert page.count("거부할 권리") == 7

    def test_ends_with_the_mailed_link(self, visitor: Visitor) -> None:
        assert visitor.post("/sign-up", SIGN_UP).location == "/sign-up/sent"
        assert visitor.post("/sign-in", SIGN_UP).status_code == 403
        path = f"/sign-up/confirm/{_token()}"

        # A mail scanner that opens the link uses nothing up.
        for _ in range(2):
            assert "이 이메일이 맞습니다" in visitor.get(path).text
        assert visitor.post(path).location == "/sign-in"

        assert "로그인할 수 있습니다" in visitor.get("/sign-in").text
        assert visitor.post("/sign-in", SIGN_UP).location == "/"
        assert visitor.post(path).status_code == 404
        assert visitor.get(path).status_code == 404

    def test_offers_another_mail_to_the_same_address(self, visitor: Visitor) -> None:
        filled_in = f'value="{SIGN_UP["email"]}"'
        assert filled_in not in visitor.get("/sign-up/sent").text

        visitor.post("/sign-up", SIGN_UP)

        assert filled_in in visitor.get("/sign-up/sent").text
        with visitor.client.session_transaction() as session:
            assert SIGN_UP["email"] not in str(dict(session))

    @pytest.mark.parametrize(
        ("missing", "words"),
        [
            ("terms", "이용약관에 동의해 주세요."),
            ("privacy_required", "필수 개인정보 수집·이용에 동의해 주세요."),
        ],
    )
    def test_needs_what_is_required(self, visitor: Visitor, missing: str, words: str) -> None:
        form = {name: value for name, value in SIGN_UP.items() if name != missing}

        answer = visitor.post("/sign-up", form)

        assert answer.status_code == 422
        assert 'value="홍길동"' in answer.text
        assert PASSWORD not in answer.text
        # Once in the summary, as a link to the box, and once beside the box.
        assert f'<a href="#{missing}">{words}</a>' in answer.text
        assert answer.text.count(words) == 2
        assert db.session.scalars(select(Person.id)).all() == []

    def test_keeps_only_what_was_ticked(self, visitor: Visitor) -> None:
        visitor.post("/sign-up", {**SIGN_UP, "marketing_email": "y"})

        assert set(db.session.scalars(select(Consent.kind))) == {
            "terms",
            "privacy_required",
            "marketing_email",
        }

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("birth_on", "2020-01-01", "만 14세 미만"),
            ("birth_on", "", "채워 주세요"),
            ("password", "short", "10자 이상"),
            ("phone", "02-123-4567", "010-1234-5678처럼"),
            ("email", "nobody", "name@example.com처럼"),
            ("dong_code", "1", "올바르지 않은"),
        ],
    )
    def test_says_what_is_wrong(self, visitor: Visitor, field: str, value: str, words: str) -> None:
        answer = visitor.post("/sign-up", {**SIGN_UP, field: value})

        assert answer.status_code == 422
        assert words in answer.text

    def test_looks_the_same_for_a_member(self, visitor: Visitor) -> None:
        make.person(email="new@example.com")

        answer = visitor.post("/sign-up", SIGN_UP)

        assert answer.location == "/sign-up/sent"
        assert db.session.scalars(select(MailedToken.id)).all() == []

    def test_mails_again_when_asked(self, visitor: Visitor) -> None:
        visitor.post("/sign-up", SIGN_UP)
        first = _token()
        answer = visitor.post("/sign-up/sent", {"email": SIGN_UP["email"]})

        jobs.mail_links(at=clock.now())
        assert answer.status_code == 303
        assert _token() != first

    def test_is_over_for_who_is_in(self, visitor: Visitor) -> None:
        visitor.enter(make.person())

        assert visitor.get("/sign-up").location == "/my"


class TestForgottenPassword:
    def test_is_replaced_through_the_mailed_link(self, visitor: Visitor) -> None:
        person = make.person(email="new@example.com")
        visitor.post("/password/reset", {"email": "new@example.com"})
        jobs.mail_links(at=clock.now())
        path = f"/password/new/{_token()}"

        assert visitor.get(path).status_code == 200
        assert visitor.post(path, {"password": "short"}).status_code == 422
        assert visitor.post(path, {"password": PASSWORD}).location == "/sign-in"

        assert visitor.post(path, {"password": PASSWORD}).status_code == 404
        assert visitor.get(path).status_code == 404
        db.session.expire_all()
        with transaction():
            who = recognise(email="new@example.com", password=PASSWORD, at=clock.now())
        assert who.person_id == person.id


class TestDisplay:
    @pytest.mark.parametrize(
        ("form", "text", "contrast"),
        [
            ({"text": "5"}, "5", "normal"),
            ({"contrast": "high"}, "2", "high"),
            ({"text": "9"}, "2", "normal"),
            ({"text": '"><script>'}, "2", "normal"),
            ({"contrast": "none"}, "2", "normal"),
        ],
    )
    def test_is_remembered_when_it_means_something(
        self, visitor: Visitor, form: dict[str, str], text: str, contrast: str
    ) -> None:
        answer = visitor.post("/display", {**form, "next": "/terms?"})

        assert answer.location == "/terms"
        page = visitor.get("/terms").text
        assert re.search(f'<html lang="ko" data-text="{text}" data-contrast="{contrast}">', page)

    def test_keeps_one_when_the_other_changes(self, visitor: Visitor) -> None:
        visitor.post("/display", {"text": "4"})
        visitor.post("/display", {"contrast": "high"})

        assert 'data-text="4" data-contrast="high"' in visitor.get("/terms").text

    def test_leads_to_no_other_site(self, visitor: Visitor) -> None:
        assert visitor.post("/display", {"next": "//evil.example"}).location == "/"
