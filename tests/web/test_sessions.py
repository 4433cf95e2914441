"""What a session is worth, and when it is worth nothing (S10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from marketplace.accounts import people, secrets, staffing
from marketplace.accounts.models import Person, Role
from marketplace.app import create_app
from marketplace.core import clock, sealing
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings, SettingsError
from marketplace.web.viewer import IDLE, STAFF_IDLE
from tests import make
from tests.bed import application
from tests.web.visitor import Visitor

PASSWORD = "나루터에 배가 세 척"  # noqa: S105
OTHER = "강 건너 느티나무 한 그루"
FORM = {"email": "hong@example.com", "password": PASSWORD}


@pytest.fixture
def member() -> Person:
    """A member with a password."""
    return make.person(email="hong@example.com", password_hash=secrets.hash_secret(PASSWORD))


@pytest.fixture(autouse=True)
def _database(isolated: None) -> None:
    """Roll every test of this file back."""


def _cookie(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    return cookie.value


class TestCookie:
    def test_is_host_bound_secure_and_hidden_from_scripts(self, settings: Settings) -> None:
        with application.running(replace(settings, secure_cookies=True)) as app:
            answer = Visitor(app).get("/sign-in", base_url="https://localhost")

        (cookie,) = answer.headers.getlist("Set-Cookie")
        name, *rest = cookie.split("; ")
        assert name.startswith("__Host-session=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(rest)
        assert not any(part.startswith(("Domain", "Expires", "Max-Age")) for part in rest)

    def test_changes_at_sign_in_and_takes_nothing_along(
        self, visitor: Visitor, member: Person
    ) -> None:
        with visitor.client.session_transaction() as session:
            session["planted"] = "by a stranger"
        visitor.csrf_token()
        before = _cookie(visitor)

        visitor.post("/sign-in", FORM)

        assert _cookie(visitor) != before
        with visitor.client.session_transaction() as session:
            assert "planted" not in session
            assert session["_user_id"] == str(member.id)

    def test_signs_nobody_in_who_writes_one_without_the_key(
        self, visitor: Visitor, member: Person
    ) -> None:
        visitor.enter(member)
        forged = _cookie(visitor)[:-3] + "abc"
        visitor.client.set_cookie("session", forged)

        assert not visitor.is_signed_in()


class TestEnd:
    @pytest.fixture
    def thief(self, visitor: Visitor, another: Callable[[], Visitor], member: Person) -> Visitor:
        """Somebody with a copy of the member's cookie."""
        visitor.enter(member)
        thief = another()
        thief.client.set_cookie("session", _cookie(visitor))
        assert thief.is_signed_in()
        return thief

    def test_comes_with_signing_out(self, visitor: Visitor, thief: Visitor) -> None:
        answer = visitor.post("/sign-out")

        assert answer.location == "/"
        assert not visitor.is_signed_in()
        assert not thief.is_signed_in()

    def test_leaves_other_browsers_alone(
        self, visitor: Visitor, another: Callable[[], Visitor], member: Person
    ) -> None:
        visitor.enter(member)
        elsewhere = another().enter(member)
        visitor.post("/sign-out")

        assert elsewhere.is_signed_in()

    def test_comes_everywhere_at_once(
        self, visitor: Visitor, another: Callable[[], Visitor], member: Person, thief: Visitor
    ) -> None:
        elsewhere = another().enter(member)
        visitor.post("/sign-out/everywhere")

        assert [each.is_signed_in() for each in (visitor, elsewhere, thief)] == [False] * 3

    def test_comes_to_all_others_with_another_password(
        self, visitor: Visitor, thief: Visitor
    ) -> None:
        answer = visitor.post("/my/password", {"current": PASSWORD, "password": OTHER})

        assert answer.location == "/my"
        assert visitor.is_signed_in()
        assert not thief.is_signed_in()

    def test_comes_with_disabling_leaving_and_five_newer_browsers(
        self, thief: Visitor, another: Callable[[], Visitor], member: Person
    ) -> None:
        for _ in range(5):
            newest = another().enter(member)
        assert not thief.is_signed_in()
        assert newest.is_signed_in()

        boss = make.person(roles=[Role.ADMINISTRATOR])
        with transaction():
            people.disable(person_id=member.id, actor_id=boss.id, reason="도용", ip=None)
        assert not newest.is_signed_in()


class TestTime:
    def _is_alive_after(self, visitor: Visitor, *waits: timedelta) -> bool:
        now = clock.now()
        for wait in waits:
            now += wait
            with time_machine.travel(now, tick=False):
                alive = visitor.is_signed_in()
        return alive

    def test_ends_what_nobody_uses(
        self, visitor: Visitor, another: Callable[[], Visitor], member: Person
    ) -> None:
        minute = timedelta(minutes=1)

        assert self._is_alive_after(visitor.enter(member), IDLE - minute, IDLE - minute)
        assert not self._is_alive_after(another().enter(member), IDLE + minute)

    def test_ends_what_staff_leave_open_sooner(
        self, visitor: Visitor, another: Callable[[], Visitor]
    ) -> None:
        staff, minute = make.person(roles=[Role.OPERATOR]), timedelta(minutes=1)

        assert self._is_alive_after(visitor.enter(staff), STAFF_IDLE - minute)
        assert not self._is_alive_after(another().enter(staff), STAFF_IDLE + minute)

    def test_ends_after_half_a_day_of_work(self, visitor: Visitor, member: Person) -> None:
        hour = timedelta(hours=1)
        visitor.enter(member)

        assert self._is_alive_after(visitor, *[hour] * 11)
        assert not self._is_alive_after(visitor, *[hour] * 13)

    def test_says_why(self, visitor: Visitor, member: Person) -> None:
        visitor.enter(member)
        with time_machine.travel(clock.now() + timedelta(hours=3), tick=False):
            answer = visitor.get("/my")
            assert answer.location == "/sign-in?next=/my"
            assert "안전을 위해 로그아웃되었습니다" in visitor.get(answer.location).text


class TestRoles:
    def test_are_gone_with_the_next_request(self, visitor: Visitor) -> None:
        boss = make.person(roles=[Role.ADMINISTRATOR])
        staff = make.person(roles=[Role.OPERATOR])
        visitor.enter(staff, second_factor=True)
        assert visitor.get("/office").status_code == 200

        with transaction():
            staffing.revoke(
                person_id=staff.id, role=Role.OPERATOR, actor_id=boss.id, at=clock.now(), ip=None
            )

        assert visitor.get("/office").status_code == 403

    def test_of_a_suspended_enterprise_open_nothing(self, visitor: Visitor) -> None:
        enterprise, owner = make.enterprise(), make.person()
        make.member(enterprise, owner)
        visitor.enter(owner, second_factor=True)
        assert visitor.get("/seller").status_code == 200

        with transaction():
            enterprise.status = type(enterprise.status)("suspended")
            db.session.add(enterprise)

        assert visitor.get("/seller").status_code == 403


class TestSecretKey:
    """S27: a key is replaced without signing anybody out, and never left empty."""

    def test_may_be_rotated_under_the_sessions(
        self, app: Flask, settings: Settings, member: Person
    ) -> None:
        visitor = Visitor(app).enter(member)
        rotated = replace(
            settings,
            secret_key="another-key-of-thirty-two-letters",  # noqa: S106
            secret_key_fallbacks=(settings.secret_key,),
        )
        forgetful = replace(rotated, secret_key_fallbacks=())
        try:
            for chosen in (rotated, forgetful):
                newer = create_app(chosen)
                with newer.app_context():
                    client = newer.test_client()
                    client.set_cookie("session", _cookie(visitor))
                    with client.session_transaction() as session:
                        kept = session.get("_user_id")
                assert kept == (str(member.id) if chosen is rotated else None)
        finally:
            sealing.use(settings.secret_key, settings.secret_key_fallbacks)

    @pytest.mark.parametrize("secret_key", ["", "short", "changeme-changeme", "0" * 16])
    def test_must_be_a_secret(self, settings: Settings, secret_key: str) -> None:
        with pytest.raises(SettingsError):
            replace(settings, secret_key=secret_key)

    @pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
    def test_and_its_company_must_be_set(self, missing: str) -> None:
        env = {
            "SECRET_KEY": "k" * 8 + "e" * 8 + "y",
            "DATABASE_URL": "postgresql://x/y",
            "REDIS_URL": "redis://x",
        }
        Settings.from_env(env)

        with pytest.raises(SettingsError, match=missing):
            Settings.from_env({**env, missing: ""})

    def test_of_webhooks_must_come_with_the_provider(self, settings: Settings) -> None:
        with pytest.raises(SettingsError):
            replace(settings, stripe_webhook_secret=None)
