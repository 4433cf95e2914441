"""Waybills by the sheet: every layout, every row answered, the same file twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError
from marketplace.core.sheets import SheetUnreadable
from marketplace.orders import line_numbers, queries, waybill_sheets
from marketplace.orders.models import LineStatus
from marketplace.orders.waybill_sheets import Answer, Layout, Outcome
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")

CJ = "699568375375"


def ready() -> PlacedOrder:
    """Return an order of two lines in one bundle, accepted."""
    enterprise = make.enterprise()
    ships = make.shipping(enterprise)
    goods = [make.sellable(enterprise, ships=ships) for _ in range(2)]
    placed = make.paid_order({goods[0]: 1, goods[1]: 2})
    make.accepted(placed)
    return placed


def number_of(placed: PlacedOrder, position: int | None = None) -> str:
    number = queries.get(placed.order_id).number
    return number if position is None else line_numbers.of_line(number, position)


def sheet(titles: str, *rows: str) -> bytes:
    return "\n".join([titles, *rows]).encode()


def upload(
    placed: PlacedOrder,
    content: bytes,
    *,
    layout: Layout = Layout.BY_TITLE,
    carrier: str = "",
    enterprises: Sequence[int] | None = None,
) -> list[Answer]:
    own = list(enterprises or [make.bundle_of(placed).enterprise_id])
    plan = waybill_sheets.plan(content, layout=layout, default_carrier=carrier, enterprise_ids=own)
    answers = plan.answers
    for parcel in plan.parcels:
        try:
            with transaction():
                answers += waybill_sheets.send(
                    parcel, enterprise_ids=own, actor="person:7", at=make.NOW
                )
        except DomainError as error:
            answers += waybill_sheets.refused(parcel, error)
    return sorted(answers, key=lambda answer: answer.row)


def outcomes(answers: Sequence[Answer]) -> list[Outcome]:
    return [answer.outcome for answer in answers]


class TestByTitle:
    def test_reads_smartstores_dispatch_sheet(self) -> None:
        placed = ready()
        content = sheet(
            "상품주문번호\t배송방법\t택배사\t송장번호",
            f"{number_of(placed, 0)}\t택배,등기,소포\tCJ대한통운\t6995-6837-5375",
            f"{number_of(placed, 1)}\t택배,등기,소포\t대한통운\t{CJ}",
        )

        answers = upload(placed, content)

        assert outcomes(answers) == [Outcome.SENT] * 2
        bundle = make.bundle_of(placed)
        (shipment,) = bundle.shipments
        assert shipment.waybill == CJ
        assert len(shipment.quantities) == 2
        assert {line.status for line in bundle.lines} == {LineStatus.SHIPPING}

    def test_reads_a_carriers_file_by_its_titles(self) -> None:
        placed = ready()
        bundle_number = line_numbers.of_bundle(number_of(placed), 0)
        content = sheet("예약일,운송장번호,고객주문번호", f"20261124,{CJ},{bundle_number}")

        answers = upload(placed, content, carrier="CJGLS")

        assert outcomes(answers) == [Outcome.SENT]
        assert make.bundle_of(placed).shipments[0].waybill == CJ

    def test_sends_what_is_brought_by_hand_without_a_number(self) -> None:
        placed = ready()
        content = sheet("주문번호,배송방법,택배사,송장번호", f"{number_of(placed)},직접배송,,")

        assert outcomes(upload(placed, content)) == [Outcome.SENT]

    def test_changes_nothing_the_second_time(self) -> None:
        placed = ready()
        content = sheet("주문번호,택배사,송장번호", f"{number_of(placed)},CJ대한통운,{CJ}")
        upload(placed, content)
        before = make.bundle_of(placed)

        answers = upload(placed, content)

        assert outcomes(answers) == [Outcome.KNOWN]
        assert make.bundle_of(placed) == before

    def test_answers_every_wrong_row_and_sends_the_right_ones(self) -> None:
        placed, new = ready(), make.paid_order({make.sellable(): 1})
        own = [make.bundle_of(placed).enterprise_id, make.bundle_of(new).enterprise_id]
        content = sheet(
            "주문번호,택배사,송장번호",
            f"{number_of(placed, 0)},CJ대한통운,6.99568E+11",
            f"{number_of(placed, 1)},CJ대한통운,{CJ}",
            f"{number_of(new)},CJ대한통운,123456789012",
            "20261124XXXXXXXX,CJ대한통운,123456789012",
            f"{number_of(placed, 0)},없는택배,123456789012",
            f"{number_of(placed, 0)},,123456789012",
        )

        answers = upload(placed, content, enterprises=own)

        assert Counter(outcomes(answers)) == {Outcome.REFUSED: 5, Outcome.SENT: 1}
        assert answers[0].row == 2
        texts = [answer.text for answer in answers]
        assert "텍스트" in texts[0]
        assert "결제완료" in texts[2]
        assert "내 가게의 주문이 아닙니다" in texts[3]
        assert "없는택배" in texts[4]
        assert "택배사가 없습니다" in texts[5]

    def test_refuses_another_number_for_what_has_left(self) -> None:
        placed = ready()
        first = sheet("주문번호,택배사,송장번호", f"{number_of(placed)},CJ대한통운,{CJ}")
        upload(placed, first)

        (answer,) = upload(placed, first.replace(CJ.encode(), b"123456789012"))

        assert answer.outcome is Outcome.REFUSED
        assert "송장 정정" in answer.text

    def test_knows_no_order_of_another_enterprise(self) -> None:
        placed = ready()
        content = sheet("주문번호,택배사,송장번호", f"{number_of(placed)},CJ대한통운,{CJ}")

        (answer,) = upload(placed, content, enterprises=[make.enterprise().id])

        assert answer.outcome is Outcome.REFUSED
        assert "내 가게의 주문이 아닙니다" in answer.text

    def test_refuses_a_sheet_without_the_titles(self) -> None:
        with pytest.raises(SheetUnreadable, match="송장번호"):
            upload(ready(), sheet("이름,값", "a,b"))

    def test_refuses_more_rows_than_a_browser_waits_for(self) -> None:
        rows = ["20261124XXXXXXXX,CJ대한통운,1"] * (waybill_sheets.MOST_ROWS + 1)

        with pytest.raises(SheetUnreadable, match="500줄"):
            upload(ready(), sheet("주문번호,택배사,송장번호", *rows))


class TestByPlace:
    @pytest.mark.parametrize(
        ("layout", "order_at", "waybill_at", "carrier", "number"),
        [
            (Layout.CJ, 19, 8, "CJGLS", CJ),
            (Layout.KDEXP, 6, 5, "KDEXP", "1234567890123"),
            (Layout.DAESIN, 10, 3, "DAESIN", "1234567890123"),
        ],
    )
    def test_reads_what_a_carrier_sent_back(
        self, layout: Layout, order_at: int, waybill_at: int, carrier: str, number: str
    ) -> None:
        placed = ready()
        cells = [""] * 20
        cells[order_at - 1] = line_numbers.of_bundle(number_of(placed), 0)
        cells[waybill_at - 1] = number
        content = sheet(",".join(["제목"] * 20), ",".join(cells))

        answers = upload(placed, content, layout=layout)

        assert outcomes(answers) == [Outcome.SENT]
        (shipment,) = make.bundle_of(placed).shipments
        assert (shipment.carrier_code, shipment.waybill) == (carrier, number)

    def test_refuses_a_file_of_another_kind(self) -> None:
        with pytest.raises(SheetUnreadable, match="19번째 열"):
            upload(ready(), sheet("a,b,c", "1,2,3"), layout=Layout.CJ)
