"""Buyers ask: cancel what is being prepared, send goods back, exchange them; or think better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from marketplace.catalog import stock
from marketplace.checkout import cancel_shipping, canceling, claim_news, exchanges
from marketplace.checkout.cancel_shipping import Terms
from marketplace.checkout.claim_money import MoneyBack, RefundChanged
from marketplace.core.calendar import add_business_days, day_in_seoul
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.core.money import Won
from marketplace.orders import canceling as cases
from marketplace.orders import claim_desk, claim_terms, lifecycle, reasons, standing
from marketplace.orders.models import ClaimCase, ClaimKind, ClaimStatus, Fault, PickUp
from marketplace.orders.reasons import Reason
from marketplace.orders.standing import NothingChosen, Standing

# 전자상거래법 §18: money goes back within three business days.
REFUND_DAYS: Final = 3
LONGEST_WORDS: Final = 500


class OneBundle(Conflict):
    """One enterprise answers one case."""

    message = "가게마다 따로 신청해 주세요. 한 번에 한 가게의 상품만 고를 수 있습니다."


class FeeNotAgreed(InvalidInput):
    """An exchange for the buyer's own reason costs both ways."""

    message = "교환 배송비 {fee:,}원을 상품과 함께 보내는 데 동의해 주세요."


class WordsTooLong(InvalidInput):
    """Nobody reads that much."""

    message = "자세한 내용은 500자 안으로 적어 주세요."


@dataclass(frozen=True, kw_only=True)
class ClaimForm:
    """What a buyer asks for: which pieces (line → how many), why, and how they come back."""

    order_id: int
    kind: ClaimKind
    quantities: Mapping[int, int]
    reason_code: str
    words: str = ""
    pick_up: PickUp = PickUp.COLLECTED
    carrier: str = ""
    waybill: str = ""
    # Line → the variant to send instead.
    new_variants: Mapping[int, int] = field(default_factory=dict)
    agrees_fee: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a claim would bring, as shown before it is confirmed."""

    kind: ClaimKind
    bundle_id: int
    fault: Fault
    money: MoneyBack
    # Paid to the enterprise directly, with the parcel; an exchange moves no money of ours.
    enclosed_fee: Won

    @property
    def seen(self) -> Won:
        """Return the figure the buyer agrees to: money back, or the fee to enclose."""
        return self.enclosed_fee if self.kind is ClaimKind.EXCHANGE else self.money.cash_refund


@dataclass(frozen=True)
class OpenedCase:
    """A case, opened now or by the same press of the button before."""

    id: int
    is_new: bool


def preview(form: ClaimForm, *, at: datetime) -> Shown:
    """
    Return what a claim would bring; nothing changes.

    :raises ReasonUnknown, NothingChosen, LineUnknown, OneBundle, NotNow, ConfirmedAlready,
        TimeOver, AlreadyClaimed, TooManyCanceled, VariantUnfit, SoldOut:
    """
    return _compute(form, standing.load(form.order_id, lock=False), at=at)


def request(
    form: ClaimForm, *, attempt_key: str, seen: int, actor: str, at: datetime
) -> OpenedCase:
    """
    Open a case exactly as it was shown; the same press opens it once.

    Locks: order.

    :raises OrderNotFound, NotPaidYet, RefundChanged, FeeNotAgreed, WordsTooLong, WaybillMissing,
        CarrierNotFound, WaybillInvalid: and what `preview` raises.
    """
    order = lifecycle.lock(form.order_id)
    known = cases.find_case(order_id=form.order_id, attempt_key=attempt_key)
    if known is not None:
        return OpenedCase(known.id, is_new=False)
    canceling.check_paid(order)
    words = form.words.strip()
    if len(words) > LONGEST_WORDS:
        raise WordsTooLong
    shown = _compute(form, standing.load(form.order_id, lock=True), at=at)
    if seen != shown.seen:
        raise RefundChanged(now=shown.seen)
    if shown.enclosed_fee and not form.agrees_fee:
        raise FeeNotAgreed(fee=shown.enclosed_fee)
    case = _case(form, shown, attempt_key=attempt_key, words=words, actor=actor, at=at)
    claim_desk.write(
        case,
        lines=shown.money.lines,
        new_variants=form.new_variants,
        actor=actor,
        at=at,
        note=_note(shown),
    )
    claim_news.tell_enterprise("claim_requested", case_id=case.id)
    return OpenedCase(case.id, is_new=True)


def withdraw(*, case_id: int, order_id: int, actor: str, at: datetime) -> None:
    """
    Take a case back, until its goods have arrived.

    :raises ClaimNotFound, ClaimMoved:
    """
    case = claim_desk.lock(case_id, order_id=order_id)
    claim_desk.move(case, to=ClaimStatus.WITHDRAWN, actor=actor, at=at)
    stock.release(reference=exchanges.reference_of(case.id))


def refund_due(at: datetime) -> date:
    """Return the day by which money must go back that is owed since a moment."""
    return add_business_days(day_in_seoul(at), REFUND_DAYS)


def terms_of(kind: ClaimKind, fault: Fault) -> Terms:
    """Return how a case's shipping is settled."""
    return Terms(is_sent=kind is not ClaimKind.CANCEL, is_sellers_fault=fault is Fault.SELLER)


def _compute(form: ClaimForm, stands: Standing, *, at: datetime) -> Shown:
    reason = reasons.get(form.reason_code, kind=form.kind)
    chosen = {line_id: pieces for line_id, pieces in form.quantities.items() if pieces}
    if not chosen:
        raise NothingChosen
    _check(stands, chosen, kind=form.kind, reason=reason, on=day_in_seoul(at))
    (bundle_id,) = {stands.line(line_id).bundle_id for line_id in chosen}
    way_back = cancel_shipping.return_fee_of(stands.bundles[bundle_id])
    by_buyer = reason.fault is Fault.BUYER
    if form.kind is ClaimKind.EXCHANGE:
        money = exchanges.compute(stands, chosen, form.new_variants)
        enclosed = Won(2 * way_back if by_buyer else 0)
    else:
        asks_fee = form.kind is ClaimKind.RETURN and by_buyer
        money, _ = canceling.compute(
            stands,
            chosen,
            states=claim_terms.states_of(form.kind),
            terms=terms_of(form.kind, reason.fault),
            fee=way_back if asks_fee else Won(0),
        )
        enclosed = Won(0)
    return Shown(
        kind=form.kind,
        bundle_id=bundle_id,
        fault=reason.fault,
        money=money,
        enclosed_fee=enclosed,
    )


def _check(
    stands: Standing, chosen: Mapping[int, int], *, kind: ClaimKind, reason: Reason, on: date
) -> None:
    lines = [stands.line(line_id) for line_id in chosen]
    if len({line.bundle_id for line in lines}) > 1:
        raise OneBundle
    delivered = claim_terms.delivered_on(chosen)
    for line in lines:
        claim_terms.check(
            line, kind=kind, fault=reason.fault, delivered=delivered.get(line.id), on=on
        )
        stands.check(line, chosen[line.id])


def _case(
    form: ClaimForm, shown: Shown, *, attempt_key: str, words: str, actor: str, at: datetime
) -> ClaimCase:
    is_cancel = form.kind is ClaimKind.CANCEL
    is_sent = not is_cancel and form.pick_up is PickUp.SENT and (form.carrier or form.waybill)
    carrier, waybill = claim_desk.parcel_of(form.carrier, form.waybill) if is_sent else (None, None)
    return ClaimCase(
        order_id=form.order_id,
        attempt_key=attempt_key,
        kind=form.kind,
        status=ClaimStatus.REQUESTED,
        reason=words,
        reason_code=form.reason_code,
        fault=shown.fault,
        bundle_id=shown.bundle_id,
        pick_up=None if is_cancel else form.pick_up,
        return_carrier=carrier,
        return_waybill=waybill,
        return_fee=shown.enclosed_fee or shown.money.return_fee,
        requested_by=actor,
        refund_due_on=refund_due(at) if is_cancel else None,
        cash_refund=shown.money.goods_refund,
        shipping_refund=shown.money.shipping_refund,
        coupon_return=shown.money.coupon_return,
        requested_at=at,
    )


def _note(shown: Shown) -> str:
    waived = shown.money.fee_waived
    if waived:
        return f"반품 배송비 가운데 {waived:,}원은 돌려드릴 금액이 모자라 받지 않습니다"
    if shown.enclosed_fee:
        return f"교환 배송비 {shown.enclosed_fee:,}원을 동봉하기로 함"
    return ""
