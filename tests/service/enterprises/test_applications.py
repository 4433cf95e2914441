"""An application from its first draft to an enterprise that sells."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from marketplace.accounts.models import Role
from marketplace.audit.models import AuditEvent
from marketplace.core import sealing
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.enterprises import (
    application_desk,
    applications,
    approval,
    bank_accounts,
    members,
)
from marketplace.enterprises.application_facts import Claimed
from marketplace.enterprises.application_models import (
    Application,
    ApplicationStatus,
    RequirementKind,
)
from marketplace.enterprises.checklist import FulfilmentState, NothingGiven
from marketplace.enterprises.models import (
    BankAccount,
    Designation,
    Enterprise,
    EnterpriseStatus,
    MemberRole,
)
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _judge(application: Application, requirement_id: int, state: str, *, by: int) -> None:
    with transaction():
        approval.judge_point(
            application_id=application.id,
            requirement_id=requirement_id,
            state=FulfilmentState(state),
            note="까닭",
            by=by,
            at=NOW,
        )


def _approve(application: Application, *, by: int) -> int:
    with transaction():
        return approval.approve(application_id=application.id, by=by, at=NOW, ip=None)


class TestDraft:
    def test_keeps_what_is_not_complete(self) -> None:
        person = make.person()
        with transaction():
            application_id = applications.start(
                person_id=person.id,
                stated=make.stated(phone="모름", zip_code="", bank_code="", account_number=""),
                at=NOW,
            )

        view = application_desk.get_own(application_id, person_id=person.id, at=NOW)
        assert view.phone == "모름"
        assert {"phone", "zip_code", "bank_code", "account_number", "d0-document"} == {
            problem.field for problem in view.problems
        }

    def test_seals_the_account_number(self) -> None:
        made = make.application(submitted=False)

        assert made.account_last4 == "6789"
        assert b"456789" not in made.account_sealed
        assert sealing.unseal(made.account_sealed, purpose="bank-account") == "110123456789"

    def test_is_nobody_elses(self) -> None:
        made = make.application(submitted=False)

        with pytest.raises(applications.ApplicationMissing):
            application_desk.get_own(made.id, person_id=make.person().id, at=NOW)
        with pytest.raises(applications.ApplicationMissing):
            application_desk.get_handed_in(made.id, at=NOW)

    def test_keeps_evidence_while_a_number_is_corrected(self) -> None:
        made = make.application(submitted=False)
        corrected = make.stated(
            business_number=made.business_number,
            designations=(Claimed(kind="social", number="제2026-002호"),),
        )
        with transaction():
            applications.save(application_id=made.id, person_id=made.person_id, stated=corrected)

        (row,) = made.designations
        assert row["document_id"] is not None

    def test_takes_no_evidence_from_elsewhere(self) -> None:
        made = make.application(submitted=False)
        foreign = make.document(make.person())
        with transaction():
            applications.save(
                application_id=made.id,
                person_id=made.person_id,
                stated=make.stated(
                    business_number=made.business_number,
                    designations=(
                        Claimed(kind="village", number="새것"),
                        Claimed(kind="social", number="제2026-001호", document_id=foreign),
                    ),
                ),
            )

        assert foreign not in [row["document_id"] for row in made.designations]


class TestSubmit:
    def test_says_everything_that_is_missing(self) -> None:
        make.requirement("지정서 원본", designation_kinds=("village",))
        wanted = make.requirement("통장사본")
        person = make.person()
        with transaction():
            application_id = applications.start(
                person_id=person.id, stated=make.stated(mail_order_number="123"), at=NOW
            )

        with pytest.raises(applications.NotComplete) as refused, transaction():
            applications.submit(application_id=application_id, person_id=person.id, at=NOW, ip=None)

        assert {problem.field for problem in refused.value.problems} == {
            "mail_order_number",
            "d0-document",
            f"requirement-{wanted.id}",
        }

    def test_tells_the_operators_and_locks_the_sheet(self) -> None:
        operator = make.person(roles=[Role.OPERATOR])
        made = make.application()

        (job,) = db.session.scalars(
            select(Job).where(Job.payload["kind"].astext == "application_submitted")
        )
        assert job.payload["person_id"] == operator.id
        with pytest.raises(applications.ApplicationLocked), transaction():
            applications.save(
                application_id=made.id, person_id=made.person_id, stated=make.stated()
            )

    def test_takes_one_of_an_enterprise_at_a_time(self) -> None:
        first = make.application()
        with pytest.raises(applications.AlreadyApplied):
            make.application(business_number=first.business_number)


class TestApprove:
    def test_makes_an_enterprise_with_all_it_needs(self) -> None:
        make.requirement("입점약관", RequirementKind.TERMS)
        paper, look = make.requirement(), make.requirement("현장 확인", RequirementKind.REVIEW)
        made, approver = make.application(), make.person()
        _judge(made, paper.id, "accepted", by=approver.id)
        _judge(made, look.id, "waived", by=approver.id)

        enterprise = db.session.get_one(Enterprise, _approve(made, by=approver.id))

        assert (made.status, made.enterprise_id) == (ApplicationStatus.APPROVED, enterprise.id)
        assert enterprise.status is EnterpriseStatus.ACTIVE
        assert enterprise.slug.startswith("sae-gage")
        (owner,) = members.list_colleagues(enterprise.id)
        assert (owner.person_id, owner.role) == (made.person_id, MemberRole.OWNER)
        assert db.session.scalars(
            select(Designation.number).where(Designation.enterprise_id == enterprise.id)
        ).all() == ["제2026-001호"]
        account = bank_accounts.find_current(enterprise.id)
        assert account is not None
        assert (account.bank_name, account.last4) == ("신한은행", "6789")

    def test_waits_for_every_mandatory_point(self) -> None:
        make.requirement("사업자등록증")
        made = make.application()

        with pytest.raises(approval.ChecklistOpen, match="사업자등록증"):
            _approve(made, by=make.person().id)

    def test_is_not_for_the_one_who_applied(self) -> None:
        made = make.application()

        with pytest.raises(approval.OwnApplication):
            _approve(made, by=made.person_id)

    def test_happens_once(self) -> None:
        made, approver = make.application(), make.person()
        _approve(made, by=approver.id)

        with pytest.raises(approval.NotWaiting):
            _approve(made, by=approver.id)

    def test_takes_over_what_the_registry_has_without_members(self) -> None:
        listed = make.enterprise("등록부 가게", status=EnterpriseStatus.APPLIED)
        number = make.valid_business_number()
        with transaction():
            listed.business_number = number
        made = make.application(business_number=number)

        assert _approve(made, by=make.person().id) == listed.id
        assert listed.status is EnterpriseStatus.ACTIVE

    def test_refuses_a_number_somebody_sells_under(self) -> None:
        selling = make.enterprise()
        number = make.valid_business_number()
        with transaction():
            selling.business_number = number

        with pytest.raises(approval.AlreadyRegistered):
            _approve(make.application(business_number=number), by=make.person().id)
        assert db.session.scalar(select(func.count()).select_from(BankAccount)) == 0


class TestAnswer:
    def test_gives_an_application_back_and_takes_it_again(self) -> None:
        made, operator = make.application(), make.person()
        with transaction():
            approval.ask_for_revision(
                application_id=made.id, answer=" 주소를 고쳐 주세요 ", by=operator.id, at=NOW
            )
        assert (made.status, made.answer) == (ApplicationStatus.REVISION, "주소를 고쳐 주세요")

        with transaction():
            applications.submit(application_id=made.id, person_id=made.person_id, at=NOW, ip=None)
        assert (made.status, made.answer) == (ApplicationStatus.SUBMITTED, None)

    def test_needs_words(self) -> None:
        made = make.application()
        with pytest.raises(approval.AnswerMissing), transaction():
            approval.decline(application_id=made.id, answer="  ", by=make.person().id, at=NOW)

    def test_accepts_nothing_that_was_not_given(self) -> None:
        optional = make.requirement("추가 서류", is_mandatory=False)
        made = make.application(submitted=False)
        with transaction():
            applications.submit(application_id=made.id, person_id=made.person_id, at=NOW, ip=None)
        _judge(made, optional.id, "accepted", by=make.person().id)
        later = make.requirement("빠진 서류", is_mandatory=False)

        with pytest.raises(NothingGiven):
            _judge(made, later.id, "accepted", by=make.person().id)

    def test_leaves_a_trail(self) -> None:
        made = make.application()
        with transaction():
            approval.decline(
                application_id=made.id, answer="대상이 아닙니다", by=make.person().id, at=NOW
            )

        actions = db.session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject_kind == "application")
        ).all()
        assert actions == ["application.submitted", "application.declined"]
