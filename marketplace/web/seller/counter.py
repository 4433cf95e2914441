"""The till: scan a resident's coupon, give the amount, done; today's list and taking back."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.checkout import counter
from marketplace.checkout.counter import Preview
from marketplace.core import clock, masking
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.core.money import Won
from marketplace.coupons import receipts
from marketplace.coupons.receipts import Receipt
from marketplace.coupons.refusals import CouponNotFound
from marketplace.enterprises.members import Membership
from marketplace.web import code_guesses, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import COUNTER, NotForYou, allow
from marketplace.web.seller import counter_devices

bp = Blueprint("seller_counter", __name__, url_prefix="/seller/counter")

_HELD: Final = "counter"
_QR: Final = "SNR1:"
_LONGEST: Final = 600
# Of these the first says that nothing is there, and the others that nothing was looked up: whoever
# is answered so has shown no number we know.
_MAY_BE_GUESSES: Final = (
    CouponNotFound,
    counter.KeyMissing,
    counter.KeyTaken,
    limits.TriedTooOften,
    limits.CannotCount,
)
_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)


@bp.get("")
@allow(COUNTER)
def show() -> ResponseReturnValue:
    """Wait for a coupon."""
    return _scan_page()


@bp.post("/scan")
@allow(COUNTER)
def scan() -> ResponseReturnValue:
    """Look up what was scanned or typed and go on to the amount."""
    shown, at, shop = request.form.get("shown", "")[:_LONGEST], clock.now(), own_shop()
    guessers = _guessers(shown)
    try:
        code_guesses.count(guessers, at=at)
        seen = counter.preview(enterprise_id=shop.enterprise_id, shown=shown, at=at)
    except DomainError as error:
        return _refuse_guess(error, guessers)
    code_guesses.uncount(guessers)
    # The secret itself stays out of the next page; a handle for this shop stands for it.
    session[_HELD] = {"shown": seen.handle, "key": secrets.token_urlsafe(16)}
    return redirect(url_for(".amount"), code=303)


@bp.get("/amount")
@allow(COUNTER)
def amount() -> ResponseReturnValue:
    """Ask how much to take of the coupon scanned last."""
    held = session.get(_HELD)
    if not isinstance(held, dict):
        return redirect(url_for(".show"), code=303)
    return _amount_page(str(held["shown"]), str(held["key"]))


@bp.post("/uses")
@allow(COUNTER)
def use() -> ResponseReturnValue:
    """Spend the coupon; a second tap leads to the same receipt."""
    shown, key = request.form.get("shown", "")[:_LONGEST], request.form.get("key", "")[:100]
    at, shop = clock.now(), own_shop()
    device = counter_devices.this_device(shop.enterprise_id)
    cashier_id, guessers = current_user.person_id, _guessers(shown)
    try:
        code_guesses.count(guessers, at=at)
        receipt = in_transaction(
            lambda: counter.redeem_at_counter(
                enterprise_id=shop.enterprise_id,
                cashier_id=cashier_id,
                device_id=device.id if device else None,
                shown=shown,
                amount=_won("amount"),
                purchase_amount=_won("purchase"),
                idempotency_key=key,
                at=at,
            )
        )
    except _MAY_BE_GUESSES as error:
        return _refuse_guess(error, guessers)
    except DomainError as error:
        code_guesses.uncount(guessers)
        return _amount_page(shown, key, error=error)
    code_guesses.uncount(guessers)
    session.pop(_HELD, None)
    return redirect(url_for(".receipt", number=receipt.number), code=303)


@bp.get("/receipts/<number>")
@allow(COUNTER)
def receipt(number: str) -> ResponseReturnValue:
    """Show one receipt of the shop, huge."""
    shop = own_shop()
    return _receipt_page(receipts.get(number, enterprise_id=shop.enterprise_id))


@bp.post("/receipts/<number>/reversal")
@allow(COUNTER)
def reverse(number: str) -> ResponseReturnValue:
    """Take a use of today back."""
    at, shop, actor_id = clock.now(), own_shop(), current_user.person_id
    reason, ip = request.form.get("reason", "")[:200], limits.client_address()
    try:
        in_transaction(
            lambda: counter.reverse_at_counter(
                number=number,
                enterprise_id=shop.enterprise_id,
                actor_id=actor_id,
                reason=reason,
                at=at,
                ip=ip,
            )
        )
    except counter.NotToday as error:
        told = receipts.get(number, enterprise_id=shop.enterprise_id)
        return _receipt_page(told, error=error), status_of(error)
    flash("쿠폰 사용을 취소했습니다. 손님 지갑으로 돌아갔습니다.", "ok")
    return redirect(url_for(".receipt", number=number), code=303)


@bp.get("/today")
@allow(COUNTER)
def today() -> ResponseReturnValue:
    """List what the shop's tills took today."""
    at, shop = clock.now(), own_shop()
    told = receipts.list_day(enterprise_id=shop.enterprise_id, at=at)
    return render_template(
        "seller/counter/today.html",
        till=_till(shop),
        receipts=told,
        total=receipts.total_of(told),
        back=[each for each in told if each.reversed_at],
        day=day_in_seoul(at),
    )


def own_shop() -> Membership:
    """
    Return the shop whose till this is.

    :raises NotForYou:
    """
    shop: Membership | None = current_user.membership
    if shop is None:
        raise NotForYou
    return shop


def _scan_page(error: DomainError | None = None, typed: str = "") -> str:
    at, shop = clock.now(), own_shop()
    told = receipts.list_day(enterprise_id=shop.enterprise_id, at=at)
    return render_template(
        "seller/counter/scan.html",
        till=_till(shop),
        total=receipts.total_of(told),
        error=error,
        # A QR's text is a secret; only what somebody typed by hand is shown again.
        typed="" if typed.startswith(_QR) else typed[:40],
    )


def _amount_page(shown: str, key: str, *, error: DomainError | None = None) -> ResponseReturnValue:
    at, shop = clock.now(), own_shop()
    try:
        seen = counter.preview(enterprise_id=shop.enterprise_id, shown=shown, at=at)
    except DomainError as gone:
        session.pop(_HELD, None)
        return _scan_page(error or gone), status_of(error or gone)
    page = render_template(
        "seller/counter/amount.html",
        till=_till(shop),
        seen=seen,
        key=key,
        error=error,
        amount=request.form.get("amount", "")[:12],
        purchase=request.form.get("purchase", "")[:12],
        worth=_worth(seen),
    )
    return page, (status_of(error) if error else 200)


def _receipt_page(told: Receipt, *, error: DomainError | None = None) -> str:
    at = clock.now()
    return render_template(
        "seller/counter/receipt.html",
        till=_till(own_shop()),
        receipt=told,
        error=error,
        is_today=day_in_seoul(told.used_at) == day_in_seoul(at),
        # Later it is nobody's business what the resident still has.
        shows_left=told.is_in_parts and _is_fresh(told, at),
    )


def _is_fresh(told: Receipt, at: datetime) -> bool:
    return (at - told.used_at).total_seconds() < 600


def _till(shop: Membership) -> dict[str, str]:
    device = counter_devices.this_device(shop.enterprise_id)
    return {
        "shop": shop.enterprise_name,
        "device": device.name if device else "등록하지 않은 기기",
        "cashier": masking.name(current_user.name),
    }


def _worth(seen: Preview) -> str:
    if seen.is_in_parts:
        return f"쓸 수 있는 돈 {seen.most:,}원"
    if seen.rate_bps:
        return f"{seen.rate_bps / 100:g}% 할인 · 최대 {seen.most:,}원"
    return f"{seen.most:,}원 할인"


def _won(name: str) -> Won | None:
    typed = re.sub(r"[\s,원]", "", request.form.get(name, ""))
    return Won(int(typed)) if _DIGITS.fullmatch(typed) else None


def _guessers(shown: str) -> tuple[str, ...]:
    if shown.startswith(_QR):
        # Nobody guesses 128 bits; a market hall shares one address and scans more than ten.
        return ()
    return code_guesses.guessers("till:")


def _refuse_guess(error: DomainError, guessers: tuple[str, ...]) -> ResponseReturnValue:
    if not isinstance(error, _MAY_BE_GUESSES):
        code_guesses.uncount(guessers)
    page = _scan_page(error, request.form.get("shown", ""))
    waiting = error.details.get("retry_after")
    return page, status_of(error), {} if waiting is None else {"Retry-After": str(waiting)}
