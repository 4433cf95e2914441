"""
What a phone shows at a till: a QR and eight characters, good once and for less than a minute.

The QR reads `SNR1:T:<token>:<terms>:<signature>`. The terms are for tills without network: they
can check the signature and what may be taken, and the server still decides when they report.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, select, update

from marketplace.core import sealing
from marketplace.core.db import db
from marketplace.coupons import codes, holds, signing
from marketplace.coupons.counter_models import CounterToken
from marketplace.coupons.models import (
    CampaignVersion,
    Coupon,
    CouponChannel,
    CouponKind,
    CouponState,
)
from marketplace.coupons.refusals import AlreadyUsed, CouponNotFound, CouponRefused, Expired

LIFE: Final = timedelta(seconds=50)
# What a till took without network may be reported days later; until then its token is known.
KEPT: Final = timedelta(days=7)
CODE_LENGTH: Final = 8
_PREFIX: Final = "SNR1:T:"
_TOKEN_BYTES: Final = 16
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_TOKEN_PURPOSE: Final = "coupon.token"  # noqa: S105
_CODE_PURPOSE: Final = "coupon.token_code"


class TokenExpired(CouponRefused):
    """The QR or its number was shown too long ago, or a newer one replaced it."""

    refusal = "token_expired"
    message = "QR 유효 시간이 지났습니다. 손님 화면에서 새로 뜬 QR을 찍어 주세요."


class WrongChannel(CouponRefused):
    """The coupon is for orders in the mall."""

    refusal = "wrong_channel"
    message = "온라인 주문에서만 쓰는 쿠폰입니다. 가게에서는 쓸 수 없습니다."


@dataclass(frozen=True)
class ShownToken:
    """One token as the resident's phone shows it."""

    qr: str
    code: str
    expires_at: datetime


@dataclass(frozen=True)
class KnownToken:
    """One token as a till presented it."""

    id: int
    coupon_id: int
    is_code: bool
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None


def issue(*, coupon_id: int, person_id: int, at: datetime) -> ShownToken:
    """
    Make a new token for a person's coupon; the one shown before ends at once.

    :raises CouponNotFound, AlreadyUsed, Expired, WrongChannel:
    """
    coupon = holds.lock([coupon_id]).get(coupon_id)
    if coupon is None or coupon.person_id != person_id:
        raise CouponNotFound
    version = db.session.get_one(CampaignVersion, coupon.version_id)
    if not is_for_counters(version):
        raise WrongChannel
    if coupon.expires_at is None or at >= coupon.expires_at:
        raise Expired
    if coupon.state != CouponState.CLAIMED or coupon.balance == 0:
        raise AlreadyUsed
    db.session.execute(
        update(CounterToken)
        .where(
            CounterToken.coupon_id == coupon_id,
            CounterToken.used_at.is_(None),
            CounterToken.expires_at > at,
        )
        .values(expires_at=at)
    )
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    code = "".join(secrets.choice(codes.ALPHABET) for _ in range(CODE_LENGTH))
    expires_at = min(at + LIFE, coupon.expires_at)
    db.session.add(
        CounterToken(
            coupon_id=coupon_id,
            token_digest=sealing.digest(token, purpose=_TOKEN_PURPOSE),
            code_digest=sealing.digest(code, purpose=_CODE_PURPOSE),
            issued_at=at,
            expires_at=expires_at,
        )
    )
    db.session.flush()
    signed = f"{_PREFIX}{token}:{_terms(coupon, version, expires_at)}"
    return ShownToken(
        qr=f"{signed}:{signing.sign(signed)}", code=f"{code[:4]} {code[4:]}", expires_at=expires_at
    )


def is_for_counters(version: CampaignVersion) -> bool:
    """Tell whether coupons of a version are spent at tills at all."""
    return version.channel != CouponChannel.ONLINE and version.kind != CouponKind.FREE_SHIPPING


def find(shown: str) -> KnownToken | None:
    """Return the token that a QR's text or eight typed characters name, alive or not."""
    if shown.startswith(_PREFIX):
        digests = sealing.digests(token_in(shown), purpose=_TOKEN_PURPOSE)
        return _find(CounterToken.token_digest.in_(digests), is_code=False)
    code = tidy_code(shown)
    if len(code) != CODE_LENGTH:
        return None
    return _find(
        CounterToken.code_digest.in_(sealing.digests(code, purpose=_CODE_PURPOSE)), is_code=True
    )


def find_by_id(token_id: int) -> KnownToken | None:
    """Return a token by its row."""
    return _find(CounterToken.id == token_id, is_code=False)


def find_used_at(token_id: int) -> datetime | None:
    """Return when a token was used, as it stands now."""
    return db.session.scalar(select(CounterToken.used_at).where(CounterToken.id == token_id))


def is_authentic(qr: str) -> bool:
    """Tell whether we signed a QR's text."""
    signed, _, signature = qr.rpartition(":")
    return signed.startswith(_PREFIX) and signing.is_signed(signed, signature)


def spend(token_id: int, *, at: datetime) -> bool:
    """Use a token up; False when somebody else did before."""
    used = db.session.execute(
        update(CounterToken)
        .where(CounterToken.id == token_id, CounterToken.used_at.is_(None))
        .values(used_at=at)
        .returning(CounterToken.id)
    )
    return used.first() is not None


def forget(*, before: datetime) -> int:
    """Delete tokens that ended before a moment and return how many."""
    gone = db.session.execute(
        delete(CounterToken).where(CounterToken.expires_at < before).returning(CounterToken.id)
    )
    return len(gone.all())


def tidy_code(typed: str) -> str:
    """Return a typed number as it was shown, whatever case, spaces and lookalikes were typed."""
    return re.sub(r"[\s-]", "", typed).upper().translate(_LOOKALIKES)


def token_in(qr: str) -> str:
    """Return the secret part of a phone's QR."""
    return qr.removeprefix(_PREFIX).partition(":")[0]


def _terms(coupon: Coupon, version: CampaignVersion, expires_at: datetime) -> str:
    """Say in numbers what a till without network may take; js/counter-offline.js reads it."""
    most = min(coupon.balance, version.max_discount or coupon.balance)
    return ".".join(
        map(
            str,
            (
                coupon.id,
                version.id,
                version.kind.value,
                most,
                version.rate_bps or 0,
                version.round_unit,
                version.min_order,
                int(expires_at.timestamp()),
            ),
        )
    )


def _find(which: ColumnElement[bool], *, is_code: bool) -> KnownToken | None:
    token = db.session.scalars(
        select(CounterToken).where(which).execution_options(populate_existing=True)
    ).one_or_none()
    if token is None:
        return None
    return KnownToken(
        token.id, token.coupon_id, is_code, token.issued_at, token.expires_at, token.used_at
    )
