"""People are asked by mail to work for an enterprise; the link works once, for that address."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Sequence, select, update

from marketplace.accounts import emails
from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.core import masking, outbox, sealing
from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotAllowed, NotFound
from marketplace.enterprises import members
from marketplace.enterprises.application_models import Invitation
from marketplace.enterprises.models import Enterprise, EnterpriseStatus, Member, MemberRole

LIFETIME: Final = timedelta(days=7)
MOST_OPEN: Final = 20
_IDS: Final = Sequence("invitation_id_seq")


class InvitationDead(NotFound):
    """It was used, revoked, is too old, or never was."""

    message = "쓸 수 없는 초대입니다. 이미 쓰였거나 거두어졌거나 7일이 지났습니다."


class ForAnotherAddress(NotAllowed):
    """The link alone admits nobody: it is for one address."""

    message = "이 초대는 {address} 계정으로 로그인해야 받을 수 있습니다."


class InvitationMissing(NotFound):
    """There is no such open invitation of this enterprise."""

    message = "열린 초대가 없습니다."


class AlreadyMember(Conflict):
    """They work there already."""

    message = "이미 이 가게의 구성원입니다. 역할은 아래 목록에서 바꿀 수 있습니다."
    field = "email"


class TooManyInvitations(Conflict):
    """Mail to strangers is limited."""

    message = "열린 초대가 너무 많습니다. 쓰지 않을 초대를 먼저 거두어 주세요."


@dataclass(frozen=True)
class OpenInvitation:
    """One invitation nobody has taken up yet."""

    id: int
    email: str
    role: MemberRole
    invited_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Invited:
    """What an invitation says to whoever opens it."""

    enterprise_id: int
    enterprise_name: str
    email: str
    role: MemberRole
    expires_at: datetime


def invite(
    *, enterprise_id: int, email: str, role: MemberRole, by: int, at: datetime, ip: str | None
) -> int:
    """
    Ask somebody by mail; an open invitation of the same address is replaced by this one.

    :raises EmailInvalid, AlreadyMember, TooManyInvitations:
    """
    address = emails.clean(email)
    db.session.get(Enterprise, enterprise_id, with_for_update=True)
    if _works_there(enterprise_id, emails.key(address)):
        raise AlreadyMember
    for former in _standing(enterprise_id):
        if emails.key(former.email) == emails.key(address):
            former.revoked_at = at
    db.session.flush()
    if len(_standing(enterprise_id)) >= MOST_OPEN:
        raise TooManyInvitations
    invitation_id: int | None = db.session.scalar(_IDS.next_value())
    if invitation_id is None:
        raise AssertionError("a sequence always has a next value")
    db.session.add(
        Invitation(
            id=invitation_id,
            enterprise_id=enterprise_id,
            email=address,
            role=role,
            token_digest=_hash(_candidates(invitation_id)[0]),
            invited_by=by,
            invited_at=at,
            expires_at=at + LIFETIME,
        )
    )
    db.session.flush()
    _record("member.invited", enterprise_id, by, ip, invitation_id=invitation_id, role=role.value)
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "enterprise_invitation", "invitation_id": invitation_id},
        key=f"enterprise_invitation:{invitation_id}",
    )
    return invitation_id


def list_open(enterprise_id: int) -> list[OpenInvitation]:
    """List invitations that wait to be taken up, those too old included."""
    return [
        OpenInvitation(
            id=row.id,
            email=row.email,
            role=row.role,
            invited_at=row.invited_at,
            expires_at=row.expires_at,
        )
        for row in _standing(enterprise_id)
    ]


def revoke(
    *, enterprise_id: int, invitation_id: int, by: int, at: datetime, ip: str | None
) -> None:
    """
    Take an invitation back.

    :raises InvitationMissing:
    """
    revoked = db.session.scalar(
        update(Invitation)
        .where(
            Invitation.id == invitation_id,
            Invitation.enterprise_id == enterprise_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=at)
        .returning(Invitation.id)
    )
    if revoked is None:
        raise InvitationMissing
    _record("invitation.revoked", enterprise_id, by, ip, invitation_id=invitation_id)


def link_token(invitation_id: int) -> str:
    """
    Return the token of an invitation for the mail that carries it, which alone may know it.

    :raises InvitationDead: it is gone, or the SECRET_KEY it was made with is.
    """
    row = db.session.get(Invitation, invitation_id)
    if row is None:
        raise InvitationDead
    for token in _candidates(row.id):
        if hmac.compare_digest(_hash(token), row.token_digest):
            return token
    raise InvitationDead


def get_alive(token: str, *, at: datetime) -> Invited:
    """
    Return what an invitation says.

    :raises InvitationDead:
    """
    row = db.session.execute(
        select(Invitation, Enterprise)
        .join(Enterprise, Enterprise.id == Invitation.enterprise_id)
        .where(
            Invitation.token_digest == _hash(token),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > at,
            Enterprise.status != EnterpriseStatus.CLOSED,
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise InvitationDead
    invitation, enterprise = row
    return Invited(
        enterprise_id=enterprise.id,
        enterprise_name=enterprise.name,
        email=invitation.email,
        role=invitation.role,
        expires_at=invitation.expires_at,
    )


def accept(token: str, *, person_id: int, at: datetime, ip: str | None) -> Invited:
    """
    Take an invitation up: once, by the person with the address it was sent to.

    :raises InvitationDead, ForAnotherAddress:
    """
    invited = get_alive(token, at=at)
    person = db.session.get_one(Person, person_id)
    if person.email_key != emails.key(invited.email) or person.email_confirmed_at is None:
        raise ForAnotherAddress(address=masking.email(invited.email))
    used = db.session.scalar(
        update(Invitation)
        .where(
            Invitation.token_digest == _hash(token),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > at,
        )
        .values(accepted_at=at)
        .returning(Invitation.id)
    )
    if used is None:
        raise InvitationDead
    members.admit(
        enterprise_id=invited.enterprise_id,
        person_id=person_id,
        role=invited.role,
        actor_id=person_id,
        ip=ip,
    )
    return invited


def _standing(enterprise_id: int) -> list[Invitation]:
    return list(
        db.session.scalars(
            select(Invitation)
            .where(
                Invitation.enterprise_id == enterprise_id,
                Invitation.accepted_at.is_(None),
                Invitation.revoked_at.is_(None),
            )
            .order_by(Invitation.id)
            .execution_options(populate_existing=True)
        )
    )


def _works_there(enterprise_id: int, email_key: str) -> bool:
    return (
        db.session.scalar(
            select(Member.id)
            .join(Person, Person.id == Member.person_id)
            .where(
                Member.enterprise_id == enterprise_id,
                Member.revoked_at.is_(None),
                Person.email_key == email_key,
            )
        )
        is not None
    )


def _candidates(invitation_id: int) -> list[str]:
    return sealing.digests(str(invitation_id), purpose="enterprise-invitation")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(action: str, enterprise_id: int, by: int, ip: str | None, **details: object) -> None:
    trail.record(
        action,
        subject_kind="enterprise",
        subject_id=enterprise_id,
        actor_id=by,
        details=details,
        ip=ip,
    )
