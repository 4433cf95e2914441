"""Exchanges: the same product in another option of the same price; no money of ours moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, select

from marketplace.catalog import stock
from marketplace.catalog.models import Product, Variant
from marketplace.checkout import confirmation, references
from marketplace.checkout.claim_money import MoneyBack
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won
from marketplace.orders import carriers, fulfilment, status, waybills
from marketplace.orders import standing as standings
from marketplace.orders.claim_desk import Case
from marketplace.orders.fulfilment import Way
from marketplace.orders.models import Line, LineStatus
from marketplace.orders.shipment_models import Shipment, ShipmentLine, ShipmentMethod
from marketplace.orders.standing import LineBack, Standing

# Long enough for goods to come back and be looked at.
_KEPT_FOR: Final = timedelta(days=90)


class VariantUnfit(InvalidInput):
    """What is wanted instead is another product, or costs something else."""

    message = "{name}을(를) 같은 가격의 옵션으로만 교환할 수 있습니다. 옵션을 골라 주세요."


@dataclass(frozen=True)
class Choice:
    """One option something can be exchanged for."""

    variant_id: int
    label: str
    available: int


def reference_of(case_id: int) -> str:
    """Return how an exchange is named in stock."""
    return f"claim_case:{case_id}"


def list_choices(variant_ids: Collection[int]) -> dict[int, list[Choice]]:
    """Return what each variant can be exchanged for, itself first, in one query."""
    old = select(Variant.id, Variant.product_id, Variant.price_difference).where(
        Variant.id.in_(list(variant_ids))
    )
    wanted = old.subquery()
    rows = db.session.execute(
        select(
            wanted.c.id.label("old_id"),
            Variant.id,
            Variant.option_values,
            (Variant.on_hand - Variant.reserved).label("available"),
        )
        .join(Variant, Variant.product_id == wanted.c.product_id)
        .where(Variant.price_difference == wanted.c.price_difference, Variant.is_active)
        .order_by(wanted.c.id, (Variant.id != wanted.c.id), Variant.position, Variant.id)
    )
    choices: dict[int, list[Choice]] = {variant_id: [] for variant_id in variant_ids}
    for row in rows:
        label = " / ".join(row.option_values) or "같은 상품"
        choices[row.old_id].append(Choice(row.id, label, row.available))
    return choices


def compute(
    stands: Standing, chosen: Mapping[int, int], new_variants: Mapping[int, int]
) -> MoneyBack:
    """
    Check what is wanted instead of some pieces; no money goes back for them.

    :raises VariantUnfit, SoldOut:
    """
    lines = [stands.line(line_id) for line_id in sorted(chosen)]
    choices = list_choices([line.variant_id for line in lines])
    wanted: Counter[int] = Counter()
    free: dict[int, int] = {}
    for line in lines:
        fitting = {choice.variant_id: choice for choice in choices[line.variant_id]}
        choice = fitting.get(new_variants.get(line.id, 0))
        if choice is None:
            raise VariantUnfit(name=line.product_name)
        wanted[choice.variant_id] += chosen[line.id]
        free[choice.variant_id] = choice.available
    short = [variant for variant, pieces in wanted.items() if free[variant] < pieces]
    if short:
        names = [line.product_name for line in lines if new_variants[line.id] in short]
        raise stock.SoldOut(names=", ".join(names), variant_ids=short)
    return MoneyBack(lines=tuple(_moved(line, chosen[line.id]) for line in lines))


def set_aside(case: Case, *, at: datetime) -> None:
    """
    Keep what is to be sent instead.

    :raises SoldOut:
    """
    stock.reserve(
        reference=reference_of(case.id),
        quantities=_new_pieces(case),
        expires_at=at + _KEPT_FOR,
        at=at,
    )


def send(case: Case, *, way: Way, sellable: bool, at: datetime) -> int:
    """
    Take the new pieces out of stock, put the old ones back and write the parcel; return its id.

    :raises CarrierNotFound, WaybillInvalid:
    """
    carrier_code, number = None, None
    if way.method is ShipmentMethod.PARCEL:
        carrier = carriers.directory().get(way.carrier_code)
        carrier_code, number = carrier.code, waybills.normalise(way.waybill, carrier)
    shipment = Shipment(
        bundle_id=case.bundle_id,
        claim_case_id=case.id,
        method=way.method,
        carrier_code=carrier_code,
        waybill=number,
        shipped_at=at,
    )
    db.session.add(shipment)
    db.session.flush()
    db.session.execute(
        insert(ShipmentLine),
        [
            {"shipment_id": shipment.id, "line_id": line.line_id, "quantity": line.quantity}
            for line in case.lines
        ],
    )
    old: Counter[int] = Counter()
    for line in case.lines:
        old[line.variant_id] += line.quantity
    # All variants in one order, so that two exchanges the other way round do not wait crosswise.
    stock.lock_available([*old, *_new_pieces(case)])
    stock.deduct(reference=reference_of(case.id))
    if sellable:
        stock.give_back(reference=references.of_order(case.order_id), quantities=old)
    return shipment.id


def complete(case: Case, *, actor: str, at: datetime) -> None:
    """Let the parcel arrive and count lines as exchanged of which every piece was."""
    shipment_ids = db.session.scalars(
        select(Shipment.id).where(
            Shipment.claim_case_id == case.id, Shipment.delivered_at.is_(None)
        )
    ).all()
    for shipment_id in shipment_ids:
        fulfilment.arrive(shipment_id=shipment_id, actor=actor, at=at)
    stands = standings.load(case.order_id, lock=True)
    whole = [
        line.id
        for line in (stands.line(one.line_id) for one in case.lines)
        if stands.left_of(line) == 0
    ]
    unearned = [
        line_id for line_id in whole if stands.line(line_id).status is not LineStatus.CONFIRMED
    ]
    status.move(line_ids=whole, to=LineStatus.EXCHANGED, actor=actor, note="교환 완료", at=at)
    confirmation.post_lines(line_ids=unearned, at=at)
    confirmation.post_finished_bundles(order_id=case.order_id, at=at)


def _moved(line: Line, quantity: int) -> LineBack:
    return LineBack(
        line_id=line.id,
        bundle_id=line.bundle_id,
        enterprise_id=line.enterprise_id,
        variant_id=line.variant_id,
        product_name=line.product_name,
        quantity=quantity,
        is_last=False,
        is_confirmed=line.status is LineStatus.CONFIRMED,
        cash=Won(0),
        shares=(),
    )


def _new_pieces(case: Case) -> dict[int, int]:
    pieces: Counter[int] = Counter()
    for line in case.lines:
        if line.new_variant_id is not None:
            pieces[line.new_variant_id] += line.quantity
    return dict(pieces)


def labels_of(variant_ids: Collection[int]) -> dict[int, str]:
    """Return how variants are named on pages."""
    rows = db.session.execute(
        select(Variant.id, Product.name, Variant.option_values)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(list(variant_ids)))
    )
    return {row.id: " / ".join(row.option_values) or row.name for row in rows}
