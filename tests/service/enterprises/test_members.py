"""Members come and go, and an enterprise that sells keeps an owner."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from marketplace.enterprises import members
from marketplace.enterprises.models import Enterprise, EnterpriseStatus, MemberRole
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _admit(enterprise: Enterprise, person_id: int, role: MemberRole) -> None:
    with transaction():
        members.admit(
            enterprise_id=enterprise.id, person_id=person_id, role=role, actor_id=None, ip=None
        )


def _dismiss(enterprise: Enterprise, person_id: int) -> None:
    with transaction():
        members.dismiss(
            enterprise_id=enterprise.id, person_id=person_id, actor_id=None, at=NOW, ip=None
        )


class TestMembers:
    def test_are_listed_with_their_enterprise(self) -> None:
        enterprise, person = make.enterprise(), make.person()
        _admit(enterprise, person.id, MemberRole.STAFF)

        (found,) = members.list_memberships(person.id)
        assert (found.enterprise_id, found.role) == (enterprise.id, MemberRole.STAFF)
        assert found.enterprise_slug == enterprise.slug

    def test_are_admitted_once(self) -> None:
        enterprise, person = make.enterprise(), make.person()
        _admit(enterprise, person.id, MemberRole.STAFF)
        _admit(enterprise, person.id, MemberRole.OWNER)

        assert [each.role for each in members.list_memberships(person.id)] == [MemberRole.STAFF]
        assert db.session.scalars(select(AuditEvent.action)).all() == ["member.admitted"]

    def test_are_none_of_a_closed_enterprise(self) -> None:
        enterprise, person = make.enterprise(), make.person()
        _admit(enterprise, person.id, MemberRole.OWNER)
        with transaction():
            enterprise.status = EnterpriseStatus.CLOSED
            db.session.add(enterprise)

        assert members.list_memberships(person.id) == []
        _dismiss(enterprise, person.id)

    def test_keep_one_owner(self) -> None:
        enterprise, first, second = make.enterprise(), make.person(), make.person()
        _admit(enterprise, first.id, MemberRole.OWNER)
        with pytest.raises(members.LastOwner, match=enterprise.name):
            _dismiss(enterprise, first.id)

        _admit(enterprise, second.id, MemberRole.OWNER)
        _dismiss(enterprise, first.id)
        assert members.list_memberships(first.id) == []

    def test_cannot_leave_twice(self) -> None:
        enterprise, person = make.enterprise(), make.person()
        _admit(enterprise, person.id, MemberRole.CASHIER)
        _dismiss(enterprise, person.id)

        with pytest.raises(members.NotMember):
            _dismiss(enterprise, person.id)

    def test_leave_all_ends_every_membership_or_none(self) -> None:
        one, two, person = make.enterprise(), make.enterprise(), make.person()
        _admit(one, person.id, MemberRole.CASHIER)
        _admit(two, person.id, MemberRole.OWNER)
        with pytest.raises(members.LastOwner), transaction():
            members.leave_all(person_id=person.id, at=NOW, ip=None)
        assert len(members.list_memberships(person.id)) == 2

        _admit(two, make.person().id, MemberRole.OWNER)
        with transaction():
            members.leave_all(person_id=person.id, at=NOW, ip=None)
        assert members.list_memberships(person.id) == []
