"""Shops' counter devices: how much each may take without network."""

from __future__ import annotations

import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.core.money import Won
from marketplace.coupons import devices
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint("office_devices", __name__, url_prefix="/office/devices")


@bp.get("")
@allow(Role.OPERATOR, Role.CAMPAIGN_MANAGER, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List every shop's devices."""
    return _page()


@bp.post("/<int:device_id>/cap")
@allow(Role.OPERATOR, Role.CAMPAIGN_MANAGER)
def set_cap(device_id: int) -> ResponseReturnValue:
    """Say how much a device may take without network."""
    typed = re.sub(r"[\s,원]", "", request.form.get("cap", ""))
    cap = Won(int(typed)) if re.fullmatch(r"\d{1,9}", typed, re.ASCII) else Won(-1)
    actor_id, ip = current_user.person_id, limits.client_address()
    try:
        in_transaction(
            lambda: devices.set_cap(device_id=device_id, cap=cap, actor_id=actor_id, ip=ip)
        )
    except DomainError as error:
        return _page(error), status_of(error)
    flash(f"한도를 {cap:,}원으로 정했습니다.", "ok")
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:device_id>/revocation")
@allow(Role.OPERATOR, Role.CAMPAIGN_MANAGER)
def revoke(device_id: int) -> ResponseReturnValue:
    """Take a device out of use."""
    actor_id, at, ip = current_user.person_id, clock.now(), limits.client_address()
    in_transaction(lambda: devices.revoke(device_id=device_id, actor_id=actor_id, at=at, ip=ip))
    flash("기기 사용을 중지했습니다.", "ok")
    return redirect(url_for(".index"), code=303)


def _page(error: DomainError | None = None) -> str:
    return render_template(
        "office/devices.html",
        devices=devices.list_devices(),
        largest=devices.LARGEST_CAP,
        may_act=bool({Role.OPERATOR, Role.CAMPAIGN_MANAGER} & current_user.roles),
        error=error,
    )
