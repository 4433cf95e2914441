"""Notification tasks: intent committed, message handed over, result committed."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.notifications import delivery, desk, log, texting, texts, transport
from marketplace.notifications.texts import TextProvider
from marketplace.notifications.transport import Transport
from workers.app import job, settings


@job("notifications.deliver", phased=True, keyed=True)
def deliver(*, key: str, kind: str, **given: object) -> None:
    """Deliver one notification; while the mail server is away the job is tried again."""
    send_mail(transport.transport_of(settings), key=key, kind=kind, given=given)


@job("notifications.text", phased=True, keyed=True)
def text(*, key: str, kind: str, **given: object) -> None:
    """Deliver one text; while nobody knows whether it left, the same reference is asked again."""
    send_text(texts.provider_of(settings), key=key, kind=kind, given=given)


@job("notifications.resend", phased=True)
def resend(*, message_id: int) -> None:
    """Deliver a failed message once more, under the key it always had."""
    with transaction():
        failed = desk.find_failed(message_id)
    if failed is None:
        return
    if failed.is_text:
        provider = texts.provider_of(settings)
        send_text(provider, key=failed.key, kind=failed.kind, given=failed.given)
    else:
        way = transport.transport_of(settings)
        send_mail(way, key=failed.key, kind=failed.kind, given=failed.given)


def send_mail(way: Transport, *, key: str, kind: str, given: Mapping[str, object]) -> None:
    """
    Send one mail in three steps.

    :raises Unreachable: when the server does not take it now.
    """
    with transaction():
        mail = delivery.prepare(
            key=key,
            kind=kind,
            given=given,
            sender=settings.mail_sender,
            public_url=settings.public_url,
            operator=settings.operator,
            at=clock.now(),
        )
    if mail is None:
        return
    try:
        way.send(mail)
    except transport.Unreachable as error:
        _note_failed(key, error)
        raise
    _note_sent(key)


def send_text(provider: TextProvider, *, key: str, kind: str, given: Mapping[str, object]) -> None:
    """
    Send one text in three steps; what 알림톡 refuses for good leaves as a text message.

    :raises Unreachable: when nobody knows whether it left.
    """
    ready = _written_down(key, kind, given)
    if ready is None:
        return
    try:
        provider_ref = _hand_over(provider, ready, key=key)
    except texts.Refused as error:
        if _falls_back(key, error):
            send_text(provider, key=key, kind=kind, given=given)
    else:
        _note_sent(key, provider_ref)


def _hand_over(provider: TextProvider, ready: texting.Text, *, key: str) -> str:
    try:
        return provider.send(
            reference=ready.reference, channel=ready.channel, phone=ready.phone, body=ready.body
        )
    except texts.Unreachable as error:
        _note_failed(key, error)
        raise


def _written_down(key: str, kind: str, given: Mapping[str, object]) -> texting.Text | None:
    with transaction():
        return texting.prepare(
            key=key,
            kind=kind,
            given=given,
            public_url=settings.public_url,
            operator=settings.operator,
            at=clock.now(),
        )


def _falls_back(key: str, error: Exception) -> bool:
    with transaction():
        return texting.fall_back(key=key, failure=str(error))


def _note_failed(key: str, error: Exception) -> None:
    with transaction():
        log.note_failed(key=key, failure=str(error))


def _note_sent(key: str, provider_ref: str | None = None) -> None:
    with transaction():
        log.note_sent(key=key, at=clock.now(), provider_ref=provider_ref)
