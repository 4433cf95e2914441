"""Write what buyers ask for these days, in every state a desk may find it in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.catalog.models import Variant
from marketplace.checkout import claim_decisions, claims
from marketplace.checkout.claim_decisions import Decider
from marketplace.checkout.claims import ClaimForm
from marketplace.core.db import db
from marketplace.orders.fulfilment import Way
from marketplace.orders.models import Bundle, ClaimKind, Line, LineStatus, Order
from marketplace.orders.shipment_models import Shipment, ShipmentLine

_RECENT = timedelta(days=5)
_WAY = Way(carrier_code="EPOST", waybill="6095312480017")


def load(*, at: datetime) -> None:
    """Open cases on what is prepared or has just arrived. None is paid back: no provider knows."""
    _Desk(at).open_all()


class _Desk:
    def __init__(self, at: datetime) -> None:
        self._at = at
        self._prepared = self._find(LineStatus.PREPARING)
        self._arrived = self._find(LineStatus.DELIVERED)

    def open_all(self) -> None:
        self._ask(self._prepared, ClaimKind.CANCEL, "changed_mind", "다른 날 다시 주문할게요")
        self._ask(self._prepared, ClaimKind.CANCEL, "late", "행사 날까지 받기 어려울 것 같아요")
        self._ask(self._arrived, ClaimKind.RETURN, "changed_mind", "선물용으로 다시 고르려고요")
        self._ask(self._arrived, ClaimKind.RETURN, "defective", "병뚜껑이 깨져 있어요")
        if case := self._ask(self._arrived, ClaimKind.RETURN, "changed_mind", "생각보다 커요"):
            claim_decisions.reject(*case, reason="포장을 뜯어 드신 흔적이 있어 받을 수 없습니다.")
        if case := self._ask(self._arrived, ClaimKind.RETURN, "wrong_item", "다른 맛이 왔어요"):
            claim_decisions.accept(*case)
        if case := self._ask(self._arrived, ClaimKind.RETURN, "differs", "사진과 색이 달라요"):
            claim_decisions.accept(*case)
            claim_decisions.collect(*case)
        if case := self._ask(self._arrived, ClaimKind.EXCHANGE, "defective", "바느질이 풀렸어요"):
            claim_decisions.accept(*case)
            claim_decisions.collect(*case)
            claim_decisions.send_exchange(
                *case, way=_WAY, sellable=False, inspection="바느질 불량을 확인했습니다."
            )

    def _ask(
        self, lines: Iterator[tuple[Line, Bundle]], kind: ClaimKind, reason: str, words: str
    ) -> tuple[int, Decider] | None:
        found = next(lines, None)
        if found is None:
            return None
        line, bundle = found
        at = self._at - timedelta(hours=7)
        form = ClaimForm(
            order_id=line.order_id,
            kind=kind,
            quantities={line.id: 1 if kind is not ClaimKind.CANCEL else line.quantity},
            reason_code=reason,
            words=words,
            new_variants={line.id: line.variant_id} if kind is ClaimKind.EXCHANGE else {},
            agrees_fee=True,
        )
        buyer = db.session.get_one(Order, line.order_id).person_id
        opened = claims.request(
            form,
            attempt_key=f"demo-{line.id}",
            seen=claims.preview(form, at=at).seen,
            actor=f"person:{buyer}" if buyer else "guest",
            at=at,
        )
        enterprise = Decider(
            actor="enterprise", at=self._at, enterprise_ids=(bundle.enterprise_id,)
        )
        return opened.id, enterprise

    def _find(self, status: LineStatus) -> Iterator[tuple[Line, Bundle]]:
        """Return lines of orders of their own, the newest first."""
        wanted = (
            select(Line, Bundle)
            .join(Bundle, Bundle.id == Line.bundle_id)
            .join(Variant, Variant.id == Line.variant_id)
            .where(Line.status == status, Line.canceled_quantity == 0)
            .where(Variant.on_hand - Variant.reserved >= 1)
            .order_by(Line.order_id.desc(), Line.id)
        )
        if status is LineStatus.DELIVERED:
            wanted = (
                wanted.join(ShipmentLine, ShipmentLine.line_id == Line.id)
                .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
                .where(Shipment.delivered_at > self._at - _RECENT)
            )
        rows = db.session.execute(wanted).all()
        first_of_order = {line.order_id: (line, bundle) for line, bundle in reversed(rows)}
        return iter(reversed(first_of_order.values()))
