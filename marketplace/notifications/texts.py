"""
How texts leave: 알림톡 and SMS through one port.

A real provider is a class with `send` that hands `reference` over as its idempotency key, so that
the same reference asked twice is one text. It raises `Refused` only for a definite answer and
`Unreachable` whenever it cannot know; `provider_of` returns it for the settings that name it.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.notifications.models import Channel, RecordedText

RECORDED = "recorded-"


class Unreachable(Exception):
    """Nobody knows whether the text left: the same reference must be asked again."""


class Refused(Exception):
    """The provider will never bring this text to this telephone by this channel."""


class TextProvider(Protocol):
    """Takes a finished text."""

    def send(self, *, reference: str, channel: Channel, phone: str, body: str) -> str:
        """
        Hand one text over and return what the provider calls it; one text per reference.

        :raises Refused, Unreachable:
        """


class Recorder:
    """Keeps texts in our own database instead of sending them: the demo, and until a contract."""

    def send(self, *, reference: str, channel: Channel, phone: str, body: str) -> str:
        """
        Record one text, once per reference.

        :raises Refused:
        """
        if channel is Channel.TALK and not phone.startswith("010"):
            raise Refused("no KakaoTalk at this number")
        # It stands in for a network: what it took stays, whatever happens to us afterwards.
        with transaction():
            db.session.execute(
                insert(RecordedText)
                .values(
                    reference=reference,
                    channel=channel,
                    phone=phone,
                    body=body,
                    sent_at=clock.now(),
                )
                .on_conflict_do_nothing()
            )
            number = db.session.scalar(
                select(RecordedText.id).where(RecordedText.reference == reference)
            )
        return f"{RECORDED}{number}"


def provider_of(settings: Settings) -> TextProvider:  # noqa: ARG001
    """Return the provider of the settings: texts are recorded until a real one is named there."""
    return Recorder()
