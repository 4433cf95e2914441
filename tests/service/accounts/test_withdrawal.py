"""Leaving deletes what is known, and frees the address for coming back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, inspect, select

from marketplace.accounts import (
    administrators,
    consents,
    mailed_links,
    people,
    queries,
    secrets,
    sign_in,
    staffing,
    withdrawal,
)
from marketplace.accounts.consents import ConsentKind
from marketplace.accounts.models import (
    Address,
    Consent,
    MailedToken,
    Person,
    RecoveryCode,
    Role,
    SignIn,
)
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW

KEPT = {
    "id",
    "email",
    "email_key",
    "name",
    "status",
    "session_version",
    "created_at",
    "withdrawn_at",
}


def _known() -> Person:
    person = make.person(
        email="hong@example.com", password_hash=secrets.hash_secret("나루터에 배가 세 척")
    )
    person_id = person.id
    make.address(person)
    with transaction():
        people.change_details(
            person_id=person_id,
            details=people.Details(
                name="홍길동",
                phone="010-1234-5678",
                birth_on=date(1990, 5, 5),
                dong_code=make.dong().code,
            ),
            on=NOW.date(),
            ip=None,
        )
        consents.give(person_id=person_id, kinds=[ConsentKind.TERMS], at=NOW, ip=None)
        mailed_links.send(
            person_id=person_id, purpose=mailed_links.TokenPurpose.RESET_PASSWORD, at=NOW
        )
        sign_in.start(person_id=person_id, at=NOW)
    return person


def _leave(person: Person) -> None:
    with transaction():
        withdrawal.withdraw(person_id=person.id, at=NOW, ip=None)


class TestWithdraw:
    def test_leaves_no_personal_data_in_the_row(self) -> None:
        person = _known()
        _leave(person)

        db.session.refresh(person)
        values = {
            column.key: getattr(person, column.key) for column in inspect(Person).column_attrs
        }
        assert {name for name, value in values.items() if value is not None} == KEPT
        assert values["name"] == withdrawal.NAME
        assert "hong" not in values["email"] + values["email_key"]

    def test_deletes_what_hangs_on_the_person(self) -> None:
        person = _known()
        _leave(person)

        for table in (Address, MailedToken, RecoveryCode, SignIn):
            left = db.session.scalar(select(func.count()).where(table.person_id == person.id))
            assert left == 0, table
        standing = select(Consent).where(Consent.withdrawn_at.is_(None))
        assert db.session.scalars(standing).all() == []

    def test_ends_the_membership(self) -> None:
        person = _known()
        _leave(person)

        with pytest.raises(people.PersonNotFound):
            queries.get_person(person.id)
        with pytest.raises(sign_in.WrongCredentials), transaction():
            sign_in.recognise(email="hong@example.com", password="나루터에 배가 세 척", at=NOW)  # noqa: S106
        with pytest.raises(people.PersonNotFound):
            _leave(person)

    def test_frees_the_address(self) -> None:
        _leave(_known())

        assert make.person(email="hong@example.com").id
        assert queries.find_person_by_email("HONG@example.com") is not None

    def test_gives_roles_back(self) -> None:
        boss = make.person(roles=[Role.ADMINISTRATOR])
        staff = make.person(roles=[Role.OPERATOR])
        _leave(staff)

        assert [each.person_id for each in staffing.list_roles()] == [boss.id]
        with pytest.raises(administrators.LastAdministrator):
            _leave(boss)
