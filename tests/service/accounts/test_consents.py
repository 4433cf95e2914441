"""Consents are given, withdrawn and told, version by version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from marketplace.accounts import consents
from marketplace.accounts.consents import ConsentKind
from marketplace.accounts.models import Consent, Person
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW
from tests.service.accounts import jobs

EMAIL, SMS, NIGHT = (
    ConsentKind.MARKETING_EMAIL,
    ConsentKind.MARKETING_SMS,
    ConsentKind.MARKETING_NIGHT,
)


def _give(person: Person, *kinds: ConsentKind, at: datetime = NOW) -> None:
    for kind in kinds:
        with transaction():
            consents.give_later(person_id=person.id, kind=kind, at=at, ip=None)


def _withdraw(person: Person, kind: ConsentKind) -> None:
    with transaction():
        consents.withdraw(person_id=person.id, kind=kind, at=NOW)


def _standing(person: Person) -> set[ConsentKind]:
    return {each.text.kind for each in consents.list_standing(person.id) if each.is_given}


class TestTexts:
    def test_cover_every_kind_asked_at_sign_up(self) -> None:
        # The seller's part is asked with each order.
        assert set(consents.TEXTS) == set(ConsentKind) - {ConsentKind.THIRD_PARTY_SELLER}
        assert {ConsentKind.TERMS, ConsentKind.PRIVACY_REQUIRED} == consents.REQUIRED
        assert set(consents.OPTIONAL) == set(consents.TEXTS) - consents.REQUIRED

    def test_say_what_the_law_wants_said(self) -> None:
        for text in consents.TEXTS.values():
            assert text.purpose
            assert text.items
            assert text.retention
            assert text.refusal


class TestGive:
    def test_stands_once_and_is_told(self) -> None:
        person = make.person()
        _give(person, EMAIL, EMAIL)

        assert len(db.session.scalars(select(Consent.id)).all()) == 1
        assert jobs.mails()[0] == {
            "kind": "consent_given",
            "person_id": person.id,
            "consent": "marketing_email",
            "at": NOW.isoformat(),
        }

    def test_is_told_once_when_pressed_twice(self) -> None:
        person = make.person()
        _give(person, EMAIL)
        _give(person, EMAIL, at=NOW + timedelta(seconds=1))

        assert jobs.kinds() == ["consent_given"]

    def test_is_told_again_after_it_was_withdrawn(self) -> None:
        person = make.person()
        _give(person, EMAIL)
        _withdraw(person, EMAIL)
        _give(person, EMAIL, at=NOW + timedelta(seconds=1))

        assert jobs.kinds() == ["consent_given", "consent_withdrawn", "consent_given"]

    def test_replaces_an_older_version(self) -> None:
        person = make.person()
        _give(person, EMAIL)
        with transaction():
            db.session.execute(update(Consent).values(version="2020-01-01"))

        _give(person, EMAIL)

        rows = db.session.scalars(select(Consent).order_by(Consent.id)).all()
        assert [(row.version, row.withdrawn_at is None) for row in rows] == [
            ("2020-01-01", False),
            (consents.TEXTS[EMAIL].version, True),
        ]

    def test_asks_again_after_two_years_also_from_a_leap_day(self) -> None:
        person = make.person()
        _give(person, EMAIL, at=datetime(2028, 2, 29, 1, tzinfo=UTC))

        assert str(db.session.scalars(select(Consent.reconfirm_on)).one()) == "2030-02-28"

    def test_counts_the_day_in_korea(self) -> None:
        person = make.person()
        _give(person, EMAIL, at=datetime(2026, 12, 31, 16, tzinfo=UTC))

        assert str(db.session.scalars(select(Consent.reconfirm_on)).one()) == "2029-01-01"

    def test_refuses_night_without_day(self) -> None:
        with pytest.raises(consents.NightNeedsDay):
            _give(make.person(), NIGHT)


class TestWithdraw:
    def test_ends_it_and_is_told(self) -> None:
        person = make.person()
        _give(person, EMAIL)
        _withdraw(person, EMAIL)

        assert _standing(person) == set()
        assert jobs.kinds() == ["consent_given", "consent_withdrawn"]

    def test_ends_night_with_the_last_day(self) -> None:
        person = make.person()
        _give(person, EMAIL, SMS, NIGHT)
        _withdraw(person, EMAIL)
        assert _standing(person) == {SMS, NIGHT}

        _withdraw(person, SMS)
        assert _standing(person) == set()

    def test_tells_nothing_when_nothing_stood(self) -> None:
        _withdraw(make.person(), EMAIL)

        assert jobs.mails() == []

    @pytest.mark.parametrize("kind", sorted(consents.REQUIRED))
    def test_leaves_required_ones_to_leaving_the_mall(self, kind: ConsentKind) -> None:
        with pytest.raises(consents.NotWithdrawable):
            _withdraw(make.person(), kind)

    def test_touches_nobody_else(self) -> None:
        one, other = make.person(), make.person()
        _give(one, EMAIL)
        _give(other, EMAIL)
        _withdraw(one, EMAIL)

        assert _standing(other) == {EMAIL}
