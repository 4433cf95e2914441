"""Waybill sheets at the desk: handed out, sent back, answered row by row."""

from __future__ import annotations

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise
from marketplace.orders import queries
from marketplace.orders.models import LineStatus
from tests import make
from tests.web.test_seller_orders import staff
from tests.web.visitor import Visitor

pytestmark = pytest.mark.usefixtures("isolated")

URL = "/seller/waybills"
CJ = "699568375375"


@pytest.fixture
def shop() -> Enterprise:
    return make.enterprise()


@pytest.fixture
def baker(visitor: Visitor, shop: Enterprise) -> Visitor:
    return staff(visitor, shop)


def ready(shop: Enterprise, name: str = "통밀 사워도우") -> PlacedOrder:
    placed = make.paid_order({make.sellable(shop, name=name): 1}, at=clock.now())
    make.accepted(placed)
    return placed


def number_of(placed: PlacedOrder) -> str:
    return queries.get(placed.order_id).number


def file(*rows: str) -> dict[str, object]:
    content = "\n".join(["상품주문번호,배송방법,택배사,송장번호", *rows]).encode()
    return {"file": (io.BytesIO(content), "송장.csv")}


def rows_of(content: bytes) -> tuple[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    name = book.sheet_names[0]
    return name, book.get_sheet_by_name(name).to_python()


class TestTake:
    def test_hands_out_smartstores_sheet_as_it_wants_it(
        self, baker: Visitor, shop: Enterprise
    ) -> None:
        placed = ready(shop)

        name, rows = rows_of(baker.post(f"{URL}/smartstore.xlsx").data)

        assert name == "발송처리"
        assert rows[0] == ["상품주문번호", "배송방법", "택배사", "송장번호"]
        assert rows[1][:2] == [f"{number_of(placed)}-1", "택배,등기,소포"]

    def test_hands_out_seventeen_columns_for_cj(self, baker: Visitor, shop: Enterprise) -> None:
        placed = ready(shop)

        _, rows = rows_of(baker.post(f"{URL}/cj.xlsx").data)

        assert len(rows[0]) == 17
        assert rows[0][8] == "고객주문번호"
        assert rows[1][8] == f"{number_of(placed)}-B1"
        assert rows[1][2] == "이받음"

    def test_makes_no_formula_of_what_people_wrote(self, baker: Visitor, shop: Enterprise) -> None:
        ready(shop, name='=HYPERLINK("https://example.com")')

        body = baker.post(f"{URL}/ours.csv").get_data(as_text=True)

        assert ",=HYPERLINK" not in body
        assert ',"=HYPERLINK' not in body
        assert "'=HYPERLINK" in body

    def test_is_written_down(self, baker: Visitor, shop: Enterprise) -> None:
        ready(shop)
        baker.post(f"{URL}/ours.xlsx")

        (event,) = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "waybill_sheet_taken")
        )
        assert event.subject_id == shop.id
        assert event.details["rows"] == 1


class TestUpload:
    def test_sends_what_the_filled_sheet_says(self, baker: Visitor, shop: Enterprise) -> None:
        placed = ready(shop)
        row = f"{number_of(placed)}-1,택배,CJ대한통운,{CJ}"

        first = baker.post(URL, file(row))
        told = baker.get(URL).get_data(as_text=True)
        again = baker.post(URL, file(row))

        assert (first.status_code, again.status_code) == (303, 303)
        assert make.bundle_of(placed).shipments[0].waybill == CJ
        assert "1줄을 발송 처리했습니다" in told
        assert "이미 처리된 1줄" in baker.get(URL).get_data(as_text=True)

    def test_answers_wrong_rows_and_sends_the_others(
        self, baker: Visitor, shop: Enterprise
    ) -> None:
        good, bad = ready(shop), ready(shop)

        answer = baker.post(
            URL,
            file(
                f"{number_of(good)}-1,택배,CJ대한통운,{CJ}",
                f"{number_of(bad)}-1,택배,CJ대한통운,6.9E+11",
                "<b>x</b>,택배,CJ대한통운,1",
            ),
        )

        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "발송 1줄, 변화 없음 0줄, 확인 필요 2줄" in page
        assert "<b>x</b>" not in page
        assert queries.get(good.order_id).status is LineStatus.SHIPPING
        assert queries.get(bad.order_id).status is LineStatus.PREPARING

    def test_takes_the_carrier_chosen_for_files_without_one(
        self, baker: Visitor, shop: Enterprise
    ) -> None:
        placed = ready(shop)
        content = f"고객주문번호,운송장번호\n{number_of(placed)}-B1,6995-6837-5375".encode("cp949")

        answer = baker.post(URL, {"carrier": "CJGLS", "file": (io.BytesIO(content), "회신.csv")})

        assert answer.status_code == 303
        assert make.bundle_of(placed).shipments[0].waybill == CJ

    @pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04broken", b"a,b\n1,2"])
    def test_refuses_what_is_no_such_sheet(self, baker: Visitor, content: bytes) -> None:
        answer = baker.post(URL, {"file": (io.BytesIO(content), "x.xlsx"), "layout": "by_title"})

        assert answer.status_code == 422
        assert "파일" in answer.get_data(as_text=True)

    def test_sends_nothing_of_another_enterprise(self, baker: Visitor) -> None:
        theirs = ready(make.enterprise())

        answer = baker.post(URL, file(f"{number_of(theirs)}-1,택배,CJ대한통운,{CJ}"))

        assert answer.status_code == 422
        assert queries.get(theirs.order_id).status is LineStatus.PREPARING
