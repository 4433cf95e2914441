"""The desk's and the shops' first pages."""

from __future__ import annotations

import csv
import html
import io
import json
import re

import pytest
from sqlalchemy import text

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.enterprises.models import MemberRole
from marketplace.reporting import book_watch
from tests import make
from tests.web.visitor import Visitor


@pytest.fixture
def operator(visitor: Visitor) -> Visitor:
    """Somebody of the office who gave their second factor."""
    return visitor.enter(make.person(roles=[Role.OPERATOR]), second_factor=True)


def rows(text: str) -> list[list[str]]:
    """Read a CSV file as spreadsheets do."""
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def sell(name: str = "밀밭나루 빵집", *, price: int = 12_000) -> None:
    """Let somebody buy two pieces today."""
    seller = make.enterprise(name, slug="milbat")
    make.paid_order({make.sellable(seller, price=price): 2}, at=clock.now())


class TestOffice:
    def test_shows_what_was_sold_in_charts_with_tables(self, operator: Visitor) -> None:
        sell()

        page = operator.get("/office").text

        blocks = re.findall(
            r'<script type="application/json" id="([a-z-]+)-data">(.*?)</script>', page
        )
        charts = {name: json.loads(block) for name, block in blocks}
        assert set(charts) == {"by-channel", "by-kind", "by-dong"}
        assert sum(charts["by-channel"]["series"][0]["values"]) == 24_000
        assert sum(charts["by-dong"]["series"][0]["values"]) == 24_000
        assert charts["by-kind"]["labels"] == ["사회적기업"]
        assert page.count('<details class="chart-table">') == 3
        assert "2만원" in page
        assert "24,000원" in page
        assert "밀밭나루 빵집" in page

    def test_shows_what_is_left_of_each_grant(self, operator: Visitor) -> None:
        make.campaign(budget=100_000, cap=19)

        page = operator.get("/office?year=2026").text

        assert "사용 0원, 예약 66,500원" in page
        assert "한도 가까움 · 95.0%" in page
        assert "한도 가까움</b>" in page

    def test_stands_before_anything_was_sold(self, operator: Visitor) -> None:
        page = operator.get("/office").text

        assert "아직 매출이 없습니다." in page
        assert "이 회계연도에 등록된 재원이 없습니다." in page
        assert "아직 점검하지 않았습니다" in page

    def test_shows_what_the_last_check_of_the_books_found(self, operator: Visitor) -> None:
        with transaction():
            book_watch.watch(at=make.NOW)
        assert "모두 맞습니다" in operator.get("/office").text
        make.campaign(cap=1)
        with transaction():
            db.session.execute(text("UPDATE campaign SET issued = 0"))
            book_watch.watch(at=make.NOW)

        assert "1건이 어긋납니다: campaign" in operator.get("/office").text

    @pytest.mark.parametrize("year", ["", "x", "-1", "0", "1e3", "20260", str(10**30), "1999"])
    def test_takes_what_is_no_year_for_this_one(self, operator: Visitor, year: str) -> None:
        this = str(clock.now().year)
        for path in ("/office", "/office/sales.csv", "/office/sales/dongs.csv"):
            answer = operator.get(path, query_string={"year": year})
            assert answer.status_code == 200
        assert f'<option value="{this}" selected>' in operator.get(f"/office?year={year}").text

    def test_gives_every_number_as_a_file(self, operator: Visitor) -> None:
        sell()
        make.campaign(name="첫 나들이", cap=3)

        sales = rows(operator.get("/office/sales.csv").text)
        enterprises = rows(operator.get("/office/sales/enterprises.csv").text)
        kinds = rows(operator.get("/office/sales/kinds.csv").text)
        dongs = rows(operator.get("/office/sales/dongs.csv").text)
        grants = rows(operator.get("/office/grants.csv").text)
        campaigns = rows(operator.get("/office/campaigns.csv").text)

        assert sales[1][1:] == ["자체몰", "24000", "1"]
        assert enterprises[1:] == [["밀밭나루 빵집", "24000", "2"]]
        assert kinds[1:] == [["사회적기업", "24000", "2"]]
        assert ["자양1동", "24000", "2"] in dongs
        assert len(grants) == 3
        assert campaigns[1][:4] == ["첫 나들이", "진행 중", "3", "3"]

    def test_gives_no_formula_to_a_spreadsheet(self, operator: Visitor) -> None:
        sell("=HYPERLINK(1)")

        cell = rows(operator.get("/office/sales/enterprises.csv").text)[1][0]

        assert cell == "'=HYPERLINK(1)"

    @pytest.mark.parametrize(
        ("role", "files"),
        [(Role.DONG_CLERK, 0), (Role.CAMPAIGN_MANAGER, 2), (Role.AUDITOR, 7)],
    )
    def test_offers_only_files_that_open(self, visitor: Visitor, role: Role, files: int) -> None:
        sell()
        page = visitor.enter(make.person(roles=[role]), second_factor=True).get("/office").text

        offered = [html.unescape(path) for path in re.findall(r'href="([^"]+\.csv[^"]*)"', page)]
        assert len(offered) == files
        assert {visitor.get(path).status_code for path in offered} <= {200}

    def test_has_no_other_files(self, operator: Visitor) -> None:
        assert operator.get("/office/sales/people.csv").status_code == 404


class TestSeller:
    def test_says_what_is_to_do(self, visitor: Visitor) -> None:
        seller = make.enterprise("밀밭나루 빵집")
        owner = make.person()
        make.member(seller, owner)
        make.paid_order({make.sellable(seller, price=12_000, on_hand=6): 2})

        page = visitor.enter(owner, second_factor=True).get("/seller").text

        assert "밀밭나루 빵집" in page
        assert re.search(r"새 주문 확인</span><b>1<", page)
        assert re.search(r"재고 채우기</span><b>1<", page)
        assert re.search(r"상품 문의 답하기</span><b>0<", page)

    def test_leads_to_the_work(self, visitor: Visitor) -> None:
        seller, owner = make.enterprise("밀밭나루 빵집"), make.person()
        make.member(seller, owner)
        order = make.paid_order({make.sellable(seller, name="통밀 사워도우"): 2})
        visitor.enter(owner, second_factor=True)

        page = visitor.get("/seller").text

        tasks = re.findall(r'<a href="(/seller/[^"]+)"><span>', page)
        assert len(tasks) == 5
        shown = [visitor.get(where.replace("&amp;", "&")) for where in tasks]
        assert [answer.status_code for answer in shown] == [200] * 5
        assert order.number in shown[0].text
        assert order.number not in shown[1].text

    def test_keeps_money_from_a_cashier_of_another_shop(self, visitor: Visitor) -> None:
        own, other = make.enterprise("내 가게"), make.enterprise("남의 가게")
        person = make.person()
        make.member(own, person)
        make.member(other, person, role=MemberRole.CASHIER)
        make.paid_order({make.sellable(other, price=77_000): 1})
        visitor.enter(person, second_factor=True)

        page, file = visitor.get("/seller").text, visitor.get("/seller/sales.csv").text

        assert "내 가게" in page
        assert "남의 가게" not in page
        assert "77,000" not in page
        assert "남의 가게" not in file
