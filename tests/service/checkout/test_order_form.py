"""The order sheet."""

from __future__ import annotations

import pytest

from marketplace.checkout import placing
from marketplace.checkout.cart import Owner
from marketplace.checkout.order_form import FormWrong
from marketplace.core.db import transaction
from marketplace.orders import queries as orders
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")


class TestForm:
    def test_names_every_wrong_field(self) -> None:
        buyer = make.person()
        make.cart({make.sellable(): 1}, of=buyer)
        form = make.order_form(
            13_000,
            buyer_name=" ",
            buyer_phone="12",
            buyer_email="nobody",
            recipient_phone="",
            zip_code="123",
            road_address="",
            provider="bitcoin",
            delivery_memo="가" * 201,
            agrees=False,
        )

        with pytest.raises(FormWrong) as refused, transaction():
            placing.place_order(
                owner=Owner(person_id=buyer.id),
                attempt_key=make.attempt_key(),
                form=form,
                at=make.NOW,
            )

        assert set(refused.value.fields) == {
            "buyer_name",
            "buyer_phone",
            "buyer_email",
            "recipient_phone",
            "zip_code",
            "road_address",
            "provider",
            "delivery_memo",
            "agrees",
        }

    def test_tidies_what_is_written(self) -> None:
        placed = make.placed_order(
            {make.sellable(): 1},
            buyer_name="  홍\u200b길동 ",
            buyer_phone="+82 10-1234-5678",
            zip_code="\uff10\uff15\uff10\uff10\uff10",
            delivery_memo="문\r\n앞\x07",
        )

        order = orders.get(placed.order_id)
        assert order.buyer_name == "홍길동"
        assert order.buyer_phone == "01012345678"
        assert order.zip_code == "05000"
        assert order.delivery_memo == "문 앞"
