"""Why a coupon cannot be taken or spent, in stable codes and in Korean (domain.md)."""

from __future__ import annotations

from typing import Final

from marketplace.core.errors import Conflict, NotFound
from marketplace.coupons.labels import bare


class CouponRefused(Conflict):
    """A coupon rule says no. The code is stable; the text is for the person."""

    refusal = "refused"

    def __init__(self, **details: object) -> None:
        name = details.get("name")
        super().__init__(**(details | {"name": bare(name)} if isinstance(name, str) else details))

    @property
    def code(self) -> str:
        """Return the stable refusal code."""
        return self.refusal


class CouponNotFound(NotFound):
    """No such coupon, or not one this person may know of."""

    message = "쿠폰을 찾을 수 없습니다. 번호를 확인해 주세요."

    @property
    def code(self) -> str:
        """Return the stable refusal code."""
        return "not_found"


class NotStarted(CouponRefused):
    """The claim period is still ahead."""

    refusal = "not_started"
    message = "{name} 쿠폰은 아직 받을 수 없습니다. {starts}부터 받을 수 있습니다."


class Ended(CouponRefused):
    """The claim period is over."""

    refusal = "ended"
    message = "{name} 쿠폰 발급이 끝났습니다."


class Paused(CouponRefused):
    """The office paused the campaign."""

    refusal = "paused"
    message = "{name} 쿠폰 발급이 잠시 멈췄습니다. 잠시 뒤 다시 확인해 주세요."


class AllTaken(CouponRefused):
    """Every coupon of the campaign has been claimed."""

    refusal = "limit_total"
    message = "{name} 쿠폰이 모두 소진되었습니다."


class BudgetExhausted(CouponRefused):
    """A grant has no money left for another coupon."""

    refusal = "budget_exhausted"
    message = "{name} 쿠폰의 예산이 모두 소진되었습니다."


class NotEligible(CouponRefused):
    """The person does not belong to those the campaign is for."""

    refusal = "not_eligible"
    message = "{name} 쿠폰을 받을 수 있는 대상이 아닙니다. 내 정보의 거주 동을 확인해 주세요."


class AlreadyUsed(CouponRefused):
    """The coupon was spent or is held by another order."""

    refusal = "already_used"
    message = "이미 사용했거나 다른 주문에서 사용 중인 쿠폰입니다."


class Expired(CouponRefused):
    """The coupon's time is over."""

    refusal = "expired"
    message = "사용 기간이 지난 쿠폰입니다."


class LimitDay(CouponRefused):
    """The person has used the campaign as often as a day allows."""

    refusal = "limit_day"
    message = "{name} 쿠폰은 한 사람이 하루에 {limit:,}번까지 쓸 수 있습니다. 내일 다시 써 주세요."


class LimitPerson(CouponRefused):
    """The person has used the campaign as often as a month allows."""

    refusal = "limit_person"
    message = (
        "{name} 쿠폰은 한 사람이 한 달에 {limit:,}번까지 쓸 수 있습니다. 다음 달에 다시 써 주세요."
    )


TEXTS: Final = {
    "not_found": "쿠폰을 찾을 수 없습니다.",
    "not_yours": "본인이 받은 쿠폰만 쓸 수 있습니다.",
    "not_started": "아직 사용 기간이 아닙니다.",
    "ended": "사용 기간이 끝났습니다.",
    "paused": "지금은 사용이 멈춘 쿠폰입니다.",
    "already_used": "이미 사용했거나 다른 주문에서 사용 중입니다.",
    "expired": "사용 기간이 지났습니다.",
    "below_minimum": "최소 주문 금액에 미치지 못합니다.",
    "over_balance": "쿠폰에 남은 금액보다 많습니다.",
    "out_of_scope": "이 쿠폰을 쓸 수 있는 상품이 없습니다.",
    "wrong_channel": "온라인에서 쓸 수 없는 쿠폰입니다.",
    "limit_person": "한 사람이 쓸 수 있는 횟수를 넘었습니다.",
    "limit_day": "오늘 쓸 수 있는 횟수를 넘었습니다.",
    "limit_total": "준비된 수량이 모두 소진되었습니다.",
    "budget_exhausted": "예산이 모두 소진되었습니다.",
    "not_eligible": "이 쿠폰을 쓸 수 있는 대상이 아닙니다.",
    "not_stackable": "함께 쓸 수 없는 쿠폰이 있습니다.",
    "no_effect": "더 할인할 금액이 남지 않았습니다.",
    "token_expired": "QR 유효 시간이 지났습니다. 새로 띄워 주세요.",
    "token_reused": "이미 사용된 QR입니다.",
    "enterprise_not_joined": "이 가게는 이 캠페인에 참여하지 않습니다.",
    "reversed": "사용이 취소된 쿠폰입니다.",
}


def text_of(code: str) -> str:
    """Return the Korean sentence of a refusal code."""
    return TEXTS.get(code, "이 쿠폰을 쓸 수 없습니다.")
