"""Claiming with a number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.core.db import db, transaction
from marketplace.coupons import claims, code_claims, codes
from marketplace.coupons.claims import ClaimedCoupon
from marketplace.coupons.code_claims import CodeUnknown, HasOneAlready
from marketplace.coupons.issue_models import CouponCode
from marketplace.coupons.models import CampaignStatus, ClaimSource, Coupon, CouponState
from marketplace.coupons.refusals import (
    AllTaken,
    CouponNotFound,
    Ended,
    NotEligible,
    NotStarted,
    Paused,
)
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _claim(written: str, person_id: int) -> ClaimedCoupon:
    with transaction():
        return code_claims.claim(written=written, person_id=person_id, at=NOW)


class TestUniqueCode:
    def test_gives_that_very_coupon(self) -> None:
        _, (first, second, _) = make.code_batch()
        person = make.person()

        taken = _claim(codes.shown(second).lower(), person.id)

        coupon = db.session.get_one(Coupon, taken.coupon_id)
        assert taken.fresh
        assert (coupon.slot_no, coupon.person_id) == (2, person.id)
        assert (coupon.state, coupon.source) == (CouponState.CLAIMED, ClaimSource.UNIQUE_CODE)
        assert _claim(first, make.person().id).fresh

    def test_gives_the_same_coupon_again(self) -> None:
        _, (code, *_) = make.code_batch()
        person = make.person()

        first, again = _claim(code, person.id), _claim(code, person.id)

        assert (again.coupon_id, again.fresh) == (first.coupon_id, False)

    def test_answers_used_unknown_and_mistyped_codes_alike(self) -> None:
        _, (code, *_) = make.code_batch()
        _claim(code, make.person().id)
        stranger = make.person()

        said = set()
        for written in (code, codes.draw(), code[:-1] + "U", "", "0"):
            with pytest.raises(CodeUnknown) as refused:
                _claim(written, stranger.id)
            said.add((str(refused.value), refused.value.code))

        assert len(said) == 1

    def test_gives_one_person_as_many_as_the_rules_say(self) -> None:
        drive = make.code_campaign(cap=3, per_person_limit=2)
        _, batch = make.code_batch(drive)
        person = make.person()

        for code in batch[:2]:
            assert _claim(code, person.id).fresh
        with pytest.raises(HasOneAlready):
            _claim(batch[2], person.id)

        assert _claim(batch[2], make.person().id).fresh

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"status": CampaignStatus.PAUSED}, Paused),
            ({"status": CampaignStatus.ENDED}, Ended),
            ({"starts_at": NOW + timedelta(days=1)}, NotStarted),
            ({"eligibility": {"dong": ["1121599999"]}}, NotEligible),
        ],
    )
    def test_refuses_as_the_campaign_does(
        self, changes: dict[str, object], refusal: type[Exception]
    ) -> None:
        status = changes.pop("status", CampaignStatus.RUNNING)
        drive = make.code_campaign(cap=3, **changes)
        _, (code, *_) = make.code_batch(drive)
        with transaction():
            drive.status = CampaignStatus(str(status))
        person = make.person()

        with pytest.raises(refusal):
            _claim(code, person.id)

        free = select(func.count()).where(Coupon.person_id.is_(None))
        assert db.session.scalar(free) == 3

    def test_keeps_only_a_digest_and_the_last_four(self) -> None:
        _, (code, *_) = make.code_batch()

        kept = db.session.execute(
            select(CouponCode.digest, CouponCode.last4).order_by(CouponCode.coupon_id)
        ).first()

        assert kept is not None
        assert kept.digest == codes.digest(code)
        assert kept.last4 == code[-4:]
        assert code not in kept.digest


class TestSharedCode:
    def test_gives_everybody_one_until_none_is_left(self) -> None:
        drive = make.shared_code_campaign("나루2026", cap=2)
        people = [make.person() for _ in range(3)]

        taken = [_claim(" 나루 2026 ", person.id) for person in people[:2]]
        again = _claim("나루2026", people[0].id)

        assert all(each.fresh for each in taken)
        assert not again.fresh
        with pytest.raises(AllTaken):
            _claim("나루2026", people[2].id)
        sources = db.session.scalars(
            select(Coupon.source).where(Coupon.campaign_id == drive.id)
        ).all()
        assert set(sources) == {ClaimSource.SHARED_CODE}

    def test_is_the_only_way_into_its_campaign(self) -> None:
        drive = make.shared_code_campaign("NARU", cap=2)

        with pytest.raises(CouponNotFound), transaction():
            claims.claim_at(slug=drive.slug, person_id=make.person().id, at=NOW)

    def test_of_a_draft_is_unknown(self) -> None:
        make.shared_code_campaign("NARU", status=CampaignStatus.DRAFT)

        with pytest.raises(CodeUnknown):
            _claim("NARU", make.person().id)
