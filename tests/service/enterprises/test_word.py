"""What people are told of applications, accounts, standing and designations."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.core.settings import Operator
from marketplace.enterprises import (
    approval,
    bank_accounts,
    designation_desk,
    invitations,
    standing,
)
from marketplace.enterprises.models import (
    Designation,
    DesignationKind,
    Enterprise,
    EnterpriseStatus,
    MemberRole,
)
from marketplace.notifications import facts, rendering
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")


def _messages() -> dict[str, str]:
    """Return the text of every message that waits, by its kind."""
    texts = {}
    for job in db.session.scalars(select(Job).where(Job.kind == "notifications.deliver")):
        kind = str(job.payload["kind"])
        told = facts.load(kind, job.payload)
        if told.address is not None:
            values = {**told.values, "link": told.link, "operator": Operator()}
            texts[kind] = f"{told.address} {told.subject} {rendering.text(kind, values)}"
    return texts


def _upset(enterprise: Enterprise, *, owner_id: int, staff_id: int, at: datetime) -> None:
    """Invite, change the account, remind and suspend."""
    with transaction():
        invitations.invite(
            enterprise_id=enterprise.id,
            email="new@example.com",
            role=MemberRole.STAFF,
            by=owner_id,
            at=at,
            ip=None,
        )
        bank_accounts.change(
            enterprise_id=enterprise.id,
            bank_code="088",
            number="110123456789",
            holder="나대표",
            by=owner_id,
            at=at,
            ip=None,
        )
        designation_desk.remind(at=at)
        standing.change(
            enterprise_id=enterprise.id,
            to=EnterpriseStatus.SUSPENDED,
            reason="서류 확인",
            by=staff_id,
            at=at,
            ip=None,
        )


def test_says_what_happened_and_where_to_go() -> None:
    at = clock.now()
    enterprise, owner, staff = make.enterprise("밀밭나루"), make.person("나대표"), make.person()
    make.member(enterprise, owner)
    soon = make.designation(enterprise, expires_on=day_in_seoul(at) + timedelta(days=6))
    make.designation(
        enterprise, DesignationKind.VILLAGE, expires_on=day_in_seoul(at) - timedelta(days=1)
    )
    approved, returned = make.application(at=at), make.application(at=at)
    declined = make.application(at=at)
    with transaction():
        # A designation that holds without an end would renew the one that ends.
        enterprise_held = next(
            held
            for held in db.session.scalars(select(Designation))
            if held.expires_on is None and held.enterprise_id == enterprise.id
        )
        enterprise_held.revoked_on = day_in_seoul(at)
        db.session.flush()
        approval.approve(application_id=approved.id, by=staff.id, at=at, ip=None)
        approval.ask_for_revision(
            application_id=returned.id, answer="통장을 다시", by=staff.id, at=at
        )
        approval.decline(application_id=declined.id, answer="대상이 아님", by=staff.id, at=at)
    _upset(enterprise, owner_id=owner.id, staff_id=staff.id, at=at)

    texts = _messages()

    assert set(texts) == {
        "application_approved",
        "application_declined",
        "application_revision",
        "bank_account_changed",
        "designation_expiring",
        "designation_lapsed",
        "enterprise_invitation",
        "enterprise_standing",
    }
    assert "통장을 다시" in texts["application_revision"]
    assert texts["enterprise_invitation"].startswith("new@example.com 밀밭나루")
    assert "/invitations/" in texts["enterprise_invitation"]
    assert "끝자리 6789" in texts["bank_account_changed"]
    assert "110123456789" not in texts["bank_account_changed"]
    assert "6일 남았습니다" in texts["designation_expiring"]
    assert soon.number in texts["designation_expiring"]
    assert "서류 확인" in texts["enterprise_standing"]
