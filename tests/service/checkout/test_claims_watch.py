"""What waits too long is said once; other ways to pay; messages that say what they should."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.catalog.models import Variant
from marketplace.checkout import claim_decisions, claim_news
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.core.settings import Operator
from marketplace.ledger import posting
from marketplace.notifications import delivery, facts
from marketplace.notifications.message import NothingToSay
from marketplace.orders import claim_lists, claim_view, fulfilment
from marketplace.orders.claim_lists import Tab
from marketplace.orders.models import ClaimKind, LineStatus
from marketplace.orders.shipment_models import Shipment
from marketplace.payments import payment
from marketplace.payments import queries as payments
from marketplace.payments.models import PaymentState
from tests import make
from tests.service.checkout import books
from tests.service.checkout import claim_life as life

pytestmark = pytest.mark.usefixtures("isolated")

CANCEL, EXCHANGE = ClaimKind.CANCEL, ClaimKind.EXCHANGE


def overdue(on: date) -> list[int]:
    return [row.id for row in claim_lists.list_page(on=on, tab=Tab.OVERDUE).rows]


def told(kind: str) -> list[Job]:
    jobs = db.session.scalars(select(Job).where(Job.kind == "notifications.deliver"))
    return [job for job in jobs if job.payload.get("kind") == kind]


class TestOverdue:
    def test_an_unanswered_request_is_overdue_after_three_business_days(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=CANCEL))

        # Asked on a Saturday: Monday, Tuesday and Wednesday are there to answer.
        assert overdue(date(2026, 12, 2)) == []
        assert overdue(date(2026, 12, 3)) == [case_id]
        life.accept(case_id)
        assert overdue(date(2026, 12, 3)) == []

    @pytest.mark.parametrize("kind", [ClaimKind.RETURN, EXCHANGE])
    def test_so_is_a_return_and_an_exchange(self, kind: ClaimKind) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(
            life.form(placed, {wanted: 1}, kind=kind, why="defective", instead={wanted: wanted})
        )

        assert overdue(date(2026, 12, 2)) == []
        assert overdue(date(2026, 12, 3)) == [case_id]
        life.accept(case_id)
        assert overdue(date(2026, 12, 3)) == []

    def test_a_refund_is_overdue_three_business_days_after_the_goods_came_back(self) -> None:
        seller = make.enterprise()
        wanted = make.sellable(seller)
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}))
        life.collect(case_id, at=life.AFTER + timedelta(days=2))

        assert overdue(date(2026, 12, 3)) == []
        assert overdue(date(2026, 12, 4)) == [case_id]
        counts = claim_lists.count_by_tab(on=date(2026, 12, 4), enterprise_ids=[seller.id])
        assert (counts[Tab.OVERDUE], counts[Tab.COLLECTED], counts[Tab.REQUESTED]) == (1, 1, 0)
        others = claim_lists.count_by_tab(
            on=date(2026, 12, 4), enterprise_ids=[make.enterprise().id]
        )
        assert set(others.values()) == {0}

    def test_is_told_once_for_each_day_that_was_missed(self) -> None:
        seller = make.enterprise()
        make.member(seller, make.person())
        wanted = make.sellable(seller)
        placed = life.prepare(make.paid_order({wanted: 1}))
        life.ask(life.form(placed, {wanted: 1}, kind=CANCEL))

        for _ in range(3):
            with transaction():
                late = claim_lists.list_overdue(on=date(2026, 12, 9), after=0, limit=9)
                for case_id, since in late:
                    claim_news.tell_enterprise("claim_overdue", case_id=case_id, again=f":{since}")

        assert len(told("claim_overdue")) == 1


class TestArrival:
    def test_closes_an_exchange_whose_parcel_arrived(self) -> None:
        seller = make.enterprise()
        wanted = make.sellable(seller)
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(
            life.form(placed, {wanted: 1}, kind=EXCHANGE, why="defective", instead={wanted: wanted})
        )
        life.send_instead(case_id)
        shipment = db.session.scalars(
            select(Shipment.id).where(Shipment.claim_case_id == case_id)
        ).one()
        assert claim_decisions.list_arrived(limit=9) == []

        with transaction():
            fulfilment.arrive(shipment_id=shipment, actor="carrier", at=life.AFTER)
        assert claim_decisions.list_arrived(limit=9) == [case_id]
        with transaction():
            claim_decisions.complete_exchange(
                case_id, claim_decisions.Decider(actor="carrier", at=life.AFTER, stated="도착")
            )

        assert life.line_of(placed, wanted).status is LineStatus.EXCHANGED
        assert claim_decisions.list_arrived(limit=9) == []
        books.check()


class TestOtherWaysToPay:
    def test_a_deposit_goes_to_the_queue_of_transfers(self) -> None:
        wanted = make.sellable(price=10_000)
        placed = life.deliver(make.paid_order({wanted: 1}, provider="bank_transfer"))

        life.bring_back(life.ask(life.form(placed, {wanted: 1}, why="defective")))

        (refund,) = payments.list_refunds(placed.payment_id)
        assert refund.amount == placed.pay_total
        assert posting.balance("refund_due") == -placed.pay_total
        books.check()

    def test_a_bill_that_is_open_gets_smaller(self) -> None:
        seller = make.enterprise()
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=0))
        clerk = make.person(roles=[Role.DEPARTMENT_BUYER])
        placed = make.placed_order({wanted: 2}, by=clerk, provider="invoice")
        if not placed.is_confirmed:
            make.pay(placed)
        life.deliver(placed)
        before = payment.get_held(placed.payment_id)
        if before.state is not PaymentState.AUTHORIZED:
            pytest.fail(f"the bill is {before.state}")

        life.bring_back(life.ask(life.form(placed, {wanted: 1}, why="defective")))

        assert payment.get_held(placed.payment_id).amount == before.amount - 10_000
        assert payments.list_refunds(placed.payment_id) == []
        books.check()


class TestMessages:
    def case(self) -> tuple[int, int]:
        seller, baker = make.enterprise(), make.person()
        make.member(seller, baker)
        wanted: Variant = make.sellable(seller, price=10_000)
        placed = life.deliver(make.paid_order({wanted: 1}))
        return life.ask(life.form(placed, {wanted: 1})), baker.id

    @pytest.mark.parametrize("kind", ["claim_requested", "claim_overdue"])
    def test_lead_the_enterprise_to_the_case(self, kind: str) -> None:
        case_id, baker_id = self.case()

        said = facts.load(kind, {"kind": kind, "claim_case_id": case_id, "person_id": baker_id})

        assert (said.person_id, said.link) == (baker_id, f"/seller/claims/{case_id}")

    @pytest.mark.parametrize("kind", ["claim_accepted", "claim_rejected", "claim_done"])
    def test_lead_the_buyer_to_the_case(self, kind: str) -> None:
        case_id, _ = self.case()

        said = facts.load(kind, {"kind": kind, "claim_case_id": case_id})

        case = claim_view.get(case_id)
        assert said.link == f"/orders/{case.order_number}/claims/{case_id}"
        assert said.address is not None

    @pytest.mark.parametrize(
        "kind",
        ["claim_requested", "claim_overdue", "claim_accepted", "claim_rejected", "claim_done"],
    )
    def test_are_written_out(self, kind: str) -> None:
        case_id, baker_id = self.case()
        if kind == "claim_rejected":
            by = life.seller(case_id)
            with transaction():
                claim_decisions.reject(case_id, by, reason="사용한 흔적이 있습니다")

        with transaction():
            mail = delivery.prepare(
                key=kind,
                kind=kind,
                given={"kind": kind, "claim_case_id": case_id, "person_id": baker_id},
                sender="세나루 마켓 <no-reply@senaru.example>",
                public_url="https://senaru.example",
                operator=Operator(),
                at=life.AFTER,
            )

        assert mail is not None
        plain = mail.get_body(("plain",))
        assert plain is not None
        said = plain.get_content()
        assert "반품" in said
        assert "https://senaru.example/" in said
        assert ("사용한 흔적이 있습니다" in said) == (kind == "claim_rejected")

    def test_say_nothing_of_what_is_overdue_no_more(self) -> None:
        case_id, baker_id = self.case()
        life.bring_back(case_id)

        with pytest.raises(NothingToSay):
            facts.load("claim_overdue", {"claim_case_id": case_id, "person_id": baker_id})
