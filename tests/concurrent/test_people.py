"""One person, one link, one code, however many hands reach for it at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from threading import Barrier

import pyotp
from flask import Flask
from sqlalchemy import func, select

from marketplace.accounts import (
    addresses,
    administrators,
    mailed_links,
    people,
    second_factor,
    sign_in,
    sign_up,
    staffing,
)
from marketplace.accounts.consents import REQUIRED
from marketplace.accounts.models import Address, MailedToken, Person, Role, RoleGrant, SignIn
from marketplace.accounts.people import Details
from marketplace.core.db import db, transaction
from marketplace.core.errors import DomainError
from tests import make
from tests.make import NOW
from tests.service.accounts import jobs

HANDS = 8
# The same person each time (C9).
SPELLINGS = (
    ("hong@example.com", "010-1234-5678"),
    ("HONG@example.com", "+82 10 1234 5678"),
    ("hong+a@example.com", "01012345678"),
    (" hong@example.com ", "\uff10\uff11\uff10-1234-5678"),
    ("ho\u200bng@example.com", "010\u200b12345678"),
)


def _at_once(app: Flask, works: Sequence[Callable[[], object]]) -> list[object]:
    """Do all works at the same moment, each in a transaction of its own."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        with app.app_context():
            start.wait()
            try:
                with transaction():
                    return work()
            except DomainError as error:
                return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def _application(email: str, phone: str) -> sign_up.Application:
    return sign_up.Application(
        email=email,
        password="나루터에 배가 세 척",  # noqa: S106
        details=Details(name="홍길동", phone=phone, birth_on=date(1990, 5, 5), dong_code=None),
        consents=REQUIRED,
    )


def test_forty_forms_of_one_person_make_one_member(live_app: Flask) -> None:
    forms = [_application(*spelling) for spelling in SPELLINGS * 8]

    for first in range(0, len(forms), HANDS):
        _at_once(
            live_app,
            [
                partial(sign_up.sign_up, form, at=NOW, ip=None)
                for form in forms[first : first + HANDS]
            ],
        )

    assert len(forms) == 40
    with live_app.app_context():
        assert [p.phone for p in db.session.scalars(select(Person))] == ["01012345678"]
        assert db.session.scalar(select(func.count()).select_from(MailedToken)) == 1


def test_one_link_opens_once(live_app: Flask) -> None:
    with live_app.app_context():
        make.person(email="hong@example.com")
        with transaction():
            sign_in.ask_for_reset(email="hong@example.com")
        jobs.mail_links(at=NOW)
        token = mailed_links.link_token(db.session.scalars(select(MailedToken.id)).one())

    answers = _at_once(
        live_app,
        [
            lambda: sign_in.reset(
                token=token,
                password="강 건너 느티나무 한 그루",  # noqa: S106
                at=NOW,
                ip=None,
            )
        ]
        * HANDS,
    )

    assert answers.count(None) == 1
    assert sum(isinstance(answer, mailed_links.LinkDead) for answer in answers) == HANDS - 1


def test_one_code_and_one_recovery_code_open_once_each(live_app: Flask) -> None:
    with live_app.app_context():
        person_id = make.person().id
        with transaction():
            second_factor.begin(person_id=person_id)
        enrolment = second_factor.find_enrolment(person_id)
        assert enrolment is not None
        totp = pyotp.TOTP(enrolment.key)
        with transaction():
            codes = second_factor.confirm(person_id=person_id, code=totp.at(NOW), at=NOW, ip=None)
    later = NOW + timedelta(seconds=30)

    for code in (totp.at(later), codes[0]):
        answers = _at_once(
            live_app,
            [partial(second_factor.verify, person_id=person_id, code=code, at=later)] * HANDS,
        )
        assert answers.count(None) == 1
        assert sum(isinstance(each, second_factor.CodeWrong) for each in answers) == HANDS - 1


def test_a_book_written_by_many_has_one_default(live_app: Flask) -> None:
    with live_app.app_context():
        person_id = make.person().id
    written = addresses.Written(
        label="집",
        recipient_name="홍길동",
        recipient_phone="010-1234-5678",
        zip_code="05000",
        road_address="자양로 117",
        address_detail="",
    )

    _at_once(
        live_app,
        [lambda: addresses.add(person_id=person_id, written=written, is_default=True)] * HANDS,
    )

    with live_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Address)) == HANDS
        defaults = select(func.count()).where(Address.is_default)
        assert db.session.scalar(defaults) == 1


def test_no_more_browsers_than_allowed_stay_signed_in(live_app: Flask) -> None:
    with live_app.app_context():
        person_id = make.person().id

    _at_once(live_app, [lambda: sign_in.start(person_id=person_id, at=NOW)] * HANDS)

    with live_app.app_context():
        standing = select(func.count()).where(SignIn.ended_at.is_(None))
        assert db.session.scalar(standing) == sign_in.BROWSERS


def test_the_last_administrator_stays_when_all_leave_at_once(live_app: Flask) -> None:
    with live_app.app_context():
        leaving = [make.person(roles=[Role.ADMINISTRATOR]).id for _ in range(HANDS)]

    answers = _at_once(
        live_app,
        [partial(staffing.resign, person_id=each, at=NOW, ip=None) for each in leaving],
    )

    assert sum(isinstance(answer, administrators.LastAdministrator) for answer in answers) == 1
    with live_app.app_context():
        standing = select(func.count()).where(RoleGrant.revoked_at.is_(None))
        assert db.session.scalar(standing) == 1


def test_the_last_administrator_stays_when_all_are_disabled_at_once(live_app: Flask) -> None:
    with live_app.app_context():
        disabled = [make.person(roles=[Role.ADMINISTRATOR]).id for _ in range(HANDS)]
        boss = make.person().id

    answers = _at_once(
        live_app,
        [
            partial(people.disable, person_id=each, actor_id=boss, reason="", ip=None)
            for each in disabled
        ],
    )

    assert sum(isinstance(each, administrators.LastAdministrator) for each in answers) == 1
    with live_app.app_context():
        assert len(administrators.list_active()) == 1
