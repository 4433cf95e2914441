"""Whatever is typed into our forms comes back as text with a clear answer."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from marketplace.accounts.models import Address, Person
from marketplace.core.db import db
from tests import make
from tests.web.test_forgery import ADDRESS, SIGN_UP
from tests.web.visitor import Visitor

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "'; DROP TABLE person; --",
    "' OR '1'='1",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "a\u202egnp.exe",
    "\ud83d\ude80".encode("utf-16", "surrogatepass").decode("utf-16") * 5,
    "ﷺ" * 10,
    "Z\u0361\u0489" * 10,
)
FORMS = {
    "/sign-in": {"email": "x@example.com", "password": "wrong password"},
    "/sign-up": SIGN_UP,
    "/sign-up/sent": {"email": "x@example.com"},
    "/password/reset": {"email": "x@example.com"},
    "/password/new/x": {"password": "나루터에 배가 세 척"},
    "/second-factor": {"code": "123456"},
}
OWN_FORMS = {
    "/my/details": {"name": "홍길동", "phone": "010-1234-5678", "dong_code": ""},
    "/my/addresses/new": ADDRESS,
    "/my/password": {"current": "a", "password": "b"},
    "/second-factor/confirm": {"code": "123456"},
    "/second-factor/recovery-codes": {"code": "123456"},
}
FIELDS = [(path, field) for path, form in {**FORMS, **OWN_FORMS}.items() for field in form]


def _send(visitor: Visitor, path: str, field: str, value: str) -> str:
    """Send the form with one nasty field and return the page it led to."""
    form = {**FORMS, **OWN_FORMS}[path]
    answer = visitor.post(path, {**form, field: value})
    assert answer.status_code < 500
    if answer.location:
        answer = visitor.get(answer.location)
        assert answer.status_code < 500
    return answer.text


def _enter_if_needed(visitor: Visitor, path: str) -> None:
    if path in OWN_FORMS:
        visitor.enter(make.person())


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_nothing_typed_becomes_markup_or_sql(visitor: Visitor, path: str, field: str) -> None:
    _enter_if_needed(visitor, path)
    for value in NASTY:
        page = _send(visitor, path, field, value)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49" not in re.findall(r'value="(\d+)\{%', page)
    assert db.session.scalar(select(func.count()).select_from(Person)) is not None


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_control_characters_are_refused(visitor: Visitor, path: str, field: str) -> None:
    _enter_if_needed(visitor, path)
    form = {**FORMS, **OWN_FORMS}[path]

    nul = visitor.post(path, {**form, field: "a\x00b"})
    assert nul.status_code == 400
    escape = visitor.post(path, {**form, field: "a\x1bb"})
    assert escape.status_code in (303, 404, 422)


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_too_much_text_is_refused_in_words(visitor: Visitor, path: str, field: str) -> None:
    _enter_if_needed(visitor, path)
    form = {**FORMS, **OWN_FORMS}[path]

    much = visitor.post(path, {**form, field: "가" * 2_000})
    assert much.status_code in (303, 422)
    if much.status_code == 422:
        assert re.search(r"확인해 주세요|맞지 않습니다|20자까지", much.text)
    huge = visitor.post(path, {**form, field: "a" * 1_000_000})
    assert huge.status_code == 413
    assert "너무 큽니다" in huge.text


class TestMalformed:
    def test_too_many_fields(self, visitor: Visitor) -> None:
        form = {f"field-{number}": "x" for number in range(1_100)}

        answer = visitor.request(
            "POST",
            "/password/reset",
            data={**form, "csrf_token": visitor.csrf_token()},
            content_type="multipart/form-data",
        )

        assert answer.status_code == 413

    @pytest.mark.parametrize(
        "body", [b"", b"%", b"\xff\xfe", b"email=%ff%fe", b"=&=&&&", b"{}", b"a" * 100]
    )
    def test_bodies(self, visitor: Visitor, body: bytes) -> None:
        answer = visitor.request(
            "POST",
            "/password/reset",
            data=body,
            headers={"X-CSRFToken": visitor.csrf_token()},
            content_type="application/x-www-form-urlencoded",
        )

        assert answer.status_code in (303, 422)

    @pytest.mark.parametrize(
        "content_type",
        ["multipart/form-data", "multipart/form-data; boundary=x", "application/json", "x", ""],
    )
    def test_content_types(self, visitor: Visitor, content_type: str) -> None:
        answer = visitor.request(
            "POST",
            "/password/reset",
            data=b"--x\r\nbroken",
            headers={"X-CSRFToken": visitor.csrf_token()},
            content_type=content_type,
        )

        assert answer.status_code in (400, 422)

    @pytest.mark.parametrize(
        "path",
        [
            "/terms?x=%00",
            "/sign-in?next=%00",
            "/password/new/%00",
            "/sign-up/confirm/%ff%fe",
            "/%00",
            "/my/addresses/99999999999999999999",
            "/my/addresses/-1",
            "/my/consents/none/give",
        ],
    )
    def test_addresses(self, visitor: Visitor, path: str) -> None:
        visitor.enter(make.person())

        assert visitor.get(path).status_code in (400, 404, 405)

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X"])
    def test_methods(self, visitor: Visitor, method: str) -> None:
        token = visitor.csrf_token()
        answer = visitor.request(method, "/sign-in", headers={"X-CSRFToken": token})

        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}

    @pytest.mark.parametrize("cookie", ["", "x", "e30.x.y", "." * 500, "a" * 4_000])
    def test_cookies(self, visitor: Visitor, cookie: str) -> None:
        for name in ("session", "display", "cart"):
            visitor.client.set_cookie(name, cookie)

        assert visitor.get("/terms").status_code == 200


def test_what_was_typed_is_kept_beside_the_refusal(visitor: Visitor) -> None:
    visitor.enter(make.person())

    answer = visitor.post("/my/addresses/new", {**ADDRESS, "zip_code": "1", "label": "할머니 댁"})

    assert answer.status_code == 422
    assert 'value="할머니 댁"' in answer.text
    assert "우편번호는 숫자 5자리입니다" in answer.text
    assert db.session.scalars(select(Address)).all() == []
