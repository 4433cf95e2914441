"""
What somebody holds up at a till, and which coupon it is.

A phone's QR or its eight characters, a printed QR or its twelve, or the handle a till got for one
of them: whoever scanned in time has some minutes to type the amount, and the secret itself stays
out of the page that asks for it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from marketplace.core import sealing
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.coupons import codes, receipts, tokens
from marketplace.coupons.counter_models import UseMethod
from marketplace.coupons.issue_models import CouponCode
from marketplace.coupons.refusals import CouponNotFound, CouponRefused
from marketplace.coupons.tokens import KnownToken, TokenExpired

__all__ = ["Presented", "TokenReused", "UseMethod", "keep", "read", "reused"]

HANDLE_LIFE: Final = timedelta(minutes=5)
_HANDLE: Final = "SNR1:H:"
_HANDLE_PURPOSE: Final = "coupon.handle"
_QR: Final = "SNR1:"
_LONGEST: Final = 600


class TokenReused(CouponRefused):
    """The QR was good for one use and had it."""

    refusal = "token_reused"
    message = "이미 사용된 QR입니다.{used} 손님 화면에서 새로 뜬 QR을 찍어 주세요."


@dataclass(frozen=True)
class Presented:
    """One coupon as it was presented; paper has no token, no moment and no end of its own."""

    coupon_id: int
    method: UseMethod
    token_id: int | None
    shown_at: datetime | None

    @property
    def is_typed(self) -> bool:
        """Tell whether it was typed, so that it may have been guessed."""
        return self.method in (UseMethod.CODE, UseMethod.PAPER_CODE)


def read(shown: str, *, enterprise_id: int, at: datetime) -> Presented:
    """
    Return which coupon was presented and how.

    :raises CouponNotFound, TokenExpired, TokenReused:
    """
    text = shown.strip()
    if not text or len(text) > _LONGEST:
        raise CouponNotFound
    if text.startswith(_HANDLE):
        return _read_handle(text, enterprise_id, at)
    if not text.startswith(_QR):
        code = codes.read(text)
        if code is not None:
            return _read_paper(code, UseMethod.PAPER_CODE)
    code = codes.read_paper(text)
    if code is not None:
        return _read_paper(code, UseMethod.PAPER_QR)
    token = tokens.find(text)
    if token is None:
        raise CouponNotFound
    if token.used_at is not None:
        raise reused(token.coupon_id)
    if at >= token.expires_at:
        raise TokenExpired
    return _of_token(token)


def keep(presented: Presented, *, enterprise_id: int, at: datetime) -> str:
    """Return a handle that names what was presented, for this enterprise and some minutes."""
    named = {
        "c": presented.coupon_id,
        "m": presented.method.value,
        "t": presented.token_id,
        "e": enterprise_id,
        "u": int((at + HANDLE_LIFE).timestamp()),
    }
    sealed = sealing.seal(json.dumps(named), purpose=_HANDLE_PURPOSE)
    return _HANDLE + base64.urlsafe_b64encode(sealed).decode()


def reused(coupon_id: int) -> TokenReused:
    """Return the refusal of a used token, with when and where the coupon was used."""
    last = receipts.find_last_use(coupon_id)
    if last is None:
        return TokenReused(used="")
    used_at = last.used_at.astimezone(SEOUL)
    return TokenReused(used=f" {used_at:%m월 %d일 %H:%M:%S}, {last.place}에서 썼습니다.")


def _read_handle(text: str, enterprise_id: int, at: datetime) -> Presented:
    try:
        sealed = base64.urlsafe_b64decode(text.removeprefix(_HANDLE))
        named = json.loads(sealing.unseal(sealed, purpose=_HANDLE_PURPOSE))
    except (ValueError, sealing.SealBroken):
        raise CouponNotFound from None
    if named["e"] != enterprise_id:
        raise CouponNotFound
    if at.timestamp() >= named["u"]:
        raise TokenExpired
    method = UseMethod(named["m"])
    if named["t"] is None:
        return Presented(named["c"], method, None, None)
    token = tokens.find_by_id(named["t"])
    if token is None:
        raise TokenExpired
    if token.used_at is not None:
        raise reused(token.coupon_id)
    return Presented(token.coupon_id, method, token.id, token.issued_at)


def _of_token(token: KnownToken) -> Presented:
    method = UseMethod.CODE if token.is_code else UseMethod.QR
    return Presented(token.coupon_id, method, token.id, token.issued_at)


def _read_paper(code: str, method: UseMethod) -> Presented:
    coupon_id = db.session.scalar(
        select(CouponCode.coupon_id).where(CouponCode.digest.in_(codes.digests(code)))
    )
    if coupon_id is None:
        raise CouponNotFound
    return Presented(coupon_id, method, None, None)
