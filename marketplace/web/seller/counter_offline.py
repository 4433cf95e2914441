"""What a till needs to work without network, and what it reports when the network is back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from flask import Blueprint, Response, jsonify, request, send_from_directory
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from marketplace.checkout import counter_offline
from marketplace.checkout.counter_offline import Report, ReportUnreadable
from marketplace.core import clock, paths
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.core.money import Won
from marketplace.coupons import counter, signing
from marketplace.coupons.devices import Device, DeviceNotFound
from marketplace.coupons.offline import KeptUse
from marketplace.coupons.refusals import text_of
from marketplace.web.errors import status_of
from marketplace.web.guards import COUNTER, NotForYou, allow
from marketplace.web.seller import counter_devices

bp = Blueprint("seller_counter_offline", __name__, url_prefix="/seller/counter/offline")

_MOST_AT_ONCE: Final = 100


@bp.get("/pack")
@allow(COUNTER)
def pack() -> ResponseReturnValue:
    """Give a registered device its cap, the keys and the campaigns it may take."""
    device = _device_or_none()
    if device is None:
        return jsonify(csrf=generate_csrf(), device=None)
    return jsonify(
        csrf=generate_csrf(),
        device={"id": device.id, "name": device.name, "cap": device.offline_cap},
        keys=signing.public_keys(),
        versions=counter.list_versions_taken(enterprise_id=device.enterprise_id, at=clock.now()),
    )


@bp.post("")
@allow(COUNTER)
def send() -> ResponseReturnValue:
    """Take in a batch of uses, each in a transaction of its own; sent again it changes nothing."""
    at, cashier_id = clock.now(), current_user.person_id
    try:
        device = _device_or_none()
        if device is None:
            raise DeviceNotFound
        reports = _read_batch(request.form.get("batch", ""))
    except DomainError as error:
        return jsonify(code=error.code, message=str(error)), status_of(error)
    results = []
    for report in sorted(reports, key=lambda report: report.accepted_at):
        take_in = partial(
            counter_offline.take_in,
            device_id=device.id,
            cashier_id=cashier_id,
            report=report,
            at=at,
        )
        results.append(_told(report, in_transaction(take_in)))
    return jsonify(results=results)


@bp.get("/worker.js")
@allow(COUNTER)
def worker() -> ResponseReturnValue:
    """Serve the worker that keeps the till's page; it may only reach pages of the till."""
    response: Response = send_from_directory(paths.STATIC / "js", "counter-worker.js")
    response.headers["Service-Worker-Allowed"] = "/seller/counter"
    response.headers["Cache-Control"] = "no-store"
    return response


def _device_or_none() -> Device | None:
    if current_user.membership is None:
        raise NotForYou
    return counter_devices.this_device(int(current_user.membership.enterprise_id))


def _read_batch(text: str) -> list[Report]:
    try:
        batch = json.loads(text)
        if not isinstance(batch, list) or len(batch) > _MOST_AT_ONCE:
            raise ReportUnreadable
        return [_read_report(one) for one in batch]
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        raise ReportUnreadable from None


def _read_report(one: Mapping[str, object]) -> Report:
    purchase = one["purchase"]
    return Report(
        key=str(one["key"]),
        qr=str(one["qr"])[:600],
        amount=Won(int(str(one["amount"]))),
        purchase_amount=None if purchase is None else Won(int(str(purchase))),
        accepted_at=datetime.fromtimestamp(int(str(one["at"])) / 1000, UTC),
    )


def _told(report: Report, kept: KeptUse) -> dict[str, object]:
    said = counter_offline.REFUSALS.get(kept.refusal) or text_of(kept.refusal)
    return {
        "key": report.key,
        "outcome": kept.outcome.value,
        "amount": kept.amount,
        "shortage": kept.shortage,
        "text": said if kept.refusal else "",
    }
