"""The buyer's side of an order's way: where it is, and 구매확정, for members and guests."""

from __future__ import annotations

from datetime import date

import pytest

from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.orders import delays, queries
from marketplace.orders.models import LineStatus
from tests import make
from tests.web.visitor import Visitor

pytestmark = pytest.mark.usefixtures("isolated")


def line_of(placed: PlacedOrder) -> int:
    return queries.get(placed.order_id).lines[0].id


class TestMembers:
    def test_see_where_it_is_and_confirm(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.paid_order({make.sellable(): 1}, by=buyer)
        make.delivered(placed)
        visitor.enter(buyer)
        path = f"/my/orders/{queries.get(placed.order_id).number}"

        page = visitor.get(path).get_data(as_text=True)
        answer = visitor.post(f"{path}/confirm", {"line": line_of(placed)})

        assert "CJ대한통운" in page
        assert "배송 조회" in page
        assert "배송완료 8일 뒤 자동으로 구매확정됩니다" in page
        assert answer.status_code == 303
        assert queries.get(placed.order_id).status is LineStatus.CONFIRMED
        assert visitor.post(f"{path}/confirm", {"line": line_of(placed)}).status_code == 409
        assert visitor.post(f"{path}/confirm").status_code == 422

    def test_read_of_a_delay(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.paid_order({make.sellable(): 1}, by=buyer, at=clock.now())
        bundle = make.bundle_of(placed)
        assert bundle.ship_by is not None
        until = date.fromordinal(bundle.ship_by.toordinal() + 7)
        with transaction():
            delays.tell(
                bundle_id=bundle.id,
                enterprise_ids=[bundle.enterprise_id],
                until=until,
                reason="<b>밀</b>이 늦게 옵니다",
                actor="person:1",
                at=clock.now(),
            )

        page = (
            visitor.enter(buyer)
            .get(f"/my/orders/{queries.get(placed.order_id).number}")
            .get_data(as_text=True)
        )

        assert "발송이 늦어지고 있습니다" in page
        assert "&lt;b&gt;밀&lt;/b&gt;이 늦게 옵니다" in page
        assert page.count("<b>결제완료</b>") == 1

    def test_confirm_nothing_of_somebody_elses(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(): 1}, by=make.person())
        make.delivered(placed)
        visitor.enter(make.person())
        number = queries.get(placed.order_id).number

        answer = visitor.post(f"/my/orders/{number}/confirm", {"line": line_of(placed)})

        assert answer.status_code == 404
        assert queries.get(placed.order_id).status is LineStatus.DELIVERED


class TestGuests:
    def test_confirm_with_number_and_password(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(): 1}, is_guest=True)
        make.delivered(placed)
        number = queries.get(placed.order_id).number
        path = f"/guest/orders/{number}"
        assert visitor.post(f"{path}/confirm", {"line": line_of(placed)}).status_code == 404

        visitor.post("/guest/orders", {"number": number, "password": make.GUEST_PASSWORD})
        assert "배송 조회" in visitor.get(path).get_data(as_text=True)
        answer = visitor.post(f"{path}/confirm", {"line": line_of(placed)})

        assert answer.status_code == 303
        assert queries.get(placed.order_id).status is LineStatus.CONFIRMED
