"""Roles come from an administrator, never to oneself, and leave a trail."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.accounts import administrators, people, staffing
from marketplace.accounts.models import Person, Role
from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW
from tests.service.accounts import jobs


def _grant(person: Person, role: Role, *, by: Person, department_id: int | None = None) -> None:
    with transaction():
        staffing.grant(
            person_id=person.id,
            role=role,
            department_id=department_id,
            actor_id=by.id,
            at=NOW,
            ip="203.0.113.7",
        )


def _revoke(person: Person, role: Role, *, by: Person) -> None:
    with transaction():
        staffing.revoke(person_id=person.id, role=role, actor_id=by.id, at=NOW, ip=None)


def _held(person: Person) -> set[Role]:
    return {each.role for each in staffing.list_roles() if each.person_id == person.id}


@pytest.fixture
def boss() -> Person:
    """An administrator."""
    return make.person(name="관리자", roles=[Role.ADMINISTRATOR])


class TestFirstAdministrator:
    def test_is_appointed_once(self) -> None:
        first, second = make.person(), make.person()
        with transaction():
            staffing.appoint_first_administrator(person_id=first.id, at=NOW)

        assert _held(first) == {Role.ADMINISTRATOR}
        with pytest.raises(staffing.AdministratorExists), transaction():
            staffing.appoint_first_administrator(person_id=second.id, at=NOW)


class TestGrant:
    def test_gives_the_role_once_with_a_trail(self, boss: Person) -> None:
        person = make.person()
        _grant(person, Role.OPERATOR, by=boss)
        _grant(person, Role.OPERATOR, by=boss)

        events = db.session.scalars(select(AuditEvent)).all()
        assert [(e.action, e.subject_id, e.actor_id, e.details, e.ip) for e in events] == [
            ("role.granted", person.id, boss.id, {"role": "operator"}, "203.0.113.7")
        ]
        assert jobs.kinds() == ["role_granted"]

    @pytest.mark.parametrize("role", [None, Role.OPERATOR, Role.APPROVER])
    def test_is_the_administrators_alone(self, role: Role | None) -> None:
        actor = make.person(roles=[role] if role else [])

        with pytest.raises(staffing.RoleNotYours):
            _grant(make.person(), Role.OPERATOR, by=actor)

    def test_is_never_to_oneself(self, boss: Person) -> None:
        with pytest.raises(staffing.OwnRole):
            _grant(boss, Role.APPROVER, by=boss)
        with pytest.raises(staffing.OwnRole):
            _revoke(boss, Role.ADMINISTRATOR, by=boss)

    def test_keeps_the_auditor_from_changing_anything(self, boss: Person) -> None:
        auditor, operator = make.person(), make.person()
        _grant(auditor, Role.AUDITOR, by=boss)
        _grant(operator, Role.OPERATOR, by=boss)

        with pytest.raises(staffing.AuditorOnly):
            _grant(auditor, Role.OPERATOR, by=boss)
        with pytest.raises(staffing.AuditorOnly):
            _grant(operator, Role.AUDITOR, by=boss)

    def test_wants_a_department_for_its_buyer(self, boss: Person) -> None:
        buyer, department = make.person(), make.department("복지정책과")
        for department_id in (None, 0):
            with pytest.raises(staffing.DepartmentMissing):
                _grant(buyer, Role.DEPARTMENT_BUYER, by=boss, department_id=department_id)

        _grant(buyer, Role.DEPARTMENT_BUYER, by=boss, department_id=department.id)

        (held,) = [each for each in staffing.list_roles() if each.person_id == buyer.id]
        assert held.department_name == "복지정책과"

    def test_refuses_nobody(self, boss: Person) -> None:
        with pytest.raises(people.PersonNotFound), transaction():
            staffing.grant(
                person_id=0,
                role=Role.OPERATOR,
                department_id=None,
                actor_id=boss.id,
                at=NOW,
                ip=None,
            )


class TestRevoke:
    def test_ends_the_role_and_keeps_its_row(self, boss: Person) -> None:
        person = make.person()
        _grant(person, Role.OPERATOR, by=boss)
        _revoke(person, Role.OPERATOR, by=boss)

        assert _held(person) == set()
        (past,) = [
            each for each in staffing.list_roles(including_past=True) if each.person_id == person.id
        ]
        assert (past.granted_by, past.revoked_by) == (boss.id, boss.id)
        with pytest.raises(staffing.RoleNotHeld):
            _revoke(person, Role.OPERATOR, by=boss)

    def test_leaves_one_administrator(self, boss: Person) -> None:
        other = make.person(roles=[Role.ADMINISTRATOR])
        _revoke(boss, Role.ADMINISTRATOR, by=other)

        with pytest.raises(administrators.LastAdministrator), transaction():
            staffing.resign(person_id=other.id, at=NOW, ip=None)

    def test_is_possible_for_one_who_is_disabled_while_another_stays(self, boss: Person) -> None:
        other = make.person(roles=[Role.ADMINISTRATOR])
        with transaction():
            people.disable(person_id=other.id, actor_id=boss.id, reason="", ip=None)

        _revoke(other, Role.ADMINISTRATOR, by=boss)

        assert _held(other) == set()
