"""
A coupon spent at a shop's till, and taken back: coupons, grants and the book in one transaction.

Locks: the idempotency key, the coupon, its token, the person's uses, grants, ledger.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import func, select

from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.checkout import accounts
from marketplace.core import masking, outbox
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.core.money import Won
from marketplace.coupons import counter, holds, presented, receipts, redemption, reversal, tokens
from marketplace.coupons.counter import CouponAtTill
from marketplace.coupons.counter_models import CounterUse, OfflineUse
from marketplace.coupons.models import (
    CouponChannel,
    CouponKind,
    Funder,
    FunderKind,
    Grant,
    RedemptionShare,
)
from marketplace.coupons.presented import Presented
from marketplace.coupons.receipts import Receipt
from marketplace.coupons.refusals import CouponNotFound, CouponRefused
from marketplace.ledger import posting
from marketplace.ledger.posting import Leg, credit, debit
from marketplace.orders import numbers

REVERSED: Final = "counter"
# No colon: the uses that tills report from without network are kept under keys that have some.
_KEY: Final = re.compile(r"[\w.-]{8,100}", re.ASCII)
# Held and redeemed in one transaction; nobody ever sees it held.
_A_MOMENT: Final = timedelta(minutes=1)


class KeyMissing(InvalidInput):
    """Every use carries a key, so that a second tap is the same use."""

    message = "요청 번호가 없습니다. 쿠폰을 다시 찍어 주세요."


class KeyTaken(Conflict):
    """The key belongs to another use."""

    message = "같은 요청 번호로 다른 쿠폰을 쓸 수 없습니다. 쿠폰을 다시 찍어 주세요."


class NotToday(Conflict):
    """After the day of the use only the office takes it back."""

    message = "사용한 날이 지나 가게에서 취소할 수 없습니다. 구청 담당자에게 요청해 주세요."


class ReasonMissing(InvalidInput):
    """The office says why."""

    message = "취소하는 사유를 적어 주세요."


class _Share(NamedTuple):
    grant_id: int
    kind: FunderKind
    amount: int


@dataclass(frozen=True)
class Preview:
    """What a cashier sees before the amount is given; `holder` is masked, empty for paper."""

    handle: str
    campaign_name: str
    kind: CouponKind
    is_in_parts: bool
    most: Won
    rate_bps: int | None
    max_discount: Won | None
    round_unit: int
    min_order: Won
    holder: str
    expires_at: datetime


def preview(*, enterprise_id: int, shown: str, at: datetime) -> Preview:
    """
    Say what a presented coupon is and how much may be taken; changes nothing.

    :raises CouponNotFound, CouponRefused:
    """
    found = presented.read(shown, enterprise_id=enterprise_id, at=at)
    at_till = counter.look(found.coupon_id)
    _refuse_unless_for(at_till, found, enterprise_id=enterprise_id, at=at)
    counter.refuse_unless_shown_by_holder(at_till, shown_at=found.shown_at)
    counter.refuse_unless_usable(at_till, at=at)
    version = at_till.version
    return Preview(
        handle=presented.keep(found, enterprise_id=enterprise_id, at=at),
        campaign_name=at_till.campaign.name,
        kind=version.kind,
        is_in_parts=at_till.is_in_parts,
        most=at_till.most,
        rate_bps=version.rate_bps,
        max_discount=version.max_discount,
        round_unit=version.round_unit,
        min_order=version.min_order,
        holder=_holder(at_till.coupon.person_id),
        expires_at=at_till.expires_at,
    )


def redeem_at_counter(
    *,
    enterprise_id: int,
    cashier_id: int,
    device_id: int | None,
    shown: str,
    amount: Won | None,
    purchase_amount: Won | None,
    idempotency_key: str,
    at: datetime,
) -> Receipt:
    """
    Spend a coupon at a till and owe the shop its amount; the same key gives the same receipt.

    :raises KeyMissing, KeyTaken, CouponNotFound, CouponRefused:
    """
    if _KEY.fullmatch(idempotency_key) is None:
        raise KeyMissing
    before = _wait_for_same_key(enterprise_id, idempotency_key)
    if before is not None:
        _refuse_other_use(before, amount, purchase_amount)
        return before
    found = presented.read(shown, enterprise_id=enterprise_id, at=at)
    at_till = counter.lock(found.coupon_id)
    if found.token_id is not None and not tokens.spend(found.token_id, at=at):
        raise presented.reused(found.coupon_id)
    _refuse_unless_for(at_till, found, enterprise_id=enterprise_id, at=at)
    counter.refuse_unless_shown_by_holder(at_till, shown_at=found.shown_at)
    counter.refuse_unless_usable(at_till, at=at)
    taken = counter.amount_to_take(at_till, amount=amount, purchase_amount=purchase_amount)
    return spend(
        at_till,
        taken=taken,
        use=CounterUse(
            enterprise_id=enterprise_id,
            cashier_id=cashier_id,
            device_id=device_id,
            method=found.method,
            idempotency_key=idempotency_key,
            purchase_amount=purchase_amount,
            used_at=at,
        ),
        posted_at=at,
    )


def spend(at_till: CouponAtTill, *, taken: Won, use: CounterUse, posted_at: datetime) -> Receipt:
    """
    Take an amount of a locked coupon, post it and write the receipt.

    :raises AlreadyUsed, Expired, LimitDay, LimitPerson:
    """
    reference = f"counter:{use.enterprise_id}:{use.idempotency_key}"
    use.redemption_id = holds.hold(
        coupon_id=at_till.coupon.id,
        person_id=at_till.coupon.person_id,
        reference=reference,
        amount=taken,
        expires_at=use.used_at + _A_MOMENT,
        at=use.used_at,
        channel=CouponChannel.COUNTER,
        enterprise_id=use.enterprise_id,
    )
    redemption.redeem(reference=reference, at=use.used_at)
    _post_use(use, posted_at)
    use.receipt_number = numbers.new_number(at=use.used_at)
    db.session.add(use)
    db.session.flush()
    if at_till.coupon.person_id is not None:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "coupon_used", "redemption_id": use.redemption_id},
            key=f"coupon_used:{use.redemption_id}",
        )
    return receipts.get(use.receipt_number)


def reverse_at_counter(
    *,
    number: str,
    enterprise_id: int | None,
    actor_id: int,
    reason: str,
    at: datetime,
    ip: str | None = None,
) -> Receipt:
    """
    Take a use back: to the coupon, the same grants and out of what the shop is owed.

    A shop does so on the day of the use; the office, named by no enterprise, at any time and with
    a reason. Taken back before, it stays as it is.

    :raises ReceiptNotFound, NotToday, ReasonMissing:
    """
    if enterprise_id is None and not reason.strip():
        raise ReasonMissing
    receipt = receipts.get(number, enterprise_id=enterprise_id)
    holds.lock([receipt.coupon_id])
    use = db.session.get_one(CounterUse, receipt.redemption_id, populate_existing=True)
    if use.reversed_at is not None:
        return receipts.get(number)
    if enterprise_id is not None and day_in_seoul(at) != day_in_seoul(use.used_at):
        raise NotToday
    legs = _public_legs(use.redemption_id)
    reversal.reverse(
        redemption_id=use.redemption_id,
        shares=_shares(use.redemption_id),
        restore=True,
        at=at,
        reason=REVERSED,
        actor_id=actor_id,
    )
    _post_reversal(use, legs, at)
    use.reversed_at, use.reversed_by, use.reverse_reason = at, actor_id, reason.strip()
    db.session.flush()
    trail.record(
        "counter_use.reversed",
        subject_kind="redemption",
        subject_id=use.redemption_id,
        actor_id=actor_id,
        details={"receipt": number, "reason": use.reverse_reason},
        ip=ip,
    )
    if receipt.person_id is not None:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "coupon_use_reversed", "redemption_id": use.redemption_id},
            key=f"coupon_use_reversed:{use.redemption_id}",
        )
    return receipts.get(number)


def _refuse_unless_for(
    at_till: CouponAtTill, found: Presented, *, enterprise_id: int, at: datetime
) -> None:
    try:
        counter.refuse_unless_for(at_till, enterprise_id=enterprise_id, at=at)
    except CouponRefused:
        if found.is_typed:
            # A typed number may be a guess: of other shops' coupons it learns nothing.
            raise CouponNotFound from None
        raise


def _wait_for_same_key(enterprise_id: int, key: str) -> Receipt | None:
    """Let taps with one key go one after the other, and return what the first one did."""
    lock = func.hashtextextended(f"counter_use:{enterprise_id}:{key}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(lock)))
    return receipts.find_by_key(enterprise_id=enterprise_id, key=key)


def _refuse_other_use(before: Receipt, amount: Won | None, purchase_amount: Won | None) -> None:
    if before.purchase_amount != purchase_amount or (
        before.is_in_parts and amount != before.amount
    ):
        raise KeyTaken


def _post_use(use: CounterUse, at: datetime) -> None:
    legs = _public_legs(use.redemption_id)
    # What the shop gives away itself is neither owed to it nor paid by anybody.
    if legs:
        posting.post(
            kind="counter_redeemed",
            reference=_reference(use.redemption_id),
            legs=[*legs, credit(accounts.payable(use.enterprise_id), _sum(legs))],
            at=at,
        )


def _post_reversal(use: CounterUse, legs: Sequence[Leg], at: datetime) -> None:
    owed = accounts.payable(use.enterprise_id)
    if legs:
        posting.post(
            kind="counter_reversed",
            reference=_reference(use.redemption_id),
            legs=[debit(owed, _sum(legs)), *(credit(leg.account, leg.amount) for leg in legs)],
            at=at,
        )
    shortage = db.session.scalar(
        select(OfflineUse.shortage).where(OfflineUse.redemption_id == use.redemption_id)
    )
    if shortage:
        # Part of it was never the coupon's: a till without network had given it.
        posting.post(
            kind="offline_shortage_reversed",
            reference=_reference(use.redemption_id),
            legs=[debit(owed, shortage), credit(accounts.OFFLINE_SHORTAGE, shortage)],
            at=at,
        )


def _shares(redemption_id: int) -> dict[int, Won]:
    return {share.grant_id: Won(share.amount) for share in _read_shares(redemption_id)}


def _public_legs(redemption_id: int) -> list[Leg]:
    return [
        debit(accounts.grant(share.grant_id), share.amount)
        for share in _read_shares(redemption_id)
        if share.kind != FunderKind.ENTERPRISE and share.amount
    ]


def _read_shares(redemption_id: int) -> list[_Share]:
    rows = db.session.execute(
        select(
            RedemptionShare.grant_id,
            Funder.kind,
            RedemptionShare.amount - RedemptionShare.reversed_amount,
        )
        .join(Grant, Grant.id == RedemptionShare.grant_id)
        .join(Funder, Funder.id == Grant.funder_id)
        .where(RedemptionShare.redemption_id == redemption_id)
        .order_by(RedemptionShare.grant_id)
    )
    return [_Share(*row) for row in rows]


def _sum(legs: Sequence[Leg]) -> int:
    return sum(leg.amount for leg in legs)


def _reference(redemption_id: int) -> str:
    return f"redemption:{redemption_id}"


def _holder(person_id: int | None) -> str:
    if person_id is None:
        return ""
    return masking.name(db.session.get_one(Person, person_id).name)
