"""Prepare one text: write it down, say by which channel and under which reference it leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.core.db import db
from marketplace.core.settings import Operator
from marketplace.notifications import catalogue, log, preferences, rendering
from marketplace.notifications import facts as message_facts
from marketplace.notifications.message import Facts, NothingToSay
from marketplace.notifications.models import Channel

# What the outbox and the log call the text beside a mail of the same key.
_SUFFIX: Final = "#text"


@dataclass(frozen=True)
class Text:
    """One text, ready to leave."""

    reference: str
    channel: Channel
    phone: str
    body: str


def key_of(key: str) -> str:
    """Return the key of the text that goes with a message."""
    return f"{key}{_SUFFIX}"


def find_phone(facts: Facts) -> str | None:
    """Return the telephone a message goes to, digits only: its own, else the person's."""
    phone = facts.phone
    if phone is None and facts.person_id is not None:
        phone = db.session.scalar(select(Person.phone).where(Person.id == facts.person_id))
    return re.sub(r"\D", "", phone or "") or None


def prepare(
    *,
    key: str,
    kind: str,
    given: Mapping[str, object],
    public_url: str,
    operator: Operator,
    at: datetime,
) -> Text | None:
    """
    Write a text down once per key; return it while it has yet to leave.

    :raises Unknown:
    """
    try:
        facts = message_facts.load(kind, {"kind": kind, **given})
    except NothingToSay:
        return None
    phone = find_phone(facts)
    may_send = preferences.may_send(kind, person_id=facts.person_id, channel=Channel.TALK, at=at)
    if phone is None or not may_send or not catalogue.entry_of(kind).has_text:
        return None
    message = log.write_down(
        key=key,
        kind=kind,
        channel=Channel.TALK,
        person_id=facts.person_id,
        address=phone,
        given=given,
        subject=rendering.one_line(facts.subject),
    )
    if message is None:
        return None
    links = {"link": f"{public_url}{facts.link}"}
    return Text(
        # One reference per channel: a fallback is another text than what was refused.
        reference=f"senaru-{message.id}-{message.channel}",
        channel=message.channel,
        phone=message.address,
        body=rendering.short_text(
            kind, {"subject": facts.subject, **facts.values, **links, "operator": operator}
        ),
    )


def fall_back(*, key: str, failure: str) -> bool:
    """Let a refused 알림톡 leave as a text message; False when that was the text message."""
    message = log.get(key)
    log.note_failed(key=key, failure=failure)
    if message.channel is Channel.SMS:
        return False
    message.channel = Channel.SMS
    return True
