"""What breaks says so politely and tells nothing (S22); Redis down shuts only what guesses."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask

from marketplace.core.errors import InvalidInput
from marketplace.core.settings import Settings
from marketplace.web.guards import EVERYONE, allow
from tests.bed import application
from tests.web.visitor import Visitor

CLOSED = (
    ("/sign-in", {"email": "x@example.com", "password": "wrong"}),
    ("/password/reset", {"email": "x@example.com"}),
    ("/sign-up/sent", {"email": "x@example.com"}),
    ("/password/new/x", {"password": "나루터에 배가 세 척"}),
)


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """Lend a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def _broken_view(settings: Settings, error: Exception) -> Iterator[Visitor]:
    with application.running(settings) as app:

        @app.get("/broken")
        @allow(EVERYONE)
        def broken() -> str:
            raise error

        # Tests let exceptions through; people must get a page.
        app.testing = False
        yield Visitor(app)


class TestErrors:
    def test_show_nothing_of_what_happened(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        secret = "card 4242424242424242 of hong@example.com"  # noqa: S105
        with _broken_view(settings, ZeroDivisionError(secret)) as visitor:
            answer = visitor.get("/broken")

        assert answer.status_code == 500
        assert "저희 쪽에서 문제가 생겼습니다" in answer.text
        for told in ("ZeroDivisionError", "Traceback", "4242", "hong"):
            assert told not in answer.text
        assert "ZeroDivisionError" in caplog.text

    def test_without_a_database_ask_for_patience(self, settings: Settings) -> None:
        gone = replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
        with application.running(gone) as app:
            visitor = Visitor(app)
            before = time.monotonic()
            answer = visitor.get("/sign-up")

            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "5"
            assert "잠시 쉬고 있습니다" in answer.text
            assert time.monotonic() - before < 5
            assert visitor.get("/terms").status_code == 200
            assert visitor.get("/healthz").status_code == 200
            ready = visitor.get("/readyz")
            assert (ready.status_code, ready.json["database"]) == (503, False)  # type: ignore[index]

    def test_of_the_api_are_json(self, visitor: Visitor) -> None:
        answer = visitor.get("/api/none")

        assert answer.status_code == 404
        assert answer.json == {"code": "NotFound", "message": ""}

    @pytest.mark.parametrize(
        "path", ["/.git/config", "/.env", "/console", "/static/../pyproject.toml", "/wp-admin"]
    )
    def test_find_nothing_beside_the_shop(self, visitor: Visitor, path: str) -> None:
        assert visitor.get(path).status_code == 404

    def test_name_their_own_status(self, settings: Settings) -> None:
        with _broken_view(settings, InvalidInput()) as visitor:
            answer = visitor.get("/broken")

        assert answer.status_code == 422
        assert '<p class="code-no">422</p>' in answer.text

    def test_leave_debugging_off(self, app: Flask) -> None:
        assert not app.debug
        assert not app.config["PROPAGATE_EXCEPTIONS"]


class TestWithoutRedis:
    def _check(self, settings: Settings, redis_url: str) -> None:
        with application.running(replace(settings, redis_url=redis_url)) as app:
            visitor = Visitor(app)
            for path, form in CLOSED:
                before = time.monotonic()
                answer = visitor.post(path, form)
                assert time.monotonic() - before < 1
                assert answer.status_code == 503, path
                assert "1분쯤 뒤에" in answer.text
            before = time.monotonic()
            assert visitor.get("/terms").status_code == 200
            assert visitor.post("/sign-up", {}).status_code == 422
            assert visitor.get("/readyz").json["redis"] is False  # type: ignore[index]
            assert visitor.get("/readyz").status_code == 200
            assert time.monotonic() - before < 1

    def test_guesses_are_refused_and_the_shop_stays_open(self, settings: Settings) -> None:
        self._check(settings, f"redis://127.0.0.1:{_closed_port()}/0")

    def test_nobody_waits_for_a_frozen_one(self, settings: Settings, silent_redis: str) -> None:
        self._check(settings, silent_redis)

    def test_open_rules_let_people_join(self, live_settings: Settings, silent_redis: str) -> None:
        from tests.web.test_forgery import SIGN_UP

        with application.running(replace(live_settings, redis_url=silent_redis)) as app:
            assert Visitor(app).post("/sign-up", SIGN_UP).location == "/sign-up/sent"


class TestBreaker:
    def test_tries_again_after_its_rest(self, settings: Settings, silent_redis: str) -> None:
        from marketplace.web.limits import SIGN_UP_ADDRESS, Breaker, Limits, Rule

        with application.running(replace(settings, redis_url=silent_redis)) as app:
            limits: Limits = app.extensions["limits"]
            limits._breaker = Breaker(rest=0.2)
            waited = []
            for pause in (0, 0, 0.25):
                time.sleep(pause)
                before = time.monotonic()
                limits.spend(SIGN_UP_ADDRESS, "somebody")
                waited.append(time.monotonic() - before)

        assert waited[0] > 0.25
        assert waited[1] < 0.1
        assert waited[2] > 0.25
        assert isinstance(SIGN_UP_ADDRESS, Rule)
