"""Deliver one message: write it down, hand it over, note that it left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy.dialects.postgresql import insert

from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.settings import Operator
from marketplace.notifications import advertising, catalogue, log, preferences, rendering, texting
from marketplace.notifications import facts as message_facts
from marketplace.notifications.message import Facts, NothingToSay
from marketplace.notifications.models import Channel, Notice


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
    _write_notice(key, kind, facts)
    _ask_for_text(key, kind, given, facts)
    may_send = preferences.may_send(kind, person_id=facts.person_id, channel=Channel.MAIL, at=at)
    if facts.address is None or not may_send:
        return None
    message = log.write_down(
        key=key,
        kind=kind,
        channel=Channel.MAIL,
        person_id=facts.person_id,
        address=facts.address,
        given=given,
        subject=rendering.one_line(facts.subject),
    )
    if message is None:
        return None
    mail = _mail(message.id, facts, sender=sender, at=at)
    _fill(mail, kind, facts, public_url=public_url, operator=operator)
    return mail


def _write_notice(key: str, kind: str, facts: Facts) -> None:
    if facts.notice is None or facts.person_id is None:
        return
    db.session.execute(
        insert(Notice)
        .values(
            dedupe_key=key,
            person_id=facts.person_id,
            kind=kind,
            title=rendering.one_line(facts.notice),
            link=facts.link,
        )
        .on_conflict_do_nothing()
    )


def _ask_for_text(key: str, kind: str, given: Mapping[str, object], facts: Facts) -> None:
    # A job of its own: a mail server that is away keeps no text waiting, nor the other way round.
    if catalogue.entry_of(kind).has_text and texting.find_phone(facts) is not None:
        outbox.enqueue("notifications.text", {**given, "kind": kind}, key=texting.key_of(key))


def _mail(message_id: int, facts: Facts, *, sender: str, at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = rendering.one_line(facts.subject)
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
    if catalogue.entry_of(kind).is_advertising and facts.person_id is not None:
        links["opt_out"] = f"{public_url}{advertising.opt_out_path(facts.person_id)}"
        mail["List-Unsubscribe"] = f"<{links['opt_out']}>"
    text = rendering.text(kind, {**facts.values, **links, "operator": operator})
    mail.set_content(text)
    mail.add_alternative(rendering.html(facts.subject, text), subtype="html")
