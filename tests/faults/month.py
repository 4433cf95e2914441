"""One scripted month: orders of every kind, and what becomes of each of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.catalog.models import ShippingKind, Variant
from marketplace.checkout import canceling, claim_decisions, claims, confirmation
from marketplace.checkout.claim_decisions import Decider
from marketplace.checkout.claims import ClaimForm
from marketplace.core.db import db, transaction
from marketplace.coupons.models import Coupon, CouponKind
from marketplace.orders import fulfilment
from marketplace.orders.fulfilment import Way
from marketplace.orders.models import Bundle, ClaimKind, Fault, Line, LineStatus
from marketplace.orders.shipment_models import ShipmentMethod
from tests import make

ENTERPRISES, MEMBERS = 20, 40
AUTO_CONFIRM_DAYS = 8


@dataclass
class District:
    """Enterprises with goods in two options each, and members with coupons in their wallets."""

    goods: list[tuple[Variant, Variant]] = field(default_factory=list)
    wallets: dict[int, list[Coupon]] = field(default_factory=dict)
    members: list[Person] = field(default_factory=list)


def settle_in(at: datetime) -> District:
    """Found a district."""
    district = District()
    kinds = (ShippingKind.CONDITIONAL_FREE, ShippingKind.PAID, ShippingKind.FREE)
    for number in range(ENTERPRISES):
        shop = make.enterprise()
        kind = kinds[number % len(kinds)]
        ships = make.shipping(
            shop,
            kind,
            fee=0 if kind is ShippingKind.FREE else 3_000,
            free_over=30_000 if kind is ShippingKind.CONDITIONAL_FREE else None,
        )
        for price in (7_900, 12_350, 23_000):
            product = make.product(shop, price=price + number * 10, ships=ships)
            pair = [make.variant(product, options=[option]) for option in ("작은 것", "큰 것")]
            district.goods.append((pair[0], pair[1]))
    drives = [
        make.campaign(kind=CouponKind.FIXED, amount=3_333, cap=MEMBERS),
        make.campaign(
            kind=CouponKind.PERCENT, amount=None, rate_bps=1_500, max_discount=5_000, cap=MEMBERS
        ),
        make.campaign(kind=CouponKind.STORED_VALUE, amount=15_000, cap=MEMBERS),
    ]
    for _ in range(MEMBERS):
        member = make.person()
        district.members.append(member)
        district.wallets[member.id] = [
            make.claimed_coupon(drive, by=member, at=at) for drive in drives
        ]
    return district


class Month:
    """What people do with their orders; day 0 is when they were placed."""

    def __init__(self, base: datetime, chance: random.Random) -> None:
        self.base = base
        self.chance = chance
        self._waybills = count(1_000_000_000_000)

    def at(self, day: float) -> datetime:
        """Return a moment of the month."""
        return self.base + timedelta(days=day)

    def live(self, number: int, order_id: int) -> None:
        """Let an order's first bundle meet the fate of its number; the others are just sent."""
        first, *others = self._bundles(order_id)
        fates = list(FATES.values())
        fates[number % len(fates)](self, first)
        for bundle in others:
            self._kept(bundle)

    # What enterprises do.

    def _accept(self, bundle: Bundle, *, day: float = 1) -> None:
        with transaction():
            fulfilment.accept(
                bundle_id=bundle.id,
                enterprise_ids=(bundle.enterprise_id,),
                actor="enterprise",
                at=self.at(day),
            )

    def _send(
        self,
        bundle: Bundle,
        *,
        day: float = 2,
        only: list[int] | None = None,
        by_hand: bool = False,
    ) -> int:
        with transaction():
            return fulfilment.dispatch(
                bundle_id=bundle.id,
                enterprise_ids=(bundle.enterprise_id,),
                way=Way(method=ShipmentMethod.PICKUP) if by_hand else self._parcel(),
                line_ids=only,
                actor="enterprise",
                at=self.at(day),
            )

    def _arrive(self, bundle: Bundle, shipment_id: int, *, day: float = 4) -> None:
        with transaction():
            fulfilment.mark_delivered(
                shipment_id=shipment_id,
                enterprise_ids=(bundle.enterprise_id,),
                actor="carrier",
                at=self.at(day),
            )

    def _deliver(self, bundle: Bundle) -> None:
        self._accept(bundle)
        self._arrive(bundle, self._send(bundle))

    def _by(self, bundle: Bundle, day: float) -> Decider:
        return Decider(actor="enterprise", at=self.at(day), enterprise_ids=(bundle.enterprise_id,))

    def _parcel(self) -> Way:
        return Way(carrier_code="EPOST", waybill=str(next(self._waybills)))

    # What buyers do.

    def _confirm(self, bundle: Bundle, *, day: float) -> None:
        line_ids = [line.id for line in self._lines(bundle) if line.status is LineStatus.DELIVERED]
        with transaction():
            confirmation.confirm_lines(
                order_id=bundle.order_id, line_ids=line_ids, actor="buyer", at=self.at(day)
            )

    def _claim(
        self, bundle: Bundle, kind: ClaimKind, reason: str, *, day: float, whole: bool = True
    ) -> int:
        lines = self._lines(bundle)
        chosen = lines if whole else lines[:1]
        quantities = {
            line.id: line.quantity - line.canceled_quantity if whole else 1 for line in chosen
        }
        form = ClaimForm(
            order_id=bundle.order_id,
            kind=kind,
            quantities=quantities,
            reason_code=reason,
            new_variants=self._others(chosen) if kind is ClaimKind.EXCHANGE else {},
            agrees_fee=True,
        )
        with transaction():
            seen = claims.preview(form, at=self.at(day)).seen
            return claims.request(
                form, attempt_key=make.attempt_key(), seen=seen, actor="buyer", at=self.at(day)
            ).id

    def _others(self, lines: list[Line]) -> dict[int, int]:
        """Return for each line the other option of its product."""
        return {
            line.id: db.session.scalars(
                select(Variant.id).where(
                    Variant.product_id == line.product_id, Variant.id != line.variant_id
                )
            ).one()
            for line in lines
        }

    def _cancel(self, bundle: Bundle, *, whole: bool, day: float = 0.5) -> None:
        lines = self._lines(bundle)
        quantities = {line.id: line.quantity if whole else 1 for line in lines}
        with transaction():
            canceling.cancel_lines(
                order_id=bundle.order_id,
                attempt_key=make.attempt_key(),
                quantities=quantities if whole else dict([next(iter(quantities.items()))]),
                reason="마음이 바뀜",
                actor="buyer",
                at=self.at(day),
            )

    # The fates.

    def _waits(self, bundle: Bundle) -> None:
        """Nobody has looked at it yet."""

    def _prepared(self, bundle: Bundle) -> None:
        self._accept(bundle)

    def _travels(self, bundle: Bundle) -> None:
        self._accept(bundle)
        self._send(bundle, day=28)

    def _arrived(self, bundle: Bundle) -> None:
        self._accept(bundle, day=25)
        self._arrive(bundle, self._send(bundle, day=26), day=28)

    def _kept(self, bundle: Bundle) -> None:
        self._deliver(bundle)
        self._confirm(bundle, day=6)

    def _left_alone(self, bundle: Bundle) -> None:
        # The timer confirms it.
        self._deliver(bundle)

    def _fetched(self, bundle: Bundle) -> None:
        self._accept(bundle)
        self._arrive(bundle, self._send(bundle, by_hand=True))
        self._confirm(bundle, day=5)

    def _in_two_parcels(self, bundle: Bundle) -> None:
        self._accept(bundle)
        first, *rest = [line.id for line in self._lines(bundle)]
        self._arrive(bundle, self._send(bundle, only=[first]))
        if rest:
            self._arrive(bundle, self._send(bundle, only=rest, day=3), day=5)

    def _canceled(self, bundle: Bundle) -> None:
        self._cancel(bundle, whole=True)

    def _canceled_in_part(self, bundle: Bundle) -> None:
        self._cancel(bundle, whole=False)
        if any(line.status is LineStatus.PAID for line in self._lines(bundle)):
            self._kept(bundle)

    def _asked_to_cancel(self, bundle: Bundle) -> None:
        self._accept(bundle)
        case = self._claim(bundle, ClaimKind.CANCEL, "late", day=2)
        with transaction():
            claim_decisions.accept(case, self._by(bundle, 3))

    def _asked_in_vain(self, bundle: Bundle) -> None:
        self._accept(bundle)
        case = self._claim(bundle, ClaimKind.CANCEL, "changed_mind", day=1.5)
        with transaction():
            claim_decisions.reject(case, self._by(bundle, 2), reason="이미 포장해 보냈습니다.")
        self._arrive(bundle, self._send(bundle, day=2.5))

    def _asking(self, bundle: Bundle) -> None:
        self._accept(bundle)
        self._claim(bundle, ClaimKind.CANCEL, "changed_mind", day=2)

    def _sold_out(self, bundle: Bundle) -> None:
        with transaction():
            canceling.cancel_sold_out(
                order_id=bundle.order_id,
                enterprise_id=bundle.enterprise_id,
                attempt_key=make.attempt_key(),
                quantities={line.id: line.quantity for line in self._lines(bundle)},
                reason="재료가 떨어졌습니다",
                actor="enterprise",
                at=self.at(1),
            )

    def _by_office(self, bundle: Bundle) -> None:
        self._accept(bundle)
        with transaction():
            canceling.cancel_by_office(
                order_id=bundle.order_id,
                attempt_key=make.attempt_key(),
                quantities={line.id: line.quantity for line in self._lines(bundle)},
                fault=Fault.SELLER,
                reason="가게와 연락이 되지 않음",
                actor="office",
                at=self.at(5),
            )

    def _returned(self, bundle: Bundle, reason: str, *, whole: bool, sellable: bool) -> None:
        case = self._claim(bundle, ClaimKind.RETURN, reason, day=6, whole=whole)
        self._take_back(bundle, case, sellable=sellable)

    def _take_back(self, bundle: Bundle, case: int, *, sellable: bool) -> None:
        with transaction():
            claim_decisions.accept(case, self._by(bundle, 7))
        with transaction():
            claim_decisions.collect(case, self._by(bundle, 9))
        with transaction():
            claim_decisions.finish_return(
                case, self._by(bundle, 10), sellable=sellable, inspection="상자를 열어 확인함"
            )

    def _sent_back(self, bundle: Bundle) -> None:
        self._deliver(bundle)
        self._returned(bundle, "changed_mind", whole=True, sellable=True)

    def _one_sent_back(self, bundle: Bundle) -> None:
        self._deliver(bundle)
        self._returned(bundle, "changed_mind", whole=False, sellable=True)

    def _broken(self, bundle: Bundle) -> None:
        self._deliver(bundle)
        self._returned(bundle, "defective", whole=True, sellable=False)

    def _broken_after_all(self, bundle: Bundle) -> None:
        self._kept(bundle)
        self._returned(bundle, "defective", whole=True, sellable=False)

    def _refused(self, bundle: Bundle) -> None:
        self._deliver(bundle)
        case = self._claim(bundle, ClaimKind.RETURN, "changed_mind", day=6)
        with transaction():
            claim_decisions.reject(case, self._by(bundle, 7), reason="사용한 흔적이 있습니다.")

    def _taken_back(self, bundle: Bundle) -> None:
        self._deliver(bundle)
        case = self._claim(bundle, ClaimKind.RETURN, "changed_mind", day=6)
        with transaction():
            claims.withdraw(case_id=case, order_id=bundle.order_id, actor="buyer", at=self.at(6.5))

    def _on_its_way_back(self, bundle: Bundle, *, collected: bool = False) -> None:
        self._deliver(bundle)
        case = self._claim(bundle, ClaimKind.RETURN, "wrong_item", day=6)
        with transaction():
            claim_decisions.accept(case, self._by(bundle, 7))
        if collected:
            with transaction():
                claim_decisions.collect(case, self._by(bundle, 9))

    def _back_unpaid(self, bundle: Bundle) -> None:
        self._on_its_way_back(bundle, collected=True)

    def _exchanged(self, bundle: Bundle, *, arrives: bool = True) -> None:
        self._deliver(bundle)
        case = self._claim(bundle, ClaimKind.EXCHANGE, "defective", day=6)
        with transaction():
            claim_decisions.accept(case, self._by(bundle, 7))
        with transaction():
            claim_decisions.collect(case, self._by(bundle, 9))
        with transaction():
            claim_decisions.send_exchange(
                case, self._by(bundle, 10), way=self._parcel(), sellable=False, inspection="파손"
            )
        if arrives:
            with transaction():
                claim_decisions.complete_exchange(case, self._by(bundle, 12))

    def _sent_again(self, bundle: Bundle) -> None:
        self._exchanged(bundle, arrives=False)

    # What they look at.

    def _bundles(self, order_id: int) -> list[Bundle]:
        asked = select(Bundle).where(Bundle.order_id == order_id).order_by(Bundle.position)
        return list(db.session.scalars(asked))

    def _lines(self, bundle: Bundle) -> list[Line]:
        asked = select(Line).where(Line.bundle_id == bundle.id).order_by(Line.id)
        return list(db.session.scalars(asked.execution_options(populate_existing=True)))


FATES: Mapping[str, Callable[[Month, Bundle], None]] = {
    name.removeprefix("_"): getattr(Month, name)
    for name in (
        *("_waits", "_prepared", "_travels", "_arrived", "_kept", "_left_alone", "_fetched"),
        *("_in_two_parcels", "_canceled", "_canceled_in_part", "_asked_to_cancel"),
        *("_asked_in_vain", "_asking", "_sold_out", "_by_office", "_sent_back", "_one_sent_back"),
        *("_broken", "_broken_after_all", "_refused", "_taken_back", "_on_its_way_back"),
        *("_back_unpaid", "_exchanged", "_sent_again"),
    )
}
