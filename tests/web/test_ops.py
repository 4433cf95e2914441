"""What machines may ask."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest
from sqlalchemy import text

from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.web.observing import without_personal_data
from tests import make
from tests.bed import application
from tests.web.visitor import Visitor


class TestHealth:
    def test_is_answered_without_a_session(self, visitor: Visitor) -> None:
        answer = visitor.get("/healthz")

        assert (answer.status_code, answer.json) == (200, {"status": "ok"})
        assert "Set-Cookie" not in answer.headers


class TestReady:
    def test_looks_at_the_database_and_reports_redis(self, visitor: Visitor) -> None:
        answer = visitor.get("/readyz")

        assert answer.status_code == 200
        assert answer.json == {
            "status": "ready",
            "database": True,
            "hangul": True,
            "migrations": True,
            "redis": True,
        }

    def test_is_not_when_migrations_are_missing(self, visitor: Visitor) -> None:
        db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))

        answer = visitor.get("/readyz")

        assert answer.status_code == 503
        assert answer.json is not None
        assert (answer.json["migrations"], answer.json["database"]) == (False, True)


class TestMetrics:
    def test_count_requests_by_endpoint(self, visitor: Visitor) -> None:
        visitor.get("/password/reset")

        answer = visitor.get("/metrics")

        assert answer.status_code == 200
        assert 'endpoint="shop_password.ask"' in answer.text
        assert "senaru_http_request_seconds_bucket" in answer.text

    @pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.5", ""])
    def test_are_for_this_machine_alone(self, visitor: Visitor, address: str) -> None:
        answer = visitor.get("/metrics", environ_overrides={"REMOTE_ADDR": address})

        assert answer.status_code == 404

    def test_are_not_for_whoever_comes_through_a_proxy(self, visitor: Visitor) -> None:
        answer = visitor.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})

        assert answer.status_code == 404

    def test_are_for_whoever_has_the_token(self, settings: Settings) -> None:
        with application.running(replace(settings, metrics_token="a-token-for-tests")) as app:  # noqa: S106
            visitor = Visitor(app)

            for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer 가"}):
                assert visitor.get("/metrics", headers=wrong).status_code == 404
            right = {"Authorization": "Bearer a-token-for-tests"}
            assert visitor.get("/metrics", headers=right).status_code == 200


class TestLogs:
    def test_name_the_route_and_never_the_token(
        self, visitor: Visitor, caplog: pytest.LogCaptureFixture
    ) -> None:
        person = make.person()
        visitor.enter(person)
        with caplog.at_level(logging.INFO, logger="senaru.access"):
            visitor.get("/password/new/s3cr3t-t0k3n?email=hong@example.com")
            visitor.get("/my/consents")

        assert "s3cr3t-t0k3n" not in caplog.text
        assert "hong@example.com" not in caplog.text
        reset, own = caplog.records[-2:]
        assert reset.getMessage() == "GET /password/new/<token> 404"
        assert own.__dict__["person_id"] == person.id


class TestReports:
    def test_carry_no_personal_data(self) -> None:
        event = {
            "request": {
                "url": "https://x/password/new/s3cr3t",
                "query_string": "email=hong@example.com",
                "cookies": {"session": "abc"},
                "data": {"password": "hunter2"},
                "headers": {"Cookie": "session=abc", "User-Agent": "Firefox"},
                "method": "POST",
            },
            "user": {"ip_address": "203.0.113.9"},
            "exception": {"values": [{"value": "no mail to hong@example.com 010-1234-5678"}]},
        }

        sent = json.dumps(without_personal_data(event))

        for told in ("s3cr3t", "hong@", "hunter2", "session", "203.0.113.9", "1234-5678"):
            assert told not in sent
        assert "Firefox" in sent
        assert "POST" in sent


@pytest.mark.parametrize(
    "field",
    [{"sentry_dsn": "https://key@sentry.example/1"}, {"otlp_endpoint": "http://127.0.0.1:1"}],
)
def test_observers_that_are_not_installed_are_missed_in_the_log(
    settings: Settings, field: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with application.running(replace(settings, **field)) as app:  # type: ignore[arg-type]
        assert Visitor(app).get("/healthz").status_code == 200

    assert "is not installed" in caplog.text
