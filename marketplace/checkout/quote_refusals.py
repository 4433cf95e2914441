"""Why a coupon was refused: a stable code and what to tell the person."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from marketplace.coupons import refusals


class Reason(StrEnum):
    """The codes of refusal, the same online and at the counter."""

    NOT_FOUND = "not_found"
    NOT_YOURS = "not_yours"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    PAUSED = "paused"
    ALREADY_USED = "already_used"
    EXPIRED = "expired"
    BELOW_MINIMUM = "below_minimum"
    OUT_OF_SCOPE = "out_of_scope"
    WRONG_CHANNEL = "wrong_channel"
    LIMIT_PERSON = "limit_person"
    LIMIT_DAY = "limit_day"
    LIMIT_TOTAL = "limit_total"
    BUDGET_EXHAUSTED = "budget_exhausted"
    NOT_ELIGIBLE = "not_eligible"
    NOT_STACKABLE = "not_stackable"
    NO_EFFECT = "no_effect"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_REUSED = "token_reused"  # noqa: S105
    ENTERPRISE_NOT_JOINED = "enterprise_not_joined"
    REVERSED = "reversed"


_SHORTFALL: Final = {
    "won": "{needed:,}원 이상이어야 하는데 {found:,}원입니다.",
    "units": "{needed:,}개 이상이어야 하는데 {found:,}개입니다.",
    "budget": "{needed:,}원이 필요한데 남은 예산은 {found:,}원입니다.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """How far a cart is from what a rule asks: in `won`, `units` or `budget`."""

    measure: str
    needed: int
    found: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """One coupon or voucher that was not used, and why."""

    id: str
    reason: Reason
    shortfall: Shortfall | None = field(default=None, kw_only=True)

    @property
    def text(self) -> str:
        """Return what to tell the person."""
        text = refusals.text_of(self.reason)
        if self.shortfall is None:
            return text
        detail = _SHORTFALL[self.shortfall.measure].format(
            needed=self.shortfall.needed, found=self.shortfall.found
        )
        return f"{text} {detail}"
