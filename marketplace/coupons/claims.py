"""
A resident takes one coupon of a campaign.

The work is one SQL function (migration 0006): a rush costs the database one round trip a claim,
and the sold-out crowd reads only. Here its answers become coupons and refusals, and rules about
people are judged before a slot is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    DateTime,
    Row,
    String,
    TextClause,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.coupons import eligibility
from marketplace.coupons.models import ClaimSource
from marketplace.coupons.refusals import (
    AllTaken,
    CouponNotFound,
    CouponRefused,
    Ended,
    NotStarted,
    Paused,
)

__all__ = ["ClaimSource", "ClaimedCoupon", "TakenBack", "claim", "claim_at", "start_text"]

# Versions of one campaign's rules that somebody may have to meet one after the other.
_VERSIONS: Final = 5


class TakenBack(CouponRefused):
    """The office took the person's coupon back."""

    refusal = "limit_person"
    message = "{name} 쿠폰은 회수되어 다시 받을 수 없습니다. 궁금한 점은 구청에 문의해 주세요."


@dataclass(frozen=True)
class ClaimedCoupon:
    """A coupon somebody holds; `fresh` when this very claim took it."""

    coupon_id: int
    campaign_name: str
    expires_at: datetime
    fresh: bool


def _with_types(statement: TextClause, campaign: Any) -> TextClause:
    return statement.bindparams(
        bindparam("campaign", type_=campaign),
        bindparam("person", type_=BigInteger()),
        bindparam("at", type_=DateTime(timezone=True)),
        bindparam("source", type_=String()),
        bindparam("cleared", type_=ARRAY(BigInteger())),
    )


# Built once: in a rush they are all that is asked.
_CLAIM: Final = _with_types(
    text("SELECT * FROM claim_coupon(:campaign, :person, :at, :source, :cleared)"), BigInteger()
)
_CLAIM_AT: Final = _with_types(
    text(
        "SELECT * FROM claim_coupon((SELECT id FROM campaign WHERE slug = :campaign),"
        " :person, :at, :source, :cleared)"
    ),
    String(),
)


def claim(
    *,
    campaign_id: int,
    person_id: int,
    at: datetime,
    source: ClaimSource = ClaimSource.OPEN_CLAIM,
) -> ClaimedCoupon:
    """
    Give a person one coupon of a campaign. The same person asking again gets the same coupon.

    :raises CouponNotFound, NotStarted, Ended, Paused, NotEligible, AllTaken, TakenBack:
    """
    return _claim(_CLAIM, campaign_id, person_id, at, source)


def claim_at(*, slug: str, person_id: int, at: datetime) -> ClaimedCoupon:
    """
    Give a person one coupon of the campaign at an address, as `claim` does.

    :raises CouponNotFound, NotStarted, Ended, Paused, NotEligible, AllTaken, TakenBack:
    """
    return _claim(_CLAIM_AT, slug, person_id, at, ClaimSource.OPEN_CLAIM)


def _claim(
    statement: TextClause, campaign: int | str, person_id: int, at: datetime, source: ClaimSource
) -> ClaimedCoupon:
    cleared: list[int] = []
    for _ in range(_VERSIONS):
        # On the connection itself: nothing here is a model the session would look after.
        answer = (
            db.session.connection()
            .execute(
                statement,
                {
                    "campaign": campaign,
                    "person": person_id,
                    "at": at,
                    "source": source.value,
                    "cleared": cleared,
                },
            )
            .one()
        )
        if answer.outcome != "asks":
            return _coupon_of(answer)
        eligibility.refuse_unless_eligible(
            rules=answer.rules, name=answer.name, person_id=person_id, at=at
        )
        eligibility.refuse_second_share(
            rules=answer.rules, version_id=answer.version, name=answer.name, person_id=person_id
        )
        cleared.append(answer.version)
    raise AllTaken(name=answer.name)


def _coupon_of(answer: Row[Any]) -> ClaimedCoupon:
    refused = _REFUSALS.get(answer.outcome)
    if refused is not None:
        raise refused(answer)
    return ClaimedCoupon(answer.coupon, answer.name, answer.until, fresh=answer.outcome == "given")


def start_text(starts_at: datetime) -> str:
    """Return when a campaign opens, in Seoul."""
    return f"{starts_at.astimezone(SEOUL):%Y.%m.%d. %H:%M}"


_REFUSALS: Final[Mapping[str, Callable[[Row[Any]], Exception]]] = {
    "unknown": lambda _: CouponNotFound(),
    "not_started": lambda answer: NotStarted(name=answer.name, starts=start_text(answer.starts)),
    "paused": lambda answer: Paused(name=answer.name),
    "ended": lambda answer: Ended(name=answer.name),
    "all_taken": lambda answer: AllTaken(name=answer.name),
    "taken_back": lambda answer: TakenBack(name=answer.name),
}
