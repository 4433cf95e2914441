"""
Who a campaign is for: facts about the person, verified where the rules ask for it.

Rules, all optional and all to be met: `{"dong": [codes], "verified": [kinds], "age": [from, to]}`.
A dong counts as the member wrote it, unless the rules want the residence verified. `first_order`
is met at the checkout, which knows orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import exists, select

from marketplace.accounts import verification
from marketplace.accounts.verification import Facts, VerificationKind
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.coupons.models import CampaignVersion, Coupon
from marketplace.coupons.refusals import NotEligible


class NotVerified(NotEligible):
    """A fact the campaign asks for has not been looked at."""

    message = (
        "{name} 쿠폰은 {fact} 확인을 받은 분만 받을 수 있습니다. "
        "내 나루의 자격 확인에서 먼저 확인을 받아 주세요."
    )


class OtherDong(NotEligible):
    """The person lives somewhere else, as far as we know."""

    message = "{name} 쿠폰은 {places} 주민만 받을 수 있습니다. 내 정보의 거주 동을 확인해 주세요."


class OtherAge(NotEligible):
    """The person is too young or too old, or has not said when they were born."""

    message = (
        "{name} 쿠폰은 만 {span} 분만 받을 수 있습니다. "
        "생년월일이 비어 있거나 다르면 본인 확인을 해 주세요."
    )


class HadOne(NotEligible):
    """The same human being got one under an account they have left."""

    refusal = "limit_person"
    message = "{name} 쿠폰은 전에 쓰시던 계정에서 이미 받으셨습니다."


FACTS: Final = {
    VerificationKind.RESIDENCE: "거주 동",
    VerificationKind.WORKPLACE: "직장",
    VerificationKind.STAFF: "구청 직원",
    VerificationKind.IDENTITY: "본인",
}


def refuse_unless_eligible(
    *, rules: Mapping[str, object], name: str, person_id: int, at: datetime
) -> None:
    """
    Refuse a claim of somebody the campaign is not for; asks nothing when it is for everybody.

    :raises NotEligible: with what is missing and where to get it.
    """
    if not rules:
        return
    facts = verification.get_facts(person_id=person_id, at=at)
    wanted = [VerificationKind(str(kind)) for kind in _list(rules, "verified")]
    for kind in wanted:
        if kind not in facts.verified:
            raise NotVerified(name=name, fact=FACTS[kind])
    _refuse_other_dong(rules, name, facts, is_verified=VerificationKind.RESIDENCE in wanted)
    _refuse_other_age(rules, name, facts.birth_on, day_in_seoul(at))


def refuse_second_share(
    *, rules: Mapping[str, object], version_id: int, name: str, person_id: int
) -> None:
    """
    Refuse who had a coupon of the campaign under another account; asks only the verified.

    :raises HadOne:
    """
    if VerificationKind.IDENTITY not in _list(rules, "verified"):
        return
    former = verification.list_former_accounts(person_id=person_id)
    campaign = select(CampaignVersion.campaign_id).where(CampaignVersion.id == version_id)
    had_one = exists().where(
        Coupon.campaign_id == campaign.scalar_subquery(), Coupon.person_id.in_(former)
    )
    if former and db.session.scalar(select(had_one)):
        raise HadOne(name=name)


def is_met(rules: Mapping[str, object], facts: Facts, today: date) -> bool:
    """Tell whether somebody with these facts belongs to those a campaign is for."""
    wanted = [VerificationKind(str(kind)) for kind in _list(rules, "verified")]
    is_verified = VerificationKind.RESIDENCE in wanted
    return (
        all(kind in facts.verified for kind in wanted)
        and _lives_there(rules, facts, is_verified=is_verified)
        and _is_of_age(rules, facts.birth_on, today)
    )


def _lives_there(rules: Mapping[str, object], facts: Facts, *, is_verified: bool) -> bool:
    codes = _list(rules, "dong")
    own = facts.verified.get(VerificationKind.RESIDENCE) if is_verified else facts.dong_code
    return not codes or own in codes


def _is_of_age(rules: Mapping[str, object], birth_on: date | None, today: date) -> bool:
    limits = _list(rules, "age")
    if not limits:
        return True
    youngest, oldest = int(str(limits[0])), int(str(limits[1]))
    return birth_on is not None and youngest <= age(birth_on, today) <= oldest


def _refuse_other_dong(
    rules: Mapping[str, object], name: str, facts: Facts, *, is_verified: bool
) -> None:
    if not _lives_there(rules, facts, is_verified=is_verified):
        codes = [str(code) for code in _list(rules, "dong")]
        places = ", ".join(verification.list_dong_names(codes))
        raise OtherDong(name=name, places=places)


def _refuse_other_age(
    rules: Mapping[str, object], name: str, birth_on: date | None, today: date
) -> None:
    if not _is_of_age(rules, birth_on, today):
        youngest, oldest = _list(rules, "age")
        raise OtherAge(name=name, span=f"{youngest}세부터 {oldest}세까지인")


def age(birth_on: date, today: date) -> int:
    """Return the age in full years (만 나이, 행정기본법 제7조의2)."""
    had_birthday = (today.month, today.day) >= (birth_on.month, birth_on.day)
    return today.year - birth_on.year - (not had_birthday)


def _list(rules: Mapping[str, object], key: str) -> Sequence[object]:
    values = rules.get(key)
    return values if isinstance(values, list) else ()
