"""What a person says about themselves changes with a trail of names, not of values."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from marketplace.accounts import administrators, people, queries
from marketplace.accounts.models import Person, PersonStatus, Role
from marketplace.accounts.people import Details
from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW


def _change(person_id: int, **values: object) -> None:
    details = Details(
        **{  # type: ignore[arg-type]
            "name": "홍길동",
            "phone": "01012345678",
            "birth_on": None,
            "dong_code": None,
            **values,
        }
    )
    with transaction():
        people.change_details(person_id=person_id, details=details, on=NOW.date(), ip=None)


class TestChangeDetails:
    def test_keeps_the_new_ones_and_says_which_changed(self) -> None:
        dong = make.dong("1121583000", "자양2동")
        person = make.person(name="홍길동", phone="01012345678")
        _change(person.id, name="  홍  길순 ", phone="+82 10-9999-8888", dong_code=dong.code)

        card = queries.get_person(person.id)
        assert (card.name, card.phone, card.dong_name) == ("홍 길순", "010-9999-8888", "자양2동")
        event = db.session.scalars(select(AuditEvent)).one()
        assert event.details == {"fields": ["dong_code", "name", "phone"]}
        assert "9999" not in str(event.details)

    def test_writes_nothing_when_nothing_changed(self) -> None:
        person = make.person(name="홍길동", phone="01012345678")
        _change(person.id, dong_code=person.dong_code)

        assert db.session.scalars(select(AuditEvent)).all() == []

    @pytest.mark.parametrize(
        ("values", "refusal"),
        [
            ({"name": " "}, people.NameInvalid),
            ({"name": "가" * 41}, people.NameInvalid),
            ({"name": "홍\x00길동"}, people.NameInvalid),
            ({"dong_code": "0000000000"}, people.DongUnknown),
            ({"birth_on": date(2020, 1, 1)}, people.TooYoung),
        ],
    )
    def test_refuses_what_cannot_be(
        self, values: dict[str, object], refusal: type[Exception]
    ) -> None:
        person = make.person()

        with pytest.raises(refusal):
            _change(person.id, **values)


def _disable(person: Person) -> None:
    with transaction():
        people.disable(person_id=person.id, actor_id=person.id, reason="퇴직", ip=None)


class TestDisable:
    def test_ends_the_sessions_and_says_why(self) -> None:
        person = make.person()
        before = person.session_version
        _disable(person)

        assert (person.status, person.session_version) == (PersonStatus.DISABLED, before + 1)
        event = db.session.scalars(select(AuditEvent)).one()
        assert (event.action, event.details) == ("person.disabled", {"reason": "퇴직"})

    def test_leaves_one_administrator_who_can_sign_in(self) -> None:
        one, other = (make.person(roles=[Role.ADMINISTRATOR]) for _ in range(2))
        _disable(one)

        with pytest.raises(administrators.LastAdministrator):
            _disable(other)

        assert administrators.list_active() == [other.id]


def test_the_office_lists_its_dong_and_departments_in_order() -> None:
    earlier, later = make.dong("1121582000", "자양1동"), make.dong("1121583000", "자양2동")
    make.department("홍보담당관")
    make.department("감사담당관")

    codes = [code for code, _ in queries.list_dong()]
    assert codes.index(earlier.code) < codes.index(later.code)
    assert [name for _, name in queries.list_departments()] == ["감사담당관", "홍보담당관"]
