"""One order of the enterprise: accept, send, correct a number, bring it, tell of a delay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.settings import Settings
from marketplace.orders import bundle_page, carriers, delays, fulfilment, ownership
from marketplace.orders.details import Step
from marketplace.orders.fulfilment import Way
from marketplace.orders.shipments import METHOD_NAMES, ShipmentMethod
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import shops
from marketplace.web.seller.orders import LOOKS

bp = Blueprint("seller_order", __name__, url_prefix="/seller/orders")

_TYPED: Final = ("method", "carrier", "waybill", "until", "reason")


class MethodUnknown(InvalidInput):
    """Nothing travels that way."""

    message = "보내는 방법을 골라 주세요."
    field = "method"


@bp.get("/<int:bundle_id>")
@allow(SELLER)
def show(bundle_id: int) -> ResponseReturnValue:
    """Show one order."""
    return _page(bundle_id)


@bp.post("/<int:bundle_id>/accept")
@allow(SELLER)
def accept(bundle_id: int) -> ResponseReturnValue:
    """Begin to prepare it."""
    own, actor, at, ip = shops.own_ids(), shops.actor(), clock.now(), limits.client_address()
    return _act(
        bundle_id,
        lambda: fulfilment.accept(
            bundle_id=bundle_id, enterprise_ids=own, actor=actor, at=at, ip=ip
        ),
        "발주확인했습니다. 이제 상품을 준비해 주세요.",
    )


@bp.post("/<int:bundle_id>/dispatch")
@allow(SELLER)
def dispatch(bundle_id: int) -> ResponseReturnValue:
    """Send what was chosen of it, everything that is ready when nothing is chosen."""
    own, actor, at, ip = shops.own_ids(), shops.actor(), clock.now(), limits.client_address()
    lines = request.form.getlist("line", type=int) if "chooses" in request.form else None

    def send() -> None:
        fulfilment.dispatch(
            bundle_id=bundle_id,
            enterprise_ids=own,
            way=_way(),
            line_ids=lines,
            actor=actor,
            at=at,
            ip=ip,
        )

    back = url_for("seller_orders.index", tab="ready") if request.form.get("back") else None
    return _act(bundle_id, send, "발송 처리했습니다. 구매자에게 알림을 보냅니다.", back=back)


@bp.post("/<int:bundle_id>/delay")
@allow(SELLER)
def delay(bundle_id: int) -> ResponseReturnValue:
    """Tell the buyer when and why it leaves later."""
    own, actor, at, ip = shops.own_ids(), shops.actor(), clock.now(), limits.client_address()
    until, reason = _day(request.form.get("until", "")), request.form.get("reason", "")
    return _act(
        bundle_id,
        lambda: delays.tell(
            bundle_id=bundle_id,
            enterprise_ids=own,
            until=until,
            reason=reason,
            actor=actor,
            at=at,
            ip=ip,
        ),
        "구매자에게 발송이 늦어진다고 알렸습니다.",
    )


@bp.post("/shipments/<int:shipment_id>/waybill")
@allow(SELLER)
def correct_waybill(shipment_id: int) -> ResponseReturnValue:
    """Put another number on a parcel under way."""
    own, actor, at, ip = shops.own_ids(), shops.actor(), clock.now(), limits.client_address()
    person_id = current_user.person_id
    bundle = ownership.get_bundle_of_shipment(shipment_id, enterprise_ids=own)
    return _act(
        bundle.id,
        lambda: fulfilment.correct_waybill(
            shipment_id=shipment_id,
            enterprise_ids=own,
            carrier_code=request.form.get("carrier", ""),
            waybill=request.form.get("waybill", "")[:60],
            actor=actor,
            actor_id=person_id,
            at=at,
            ip=ip,
        ),
        "운송장을 고쳤습니다.",
    )


@bp.post("/shipments/<int:shipment_id>/delivered")
@allow(SELLER)
def deliver(shipment_id: int) -> ResponseReturnValue:
    """Note that it has arrived."""
    own, actor, at, ip = shops.own_ids(), shops.actor(), clock.now(), limits.client_address()
    bundle = ownership.get_bundle_of_shipment(shipment_id, enterprise_ids=own)
    return _act(
        bundle.id,
        lambda: fulfilment.mark_delivered(
            shipment_id=shipment_id, enterprise_ids=own, actor=actor, at=at, ip=ip
        ),
        "배송완료로 바꿨습니다.",
    )


def _act(
    bundle_id: int, work: Callable[[], None], done: str, *, back: str | None = None
) -> ResponseReturnValue:
    try:
        in_transaction(work)
    except DomainError as error:
        return _page(bundle_id, error), status_of(error)
    flash(done, "ok")
    return redirect(back or url_for(".show", bundle_id=bundle_id), code=303)


def _told(steps: Sequence[Step], names: Mapping[int, str]) -> list[tuple[Step, str]]:
    """Tell what happened to several lines at once in one row."""
    told = []
    for _, together in groupby(steps, lambda step: (step.at, step.label, step.actor, step.note)):
        same = list(together)
        is_all = len(same) == len(names) > 1
        goods = "모든 상품" if is_all else ", ".join(names[step.line_id] for step in same)
        told.append((same[0], goods))
    return told


def _way() -> Way:
    method = request.form.get("method", ShipmentMethod.PARCEL.value)
    if method not in set(ShipmentMethod):
        raise MethodUnknown
    return Way(
        method=ShipmentMethod(method),
        carrier_code=request.form.get("carrier", ""),
        waybill=request.form.get("waybill", "")[:60],
    )


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _page(bundle_id: int, error: DomainError | None = None) -> str:
    at = clock.now()
    settings: Settings = current_app.extensions["settings"]
    page = bundle_page.get(bundle_id=bundle_id, enterprise_ids=shops.own_ids(), at=at)
    bundle = page.bundle
    names = {line.id: line.product_name for line in bundle.lines}
    due = bundle.delayed_until or bundle.ship_by
    typed = {name: request.form.get(name, "")[:200] for name in _TYPED}
    chosen = request.form.getlist("line", type=int)
    return render_template(
        "seller/orders/show.html",
        page=page,
        bundle=bundle,
        carriers=carriers.directory().active,
        methods=METHOD_NAMES,
        typed=typed,
        chosen=chosen if "chooses" in request.form else page.ready_ids,
        is_late=due is not None and due < day_in_seoul(at) and bool(page.new_ids or page.ready_ids),
        names=names,
        history=_told(page.steps, names),
        today=day_in_seoul(at),
        auto_confirm_days=settings.auto_confirm_days,
        looks=LOOKS,
        error=error,
        section="seller_orders.index",
    )
