"""Races for coupons, in threads on real transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial

from flask import Flask
from sqlalchemy import func, select, text, update

from marketplace.accounts import consents, identity, sign_up
from marketplace.accounts.models import Person
from marketplace.accounts.people import Details
from marketplace.accounts.sign_up import Application
from marketplace.accounts.verification import IdentityTaken
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons import claims, code_claims, returns, waiting
from marketplace.coupons.claims import ClaimedCoupon
from marketplace.coupons.code_claims import CodeUnknown
from marketplace.coupons.issue_models import WaitingEntry
from marketplace.coupons.models import Coupon, CouponState, Grant
from marketplace.coupons.refusals import AllTaken
from tests import make
from tests.concurrent import crowd
from tests.make import NOW

BORN = date(1990, 1, 1)
PASSWORD = "나루터에 배가 세 척"  # noqa: S105
# One person's address, as forty hands and keyboards write it.
SPELLINGS = [
    f"{invisible}{local}{tag}@{domain}{space}"
    for local, domain in (
        ("hong.gildong", "example.com"),
        ("Hong.GilDong", "Example.COM"),
        ("HONG.GILDONG", "example.com"),
        ("\uff48\uff4f\uff4e\uff47.gildong", "example.com"),
        ("hong.gildong", "\uff45\uff58ample.com"),
    )
    for tag in ("", "+naru")
    for invisible in ("", "\u200b")
    for space in ("", " ")
]

# And one telephone number.
_GAPS = ("", "-", " ", ".", "\u2013")
PHONES = [
    f"{mark}{number}"
    for mark in ("", "\u200b")
    for gap in _GAPS
    for number in (
        f"010{gap}1234{gap}5678",
        f"+82{gap}10{gap}1234{gap}5678",
        f"0082{gap}10{gap}1234{gap}5678",
        "".join(chr(ord(sign) + 0xFEE0) for sign in f"010{gap}1234{gap}5678" if sign.isdigit())
        + " " * _GAPS.index(gap),
    )
]


def claiming(campaign_id: int, person_id: int) -> Callable[[], ClaimedCoupon]:
    return partial(claims.claim, campaign_id=campaign_id, person_id=person_id, at=NOW)


def people(count: int) -> list[int]:
    """Add people by one statement."""
    make.dong()
    with transaction():
        return list(
            db.session.scalars(
                text(
                    "INSERT INTO person (email, email_key, email_confirmed_at, name, status)"
                    " SELECT 'p' || n || '@example.com', 'p' || n || '@example.com', now(),"
                    " '김주민', 'active' FROM generate_series(1, :count) n RETURNING id"
                ),
                {"count": count},
            )
        )


def claimed_by() -> Counter[int | None]:
    """Count the coupons of everybody who has one."""
    db.session.rollback()
    return Counter(
        db.session.scalars(select(Coupon.person_id).where(Coupon.person_id.is_not(None)))
    )


class TestClaim:
    def test_3000_people_and_9000_attempts_for_1000_coupons(self, crowded_app: Flask) -> None:
        """C1."""
        with crowded_app.app_context():
            drive = make.campaign(cap=1_000, amount=5_000).id
            everybody = people(3_000)

        attempts = [claiming(drive, person) for person in everybody * 3]
        answers = crowd.rush(crowded_app, attempts)

        given = crowd.done(answers)
        assert len(given) + len(crowd.of_type(answers, AllTaken)) == 9_000
        assert sum(claimed.fresh for claimed in given) == 1_000
        with crowded_app.app_context():
            holders = claimed_by()
            assert len(holders) == sum(holders.values()) == 1_000
            assert make.count_of(Coupon) == 1_000
            told = select(func.count()).where(Job.dedupe_key.startswith("coupon_claimed:"))
            assert db.session.scalar(told) == 1_000
            assert db.session.scalar(select(func.sum(Grant.reserved))) == 5_000_000

    def test_one_person_presses_fifty_times_at_once(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            drive = make.campaign(cap=100).id
            everybody = people(20)

        attempts = [claiming(drive, person) for person in everybody for _ in range(50)]
        answers = crowd.rush(crowded_app, attempts)

        given = crowd.done(answers)
        assert len(given) == 1_000
        assert sum(claimed.fresh for claimed in given) == 20
        assert len({claimed.coupon_id for claimed in given}) == 20

    def test_every_slot_a_failed_claim_left_behind_is_given(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            drive = make.campaign(cap=200).id
            everybody = people(400)

        def give_up(person: int) -> None:
            claims.claim(campaign_id=drive, person_id=person, at=NOW)
            raise TimeoutError

        crowd.rush(crowded_app, [partial(give_up, person) for person in everybody[:150]])
        answers = crowd.rush(crowded_app, [claiming(drive, person) for person in everybody])
        late = crowd.rush(crowded_app, [claiming(drive, person) for person in everybody])

        assert len(crowd.done([*answers, *late])) >= 200
        with crowded_app.app_context():
            assert len(claimed_by()) == 200

    def test_fails_without_the_unique_person(self, crowded_app: Flask) -> None:
        """C10: two claims of one person at once both find that there is none yet."""
        with crowded_app.app_context():
            drive = make.campaign(cap=2_000, budget=100_000_000).id
            everybody = people(40)
            with transaction():
                db.session.execute(
                    text(
                        "ALTER TABLE coupon"
                        " DROP CONSTRAINT uq_coupon_campaign_id_person_id_claim_no"
                    )
                )

        attempts = [claiming(drive, person) for person in everybody for _ in range(32)]
        crowd.rush(crowded_app, attempts)

        with crowded_app.app_context():
            assert max(claimed_by().values()) > 1

    def test_fails_without_the_free_state_asked_again(self, crowded_app: Flask) -> None:
        """C10: who takes the first free slot and does not look twice takes another's coupon."""
        with crowded_app.app_context():
            drive = make.campaign(cap=200).id
            everybody = people(200)

        def naive(person: int) -> int:
            free = db.session.scalars(
                select(Coupon.id)
                .where(Coupon.campaign_id == drive, Coupon.state == CouponState.ISSUED)
                .order_by(Coupon.slot_no)
                .limit(1)
            ).one()
            db.session.execute(
                update(Coupon)
                .where(Coupon.id == free)
                .values(person_id=person, claimed_at=NOW, state=CouponState.CLAIMED)
                .execution_options(synchronize_session=False)
            )
            return free

        answers = crowd.rush(crowded_app, [partial(naive, person) for person in everybody])

        told = len(crowd.done(answers))
        with crowded_app.app_context():
            assert len(claimed_by()) < told


class TestOnePerson:
    def test_forty_spellings_of_one_address_make_one_claim(self, crowded_app: Flask) -> None:
        """C9."""
        with crowded_app.app_context():
            drive = make.campaign(cap=100).id

        def join_and_claim(spelling: str) -> None:
            application = Application(
                email=spelling,
                password=PASSWORD,
                details=Details(
                    name="홍길동", phone="010-1234-5678", birth_on=BORN, dong_code=None
                ),
                consents=consents.REQUIRED,
            )
            person_id = sign_up.sign_up(application, at=NOW, ip=None)
            if person_id is not None:
                claims.claim(campaign_id=drive, person_id=person_id, at=NOW)

        assert len(set(SPELLINGS)) == 40
        answers = crowd.rush(crowded_app, [partial(join_and_claim, each) for each in SPELLINGS])

        assert len(crowd.done(answers)) == 40
        with crowded_app.app_context():
            assert make.count_of(Person) == 1
            assert sum(claimed_by().values()) == 1

    def test_forty_spellings_of_one_telephone_make_one_claim(self, crowded_app: Flask) -> None:
        """C9: forty accounts with addresses of their own, and one human being behind them."""
        with crowded_app.app_context():
            drive = make.campaign(cap=100, eligibility={"verified": ["identity"]}).id
            accounts = [make.person("홍길동").id for _ in range(40)]
        provider = identity.LocalProvider()

        def verify_and_claim(person_id: int, phone: str) -> ClaimedCoupon:
            challenge = identity.start(
                provider, person_id=person_id, name="홍길동", birth_on=BORN, phone=phone, at=NOW
            )
            shown = challenge.shown_code or ""
            wrong = identity.answer(provider, person_id=person_id, written=shown, at=NOW)
            assert wrong is None
            return claims.claim(campaign_id=drive, person_id=person_id, at=NOW)

        assert len(set(PHONES)) == 40
        answers = crowd.rush(
            crowded_app,
            [partial(verify_and_claim, *each) for each in zip(accounts, PHONES, strict=True)],
        )

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, IdentityTaken)) == 39
        with crowded_app.app_context():
            assert sum(claimed_by().values()) == 1


class TestCodes:
    def test_one_code_is_claimed_by_one_of_fifty(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            _, (code, *_) = make.code_batch()
            everybody = people(50)

        answers = crowd.rush(
            crowded_app,
            [
                partial(code_claims.claim, written=code, person_id=person, at=NOW)
                for person in everybody
            ],
        )

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, CodeUnknown)) == 49

    def test_one_person_takes_one_of_fifty_codes(self, crowded_app: Flask) -> None:
        with crowded_app.app_context():
            _, batch = make.code_batch(codes=50)
            (person,) = people(1)

        answers = crowd.rush(
            crowded_app,
            [partial(code_claims.claim, written=code, person_id=person, at=NOW) for code in batch],
        )

        assert len(crowd.done(answers)) == 1
        assert len(crowd.of_type(answers, code_claims.HasOneAlready)) == 49


class TestWaitingList:
    def test_fifty_coupons_given_back_at_once_go_to_fifty_of_those_who_wait(
        self, crowded_app: Flask
    ) -> None:
        with crowded_app.app_context():
            drive = make.waited_campaign(cap=50)
            everybody = people(150)
            with transaction():
                given = {
                    person: claims.claim(campaign_id=drive.id, person_id=person, at=NOW).coupon_id
                    for person in everybody[:50]
                }
            with transaction():
                for person in everybody[50:]:
                    waiting.join(slug=drive.slug, person_id=person, at=NOW)

        answers = crowd.rush(
            crowded_app,
            [
                partial(returns.give_back, coupon_id=coupon, person_id=person, at=NOW)
                for person, coupon in given.items()
            ],
        )

        assert len(crowd.done(answers)) == 50
        with crowded_app.app_context():
            with transaction():
                waiting.serve(campaign_id=drive.id, at=NOW)
            holders = claimed_by()
            assert len(holders) == sum(holders.values()) == 50
            assert not set(given) & set(holders)
            served = select(func.count()).where(WaitingEntry.served_at.is_not(None))
            assert db.session.scalar(served) == 50
