"""Two of the office approve at once, two owners leave at once, two take one link up at once."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from marketplace.core.db import db, transaction
from marketplace.enterprises import applications, approval, invitations, members
from marketplace.enterprises.models import BankAccount, Enterprise, Member, MemberRole
from tests import make
from tests.concurrent.crowd import done, of_type, rush
from tests.make import NOW


def _count(model: type[BankAccount | Enterprise | Member]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_one_application_becomes_one_enterprise(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        made = make.application()
        application_id, staff = made.id, [make.person().id for _ in range(8)]

    answers = rush(
        crowded_app,
        [
            lambda by=by: approval.approve(  # type: ignore[misc]
                application_id=application_id, by=by, at=NOW, ip=None
            )
            for by in staff
        ],
    )

    assert len(done(answers)) == 1
    assert len(of_type(answers, approval.NotWaiting)) == 7
    with crowded_app.app_context():
        assert (_count(Enterprise), _count(Member), _count(BankAccount)) == (1, 1, 1)


def test_namesakes_get_no_enterprise_each(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        ids = [make.application(name="쌍둥이 가게").id for _ in range(4)]
        by = make.person().id

    answers = rush(
        crowded_app,
        [
            lambda one=one: approval.approve(  # type: ignore[misc]
                application_id=one, by=by, at=NOW, ip=None
            )
            for one in ids
        ],
    )

    assert len(done(answers)) == 1
    assert len(of_type(answers, approval.NameTaken)) == 3


def test_one_number_is_handed_in_once(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        number = make.valid_business_number()
        drafts = [make.application(submitted=False, business_number=number) for _ in range(6)]
        own = [(one.id, one.person_id) for one in drafts]

    answers = rush(
        crowded_app,
        [
            lambda one=one, person=person: applications.submit(  # type: ignore[misc]
                application_id=one, person_id=person, at=NOW, ip=None
            )
            for one, person in own
        ],
    )

    assert len(done(answers)) == 1
    assert len(of_type(answers, applications.AlreadyApplied)) == 5


def test_two_owners_do_not_both_step_down(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        enterprise = make.enterprise()
        people = [make.person().id for _ in range(2)]
        for person_id in people:
            with transaction():
                members.admit(
                    enterprise_id=enterprise.id,
                    person_id=person_id,
                    role=MemberRole.OWNER,
                    actor_id=None,
                    ip=None,
                )
        enterprise_id = enterprise.id

    answers = rush(
        crowded_app,
        [
            lambda person=person: members.change_role(  # type: ignore[misc]
                enterprise_id=enterprise_id,
                person_id=person,
                role=MemberRole.STAFF,
                actor_id=person,
                ip=None,
            )
            for person in people
        ],
    )

    assert len(of_type(answers, members.LastOwner)) == 1


def test_an_invitation_is_taken_up_once(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        enterprise, person = make.enterprise(), make.person(email="new@example.com")
        with transaction():
            invitation_id = invitations.invite(
                enterprise_id=enterprise.id,
                email="new@example.com",
                role=MemberRole.STAFF,
                by=person.id,
                at=NOW,
                ip=None,
            )
        token, person_id = invitations.link_token(invitation_id), person.id

    answers = rush(
        crowded_app,
        [lambda: invitations.accept(token, person_id=person_id, at=NOW, ip=None)] * 8,
    )

    assert len(done(answers)) == 1
    assert len(of_type(answers, invitations.InvitationDead)) == 7
