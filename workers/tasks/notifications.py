"""Notification tasks."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.notifications import delivery, transport
from workers.app import job, settings


@job("notifications.deliver", phased=True, keyed=True)
def deliver(*, key: str, kind: str, **given: object) -> None:
    """Deliver one notification; while the mail server is away the job is tried again."""
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
        transport.transport_of(settings).send(mail)
    except transport.Unreachable as error:
        with transaction():
            delivery.note_failed(key=key, failure=str(error))
        raise
    with transaction():
        delivery.note_sent(key=key, at=clock.now())
