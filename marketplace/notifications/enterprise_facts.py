"""Messages about applications, enterprises, their members and designations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from marketplace.accounts.models import Person
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.enterprises import bank_accounts, designation_desk, invitations, members
from marketplace.enterprises.application_models import Application, Invitation
from marketplace.enterprises.models import Designation, Enterprise, EnterpriseStatus
from marketplace.enterprises.status import ENTERPRISE_NAMES
from marketplace.notifications.message import Facts, Loader, NothingToSay, id_of


def _submitted(given: Mapping[str, object]) -> Facts:
    application = db.session.get_one(Application, id_of(given, "application_id"))
    subject = f"{application.name} 입점 신청서가 들어왔습니다"
    return Facts(
        person_id=id_of(given, "person_id"),
        address=None,
        subject=subject,
        link=f"/office/applications/{application.id}",
        notice=subject,
    )


def _answered(words: str, link: str) -> Loader:
    def load_answer(given: Mapping[str, object]) -> Facts:
        person = db.session.get_one(Person, id_of(given, "person_id"))
        application = db.session.get_one(Application, id_of(given, "application_id"))
        subject = f"{application.name} {words}"
        return Facts(
            person_id=person.id,
            address=person.email,
            subject=subject,
            link=link.format(id=application.id),
            notice=subject,
            values={
                "name": person.name,
                "enterprise": application.name,
                "answer": application.answer or "",
            },
        )

    return load_answer


def _invitation(given: Mapping[str, object]) -> Facts:
    invitation = db.session.get(Invitation, id_of(given, "invitation_id"))
    if invitation is None or invitation.revoked_at is not None:
        raise NothingToSay
    enterprise = db.session.get_one(Enterprise, invitation.enterprise_id)
    inviter = db.session.get_one(Person, invitation.invited_by)
    return Facts(
        person_id=None,
        address=invitation.email,
        subject=f"{enterprise.name}에서 함께 일하자고 초대했습니다",
        link=f"/invitations/{invitations.link_token(invitation.id)}",
        values={
            "inviter": inviter.name,
            "enterprise": enterprise.name,
            "role": members.ROLE_NAMES[invitation.role],
            "expires_at": invitation.expires_at,
        },
    )


def _account_changed(given: Mapping[str, object]) -> Facts:
    person = db.session.get_one(Person, id_of(given, "person_id"))
    enterprise = db.session.get_one(Enterprise, id_of(given, "enterprise_id"))
    account = bank_accounts.find_current(enterprise.id)
    if account is None:
        raise NothingToSay
    subject = f"{enterprise.name}의 정산 받을 계좌가 바뀌었습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link=_desk(enterprise.id, person.id, "/seller/profile"),
        notice=subject,
        values={
            "name": person.name,
            "enterprise": enterprise.name,
            "at": datetime.fromisoformat(str(given["at"])),
            "bank": account.bank_name,
            "last4": account.last4,
        },
    )


def _standing(given: Mapping[str, object]) -> Facts:
    person = db.session.get_one(Person, id_of(given, "person_id"))
    enterprise = db.session.get_one(Enterprise, id_of(given, "enterprise_id"))
    standing = ENTERPRISE_NAMES[EnterpriseStatus(str(given["to"]))]
    subject = f"{enterprise.name} 상태: {standing}"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/my",
        notice=subject,
        values={
            "name": person.name,
            "enterprise": enterprise.name,
            "standing": standing,
            "reason": str(given["reason"]),
        },
    )


def _designation(given: Mapping[str, object]) -> Facts:
    person = db.session.get_one(Person, id_of(given, "person_id"))
    designation = db.session.get(Designation, id_of(given, "designation_id"))
    if designation is None or designation.expires_on is None or designation.revoked_on is not None:
        raise NothingToSay
    enterprise = db.session.get_one(Enterprise, designation.enterprise_id)
    title = designation_desk.title_of(designation)
    left = (designation.expires_on - day_in_seoul(clock.now())).days
    what = f"{left}일 뒤 끝납니다" if left > 0 else "끝났습니다"
    subject = f"{enterprise.name} {title} 지정이 {what}"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link=_desk(enterprise.id, person.id, f"/enterprises/{enterprise.slug}"),
        notice=subject,
        values={
            "name": person.name,
            "enterprise": enterprise.name,
            "title": title,
            "expires_on": f"{designation.expires_on:%Y.%m.%d.}",
            "left": max(0, left),
        },
    )


def _desk(enterprise_id: int, person_id: int, own: str) -> str:
    """Return where somebody looks after it: members on their own page, others in the office."""
    works_there = any(
        each.person_id == person_id for each in members.list_colleagues(enterprise_id)
    )
    return own if works_there else f"/office/enterprises/{enterprise_id}"


LOADERS: Final[Mapping[str, Loader]] = {
    "application_submitted": _submitted,
    "application_revision": _answered("신청서에 보완이 필요합니다", "/apply/{id}"),
    "application_approved": _answered("입점이 승인되었습니다", "/seller"),
    "application_declined": _answered("입점 신청 결과를 알려 드립니다", "/apply/{id}"),
    "enterprise_invitation": _invitation,
    "bank_account_changed": _account_changed,
    "enterprise_standing": _standing,
    "designation_expiring": _designation,
    "designation_lapsed": _designation,
}
