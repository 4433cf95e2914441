"""
The inbox of provider messages: each event once, however often it was delivered.

`receive` [transaction, answer 2xx after the commit] → ask the provider about the payment [none] →
`payment.apply` and `mark_handled` [transaction].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.errors import NotFound
from marketplace.payments import alerts, payment
from marketplace.payments.models import Payment, ProviderCode, ProviderEvent
from marketplace.payments.port import HeldPayment, PaymentProvider, ProviderNote


class EventMissing(NotFound):
    message = "결제 알림을 찾을 수 없습니다."


@dataclass(frozen=True)
class Received:
    """
    An event in the inbox and the payment it is about, if it is one of ours.

    One that is not `handled` asks for a look at the payment.
    """

    id: int
    kind: str
    payment: HeldPayment | None
    is_new: bool
    handled: bool


def receive(
    provider: PaymentProvider, *, raw: bytes, headers: Mapping[str, str], at: datetime
) -> Received:
    """
    Verify a message and keep it; nothing is stored for one that cannot be verified.

    :raises WebhookRefused:
    """
    note = provider.parse_webhook(raw, headers, at=at)
    inserted = db.session.execute(
        insert(ProviderEvent)
        .values(
            provider=provider.code,
            event_id=note.event_id,
            kind=note.kind,
            object_ref=note.payment_ref,
            payload=dict(note.payload),
            received_at=at,
        )
        .on_conflict_do_nothing()
        .returning(ProviderEvent.id)
    ).scalar_one_or_none()
    if inserted is None:
        return _known(provider.code, note)
    about = _payment_of(provider.code, note)
    _raise_alerts(note, about, at=at)
    done = _settled_by_reading(note, about)
    if done is not None:
        mark_handled(inserted, outcome=done, at=at)
    return Received(inserted, note.kind, about, is_new=True, handled=done is not None)


def get(event_row_id: int) -> Received:
    """
    Return an event of the inbox.

    :raises EventMissing:
    """
    row = db.session.get(ProviderEvent, event_row_id, populate_existing=True)
    if row is None:
        raise EventMissing
    return _received(row, is_new=False)


def mark_handled(event_row_id: int, *, outcome: str, at: datetime) -> None:
    """Note what came of an event; the first note stays."""
    db.session.execute(
        update(ProviderEvent)
        .where(ProviderEvent.id == event_row_id, ProviderEvent.handled_at.is_(None))
        .values(handled_at=at, outcome=outcome)
        .execution_options(synchronize_session=False)
    )


def _settled_by_reading(note: ProviderNote, about: HeldPayment | None) -> str | None:
    if note.foreign:
        return "foreign"
    if about is None:
        return "no_payment"
    return None if note.worth_asking else "noted"


def _known(code: ProviderCode, note: ProviderNote) -> Received:
    row = db.session.scalars(
        select(ProviderEvent)
        .where(ProviderEvent.provider == code, ProviderEvent.event_id == note.event_id)
        .execution_options(populate_existing=True)
    ).one()
    return _received(row, is_new=False)


def _received(row: ProviderEvent, *, is_new: bool) -> Received:
    note = _about(row)
    return Received(
        row.id,
        row.kind,
        _find_payment(row.provider, row.object_ref, note),
        is_new=is_new,
        handled=row.handled_at is not None,
    )


def _about(row: ProviderEvent) -> str | None:
    data = row.payload.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    public_id = metadata.get("public_id") if isinstance(metadata, dict) else None
    return public_id if isinstance(public_id, str) else None


def _payment_of(code: ProviderCode, note: ProviderNote) -> HeldPayment | None:
    return _find_payment(code, note.payment_ref, note.payment_public_id)


def _find_payment(
    code: ProviderCode, provider_ref: str | None, public_id: str | None
) -> HeldPayment | None:
    if provider_ref is None:
        return None
    known = payment.find_by_provider_ref(code, provider_ref)
    if known is not None or public_id is None:
        return known
    # The answer to `create` was lost, or the intent names a payment that is not its own:
    # apply() tells the two apart.
    named = db.session.scalars(
        select(Payment).where(Payment.provider == code, Payment.public_id == public_id)
    ).one_or_none()
    return None if named is None else payment.held(named)


def _raise_alerts(note: ProviderNote, about: HeldPayment | None, *, at: datetime) -> None:
    payment_id = None if about is None else about.id
    if note.foreign:
        alerts.raise_alert(
            "foreign_event",
            about=note.event_id,
            payment_id=payment_id,
            details={"kind": note.kind, "payment_ref": note.payment_ref},
            at=at,
        )
    if note.alert is not None and note.alert_about is not None:
        alerts.raise_alert(
            note.alert,
            about=note.alert_about,
            payment_id=payment_id,
            details={"event": note.event_id},
            at=at,
        )
