"""Joining, confirming the address, and what strangers learn of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from marketplace.accounts import consents, emails, mailed_links, passwords, people, sign_in, sign_up
from marketplace.accounts.consents import ConsentKind
from marketplace.accounts.models import Consent, MailedToken, Person, PersonStatus
from marketplace.accounts.people import Details
from marketplace.core import phone
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW
from tests.service.accounts import jobs

PASSWORD = "나루터에 배가 세 척"  # noqa: S105
REQUIRED = (ConsentKind.TERMS, ConsentKind.PRIVACY_REQUIRED)


def _application(
    *,
    email: str = "hong@example.com",
    password: str = PASSWORD,
    birth_on: date | None = date(1990, 5, 5),
    dong_code: str | None = None,
    agreed: Collection[ConsentKind] = REQUIRED,
) -> sign_up.Application:
    return sign_up.Application(
        email=email,
        password=password,
        details=Details(
            name="홍길동", phone="010-1234-5678", birth_on=birth_on, dong_code=dong_code
        ),
        consents=agreed,
    )


def _join(application: sign_up.Application) -> int | None:
    with transaction():
        return sign_up.sign_up(application, at=NOW, ip="203.0.113.7")


def _joined(**values: str) -> int:
    person_id = _join(_application(**values))  # type: ignore[arg-type]
    assert person_id is not None
    return person_id


def _token() -> str:
    token_id = jobs.mails()[-1]["token_id"]
    assert isinstance(token_id, int)
    return mailed_links.link_token(token_id)


class TestSignUp:
    def test_keeps_the_person_without_the_password(self) -> None:
        person = db.session.get_one(Person, _joined(email="Hong+shop@Example.com"))

        assert (person.email, person.email_key) == ("Hong+shop@example.com", "hong@example.com")
        assert person.phone == "01012345678"
        assert person.email_confirmed_at is None
        assert person.password_hash is not None
        assert PASSWORD not in person.password_hash

    def test_writes_each_consent_with_its_version_and_asks_again_for_advertising(self) -> None:
        agreed = (*REQUIRED, ConsentKind.MARKETING_EMAIL, ConsentKind.MARKETING_NIGHT)
        person_id = _join(_application(agreed=agreed))

        rows = {
            row.kind: row
            for row in db.session.scalars(select(Consent).where(Consent.person_id == person_id))
        }
        assert set(rows) == set(agreed)
        assert all(row.version == consents.TEXTS[kind].version for kind, row in rows.items())
        assert rows[ConsentKind.MARKETING_EMAIL].reconfirm_on == date(2028, 11, 24)
        assert rows[ConsentKind.TERMS].reconfirm_on is None
        assert rows[ConsentKind.TERMS].ip == "203.0.113.7"

    @pytest.mark.parametrize("missing", REQUIRED)
    def test_refuses_without_a_required_consent(self, missing: ConsentKind) -> None:
        agreed = [kind for kind in REQUIRED if kind is not missing]

        with pytest.raises(consents.RequiredConsentMissing, match="동의해야"):
            _join(_application(agreed=agreed))
        assert jobs.mails() == []

    def test_refuses_night_advertising_alone(self) -> None:
        with pytest.raises(consents.NightNeedsDay):
            _join(_application(agreed=(*REQUIRED, ConsentKind.MARKETING_NIGHT)))

    @pytest.mark.parametrize(
        ("birth_on", "refusal"),
        [
            (date(2012, 11, 25), people.TooYoung),
            (date(2026, 11, 25), people.BirthInvalid),
            (date(1900, 1, 1), people.BirthInvalid),
            (None, sign_up.BirthMissing),
        ],
    )
    def test_refuses_children_and_impossible_days(
        self, birth_on: date | None, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            _join(_application(birth_on=birth_on))

    def test_takes_who_turns_fourteen_today(self) -> None:
        assert _join(_application(birth_on=date(2012, 11, 24))) is not None

    def test_refuses_a_weak_password_and_an_impossible_address(self) -> None:
        with pytest.raises(passwords.PasswordWeak):
            _join(_application(password="password2026"))  # noqa: S106
        with pytest.raises(emails.EmailInvalid):
            _join(_application(email="hong"))

    def test_asks_consent_for_the_dong(self) -> None:
        code = make.dong().code
        with pytest.raises(sign_up.DongNotConsented):
            _join(_application(dong_code=code))

        agreed = (*REQUIRED, ConsentKind.PRIVACY_OPTIONAL)
        assert _join(_application(dong_code=code, agreed=agreed)) is not None

    def test_refuses_a_dong_there_is_not(self) -> None:
        with pytest.raises(people.DongUnknown):
            _join(_application(dong_code="0"))

    @pytest.mark.parametrize(
        "email", ["hong@example.com", "HONG@example.com", "hong+2@example.com"]
    )
    def test_makes_no_second_person_and_tells_only_the_member(self, email: str) -> None:
        first = _joined()

        second = _join(_application(email=email))

        assert second is None
        assert len(db.session.scalars(select(Person.id)).all()) == 1
        assert jobs.mails()[-1] == {"kind": "already_signed_up", "person_id": first}

    def test_tells_the_member_once_a_day(self) -> None:
        _joined()
        for _ in range(3):
            _join(_application())

        assert jobs.kinds() == ["confirm_email", "already_signed_up"]


class TestConfirmEmail:
    def test_lets_the_person_sign_in(self) -> None:
        person_id = _joined()
        with transaction(), pytest.raises(sign_in.EmailNotConfirmed):
            sign_in.recognise(email="hong@example.com", password=PASSWORD, at=NOW)

        with transaction():
            assert sign_up.confirm_email(token=_token(), at=NOW) == person_id

        with transaction():
            who = sign_in.recognise(email="hong@example.com", password=PASSWORD, at=NOW)
        assert (who.person_id, who.has_second_factor) == (person_id, False)

    def test_works_once(self) -> None:
        _joined()
        token = _token()
        with transaction():
            sign_up.confirm_email(token=token, at=NOW)

        with pytest.raises(mailed_links.LinkDead), transaction():
            sign_up.confirm_email(token=token, at=NOW)

    def test_works_for_a_day(self) -> None:
        _joined()
        token = _token()
        late = NOW + timedelta(hours=24)

        assert mailed_links.is_alive(
            token, purpose=mailed_links.TokenPurpose.CONFIRM_EMAIL, at=late - timedelta(seconds=1)
        )
        with pytest.raises(mailed_links.LinkDead), transaction():
            sign_up.confirm_email(token=token, at=late)

    @pytest.mark.parametrize("token", ["", "x", "가", "a" * 5000])
    def test_refuses_what_was_never_mailed(self, token: str) -> None:
        with pytest.raises(mailed_links.LinkDead), transaction():
            sign_up.confirm_email(token=token, at=NOW)

    def test_refuses_a_link_for_something_else(self) -> None:
        _joined()
        with transaction():
            sign_in.ask_for_reset(email="hong@example.com")
        jobs.mail_links(at=NOW)

        with pytest.raises(mailed_links.LinkDead), transaction():
            sign_up.confirm_email(token=_token(), at=NOW)

    def test_a_disabled_person_confirms_nothing(self) -> None:
        _joined()
        token = _token()
        with transaction():
            db.session.execute(update(Person).values(status=PersonStatus.DISABLED))

        with pytest.raises(mailed_links.LinkDead), transaction():
            sign_up.confirm_email(token=token, at=NOW)


class TestSendAgain:
    def test_kills_the_earlier_link(self) -> None:
        _joined()
        first = _token()
        with transaction():
            sign_up.send_again(email="HONG@example.com")
        jobs.mail_links(at=NOW)

        assert _token() != first
        with pytest.raises(mailed_links.LinkDead), transaction():
            sign_up.confirm_email(token=first, at=NOW)
        with transaction():
            sign_up.confirm_email(token=_token(), at=NOW)

    @pytest.mark.parametrize("email", ["nobody@example.com", "member@example.com"])
    def test_mails_nobody_who_does_not_wait(self, email: str) -> None:
        make.person(email="member@example.com")
        with transaction():
            sign_up.send_again(email=email)
        jobs.mail_links(at=NOW)

        assert jobs.mails() == []


class TestMailedLink:
    def test_leaves_no_token_in_the_database(self) -> None:
        _joined()
        token = _token()

        stored = db.session.scalars(select(MailedToken.token_hash)).all()
        assert token not in stored
        assert all(token not in str(mail) for mail in jobs.mails())

    def test_forgets_what_died(self) -> None:
        _joined()
        with transaction():
            assert mailed_links.forget(before=NOW) == 0
            assert mailed_links.forget(before=NOW + timedelta(days=2)) == 1


def test_a_foreign_number_is_refused() -> None:
    with pytest.raises(phone.PhoneInvalid), transaction():
        people.checked(
            Details(name="홍길동", phone="+1 555 1234", birth_on=None, dong_code=None),
            on=NOW.date(),
        )
