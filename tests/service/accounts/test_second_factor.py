"""Codes and recovery codes are good once, for their own person."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from marketplace.accounts import second_factor
from marketplace.accounts.models import Person, RecoveryCode, Role
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW
from tests.service.accounts import jobs

STEP = timedelta(seconds=30)


def _begin(person: Person) -> pyotp.TOTP:
    with transaction():
        second_factor.begin(person_id=person.id)
    enrolment = second_factor.find_enrolment(person.id)
    assert enrolment is not None
    return pyotp.TOTP(enrolment.key)


def _enrol(person: Person) -> tuple[pyotp.TOTP, list[str]]:
    totp = _begin(person)
    with transaction():
        codes = second_factor.confirm(
            person_id=person.id, code=totp.at(NOW), at=NOW, ip="203.0.113.7"
        )
    return totp, codes


def _verify(person: Person, code: str, *, steps: int = 1) -> None:
    with transaction():
        second_factor.verify(person_id=person.id, code=code, at=NOW + steps * STEP)


class TestEnrolling:
    def test_shows_the_same_secret_until_it_is_confirmed(self) -> None:
        person = make.person()

        assert second_factor.find_enrolment(person.id) is None
        assert _begin(person).secret == _begin(person).secret

    def test_keeps_the_secret_sealed(self) -> None:
        person = make.person()
        totp = _begin(person)

        db.session.refresh(person)
        assert person.totp_secret is not None
        assert totp.secret.encode() not in person.totp_secret

    def test_counts_only_after_the_first_code(self) -> None:
        person = make.person()
        totp = _begin(person)
        with pytest.raises(second_factor.CodeWrong), transaction():
            second_factor.confirm(person_id=person.id, code="000000", at=NOW, ip=None)
        assert not second_factor.is_enrolled(person.id)
        with pytest.raises(second_factor.NotEnrolled):
            _verify(person, totp.at(NOW + STEP))

        _, codes = _enrol(person)

        assert second_factor.is_enrolled(person.id)
        assert second_factor.find_enrolment(person.id) is None
        assert len(set(codes)) == second_factor.RECOVERY_CODES
        assert "second_factor_enrolled" in jobs.kinds()

    def test_is_not_done_over_a_standing_one(self) -> None:
        person = make.person()
        totp, _ = _enrol(person)

        with pytest.raises(second_factor.AlreadyEnrolled):
            _begin(person)
        with pytest.raises(second_factor.AlreadyEnrolled), transaction():
            second_factor.confirm(
                person_id=person.id, code=totp.at(NOW + STEP), at=NOW + STEP, ip=None
            )


class TestVerify:
    def test_takes_a_code_once(self) -> None:
        person = make.person()
        totp, _ = _enrol(person)
        code = totp.at(NOW + STEP)
        _verify(person, f" {code[:3]} {code[3:]} ")

        with pytest.raises(second_factor.CodeWrong):
            _verify(person, code)

    def test_refuses_the_code_it_was_enrolled_with(self) -> None:
        person = make.person()
        totp, _ = _enrol(person)

        with pytest.raises(second_factor.CodeWrong):
            _verify(person, totp.at(NOW), steps=0)

    @pytest.mark.parametrize(("off", "is_taken"), [(-2, False), (-1, True), (1, True), (2, False)])
    def test_allows_a_clock_to_be_half_a_minute_off(self, off: int, is_taken: bool) -> None:
        person = make.person()
        totp, _ = _enrol(person)
        code = totp.at(NOW + (10 + off) * STEP)

        if is_taken:
            _verify(person, code, steps=10)
        else:
            with pytest.raises(second_factor.CodeWrong):
                _verify(person, code, steps=10)

    def test_refuses_an_earlier_code_after_a_later_one(self) -> None:
        person = make.person()
        totp, _ = _enrol(person)
        _verify(person, totp.at(NOW + 11 * STEP), steps=10)

        with pytest.raises(second_factor.CodeWrong):
            _verify(person, totp.at(NOW + 10 * STEP), steps=10)

    @pytest.mark.parametrize("code", ["", "1", "abcdef", "0" * 500, "가나다라마바"])
    def test_refuses_nonsense(self, code: str) -> None:
        person = make.person()
        _enrol(person)

        with pytest.raises(second_factor.CodeWrong):
            _verify(person, code)

    def test_refuses_the_code_of_somebody_else(self) -> None:
        one, other = make.person(), make.person()
        totp, codes = _enrol(one)
        _enrol(other)

        for code in (totp.at(NOW + STEP), codes[0]):
            with pytest.raises(second_factor.CodeWrong):
                _verify(other, code)


class TestRecoveryCodes:
    def test_open_once_however_they_are_typed(self) -> None:
        person = make.person()
        _, codes = _enrol(person)
        typed = codes[0].lower().replace("1", "l").replace("0", "o").replace("-", " ")

        _verify(person, typed)

        assert second_factor.count_recovery_codes(person.id) == second_factor.RECOVERY_CODES - 1
        assert jobs.kinds()[-1] == "recovery_code_used"
        with pytest.raises(second_factor.CodeWrong):
            _verify(person, codes[0])

    def test_are_stored_only_hashed(self) -> None:
        person = make.person()
        _, codes = _enrol(person)

        stored = set(db.session.scalars(select(RecoveryCode.code_hash)))
        assert not stored & {code.replace("-", "") for code in codes}

    def test_are_renewed_against_a_code(self) -> None:
        person = make.person()
        totp, old = _enrol(person)
        with pytest.raises(second_factor.CodeWrong), transaction():
            second_factor.renew_recovery_codes(person_id=person.id, code="000000", at=NOW)
        with transaction():
            new = second_factor.renew_recovery_codes(
                person_id=person.id, code=totp.at(NOW + STEP), at=NOW + STEP
            )

        assert not set(new) & set(old)
        with pytest.raises(second_factor.CodeWrong):
            _verify(person, old[0])
        _verify(person, new[0])


class TestTakeAway:
    def test_lets_the_person_enrol_again(self) -> None:
        person, boss = make.person(), make.person(roles=[Role.ADMINISTRATOR])
        _, codes = _enrol(person)
        before = person.session_version
        with transaction():
            second_factor.take_away(
                person_id=person.id, actor_id=boss.id, reason="휴대전화 분실", ip=None
            )

        db.session.refresh(person)
        assert person.session_version == before + 1
        assert second_factor.count_recovery_codes(person.id) == 0
        with pytest.raises(second_factor.NotEnrolled):
            _verify(person, codes[0])
        _enrol(person)
