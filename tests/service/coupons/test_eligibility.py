"""Who may claim: dong, verified facts and age."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from marketplace.accounts import verification
from marketplace.accounts.models import Person
from marketplace.accounts.verification import VerificationKind, VerificationMethod
from marketplace.core.db import transaction
from marketplace.coupons import eligibility
from marketplace.coupons.eligibility import NotVerified, OtherAge, OtherDong
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
