"""What buyers and enterprises hear of an order's way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.checkout import confirmation
from marketplace.core.db import transaction
from marketplace.notifications import facts, rendering
from marketplace.notifications.message import NothingToSay
from marketplace.orders import delays
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")


def said(kind: str, **given: object) -> str:
    loaded = facts.load(kind, {"kind": kind, **given})
    return rendering.text(kind, {**loaded.values, "link": f"https://mall.example{loaded.link}"})


def test_a_parcel_is_announced_with_its_number_and_where_to_look() -> None:
    placed = make.paid_order({make.sellable(name="통밀 사워도우"): 2})
    shipment_id = make.shipped(placed, number="699568375375")

    text = said("order_shipped", shipment_id=shipment_id)

    assert "통밀 사워도우 2개" in text
    assert "CJ대한통운 699568375375" in text
    assert "https://" in text


def test_an_arrival_says_what_to_do_next() -> None:
    shipment_id = make.delivered(make.paid_order({make.sellable(): 1}))

    assert "구매확정" in said("order_delivered", shipment_id=shipment_id)


def test_a_delay_says_until_when_and_why() -> None:
    placed = make.paid_order({make.sellable(): 1})
    bundle = make.bundle_of(placed)
    with pytest.raises(NothingToSay):
        said("shipping_delayed", bundle_id=bundle.id)
    assert bundle.ship_by is not None
    with transaction():
        delays.tell(
            bundle_id=bundle.id,
            enterprise_ids=[bundle.enterprise_id],
            until=bundle.ship_by + timedelta(days=7),
            reason="밀이 늦게 옵니다",
            actor="person:1",
            at=make.NOW,
        )

    assert "이유 밀이 늦게 옵니다" in said("shipping_delayed", bundle_id=bundle.id)


def test_a_confirmation_is_a_notice_without_mail() -> None:
    placed = make.paid_order({make.sellable(name="아까시꿀"): 1}, by=make.person())
    make.delivered(placed)
    with transaction():
        lines = confirmation.confirm_lines(
            order_id=placed.order_id, line_ids=None, actor="timer", at=make.NOW
        )

    loaded = facts.load("order_confirmed", {"order_id": placed.order_id, "line_ids": list(lines)})

    assert loaded.address is None
    assert loaded.notice is not None
    assert "후기" in loaded.notice


def test_enterprises_are_reminded_while_something_is_late() -> None:
    enterprise, owner = make.enterprise(), make.person()
    placed = make.paid_order({make.sellable(enterprise): 1})
    due = make.bundle_of(placed).ship_by
    assert due is not None
    given = {"enterprise_id": enterprise.id, "person_id": owner.id}

    assert "1건" in said("ship_overdue", on=(due + timedelta(days=1)).isoformat(), **given)
    with pytest.raises(NothingToSay):
        said("ship_overdue", on=due.isoformat(), **given)
