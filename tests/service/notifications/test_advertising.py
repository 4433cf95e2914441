"""Coupons about to expire: told once, mailed only with consent, never at night, with a way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Final

import pytest
from sqlalchemy import select

from marketplace.accounts import consents
from marketplace.accounts.consents import ConsentKind
from marketplace.accounts.models import Person, PersonStatus
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.core.settings import Operator
from marketplace.coupons import expiring_soon
from marketplace.coupons.models import Coupon, CouponState
from marketplace.notifications import advertising, delivery
from marketplace.notifications.models import Message, Notice
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")

OPERATOR: Final = Operator(name="세나루 사무국", phone="02-450-0000", email="help@senaru.example")
NOON: Final = NOW  # 12:00 in Seoul
NIGHT: Final = NOW + timedelta(hours=9)  # 21:00 in Seoul
MORNING: Final = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)  # 08:00 of the next day


def coupon_until(expires_at: datetime) -> Coupon:
    coupon = make.claimed_coupon(make.campaign(name="봄 나들이"), by=make.person("홍길동"))
    with transaction():
        db.session.get_one(Coupon, coupon.id).expires_at = expires_at
    return coupon


def agree(person_id: int | None, at: datetime = NOW) -> None:
    assert person_id is not None
    with transaction():
        consents.give(person_id=person_id, kinds=[ConsentKind.MARKETING_EMAIL], at=at, ip=None)


def announce(at: datetime = NOON) -> int:
    with transaction():
        return expiring_soon.announce(at=at)


def asked() -> list[Job]:
    return list(
        db.session.scalars(
            select(Job).where(Job.payload["kind"].astext == "coupon_expiring").order_by(Job.id)
        )
    )


def prepare(coupon_id: int, *, at: datetime = NOON, key: str = "k") -> EmailMessage | None:
    with transaction():
        return delivery.prepare(
            key=key,
            kind="coupon_expiring",
            given={"coupon_id": coupon_id},
            sender="세나루 마켓 <no-reply@senaru.example>",
            public_url="https://senaru.example",
            operator=OPERATOR,
            at=at,
        )


def notices() -> list[str]:
    return list(db.session.scalars(select(Notice.title)))


class TestAnnounce:
    @pytest.mark.parametrize(
        ("ahead", "announced"),
        [
            (timedelta(0), 0),
            (timedelta(seconds=1), 1),
            (timedelta(days=3), 1),
            (timedelta(days=3, seconds=1), 0),
        ],
    )
    def test_asks_for_coupons_of_the_next_three_days(
        self, ahead: timedelta, announced: int
    ) -> None:
        coupon_until(NOON + ahead)

        assert announce() == announced
        assert len(asked()) == announced

    def test_asks_once_per_coupon(self) -> None:
        coupon_until(NOON + timedelta(days=2))

        announce()
        announce(NOON + timedelta(days=1))

        assert len(asked()) == 1

    def test_leaves_spent_coupons_and_people_who_left_alone(self) -> None:
        spent, left = (coupon_until(NOON + timedelta(days=1)) for _ in range(2))
        with transaction():
            db.session.get_one(Coupon, spent.id).state = CouponState.REDEEMED
            assert left.person_id is not None
            db.session.get_one(Person, left.person_id).status = PersonStatus.WITHDRAWN

        assert announce() == 0

    def test_waits_for_noon(self) -> None:
        coupon_until(NOON + timedelta(days=2))

        announce(NOON - timedelta(hours=12))

        (job,) = asked()
        assert job.run_after == NOON


class TestPrepare:
    def test_puts_a_notice_in_the_mall_without_any_consent(self) -> None:
        coupon = coupon_until(NOON + timedelta(days=2))

        assert prepare(coupon.id) is None
        assert notices() == ["봄 나들이 쿠폰을 11월 26일 12:00까지 쓸 수 있습니다"]

    def test_mails_who_agreed_with_the_laws_labels(self) -> None:
        coupon = coupon_until(NOON + timedelta(days=2))
        agree(coupon.person_id)

        mail = prepare(coupon.id)

        assert mail is not None
        assert mail["Subject"].startswith("(광고) ")
        plain = mail.get_body(("plain",))
        assert plain is not None
        lines = plain.get_content().strip().splitlines()
        assert lines[0] == "(광고) 세나루 사무국 · 02-450-0000 · help@senaru.example"
        assert "무료수신거부" in lines[-2]
        assert lines[-1].startswith("https://senaru.example/opt-out/")
        assert mail["List-Unsubscribe"] == f"<{lines[-1]}>"

    def test_mails_nobody_whose_consent_ended_or_is_two_years_old(self) -> None:
        ended, old = (coupon_until(NOON + timedelta(days=2)) for _ in range(2))
        agree(ended.person_id)
        assert ended.person_id is not None
        with transaction():
            consents.withdraw(person_id=ended.person_id, kind=ConsentKind.MARKETING_EMAIL, at=NOON)
        agree(old.person_id, at=NOON - timedelta(days=731))

        assert prepare(ended.id) is None
        assert prepare(old.id, key="other") is None
        assert db.session.scalars(select(Message)).all() == []

    @pytest.mark.parametrize(
        ("at", "morning"),
        [
            (NIGHT, MORNING),
            (NIGHT + timedelta(hours=4), MORNING),
            (MORNING - timedelta(seconds=1), MORNING),
        ],
    )
    def test_waits_at_night_and_comes_in_the_morning(self, at: datetime, morning: datetime) -> None:
        coupon = coupon_until(NOON + timedelta(days=2))
        agree(coupon.person_id)

        assert prepare(coupon.id, at=at) is None
        assert notices() == []

        (job,) = asked()
        assert job.run_after == morning
        assert prepare(coupon.id, at=morning, key=job.dedupe_key) is not None

    def test_says_nothing_of_a_coupon_that_was_spent_meanwhile(self) -> None:
        coupon = coupon_until(NOON + timedelta(days=2))
        agree(coupon.person_id)
        with transaction():
            db.session.get_one(Coupon, coupon.id).state = CouponState.REDEEMED

        assert prepare(coupon.id) is None
        assert notices() == []


class TestFindPerson:
    def test_knows_its_own_links_alone(self) -> None:
        person = make.person()
        token = advertising.opt_out_path(person.id).removeprefix("/opt-out/")
        digest = token.partition(".")[2]

        assert advertising.find_person(token) == person.id
        for forged in (f"{person.id + 1}.{digest}", f"{person.id}.", "x.y", "", f"٣.{digest}"):
            assert advertising.find_person(forged) is None


def test_the_books_tell_administrators_what_broke() -> None:
    person = make.person("나다인")
    with transaction():
        mail = delivery.prepare(
            key="k",
            kind="books_broken",
            given={"person_id": person.id, "titles": ["재원마다 예약액이 다르다"]},
            sender="세나루 마켓 <no-reply@senaru.example>",
            public_url="https://senaru.example",
            operator=OPERATOR,
            at=NIGHT,
        )

    assert mail is not None
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "- 재원마다 예약액이 다르다" in plain.get_content()
    assert "https://senaru.example/office/books" in plain.get_content()
    assert notices() == ["장부 점검에서 새로 어긋난 항목이 1개 있습니다"]
