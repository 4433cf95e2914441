"""An order's way to where claims begin, and the claims themselves, in one call each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from marketplace.catalog.models import Variant
from marketplace.checkout import claim_decisions, claims, confirmation
from marketplace.checkout.claim_decisions import Decider
from marketplace.checkout.claims import ClaimForm, Shown
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.orders import fulfilment
from marketplace.orders import queries as orders
from marketplace.orders.details import LineDetail
from marketplace.orders.fulfilment import Way
from marketplace.orders.models import ClaimCase, ClaimKind
from marketplace.orders.shipments import ShipmentMethod
from tests import make

PREPARED = make.NOW + timedelta(hours=2)
SENT = make.NOW + timedelta(days=1)
THERE = make.NOW + timedelta(days=2)
AFTER = make.NOW + timedelta(days=4)
BY_HAND = Way(method=ShipmentMethod.DIRECT)


def prepare(placed: PlacedOrder) -> PlacedOrder:
    """Let every enterprise of an order begin."""
    for bundle in orders.get(placed.order_id).bundles:
        with transaction():
            fulfilment.accept(
                bundle_id=bundle.id,
                enterprise_ids=[bundle.enterprise_id],
                actor="person:1",
                at=PREPARED,
            )
    return placed


def send(placed: PlacedOrder) -> PlacedOrder:
    """Let every enterprise of an order send all of it."""
    prepare(placed)
    for bundle in orders.get(placed.order_id).bundles:
        with transaction():
            fulfilment.dispatch(
                bundle_id=bundle.id,
                enterprise_ids=[bundle.enterprise_id],
                way=BY_HAND,
                actor="person:1",
                at=SENT,
            )
    return placed


def deliver(placed: PlacedOrder, *, at: datetime = THERE) -> PlacedOrder:
    """Let all of an order arrive."""
    send(placed)
    for bundle in orders.get(placed.order_id).bundles:
        for shipment in bundle.shipments:
            with transaction():
                fulfilment.mark_delivered(
                    shipment_id=shipment.id,
                    enterprise_ids=[bundle.enterprise_id],
                    actor="person:1",
                    at=at,
                )
    return placed


def confirm(placed: PlacedOrder, *line_ids: int) -> None:
    """Let the buyer confirm lines, all that arrived when none is named."""
    with transaction():
        confirmation.confirm_lines(
            order_id=placed.order_id, line_ids=line_ids or None, actor="guest", at=AFTER
        )


def line_of(placed: PlacedOrder, variant: Variant) -> LineDetail:
    """Return the line of a variant."""
    return next(line for line in orders.get(placed.order_id).lines if line.variant_id == variant.id)


def form(
    placed: PlacedOrder,
    pieces: Mapping[Variant, int],
    *,
    kind: ClaimKind = ClaimKind.RETURN,
    why: str = "changed_mind",
    instead: Mapping[Variant, Variant] | None = None,
    agrees_fee: bool = False,
) -> ClaimForm:
    """Fill a claim in."""
    return ClaimForm(
        order_id=placed.order_id,
        kind=kind,
        quantities={line_of(placed, variant).id: count for variant, count in pieces.items()},
        reason_code=why,
        words="상자를 열어 보고 정했습니다",
        new_variants={line_of(placed, old).id: new.id for old, new in (instead or {}).items()},
        agrees_fee=agrees_fee,
    )


def shown(filled: ClaimForm, *, at: datetime = AFTER) -> Shown:
    """Show what a claim would bring."""
    return claims.preview(filled, at=at)


def ask(filled: ClaimForm, *, at: datetime = AFTER, key: str | None = None) -> int:
    """Open a case as it is shown; return its id."""
    with transaction():
        return claims.request(
            filled,
            attempt_key=key or make.attempt_key(),
            seen=claims.preview(filled, at=at).seen,
            actor="guest",
            at=at,
        ).id


def seller(case_id: int, *, at: datetime = AFTER) -> Decider:
    """Return the enterprise that answers a case."""
    bundle_id = case(case_id).bundle_id
    bundle = next(
        bundle for bundle in orders.get(case(case_id).order_id).bundles if bundle.id == bundle_id
    )
    return Decider(actor=f"person:{make.person().id}", at=at, enterprise_ids=[bundle.enterprise_id])


def accept(case_id: int, *, at: datetime = AFTER) -> None:
    """Let the enterprise accept."""
    by = seller(case_id, at=at)
    with transaction():
        claim_decisions.accept(case_id, by)


def collect(case_id: int, *, at: datetime = AFTER) -> None:
    """Let the enterprise accept and the goods come back."""
    accept(case_id, at=at)
    by = seller(case_id, at=at)
    with transaction():
        claim_decisions.collect(case_id, by)


def bring_back(case_id: int, *, sellable: bool = True, at: datetime = AFTER) -> None:
    """Let a return go its whole way."""
    collect(case_id, at=at)
    by = seller(case_id, at=at)
    with transaction():
        claim_decisions.finish_return(case_id, by, sellable=sellable, inspection="이상 없음")


def send_instead(case_id: int, *, sellable: bool = True) -> None:
    """Let an exchange come as far as its new parcel."""
    collect(case_id)
    by = seller(case_id)
    with transaction():
        claim_decisions.send_exchange(
            case_id, by, way=BY_HAND, sellable=sellable, inspection="이상 없음"
        )


def swap(case_id: int, *, sellable: bool = True) -> None:
    """Let an exchange go its whole way."""
    send_instead(case_id, sellable=sellable)
    by = seller(case_id)
    with transaction():
        claim_decisions.complete_exchange(case_id, by)


def case(case_id: int) -> ClaimCase:
    """Return a case as it stands."""
    return db.session.get_one(ClaimCase, case_id, populate_existing=True)
