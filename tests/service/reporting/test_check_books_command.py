"""`marketplace check-books` prints a table in Korean and says by its status whether all holds."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import text

from marketplace.cli.main import main
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.reporting import books
from tests import make


@pytest.fixture(autouse=True)
def _here(live_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", live_settings.database_url)
    monkeypatch.setenv("REDIS_URL", live_settings.redis_url)
    monkeypatch.setenv("SECRET_KEY", live_settings.secret_key)
    monkeypatch.setenv("DATA_DIR", str(live_settings.data_dir))


def check(*names: str) -> Result:
    return CliRunner().invoke(main, ["check-books", *names])


class TestCheckBooks:
    def test_prints_where_every_won_is(self, live_app: Flask) -> None:
        with live_app.app_context():
            make.campaign(name="봄 나들이", cap=3)

        result = check("coupons")

        assert result.exit_code == 0, result.output
        (row,) = [line for line in result.output.splitlines() if "봄 나들이" in line]
        assert row.split() == [
            "봄", "나들이", "3", "15,000", "0", "0", "0", "0", "15,000", "맞음",
        ]  # fmt: skip
        assert result.output.rstrip().endswith("개 항목")
        assert "주문·결제 장부" not in result.output

    def test_fails_when_something_does_not_add_up(self, live_app: Flask) -> None:
        with live_app.app_context():
            make.campaign(name="봄 나들이", cap=3)
            with transaction():
                db.session.execute(text("UPDATE funder_grant SET reserved = reserved - 1"))

        result = check("coupons")

        assert result.exit_code == 1
        assert "재원마다 예약액이 남은 쿠폰이 묶어 둔 금액과 같다" in result.output
        assert [line for line in result.output.splitlines() if line.endswith("어긋남")]
        assert "어긋남: " in result.output

    def test_checks_all_books_when_none_is_named(self, live_app: Flask) -> None:
        with live_app.app_context():
            total = len(books.check_books())

        result = check()

        assert result.exit_code == 0, result.output
        assert f"모두 맞음: {total}개 항목" in result.output
        assert "주문·결제 장부" in result.output

    def test_leaves_other_books_alone(self, live_app: Flask) -> None:
        with live_app.app_context():
            make.campaign(cap=3)
            with transaction():
                db.session.execute(text("UPDATE campaign SET issued = 0"))

        assert check("orders").exit_code == 0
        assert check("coupons").exit_code == 1

    def test_refuses_books_there_are_not(self) -> None:
        assert check("recipes").exit_code == 2
