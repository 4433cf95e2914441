"""Nobody sends forms in somebody's name, adds fields, or lends us another host (S3, S4, S8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import inspect, select

from marketplace.accounts import addresses, secrets
from marketplace.accounts.models import Address, Person, RoleGrant
from marketplace.core.db import Base, db
from marketplace.core.settings import Settings
from tests import make
from tests.bed import application
from tests.web.routes import collect_writes, routes_of
from tests.web.visitor import Visitor

PASSWORD = "나루터에 배가 세 척"  # noqa: S105
EXEMPT = "webhooks_"
SIGN_UP = {
    "email": "new@example.com",
    "password": PASSWORD,
    "name": "홍길동",
    "phone": "010-1234-5678",
    "birth_on": "1990-05-05",
    "dong_code": "",
    "terms": "y",
    "privacy_required": "y",
}
ADDRESS = {
    "label": "집",
    "recipient_name": "홍길동",
    "recipient_phone": "010-1234-5678",
    "zip_code": "05000",
    "road_address": "서울특별시 광진구 자양로 117",
    "address_detail": "",
}
PLANTED = {
    "id": "1",
    "person_id": "1",
    "is_admin": "1",
    "role": "administrator",
    "roles": "administrator",
    "status": "disabled",
    "email_confirmed_at": "2026-01-01",
    "session_version": "99",
    "enterprise_id": "1",
    "password_hash": "x",
    "totp_confirmed_at": "2026-01-01",
    "price": "1",
    "paid_at": "2026-01-01",
}


def _row(row: Base) -> dict[str, object]:
    db.session.refresh(row)
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


class TestCsrf:
    def test_is_asked_of_every_route_that_changes_something(
        self, app: Flask, visitor: Visitor, another: Callable[[], Visitor]
    ) -> None:
        visitor.enter(make.person())
        foreign = another().csrf_token()
        visitor.csrf_token()
        with collect_writes() as written:
            answers = {
                (route.endpoint, token): visitor.request(
                    route.method, route.path, data={"csrf_token": token} if token else {}
                ).status_code
                for route in routes_of(app)
                if route.is_write and not route.endpoint.startswith(EXEMPT)
                for token in ("", foreign, "forged")
            }

        refused = {endpoint for (endpoint, _), status in answers.items() if status == 400}
        # The checkout shows itself again, with what was typed.
        others = {endpoint for endpoint, _ in answers} - refused
        assert {name for name in others if not name.startswith("shop_checkout.")} == set()
        assert written == []
        assert len(answers) > 60

    def test_is_not_asked_of_webhooks_alone(self, app: Flask) -> None:
        protect = app.extensions["csrf"]

        exempt = {blueprint.name for blueprint in protect._exempt_blueprints}
        assert all(name.startswith(EXEMPT) for name in exempt)
        assert protect._exempt_views == set()

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://localhost.evil.example"},
            {"Origin": "http://localhost:81"},
            {"Origin": ""},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_does_not_help_a_form_of_another_site(
        self, visitor: Visitor, headers: dict[str, str]
    ) -> None:
        answer = visitor.post("/display", {"text": "5"}, headers=headers)

        assert answer.status_code == 403
        assert "다른 사이트" in answer.text

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}],
    )
    def test_lets_our_own_forms_through(self, visitor: Visitor, headers: dict[str, str]) -> None:
        assert visitor.post("/display", {"text": "5"}, headers=headers).status_code == 303


class TestPlantedFields:
    def test_make_nobody_more_than_a_member(self, visitor: Visitor) -> None:
        answer = visitor.post("/sign-up", {**PLANTED, **SIGN_UP})

        assert answer.location == "/sign-up/sent"
        person = db.session.scalars(select(Person)).one()
        assert person.email_confirmed_at is None
        assert (person.session_version, person.status.value) == (1, "active")
        assert person.birth_on == date(1990, 5, 5)
        assert db.session.scalars(select(RoleGrant)).all() == []

    def test_change_nothing_in_ones_own_details(self, visitor: Visitor) -> None:
        person = make.person(name="홍길동", phone="01012345678")
        visitor.enter(person)
        before = _row(person)

        form = {"name": "홍길동", "phone": "010-1234-5678", "dong_code": person.dong_code}
        assert visitor.post("/my/details", {**PLANTED, **form}).status_code == 303

        assert _row(person) == before

    def test_move_no_address_to_somebody_else(self, visitor: Visitor) -> None:
        person, other = make.person(), make.person()
        visitor.enter(person)

        visitor.post("/my/addresses/new", {**PLANTED, "person_id": other.id, **ADDRESS})

        assert [each.person_id for each in db.session.scalars(select(Address))] == [person.id]


class TestOtherPeoplesThings:
    def test_are_not_found(self, visitor: Visitor) -> None:
        theirs = make.address(make.person())
        before = _row(theirs)
        visitor.enter(make.person())
        path = f"/my/addresses/{theirs.id}"

        assert visitor.get(path).status_code == 404
        for each in (path, f"{path}/default", f"{path}/remove"):
            assert visitor.post(each, ADDRESS).status_code == 404
        assert _row(theirs) == before

    def test_stay_where_they_are(self, visitor: Visitor) -> None:
        owner = make.person()
        make.address(owner)
        visitor.enter(make.person())
        visitor.post("/my/addresses/new", ADDRESS)

        assert len(addresses.list_addresses(owner.id)) == 1


class TestHost:
    @pytest.mark.parametrize(
        "host",
        ["evil.example", "localhost.evil.example", "evil.example:80", "", "a b", "localhost@evil"],
    )
    def test_of_somebody_else_is_refused(self, visitor: Visitor, host: str) -> None:
        answer = visitor.get("/sign-in", headers={"Host": host})

        assert answer.status_code == 400
        assert "evil" not in answer.text

    def test_in_a_forwarded_header_is_not_heard(self, visitor: Visitor) -> None:
        answer = visitor.get(
            "/my", headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
        )

        assert answer.location == "/sign-in?next=/my"

    def test_is_the_public_one(self, settings: Settings) -> None:
        deployed = replace(settings, public_url="https://market.example.kr")
        with application.running(deployed) as app:
            visitor = Visitor(app)

            ours = {"base_url": "https://market.example.kr"}
            assert visitor.get("/password/reset", **ours).status_code == 200
            assert visitor.get("/password/reset").status_code == 400


class TestProxies:
    def test_are_believed_as_far_as_they_are_ours(self, settings: Settings) -> None:
        deployed = replace(
            settings, proxy_hops=1, public_url="https://market.example.kr", secure_cookies=True
        )
        with application.running(deployed) as app:
            answer = Visitor(app).get(
                "/password/reset",
                headers={
                    "Host": "10.0.0.7",
                    "X-Forwarded-For": "198.51.100.1, 203.0.113.9",
                    "X-Forwarded-Proto": "https",
                    "X-Forwarded-Host": "market.example.kr",
                    "X-Request-ID": "from-the-proxy-1",
                },
            )

        assert answer.status_code == 200
        assert answer.headers["X-Request-ID"] == "from-the-proxy-1"
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        assert "upgrade-insecure-requests" in answer.headers["Content-Security-Policy"]

    def test_are_not_believed_when_there_are_none(self, visitor: Visitor) -> None:
        answer = visitor.get("/password/reset", headers={"X-Request-ID": "from-a-stranger"})

        assert answer.headers["X-Request-ID"] != "from-a-stranger"


def test_a_hash_is_no_password(visitor: Visitor) -> None:
    kept = secrets.hash_secret(PASSWORD)
    make.person(email="hash@example.com", password_hash=kept)

    answer = visitor.post("/sign-in", {"email": "hash@example.com", "password": kept})

    assert answer.status_code == 422
