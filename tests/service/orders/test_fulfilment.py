"""Accepting, sending, correcting and bringing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.orders import fulfilment, queries
from marketplace.orders.details import BundleDetail
from marketplace.orders.fulfilment import Way
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimKind,
    ClaimLine,
    ClaimStatus,
    LineHistory,
    LineStatus,
)
from marketplace.orders.ownership import BundleNotFound, ShipmentNotFound
from marketplace.orders.shipments import ShipmentMethod
from marketplace.orders.waybills import WaybillInvalid
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")

CJ = Way(carrier_code="CJGLS", waybill="6995-6837-5375")


def dispatch(bundle: BundleDetail, way: Way = CJ, lines: list[int] | None = None) -> int:
    with transaction():
        return fulfilment.dispatch(
            bundle_id=bundle.id,
            enterprise_ids=[bundle.enterprise_id],
            way=way,
            line_ids=lines,
            actor="person:7",
            at=make.NOW,
            ip="10.0.0.1",
        )


def states(bundle: BundleDetail) -> list[LineStatus]:
    return [line.status for line in bundle.lines]


def jobs(kind: str) -> list[dict[str, object]]:
    rows = db.session.scalars(select(Job).where(Job.kind == "notifications.deliver"))
    return [dict(job.payload) for job in rows if job.payload["kind"] == kind]


def two_lines() -> BundleDetail:
    enterprise = make.enterprise()
    ships = make.shipping(enterprise)
    goods = [make.sellable(enterprise, ships=ships) for _ in range(2)]
    return make.accepted(make.paid_order({goods[0]: 1, goods[1]: 2}))


class TestAccept:
    def test_begins_to_prepare_and_writes_down_who(self) -> None:
        bundle = make.accepted(make.paid_order({make.sellable(): 1}))

        assert states(bundle) == [LineStatus.PREPARING]
        step = db.session.scalars(select(LineHistory).order_by(LineHistory.id.desc())).first()
        assert step is not None
        assert (step.from_status, step.to_status, step.actor) == ("paid", "preparing", "person:1")

    def test_refuses_a_second_time(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.accepted(placed)

        with pytest.raises(fulfilment.NothingToAccept):
            make.accepted(placed)

    def test_knows_no_bundle_of_another_enterprise(self) -> None:
        bundle = make.bundle_of(make.paid_order({make.sellable(): 1}))

        with pytest.raises(BundleNotFound), transaction():
            fulfilment.accept(
                bundle_id=bundle.id,
                enterprise_ids=[make.enterprise().id],
                actor="person:7",
                at=make.NOW,
            )


class TestDispatch:
    def test_sends_everything_and_tells_the_buyer(self) -> None:
        placed = make.paid_order({make.sellable(): 3})
        bundle = make.accepted(placed)

        shipment_id = dispatch(bundle)

        bundle = make.bundle_of(placed)
        (shipment,) = bundle.shipments
        assert states(bundle) == [LineStatus.SHIPPING]
        assert (shipment.waybill, shipment.carrier_name) == ("699568375375", "CJ대한통운")
        assert shipment.url is not None
        assert shipment.url.endswith("699568375375")
        assert shipment.quantities == {bundle.lines[0].id: 3}
        assert jobs("order_shipped") == [{"kind": "order_shipped", "shipment_id": shipment_id}]

    def test_sends_some_lines_and_the_rest_later(self) -> None:
        bundle = two_lines()
        first, second = (line.id for line in bundle.lines)

        dispatch(bundle, lines=[first])
        dispatch(bundle, Way(method=ShipmentMethod.DIRECT))

        sent = queries.get(_order_of(bundle)).bundles[0]
        assert states(sent) == [LineStatus.SHIPPING] * 2
        assert [one.quantities for one in sent.shipments] == [{first: 1}, {second: 2}]
        assert sent.shipments[1].method is ShipmentMethod.DIRECT

    def test_lets_lines_with_one_number_travel_as_one_parcel(self) -> None:
        bundle = two_lines()
        first, second = (line.id for line in bundle.lines)

        assert dispatch(bundle, lines=[first]) == dispatch(bundle, lines=[second])

        (shipment,) = queries.get(_order_of(bundle)).bundles[0].shipments
        assert shipment.quantities == {first: 1, second: 2}
        assert len(jobs("order_shipped")) == 1

    def test_refuses_what_is_not_prepared(self) -> None:
        bundle = make.bundle_of(make.paid_order({make.sellable(): 1}))

        with pytest.raises(fulfilment.NotReady, match="결제완료"):
            dispatch(bundle)

    def test_refuses_lines_of_another_bundle_and_none_at_all(self) -> None:
        bundle, other = two_lines(), two_lines()

        with pytest.raises(fulfilment.LineNotInBundle):
            dispatch(bundle, lines=[other.lines[0].id])
        with pytest.raises(fulfilment.NothingChosen):
            dispatch(bundle, lines=[])

    def test_refuses_a_number_its_carrier_does_not_write(self) -> None:
        with pytest.raises(WaybillInvalid):
            dispatch(two_lines(), Way(carrier_code="CJGLS", waybill="123"))

    def test_refuses_the_number_of_another_buyers_parcel(self) -> None:
        enterprise = make.enterprise()
        goods = make.sellable(enterprise, on_hand=9)
        dispatch(make.accepted(make.paid_order({goods: 1})))
        other = make.accepted(make.paid_order({goods: 1}, recipient_phone="010-1111-2222"))

        with pytest.raises(fulfilment.WaybillTaken):
            dispatch(other)

    def test_waits_for_an_answer_when_the_buyer_wants_to_cancel(self) -> None:
        bundle = two_lines()
        open_case(bundle, bundle.lines[0].id)

        with pytest.raises(fulfilment.CancelAsked):
            dispatch(bundle)
        dispatch(bundle, lines=[bundle.lines[1].id])


class TestCorrectWaybill:
    def test_changes_the_number_and_writes_down_who_did(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        shipment_id = make.shipped(placed)

        correct(placed, shipment_id, "1234-5678-9012")

        (shipment,) = make.bundle_of(placed).shipments
        assert shipment.waybill == "123456789012"
        notes = [step for step in queries.timeline(placed.order_id) if step.is_note]
        assert [note.actor for note in notes] == ["person:7"]
        assert "123456789012" in notes[0].note
        (event,) = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "shipment.waybill_corrected")
        )
        assert event.subject_id == shipment_id

    def test_refuses_when_it_has_arrived(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        shipment_id = make.delivered(placed)

        with pytest.raises(fulfilment.AlreadyThere):
            correct(placed, shipment_id, "123456789012")

    def test_knows_no_shipment_of_another_enterprise(self) -> None:
        mine, theirs = (make.paid_order({make.sellable(): 1}) for _ in range(2))

        with pytest.raises(ShipmentNotFound):
            correct(mine, make.shipped(theirs), "123456789012")


class TestMarkDelivered:
    def test_lets_the_lines_arrive_once(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        shipment_id = make.delivered(placed)

        bundle = make.bundle_of(placed)
        assert states(bundle) == [LineStatus.DELIVERED]
        assert bundle.shipments[0].delivered_at == make.NOW
        assert len(jobs("order_delivered")) == 1
        with pytest.raises(fulfilment.AlreadyThere), transaction():
            fulfilment.mark_delivered(
                shipment_id=shipment_id,
                enterprise_ids=[bundle.enterprise_id],
                actor="person:7",
                at=make.NOW,
            )


def correct(placed: PlacedOrder, shipment_id: int, number: str) -> None:
    with transaction():
        fulfilment.correct_waybill(
            shipment_id=shipment_id,
            enterprise_ids=[make.bundle_of(placed).enterprise_id],
            carrier_code="CJGLS",
            waybill=number,
            actor="person:7",
            actor_id=None,
            at=make.NOW,
        )


def open_case(bundle: BundleDetail, line_id: int) -> None:
    """Let the buyer ask to cancel a line."""
    with transaction():
        case = ClaimCase(
            order_id=_order_of(bundle),
            attempt_key=make.attempt_key(),
            kind=ClaimKind.CANCEL,
            status=ClaimStatus.REQUESTED,
            reason="단순 변심",
            requested_by="person:3",
            bundle_id=bundle.id,
            requested_at=make.NOW,
        )
        db.session.add(case)
        db.session.flush()
        db.session.add(
            ClaimLine(
                claim_case_id=case.id, line_id=line_id, quantity=1, cash_refund=0, coupon_return=0
            )
        )


def _order_of(bundle: BundleDetail) -> int:
    return db.session.scalars(select(Bundle.order_id).where(Bundle.id == bundle.id)).one()
