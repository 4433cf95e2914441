"""Monitor, funders, suspicion and books as the office sees and takes them away."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event, select, text

from marketplace.accounts import consents
from marketplace.accounts.consents import ConsentKind
from marketplace.accounts.models import Role
from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons import fraud
from marketplace.coupons.counter_models import FraudFlag
from marketplace.coupons.fraud import FraudKind
from marketplace.notifications import advertising
from marketplace.reporting import book_watch
from tests import make
from tests.make import NOW
from tests.service.reporting.spending import Spending
from tests.web.visitor import Visitor

PERIOD: Final = {"from": "2026-11-24", "until": "2026-11-25"}
QUERY: Final = "?from=2026-11-24&until=2026-11-25"


@pytest.fixture
def manager(visitor: Visitor) -> Visitor:
    """Somebody who runs campaigns."""
    return enter(visitor, Role.CAMPAIGN_MANAGER)


def enter(visitor: Visitor, *roles: Role) -> Visitor:
    return visitor.enter(make.person("나다인", roles=roles), second_factor=True)


def charts(page: str) -> dict[str, dict[str, object]]:
    blocks = re.findall(r'<script type="application/json" id="([a-z-]+)-data">(.*?)</script>', page)
    return {name: json.loads(block) for name, block in blocks}


def csv_rows(content: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.removeprefix("\ufeff"))))


def xlsx_rows(content: bytes) -> list[list[object]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return [list(row) for row in sheet.to_python()]


def exports() -> list[tuple[str, object, object]]:
    rows = db.session.scalars(
        select(AuditEvent).where(AuditEvent.action.endswith("_exported")).order_by(AuditEvent.id)
    )
    return [(row.action, row.details["kind"], row.actor_id) for row in rows]


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the questions asked of the database."""
    sent: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


class TestMonitor:
    def test_shows_each_chart_with_its_table(self, manager: Visitor) -> None:
        spending = Spending()

        page = manager.get(f"/office/campaigns/{spending.campaign_id}/monitor{QUERY}").text

        drawn = charts(page)
        assert set(drawn) == {
            "over-time",
            "won-over-time",
            "by-enterprise",
            "by-dong",
            "by-channel",
        }
        assert page.count('<details class="chart-table">') == 5
        assert sum(drawn["won-over-time"]["series"][0]["values"]) == 15_000  # type: ignore[index]
        assert len(drawn["over-time"]["labels"]) == 48  # type: ignore[arg-type]
        assert drawn["by-channel"]["labels"] == ["온라인", "가게에서"]
        assert "봄 나들이 사용 현황" in page
        assert "예약 70,000원" in page

    def test_goes_by_day_over_a_longer_period(self, manager: Visitor) -> None:
        spending = Spending()

        page = manager.get(
            f"/office/campaigns/{spending.campaign_id}/monitor?from=2026-11-20&until=2026-11-25"
        ).text

        assert charts(page)["over-time"]["labels"] == [f"11.{day}." for day in range(20, 26)]

    def test_asks_as_many_questions_for_much_as_for_little(self, manager: Visitor) -> None:
        quiet = make.campaign(cap=1).id
        spending = Spending()
        # What is kept for a moment is kept from here on.
        manager.get(f"/office/campaigns/{quiet}/monitor{QUERY}")
        asked = []
        for campaign_id in (quiet, spending.campaign_id):
            with counted() as sent:
                manager.get(f"/office/campaigns/{campaign_id}/monitor{QUERY}")
            asked.append(len(sent))

        assert asked[0] == asked[1] <= 9

    def test_of_no_campaign_is_not_found(self, manager: Visitor) -> None:
        assert manager.get("/office/campaigns/999999/monitor").status_code == 404
        assert manager.post("/office/campaigns/999999/monitor/uses.csv").status_code == 404

    def test_stops_the_campaign_with_one_press(self, manager: Visitor) -> None:
        drive = make.campaign(cap=1)
        path = f"/office/campaigns/{drive.id}/monitor"
        assert "바로 멈추기" in manager.get(path).text

        assert manager.post(f"{path}/pause").status_code == 303

        page = manager.get(path).text
        assert "멈춤" in page
        assert "바로 멈추기" not in page
        refused = manager.post(f"{path}/pause")
        assert refused.status_code == 409
        assert "할 수 없는 일입니다" in refused.text


class TestExports:
    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_give_every_use_with_people_hidden(self, manager: Visitor, kind: str) -> None:
        spending = Spending()

        answer = manager.post(
            f"/office/campaigns/{spending.campaign_id}/monitor/uses.{kind}", PERIOD
        )

        assert answer.status_code == 200
        rows = csv_rows(answer.text) if kind == "csv" else xlsx_rows(answer.data)
        assert rows[0][:4] == ["사용 시각", "사용처", "가게", "쿠폰 번호"]
        assert [
            (row[1], row[2], row[4], int(str(row[6]).removesuffix(".0"))) for row in rows[1:]
        ] == [
            ("가게", "밀밭나루 빵집", "김*민", 4_000),
            ("온라인", "밀밭나루 빵집", "홍*동", 10_000),
            ("가게", "한땀 수선집", "김*민", 1_000),
        ]
        assert "홍길동" not in str(rows)

    def test_are_each_written_down(self, visitor: Visitor) -> None:
        spending = Spending()
        taker = make.person(roles=[Role.AUDITOR])
        visitor.enter(taker, second_factor=True)

        for path in ("uses.csv", "uses.xlsx", "claims.csv", "claims.xlsx"):
            visitor.post(f"/office/campaigns/{spending.campaign_id}/monitor/{path}", PERIOD)
        for path in ("sums.csv", "days.xlsx"):
            visitor.post(f"/office/funders/{path}", PERIOD)

        assert exports() == [
            ("campaign_uses_exported", "csv", taker.id),
            ("campaign_uses_exported", "xlsx", taker.id),
            ("campaign_claims_exported", "csv", taker.id),
            ("campaign_claims_exported", "xlsx", taker.id),
            ("funder_sums_exported", "csv", taker.id),
            ("funder_days_exported", "xlsx", taker.id),
        ]

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\uff1d1+1", "\uff20x"])
    def test_give_no_formula_to_a_spreadsheet(self, manager: Visitor, name: str) -> None:
        spending = Spending()
        with transaction():
            db.session.execute(
                text("UPDATE enterprise SET name = :name WHERE slug = 'milbat'"), {"name": name}
            )

        path = f"/office/campaigns/{spending.campaign_id}/monitor/uses"
        as_csv = csv_rows(manager.post(f"{path}.csv", PERIOD).text)
        as_xlsx = xlsx_rows(manager.post(f"{path}.xlsx", PERIOD).data)

        assert as_csv[1][2] == f"'{name}"
        assert as_xlsx[1][2] == name

    def test_of_claims_say_how_and_where_each_coupon_is(self, manager: Visitor) -> None:
        spending = Spending()

        rows = csv_rows(
            manager.post(
                f"/office/campaigns/{spending.campaign_id}/monitor/claims.csv", PERIOD
            ).text
        )

        assert sorted(row[5] for row in rows[1:]) == ["만료", "지갑에 있음", "지갑에 있음", "회수"]


class TestFunders:
    def test_shows_a_sheet_per_grant(self, manager: Visitor) -> None:
        spending = Spending()

        page = manager.get(f"/office/funders{QUERY}").text

        assert spending.till.city.name in page
        assert "4,500원" in page
        assert "1,500원" in page

    def test_gives_the_sheets_as_files(self, manager: Visitor) -> None:
        spending = Spending()

        sums = csv_rows(manager.post("/office/funders/sums.csv", PERIOD).text)
        days = csv_rows(manager.post("/office/funders/days.csv", PERIOD).text)

        (city,) = [row for row in sums if row[2] == spending.till.city.name]
        assert city[4:] == ["100000", "21000", "4500", "1500", "3000", "3000", "76000"]
        assert [row[4:] for row in days if row[2] == spending.till.city.name] == [
            ["4500", "300", "4200"],
            ["0", "1200", "-1200"],
        ]


class TestFraud:
    def _raise(self) -> int:
        person, drive = make.person("홍길동"), make.campaign(name="봄 나들이", cap=1)
        shop = make.enterprise("밀밭나루 빵집")
        with transaction():
            fraud.raise_flag(
                FraudKind.OWN_MEMBER,
                "test",
                person_id=person.id,
                campaign_id=drive.id,
                enterprise_id=shop.id,
                details={"day": "2026-11-24", "count": 2, "won": 6_000},
                at=NOW,
            )
        return db.session.scalars(select(FraudFlag.id)).one()

    def test_lists_what_is_open_with_links_and_hidden_names(self, manager: Visitor) -> None:
        self._raise()

        page = manager.get("/office/fraud").text

        assert "자기 가게에서 사용" in page
        assert "홍*동" in page
        assert "홍길동" not in page
        assert "/monitor" in page
        assert "6,000원" in page

    def test_is_cleared_with_a_note(self, manager: Visitor) -> None:
        flag_id = self._raise()

        answer = manager.post(f"/office/fraud/{flag_id}/clear", {"note": "직원 교육함"})

        assert answer.status_code == 303
        assert "자기 가게에서 사용" not in manager.get("/office/fraud").text
        assert "직원 교육함" in manager.get("/office/fraud?state=cleared").text

    def test_keeps_what_was_typed_when_it_is_refused(self, manager: Visitor) -> None:
        flag_id = self._raise()
        typed = "가" * 501

        answer = manager.post(f"/office/fraud/{flag_id}/clear", {"note": typed})

        assert answer.status_code == 422
        assert typed in answer.text

    def test_shows_an_auditor_no_button(self, visitor: Visitor) -> None:
        self._raise()

        page = enter(visitor, Role.AUDITOR).get("/office/fraud").text

        assert "자기 가게에서 사용" in page
        assert "/clear" not in page


class TestBooks:
    def test_is_green_with_the_moment_of_the_check(self, manager: Visitor) -> None:
        Spending()
        with transaction():
            book_watch.watch(at=NOW)

        page = manager.get("/office/books").text

        assert "장부가 모두 맞습니다" in page
        assert "2026.11.24.(화) 12:00" in page
        assert "어긋남" not in page

    def test_is_red_with_the_rows_that_broke(self, manager: Visitor) -> None:
        spending = Spending()
        with transaction():
            db.session.execute(text("UPDATE funder_grant SET reserved = reserved + 1"))
            book_watch.watch(at=NOW)

        page = manager.get("/office/books").text

        assert "장부 1개 항목이 어긋납니다" in page
        assert f"grant {spending.till.city.id}" in page
        assert page.count("어긋남") == 3  # both grants, and the run

    def test_says_so_before_the_first_check(self, manager: Visitor) -> None:
        assert "아직 점검한 적이 없습니다" in manager.get("/office/books").text

    def test_asks_for_a_check(self, visitor: Visitor) -> None:
        enter(visitor, Role.ADMINISTRATOR)
        assert "지금 점검" in visitor.get("/office/books").text

        assert visitor.post("/office/books/check").status_code == 303

        assert db.session.scalars(
            select(Job.kind).where(Job.kind == "reporting.check_books")
        ).all() == ["reporting.check_books"]

    def test_asks_few_questions_however_many_campaigns_there_are(self, manager: Visitor) -> None:
        for _ in range(5):
            make.campaign(cap=2)

        with counted() as sent:
            manager.get("/office/books")

        assert len(sent) <= 6


class TestOptOut:
    def test_ends_advertising_without_signing_in(self, visitor: Visitor) -> None:
        person = make.person()
        with transaction():
            consents.give(person_id=person.id, kinds=[ConsentKind.MARKETING_EMAIL], at=NOW, ip=None)
        path = advertising.opt_out_path(person.id)

        assert visitor.get(path).status_code == 200
        answer = visitor.post(path)

        assert answer.status_code == 303
        assert "수신을 거부했습니다" in visitor.get(answer.location).text
        assert not advertising.may_mail("coupon_expiring", person.id, NOW)
        assert visitor.post(path).status_code == 303

    def test_is_nobody_elses(self, visitor: Visitor) -> None:
        assert visitor.get("/opt-out/1.forged").status_code == 404
        assert visitor.post("/opt-out/1.forged").status_code == 404
