"""Deliver one message: write it down, hand it over, note that it left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.settings import Operator
from marketplace.notifications import advertising, rendering
from marketplace.notifications import facts as message_facts
from marketplace.notifications.message import Facts, NothingToSay
from marketplace.notifications.models import Message, MessageState, Notice


def prepare(
    *,
    key: str,
    kind: str,
    given: Mapping[str, object],
    sender: str,
    public_url: str,
    operator: Operator,
    at: datetime,
) -> EmailMessage | None:
    """
    Write a message and its notice down once per key; return the mail that has yet to leave.

    Advertising waits for the morning, and is mailed only to who agreed to it.

    :raises Unknown:
    """
    if advertising.must_wait(kind, at):
        advertising.put_off(key=key, kind=kind, given=given, at=at)
        return None
    try:
        facts = message_facts.load(kind, {"kind": kind, **given})
    except NothingToSay:
        return None
    if facts.notice is not None and facts.person_id is not None:
        db.session.execute(
            insert(Notice)
            .values(
                dedupe_key=key,
                person_id=facts.person_id,
                kind=kind,
                title=facts.notice,
                link=facts.link,
            )
            .on_conflict_do_nothing()
        )
    if facts.address is None or not advertising.may_mail(kind, facts.person_id, at):
        return None
    db.session.execute(
        insert(Message)
        .values(
            dedupe_key=key,
            kind=kind,
            person_id=facts.person_id,
            address=facts.address,
            facts=dict(given),
            subject=facts.subject,
            state=MessageState.WAITING,
        )
        .on_conflict_do_nothing()
    )
    message = db.session.scalars(select(Message).where(Message.dedupe_key == key)).one()
    if message.state == MessageState.SENT:
        return None
    mail = _mail(message.id, facts, sender=sender, at=at)
    _fill(mail, kind, facts, public_url=public_url, operator=operator)
    return mail


def note_sent(*, key: str, at: datetime) -> None:
    """Note that the message of a key has left."""
    message = db.session.scalars(
        select(Message).where(Message.dedupe_key == key).with_for_update()
    ).one()
    message.state = MessageState.SENT
    message.sent_at = at
    message.failure = None


def note_failed(*, key: str, failure: str) -> None:
    """Note why the message of a key could not leave."""
    message = db.session.scalars(
        select(Message).where(Message.dedupe_key == key).with_for_update()
    ).one()
    message.state = MessageState.FAILED
    message.failure = failure


def _mail(message_id: int, facts: Facts, *, sender: str, at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = facts.subject
    mail["From"] = sender
    mail["To"] = facts.address
    mail["Date"] = format_datetime(at)
    # The same message sent twice carries one id, so that a mailbox shows it once.
    mail["Message-ID"] = f"<message-{message_id}@senaru>"
    return mail


def _fill(
    mail: EmailMessage, kind: str, facts: Facts, *, public_url: str, operator: Operator
) -> None:
    links = {"link": f"{public_url}{facts.link}"}
    if kind in advertising.KINDS and facts.person_id is not None:
        links["opt_out"] = f"{public_url}{advertising.opt_out_path(facts.person_id)}"
        mail["List-Unsubscribe"] = f"<{links['opt_out']}>"
    text = rendering.text(kind, {**facts.values, **links, "operator": operator})
    mail.set_content(text)
    mail.add_alternative(rendering.html(facts.subject, text), subtype="html")
