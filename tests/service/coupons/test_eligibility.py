"""Who may claim: dong, verified facts and age."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

import pytest

from marketplace.accounts import verification, withdrawal
from marketplace.accounts.models import Person
from marketplace.accounts.verification import VerificationKind, VerificationMethod
from marketplace.accounts.verification_models import Verification
from marketplace.core.db import db, transaction
from marketplace.coupons import claims, code_claims, eligibility
from marketplace.coupons.eligibility import HadOne, NotVerified, OtherAge, OtherDong
from tests import make
from tests.make import NOW
from tests.service.checkout.counting import statements

pytestmark = pytest.mark.usefixtures("isolated")


def judge(person: Person, **rules: object) -> None:
    eligibility.refuse_unless_eligible(rules=rules, name="주민 쿠폰", person_id=person.id, at=NOW)


def verify(person: Person, kind: VerificationKind, value: str = "", *, days: int = 365) -> None:
    with transaction():
        verification.record(
            person_id=person.id,
            kind=kind,
            method=VerificationMethod.DESK,
            value=value,
            by=None,
            at=NOW - timedelta(days=30),
            expires_at=NOW - timedelta(days=30) + timedelta(days=days),
            identity_digests=["digest"] if kind is VerificationKind.IDENTITY else (),
        )


class TestEligibility:
    def test_asks_nothing_when_everybody_may(self) -> None:
        person = make.person()

        with statements() as asked:
            judge(person)

        assert len(asked) == 0

    def test_takes_the_dong_a_member_wrote(self) -> None:
        dong, other = make.dong(), make.dong("1121586000", "화양동")

        judge(make.person(of_dong=dong), dong=[dong.code])
        with pytest.raises(OtherDong, match="자양1동 주민만"):
            judge(make.person(of_dong=other), dong=[dong.code])

    def test_takes_only_the_verified_dong_where_that_is_asked(self) -> None:
        dong, other = make.dong(), make.dong("1121586000", "화양동")
        person = make.person(of_dong=dong)
        rules = {"dong": [dong.code], "verified": ["residence"]}

        with pytest.raises(NotVerified, match="거주 동 확인"):
            judge(person, **rules)
        verify(person, VerificationKind.RESIDENCE, other.code)
        with pytest.raises(OtherDong):
            judge(person, **rules)
        verify(person, VerificationKind.RESIDENCE, dong.code)
        judge(person, **rules)

    def test_takes_no_fact_that_ended(self) -> None:
        person = make.person()
        verify(person, VerificationKind.WORKPLACE, "나루상회", days=10)

        with pytest.raises(NotVerified, match="직장 확인"):
            judge(person, verified=["workplace"])

    def test_takes_an_identity(self) -> None:
        person = make.person()
        verify(person, VerificationKind.IDENTITY)

        judge(person, verified=["identity"])

    @pytest.mark.parametrize(
        ("birth_on", "may"),
        [
            (date(NOW.year - 19, NOW.month, NOW.day), True),
            (date(NOW.year - 19, NOW.month, NOW.day) + timedelta(days=2), False),
            (date(NOW.year - 40, 1, 1), False),
            (None, False),
        ],
    )
    def test_counts_full_years(self, birth_on: date | None, may: bool) -> None:
        person = make.person(birth_on=birth_on)

        if may:
            judge(person, age=[19, 34])
        else:
            with pytest.raises(OtherAge, match="19세부터 34세까지"):
                judge(person, age=[19, 34])


class TestSecondShare:
    """Leaving and joining again brings a verified human being no second coupon."""

    RULES: ClassVar = {"verified": ["identity"]}

    def again(self, person: Person) -> Person:
        with transaction():
            withdrawal.withdraw(person_id=person.id, at=NOW, ip=None)
        returned = make.person()
        verify(returned, VerificationKind.IDENTITY)
        return returned

    def test_is_refused_to_who_left_with_one(self) -> None:
        drive = make.campaign(cap=3, eligibility=self.RULES)
        first = make.person()
        verify(first, VerificationKind.IDENTITY)
        make.claimed_coupon(drive, by=first)
        returned = self.again(first)

        with pytest.raises(HadOne), transaction():
            claims.claim(campaign_id=drive.id, person_id=returned.id, at=NOW)

    def test_is_refused_for_a_number_too(self) -> None:
        drive = make.code_campaign(cap=3, eligibility=self.RULES)
        _, (one, other, _) = make.code_batch(drive)
        first = make.person()
        verify(first, VerificationKind.IDENTITY)
        with transaction():
            code_claims.claim(written=one, person_id=first.id, at=NOW)
        returned = self.again(first)

        with pytest.raises(HadOne), transaction():
            code_claims.claim(written=other, person_id=returned.id, at=NOW)

    def test_is_the_first_for_who_left_without(self) -> None:
        drive = make.campaign(cap=3, eligibility=self.RULES)
        first = make.person()
        verify(first, VerificationKind.IDENTITY)
        returned = self.again(first)

        with transaction():
            claimed = claims.claim(campaign_id=drive.id, person_id=returned.id, at=NOW)

        assert claimed.fresh

    def test_is_nobodys_business_where_no_identity_is_asked(self) -> None:
        drive = make.campaign(cap=3)
        first = make.person()
        verify(first, VerificationKind.IDENTITY)
        make.claimed_coupon(drive, by=first)

        assert make.claimed_coupon(drive, by=self.again(first)).person_id != first.id

    def test_leaves_of_a_verified_person_a_digest_alone(self) -> None:
        person = make.person()
        verify(person, VerificationKind.IDENTITY)
        verify(person, VerificationKind.WORKPLACE, "나루상회")

        self.again(person)

        (left,) = db.session.query(Verification).filter_by(person_id=person.id)
        assert (left.kind, left.value, left.revoked_at) == (VerificationKind.IDENTITY, "", NOW)

    def test_forgets_the_digest_after_a_year(self) -> None:
        person = make.person()
        verify(person, VerificationKind.IDENTITY)
        returned = self.again(person)

        with transaction():
            early = verification.forget_former(at=NOW + timedelta(days=365))
            late = verification.forget_former(at=NOW + timedelta(days=366))

        assert (early, late) == (0, 1)
        assert verification.list_former_accounts(person_id=returned.id) == []
