"""People are asked to work for an enterprise: once, for one address, for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.core.db import db, transaction
from marketplace.enterprises import bank_accounts, invitations, members
from marketplace.enterprises.application_models import Invitation
from marketplace.enterprises.models import BankAccount, Enterprise, EnterpriseStatus, MemberRole
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _invite(enterprise: Enterprise, email: str = "new@example.com") -> str:
    with transaction():
        invitation_id = invitations.invite(
            enterprise_id=enterprise.id,
            email=email,
            role=MemberRole.STAFF,
            by=make.person().id,
            at=NOW,
            ip=None,
        )
    return invitations.link_token(invitation_id)


def _accept(token: str, person_id: int, *, after: timedelta = timedelta()) -> None:
    with transaction():
        invitations.accept(token, person_id=person_id, at=NOW + after, ip=None)


class TestInvitation:
    def test_admits_the_one_it_was_sent_to_once(self) -> None:
        enterprise, invited = make.enterprise(), make.person(email="new@example.com")
        token = _invite(enterprise, "New@Example.com")

        _accept(token, invited.id)

        assert [one.role for one in members.list_memberships(invited.id)] == [MemberRole.STAFF]
        with pytest.raises(invitations.InvitationDead):
            _accept(token, invited.id)

    def test_keeps_no_token(self) -> None:
        token = _invite(make.enterprise())

        row = db.session.scalars(select(Invitation)).one()
        assert token not in row.token_digest

    def test_is_not_for_another_account(self) -> None:
        token = _invite(make.enterprise())

        with pytest.raises(invitations.ForAnotherAddress, match=r"ne\*"):
            _accept(token, make.person(email="other@example.com").id)
        unconfirmed = make.person(email="new@example.com", confirmed=False)
        with pytest.raises(invitations.ForAnotherAddress):
            _accept(token, unconfirmed.id)

    def test_dies_after_a_week_by_revocation_and_with_the_enterprise(self) -> None:
        invited = make.person(email="new@example.com")
        enterprise = make.enterprise()
        old = _invite(enterprise)
        with pytest.raises(invitations.InvitationDead):
            _accept(old, invited.id, after=timedelta(days=7))

        newer = _invite(enterprise)
        with pytest.raises(invitations.InvitationDead):
            _accept(old, invited.id)
        (row,) = invitations.list_open(enterprise.id)
        with pytest.raises(invitations.InvitationMissing), transaction():
            invitations.revoke(
                enterprise_id=make.enterprise().id,
                invitation_id=row.id,
                by=invited.id,
                at=NOW,
                ip=None,
            )
        with transaction():
            invitations.revoke(
                enterprise_id=enterprise.id, invitation_id=row.id, by=invited.id, at=NOW, ip=None
            )
        with pytest.raises(invitations.InvitationDead):
            _accept(newer, invited.id)

        closing = make.enterprise()
        token = _invite(closing)
        with transaction():
            closing.status = EnterpriseStatus.CLOSED
        with pytest.raises(invitations.InvitationDead):
            _accept(token, invited.id)

    def test_is_not_for_those_who_work_there(self) -> None:
        enterprise = make.enterprise()
        make.member(enterprise, make.person(email="new@example.com"))

        with pytest.raises(invitations.AlreadyMember):
            _invite(enterprise)


class TestRoles:
    def test_leave_an_owner(self) -> None:
        enterprise, owner, clerk = make.enterprise(), make.person(), make.person()
        make.member(enterprise, owner)
        make.member(enterprise, clerk, role=MemberRole.STAFF)

        def change(person_id: int, role: MemberRole) -> None:
            with transaction():
                members.change_role(
                    enterprise_id=enterprise.id,
                    person_id=person_id,
                    role=role,
                    actor_id=owner.id,
                    ip=None,
                )

        with pytest.raises(members.LastOwner):
            change(owner.id, MemberRole.STAFF)
        change(clerk.id, MemberRole.OWNER)
        change(owner.id, MemberRole.STAFF)
        assert {one.person_id: one.role for one in members.list_colleagues(enterprise.id)} == {
            clerk.id: MemberRole.OWNER,
            owner.id: MemberRole.STAFF,
        }
        with pytest.raises(members.NotMember):
            change(make.person().id, MemberRole.STAFF)


def test_an_account_is_replaced_and_never_rewritten() -> None:
    enterprise, owner = make.enterprise(), make.person()
    for number in ("110-123-456789", "3333-01-1234567"):
        with transaction():
            bank_accounts.change(
                enterprise_id=enterprise.id,
                bank_code="088",
                number=number,
                holder="박대표",
                by=owner.id,
                at=NOW,
                ip=None,
            )

    first, second = db.session.scalars(select(BankAccount).order_by(BankAccount.id))
    assert (first.replaced_at, second.replaced_at) == (NOW, None)
    assert (first.number_last4, second.number_last4) == ("6789", "4567")
    assert b"3333011234567" not in second.number_sealed
