"""
What a till took without network, taken in when the network is back.

A use is judged twice. Was it given in good faith: by a known device within its cap, for a QR we
signed, while that QR was shown, in a shop the campaign is for? If not it is refused and listed for
staff. And can the coupon still pay? What it cannot is owed to the shop all the same, by an account
of its own.

Locks: the device, then as checkout.counter.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from marketplace.checkout import accounts
from marketplace.checkout import counter as till
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won
from marketplace.coupons import budgets, counter, devices, offline, tokens
from marketplace.coupons.counter import CouponAtTill
from marketplace.coupons.counter_models import (
    CounterDevice,
    CounterUse,
    OfflineOutcome,
    OfflineUse,
    UseMethod,
)
from marketplace.coupons.offline import KeptUse
from marketplace.coupons.refusals import CouponRefused
from marketplace.coupons.tokens import KnownToken
from marketplace.ledger import posting
from marketplace.ledger.posting import credit, debit

# A till's clock and ours never agree to the second.
_CLOCK_ERROR: Final = timedelta(seconds=30)
LATEST: Final = timedelta(hours=72)
_KEY: Final = re.compile(r"[\w.-]{1,60}", re.ASCII)
_LARGEST: Final = 10_000_000
# Clocks of tills go wrong, but not so far that no page could show the time.
_YEARS: Final = range(1970, 2200)

REFUSALS: Final = {
    "forged": "우리가 만든 QR이 아닙니다.",
    "not_found": "모르는 QR입니다.",
    "not_shown_then": "받은 시각에 떠 있던 QR이 아닙니다.",
    "late": "받은 지 72시간이 지나 도착했습니다.",
    "clock_ahead": "기기의 시계가 앞서 있습니다.",
    "over_cap": "연결이 끊겼을 때 받을 수 있는 한도를 넘었습니다.",
    "device_revoked": "사용이 중지된 기기입니다.",
    "device_cloned": "같은 번호로 다른 사용이 왔습니다. 기기가 복제되었을 수 있습니다.",
    "token_reused": "같은 가게에서 같은 QR을 두 번 받았습니다.",
    "coupon_taken": "같은 가게에서 한 쿠폰을 그 금액보다 많이 받았습니다.",
}


class ReportUnreadable(InvalidInput):
    """What the till sent is no report."""

    message = "계산대가 보낸 내용을 읽을 수 없습니다. 화면을 새로 고친 뒤 다시 보내 주세요."


class _Unjust(Exception):
    """The use was not given in good faith; carries why."""


@dataclass(frozen=True)
class Report:
    """One use as a till tells it."""

    key: str
    qr: str
    amount: Won
    purchase_amount: Won | None
    accepted_at: datetime

    def __post_init__(self) -> None:
        if _KEY.fullmatch(self.key) is None or not 1 <= self.amount <= _LARGEST:
            raise ReportUnreadable
        if self.purchase_amount is not None and not 1 <= self.purchase_amount <= _LARGEST:
            raise ReportUnreadable
        if not self.qr.isascii() or self.accepted_at.year not in _YEARS:
            raise ReportUnreadable

    @property
    def mark(self) -> str:
        """Return what tells this use from another one under the same key."""
        told = f"{self.qr}|{self.amount}|{self.purchase_amount}|{self.accepted_at.timestamp()}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def own_key(self) -> str:
        """Return the key this use is kept under: a cloned till sends others under the same."""
        return f"{self.key}:{self.mark}:{self.token_mark}"

    @property
    def token_mark(self) -> str:
        """Return what tells the QR's token from others, without the token itself."""
        return hashlib.sha256(tokens.token_in(self.qr).encode()).hexdigest()[:16]


def take_in(*, device_id: int, cashier_id: int, report: Report, at: datetime) -> KeptUse:
    """
    Take one reported use in, once however often it is sent.

    :raises DeviceNotFound:
    """
    device = devices.lock(device_id)
    before = offline.find(device_id=device_id, key=report.own_key)
    if before is not None:
        return before
    token = tokens.find(report.qr)
    try:
        _refuse_bad_device(device, report, at)
        if not tokens.is_authentic(report.qr):
            raise _Unjust("forged")
        if token is None:
            raise _Unjust("not_found")
        at_till = _believe(device, token, report)
    except _Unjust as unjust:
        return offline.keep(
            _kept(device, report, at, OfflineOutcome.REFUSED, token=token, refusal=str(unjust))
        )
    return _pay(device, at_till, token, report, cashier_id=cashier_id, at=at)


def _believe(device: CounterDevice, token: KnownToken, report: Report) -> CouponAtTill:
    shown_from, shown_until = token.issued_at - _CLOCK_ERROR, _shown_until(token)
    if not shown_from <= report.accepted_at < shown_until:
        raise _Unjust("not_shown_then")
    # First of all: another device of the shop may be reporting the same at this moment.
    at_till = counter.lock(token.coupon_id)
    if offline.was_taken_here(
        coupon_id=token.coupon_id,
        enterprise_id=device.enterprise_id,
        token_mark=report.token_mark,
        token_used_at=tokens.find_used_at(token.id),
    ):
        raise _Unjust("token_reused")
    try:
        counter.refuse_unless_for(
            at_till, enterprise_id=device.enterprise_id, at=report.accepted_at
        )
        counter.refuse_unless_earned(
            at_till,
            taken=report.amount,
            purchase_amount=report.purchase_amount,
            at=report.accepted_at,
        )
    except CouponRefused as refused:
        raise _Unjust(refused.code) from None
    _refuse_taken(at_till, device, report)
    return at_till


def _refuse_taken(at_till: CouponAtTill, device: CounterDevice, report: Report) -> None:
    """Refuse more of one coupon than it was ever worth: every QR it shows is another token."""
    before = offline.taken_of(at_till.coupon.id, enterprise_id=device.enterprise_id)
    most = at_till.version.worst_case if at_till.is_in_parts else Won(0)
    if before and before + report.amount > most:
        raise _Unjust("coupon_taken")


def _refuse_bad_device(device: CounterDevice, report: Report, at: datetime) -> None:
    if device.revoked_at is not None and device.revoked_at <= report.accepted_at:
        raise _Unjust("device_revoked")
    if offline.is_key_known(device_id=device.id, key=report.key):
        raise _Unjust("device_cloned")
    if report.accepted_at > at + _CLOCK_ERROR:
        raise _Unjust("clock_ahead")
    if report.accepted_at < at - LATEST:
        raise _Unjust("late")
    before = offline.counted_against_cap(
        device_id=device.id,
        accepted_at=report.accepted_at,
        owed_since=report.accepted_at - LATEST,
    )
    if before + report.amount > device.offline_cap:
        raise _Unjust("over_cap")


def _shown_until(token: KnownToken) -> datetime:
    # A newer token ended this one, which no till without network could know.
    return token.issued_at + tokens.LIFE + _CLOCK_ERROR


def _pay(
    device: CounterDevice,
    at_till: CouponAtTill,
    token: KnownToken,
    report: Report,
    *,
    cashier_id: int,
    at: datetime,
) -> KeptUse:
    # Which coupon pays is settled; that the token had another use already does not matter here.
    tokens.spend(token.id, at=at)
    taken, why = _affordable(at_till, token, report)
    redemption_id = None
    if taken:
        use = CounterUse(
            enterprise_id=device.enterprise_id,
            cashier_id=cashier_id,
            device_id=device.id,
            method=UseMethod.QR,
            idempotency_key=f"offline:{device.id}:{report.own_key}",
            purchase_amount=report.purchase_amount,
            used_at=report.accepted_at,
        )
        try:
            with db.session.begin_nested():
                receipt = till.spend(at_till, taken=taken, use=use, posted_at=at)
            redemption_id = receipt.redemption_id
        except CouponRefused as refused:
            taken, why = Won(0), refused.code
    lacking = Won(report.amount - taken)
    outcome = OfflineOutcome.SHORT if lacking else OfflineOutcome.REDEEMED
    kept = _kept(device, report, at, outcome, token=token, refusal=why if lacking else "")
    shortage = budgets.public_part(lacking, at_till.version.id)
    kept.shortage, kept.redemption_id = shortage, redemption_id
    told = offline.keep(kept)
    if shortage:
        posting.post(
            kind="offline_shortage",
            reference=f"offline_use:{told.id}",
            legs=[
                debit(accounts.OFFLINE_SHORTAGE, shortage),
                credit(accounts.payable(device.enterprise_id), shortage),
            ],
            at=at,
        )
    return told


def _affordable(at_till: CouponAtTill, token: KnownToken, report: Report) -> tuple[Won, str]:
    """Return what the coupon can still pay of a use, and why it is not all."""
    try:
        counter.refuse_unless_shown_by_holder(at_till, shown_at=token.issued_at)
        counter.refuse_unless_usable(at_till, at=report.accepted_at)
    except CouponRefused as refused:
        return Won(0), refused.code
    if report.amount <= at_till.coupon.balance:
        return report.amount, ""
    return (at_till.coupon.balance if at_till.is_in_parts else Won(0)), "over_balance"


def _kept(
    device: CounterDevice,
    report: Report,
    at: datetime,
    outcome: OfflineOutcome,
    *,
    token: KnownToken | None,
    refusal: str,
) -> OfflineUse:
    return OfflineUse(
        device_id=device.id,
        idempotency_key=report.own_key,
        coupon_id=token and token.coupon_id,
        amount=report.amount,
        accepted_at=report.accepted_at,
        received_at=at,
        outcome=outcome,
        refusal=refusal,
    )
