"""The phones and tills of a shop: this one registered, old ones taken out of use."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.core.settings import Settings
from marketplace.coupons import devices, offline
from marketplace.coupons.devices import Device
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import COUNTER, SELLER, NotForYou, allow

bp = Blueprint("seller_counter_devices", __name__, url_prefix="/seller/counter/devices")

COOKIE: Final = "counter_device"
_PATH: Final = "/seller/counter"
_YEAR: Final = timedelta(days=365)


@bp.get("")
@allow(COUNTER)
def index() -> ResponseReturnValue:
    """List the shop's devices and say which one this is."""
    return _page()


@bp.post("")
@allow(COUNTER)
def register() -> ResponseReturnValue:
    """Register this browser as a device of the shop."""
    enterprise_id, person_id, at = _enterprise_id(), current_user.person_id, clock.now()
    name = request.form.get("name", "")
    try:
        _, secret = in_transaction(
            lambda: devices.register(
                enterprise_id=enterprise_id, name=name, person_id=person_id, at=at
            )
        )
    except DomainError as error:
        return _page(error, name), status_of(error)
    flash("이 기기를 등록했습니다. 연결이 끊겼을 때 받을 한도는 구청이 정합니다.", "ok")
    response = redirect(url_for(".index"), code=303)
    settings: Settings = current_app.extensions["settings"]
    response.set_cookie(
        COOKIE,
        secret,
        max_age=_YEAR,
        path=_PATH,
        secure=settings.secure_cookies,
        httponly=True,
        samesite="Strict",
    )
    return response


@bp.post("/<int:device_id>/revocation")
@allow(SELLER)
def revoke(device_id: int) -> ResponseReturnValue:
    """Take a device of the shop out of use, such as a lost phone."""
    enterprise_id, actor_id, at = _enterprise_id(), current_user.person_id, clock.now()
    ip = limits.client_address()
    in_transaction(
        lambda: devices.revoke(
            device_id=device_id, enterprise_id=enterprise_id, actor_id=actor_id, at=at, ip=ip
        )
    )
    flash("기기 사용을 중지했습니다.", "ok")
    return redirect(url_for(".index"), code=303)


def this_device(enterprise_id: int) -> Device | None:
    """Return the device this browser is registered as, if it is one of the shop's."""
    return devices.find(request.cookies.get(COOKIE, ""), enterprise_id=enterprise_id)


def _enterprise_id() -> int:
    if current_user.membership is None:
        raise NotForYou
    return int(current_user.membership.enterprise_id)


def _page(error: DomainError | None = None, name: str = "") -> str:
    enterprise_id = _enterprise_id()
    return render_template(
        "seller/counter/devices.html",
        devices=devices.list_devices(enterprise_id=enterprise_id),
        here=this_device(enterprise_id),
        reported=offline.list_of_enterprise(enterprise_id)[:30],
        may_revoke=current_user.belongs_to(SELLER),
        error=error,
        name=name[: devices.LONGEST_NAME],
    )
