"""The enterprise's board and one order on it: work, conflicts, masks and other people's ids."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from marketplace.accounts.models import Person
from marketplace.checkout import confirmation
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.enterprises.models import Enterprise, EnterpriseStatus, MemberRole
from marketplace.orders import queries
from marketplace.orders.models import Line, LineStatus
from tests import make
from tests.service.checkout import counting
from tests.web.visitor import Visitor

pytestmark = pytest.mark.usefixtures("isolated")

WAYBILL = "6995-6837-5375"


@pytest.fixture
def shop() -> Enterprise:
    return make.enterprise(name="밀밭나루 빵집")


@pytest.fixture
def baker(visitor: Visitor, shop: Enterprise) -> Visitor:
    """Somebody of the shop's staff, signed in."""
    return staff(visitor, shop)


def staff(visitor: Visitor, shop: Enterprise, role: MemberRole = MemberRole.STAFF) -> Visitor:
    person = make.person()
    make.member(shop, person, role=role)
    return visitor.enter(person, second_factor=True)


def order(shop: Enterprise, *, by: Person | None = None) -> PlacedOrder:
    return make.paid_order({make.sellable(shop): 1}, by=by, at=clock.now())


def state(placed: PlacedOrder) -> LineStatus:
    return queries.get(placed.order_id).lines[0].status


def url(placed: PlacedOrder, action: str = "") -> str:
    return f"/seller/orders/{make.bundle_of(placed).id}{action}"


class TestBoard:
    def test_shows_new_orders_with_masked_names(self, baker: Visitor, shop: Enterprise) -> None:
        placed = order(shop)
        order(make.enterprise())

        page = baker.get("/seller/orders").get_data(as_text=True)

        assert queries.get(placed.order_id).number in page
        assert "새 주문 1" in page
        assert "이*음" in page
        assert "이받음" not in page

    def test_finds_by_number_and_recipient(self, baker: Visitor, shop: Enterprise) -> None:
        placed, other = order(shop), order(shop)
        number, absent = (queries.get(one.order_id).number for one in (placed, other))

        page = baker.get(f"/seller/orders?q={number}").get_data(as_text=True)
        assert number in page
        assert absent not in page
        assert number in baker.get("/seller/orders?q=이받음").get_data(as_text=True)
        assert number not in baker.get("/seller/orders?q=없는이").get_data(as_text=True)
        assert number not in baker.get("/seller/orders?until=2026-01-01").get_data(as_text=True)

    def test_forgets_the_name_when_it_is_masked(self, baker: Visitor, shop: Enterprise) -> None:
        placed = order(shop)
        make.delivered(placed, at=clock.now())
        number = queries.get(placed.order_id).number
        assert number in baker.get("/seller/orders?tab=all&q=이받").get_data(as_text=True)

        with transaction():
            confirmation.confirm_lines(
                order_id=placed.order_id, line_ids=None, actor="buyer", at=clock.now()
            )

        assert number not in baker.get("/seller/orders?tab=all&q=이받").get_data(as_text=True)

    def test_never_shows_what_nobody_paid(self, baker: Visitor, shop: Enterprise) -> None:
        placed = make.placed_order({make.sellable(shop): 1})

        page = baker.get("/seller/orders?tab=all").get_data(as_text=True)

        assert queries.get(placed.order_id).number not in page

    def test_asks_as_often_for_a_thousand_orders_as_for_one(
        self, baker: Visitor, shop: Enterprise
    ) -> None:
        placed = order(shop)
        with counting.statements() as few:
            baker.get("/seller/orders")
        multiply(placed, 999)

        with counting.statements() as many:
            page = baker.get("/seller/orders").get_data(as_text=True)

        assert "새 주문 1,000" in page
        assert page.count('name="bundle"') == 30
        assert len(many) == len(few)
        assert 5 < len(few) <= 12

    def test_pages_through_all_of_them(self, baker: Visitor, shop: Enterprise) -> None:
        multiply(order(shop), 69)
        seen: list[str] = []
        path: str | None = "/seller/orders?tab=all"
        while path:
            page = baker.get(path).get_data(as_text=True)
            seen += [part.split('"')[0] for part in page.split('name="bundle" value="')[1:]]
            more = page.partition('id="pager"')[2].partition('href="')[2].split('"')[0]
            path = more.replace("&amp;", "&") if "before=" in more else None

        assert len(seen) == len(set(seen)) == 70

    def test_hands_out_the_list_without_names(self, baker: Visitor, shop: Enterprise) -> None:
        placed = order(shop)

        file = baker.post("/seller/orders/export.csv", {"tab": "all"})

        body = file.get_data(as_text=True)
        assert queries.get(placed.order_id).number in body
        assert "이받음" not in body
        assert baker.post("/seller/orders/export.xlsx").status_code == 200


class TestAccept:
    def test_accepts_the_ticked_orders(self, baker: Visitor, shop: Enterprise) -> None:
        first, second, third = (order(shop) for _ in range(3))
        ticked = [make.bundle_of(one).id for one in (first, second)]

        answer = baker.post("/seller/orders/accept", {"bundle": ticked})

        assert answer.status_code == 303
        assert [state(one) for one in (first, second, third)] == [
            LineStatus.PREPARING,
            LineStatus.PREPARING,
            LineStatus.PAID,
        ]

    def test_accepts_all_new_ones(self, baker: Visitor, shop: Enterprise) -> None:
        placed = [order(shop) for _ in range(3)]

        baker.post("/seller/orders/accept", {"which": "all"})

        assert {state(one) for one in placed} == {LineStatus.PREPARING}

    def test_says_that_a_colleague_was_faster(self, baker: Visitor, shop: Enterprise) -> None:
        placed = order(shop)
        make.accepted(placed)

        answer = baker.post(url(placed, "/accept"))

        assert answer.status_code == 409
        assert "이미 확인했거나" in answer.get_data(as_text=True)
        assert baker.post("/seller/orders/accept").status_code == 422

    def test_leaves_other_enterprises_orders_alone(self, baker: Visitor) -> None:
        theirs = order(make.enterprise())

        answer = baker.post("/seller/orders/accept", {"bundle": make.bundle_of(theirs).id})

        assert answer.status_code == 404
        assert state(theirs) is LineStatus.PAID


class TestOneOrder:
    def test_goes_from_new_to_delivered(self, baker: Visitor, shop: Enterprise) -> None:
        placed = order(shop)
        assert "이받음" in baker.get(url(placed)).get_data(as_text=True)
        baker.post(url(placed, "/accept"))
        sent = baker.post(
            url(placed, "/dispatch"), {"carrier": "CJGLS", "waybill": WAYBILL, "back": "board"}
        )
        assert sent.location.endswith("/seller/orders?tab=ready")
        (shipment,) = make.bundle_of(placed).shipments

        page = baker.get(url(placed)).get_data(as_text=True)
        assert "699568375375" in page
        assert "배송 조회" in page
        baker.post(
            f"/seller/orders/shipments/{shipment.id}/waybill",
            {"carrier": "CJGLS", "waybill": "123456789012"},
        )
        done = baker.post(f"/seller/orders/shipments/{shipment.id}/delivered")

        assert done.status_code == 303
        assert state(placed) is LineStatus.DELIVERED
        page = baker.get(url(placed)).get_data(as_text=True)
        assert "운송장 정정" in page
        assert "배송완료" in page

    def test_keeps_what_was_typed_when_a_number_is_wrong(
        self, baker: Visitor, shop: Enterprise
    ) -> None:
        placed = order(shop)
        make.accepted(placed)

        answer = baker.post(url(placed, "/dispatch"), {"carrier": "CJGLS", "waybill": "5.2E+11"})

        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert 'value="5.2E+11"' in page
        assert "텍스트" in page

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"carrier": "CJGLS", "waybill": WAYBILL}, 409),
            ({"method": "rocket"}, 422),
            ({"carrier": "NOBODY", "waybill": WAYBILL}, 404),
        ],
    )
    def test_refuses_what_cannot_be(
        self, baker: Visitor, shop: Enterprise, form: dict[str, str], status: int
    ) -> None:
        placed = order(shop)
        if status != 409:
            make.accepted(placed)

        assert baker.post(url(placed, "/dispatch"), form).status_code == status

    def test_tells_the_buyer_of_a_delay(self, baker: Visitor, shop: Enterprise) -> None:
        placed = order(shop)
        until = (clock.now() + timedelta(days=20)).date().isoformat()

        assert baker.post(url(placed, "/delay"), {"until": until, "reason": ""}).status_code == 422
        baker.post(url(placed, "/delay"), {"until": until, "reason": "밀이 늦게 옵니다"})

        assert make.bundle_of(placed).delay_reason == "밀이 늦게 옵니다"

    def test_masks_the_recipient_when_the_retention_period_is_over(
        self, baker: Visitor, shop: Enterprise
    ) -> None:
        placed = order(shop)
        make.delivered(placed)
        with transaction():
            confirmation.confirm_lines(
                order_id=placed.order_id, line_ids=None, actor="guest", at=clock.now()
            )
        assert "이받음" in baker.get(url(placed)).get_data(as_text=True)

        with transaction():
            db.session.execute(update(Line).values(confirmed_at=clock.now() - timedelta(days=31)))
        page = baker.get(url(placed)).get_data(as_text=True)

        assert "이받음" not in page
        assert "8765" not in page
        assert "101호" not in page

    def test_masks_the_recipient_of_a_cancelled_order(
        self, baker: Visitor, shop: Enterprise
    ) -> None:
        placed = order(shop)
        make.cancel(placed, at=clock.now())

        assert "이받음" not in baker.get(url(placed)).get_data(as_text=True)


class TestPacking:
    def test_prints_several_at_once(self, baker: Visitor, shop: Enterprise) -> None:
        ids = [make.bundle_of(order(shop)).id for _ in range(2)]

        chosen = baker.post("/seller/packing", {"bundle": ids})
        page = baker.get(chosen.location).get_data(as_text=True)

        assert page.count("slip-sheet") == 2
        assert "이받음" in page

    def test_prints_nothing_that_needs_no_packing(self, baker: Visitor, shop: Enterprise) -> None:
        placed = order(shop)
        make.delivered(placed)

        path = f"/seller/packing?bundle={make.bundle_of(placed).id}"

        assert baker.get(path).status_code == 404


class TestOtherPeoplesIds:
    def test_are_as_good_as_none(self, baker: Visitor) -> None:
        theirs = order(make.enterprise())
        shipment_id = make.shipped(theirs)
        form = {"carrier": "CJGLS", "waybill": "123456789012", "until": "2027-01-01", "reason": "x"}

        answers = {
            path: (baker.post(path, form) if is_post else baker.get(path)).status_code
            for path, is_post in [
                (url(theirs), False),
                (url(theirs, "/accept"), True),
                (url(theirs, "/dispatch"), True),
                (url(theirs, "/delay"), True),
                (f"/seller/orders/shipments/{shipment_id}/waybill", True),
                (f"/seller/orders/shipments/{shipment_id}/delivered", True),
                (f"/seller/packing?bundle={make.bundle_of(theirs).id}", False),
            ]
        }

        assert set(answers.values()) == {404}
        assert state(theirs) is LineStatus.SHIPPING

    def test_stay_out_of_files(self, baker: Visitor, shop: Enterprise) -> None:
        mine, theirs = order(shop), order(make.enterprise())
        for placed in (mine, theirs):
            make.accepted(placed)

        for path in ("/seller/orders/export.csv?tab=all", "/seller/waybills/ours.csv"):
            body = baker.post(path).get_data(as_text=True)
            assert queries.get(mine.order_id).number in body
            assert queries.get(theirs.order_id).number not in body

    def test_open_nothing_to_a_cashier_or_a_suspended_shop(
        self, another: object, shop: Enterprise
    ) -> None:
        """S25: the very next request is refused."""
        visitor = another()  # type: ignore[operator]
        assert staff(visitor, shop).get("/seller/orders").status_code == 200

        with transaction():
            db.session.execute(
                update(Enterprise)
                .where(Enterprise.id == shop.id)
                .values(status=EnterpriseStatus.SUSPENDED)
            )
        assert visitor.get("/seller/orders").status_code == 403
        cashier = staff(another(), make.enterprise(), MemberRole.CASHIER)  # type: ignore[operator]
        assert cashier.get("/seller/orders").status_code == 403


def multiply(placed: PlacedOrder, times: int) -> None:
    """Copy a paid order as often as told, with one bundle and one line each."""
    with transaction():
        db.session.execute(
            text(
                """
WITH orders AS (
  INSERT INTO customer_order (number, attempt_key, person_id, channel, provider, buyer_name,
         buyer_phone, buyer_email, recipient_name, recipient_phone, zip_code, road_address,
         gross_total, shipping_total, coupon_total, pay_total, ordered_at, expires_at, paid_at)
  SELECT '20261124' || translate(lpad(g::text, 8, '0'), '0125', 'BCDF'), 'copy-' || g, person_id,
         channel, provider, buyer_name, buyer_phone, buyer_email, recipient_name, recipient_phone,
         zip_code, road_address, gross_total, shipping_total, coupon_total, pay_total, ordered_at,
         expires_at, paid_at
    FROM customer_order, generate_series(1, :times) g WHERE id = :order
  RETURNING id),
bundles AS (
  INSERT INTO bundle (order_id, enterprise_id, shipping_policy_id, position, shipping_fee,
                      surcharge, shipping_discount, ship_by)
  SELECT o.id, b.enterprise_id, b.shipping_policy_id, 0, b.shipping_fee, 0, 0, b.ship_by
    FROM orders o, bundle b WHERE b.order_id = :order
  RETURNING id, order_id)
INSERT INTO order_line (order_id, bundle_id, enterprise_id, product_id, variant_id, position,
       product_name, unit_price, quantity, gross, coupon_amount, enterprise_funded, tax_kind,
       commission_bps, status)
SELECT b.order_id, b.id, l.enterprise_id, l.product_id, l.variant_id, 0, l.product_name,
       l.unit_price, l.quantity, l.gross, 0, 0, l.tax_kind, l.commission_bps, l.status
  FROM bundles b, order_line l WHERE l.order_id = :order
"""
            ),
            {"times": times, "order": placed.order_id},
        )
