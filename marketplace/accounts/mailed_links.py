"""Links sent by mail that allow one thing once. The token itself is never stored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Sequence, select, text, update

from marketplace.accounts.models import MailedToken, Person, PersonStatus
from marketplace.accounts.models import TokenPurpose as TokenPurpose
from marketplace.core import outbox, sealing
from marketplace.core.db import db
from marketplace.core.errors import NotFound

LIFETIME: Final[Mapping[TokenPurpose, timedelta]] = {
    TokenPurpose.CONFIRM_EMAIL: timedelta(hours=24),
    TokenPurpose.RESET_PASSWORD: timedelta(minutes=10),
}
_IDS: Final = Sequence("mailed_token_id_seq")


class LinkDead(NotFound):
    """It was used, it is too old, or it never was."""

    message = "이미 쓰였거나 시간이 지난 주소입니다. 메일을 다시 받아 주세요."


def ask(*, person_id: int | None, purpose: TokenPurpose) -> None:
    """
    Leave word to mail a person a link, or nobody.

    For nobody too a job is written: no clock tells strangers whose address is known.
    """
    outbox.enqueue("accounts.mail_link", {"person_id": person_id, "purpose": purpose.value})


def send(*, person_id: int, purpose: TokenPurpose, at: datetime) -> None:
    """Mail a person a link for one purpose; earlier links for it die."""
    db.session.execute(
        update(MailedToken)
        .where(
            MailedToken.person_id == person_id,
            MailedToken.purpose == purpose,
            MailedToken.used_at.is_(None),
        )
        .values(used_at=at)
    )
    token_id = db.session.scalar(_IDS.next_value())
    if token_id is None:
        raise AssertionError("a sequence always has a next value")
    db.session.add(
        MailedToken(
            id=token_id,
            person_id=person_id,
            purpose=purpose,
            token_hash=_hash(_candidates(token_id, purpose)[0]),
            expires_at=at + LIFETIME[purpose],
        )
    )
    db.session.flush()
    outbox.enqueue(
        "notifications.deliver",
        {"kind": purpose.value, "person_id": person_id, "token_id": token_id},
    )


def link_token(token_row_id: int) -> str:
    """
    Return the token of a row for the mail that carries it, which alone may know it.

    :raises LinkDead: there is no such row, or the SECRET_KEY it was made with is gone.
    """
    row = db.session.get(MailedToken, token_row_id)
    if row is None:
        raise LinkDead
    for token in _candidates(row.id, row.purpose):
        if hmac.compare_digest(_hash(token), row.token_hash):
            return token
    raise LinkDead


def is_alive(token: str, *, purpose: TokenPurpose, at: datetime) -> bool:
    """Tell whether a link may still be used."""
    return (
        db.session.scalar(
            select(MailedToken.id).where(
                MailedToken.token_hash == _hash(token),
                MailedToken.purpose == purpose,
                MailedToken.used_at.is_(None),
                MailedToken.expires_at > at,
            )
        )
        is not None
    )


def use(token: str, *, purpose: TokenPurpose, at: datetime) -> Person:
    """
    Use a link up and lock the person it was sent to.

    :raises LinkDead:
    """
    person_id = db.session.scalar(
        update(MailedToken)
        .where(
            MailedToken.token_hash == _hash(token),
            MailedToken.purpose == purpose,
            MailedToken.used_at.is_(None),
            MailedToken.expires_at > at,
        )
        .values(used_at=at)
        .returning(MailedToken.person_id)
    )
    person = db.session.scalars(
        select(Person)
        .where(Person.id == person_id, Person.status == PersonStatus.ACTIVE)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if person is None:
        raise LinkDead
    return person


def forget(*, before: datetime) -> int:
    """Delete links that died before an instant; return how many."""
    gone = db.session.execute(
        text("DELETE FROM mailed_token WHERE expires_at < :before RETURNING id"),
        {"before": before},
    )
    return len(gone.all())


def _candidates(token_id: int, purpose: TokenPurpose) -> list[str]:
    return sealing.digests(f"{purpose.value}:{token_id}", purpose="mailed-link")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
