"""Things about payments that a person must look at, each raised once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.errors import NotFound
from marketplace.payments.models import PaymentAlert


class AlertMissing(NotFound):
    message = "처리할 결제 경보를 찾을 수 없습니다."


def raise_alert(
    kind: str,
    *,
    about: str,
    payment_id: int | None,
    details: Mapping[str, object],
    at: datetime,
) -> None:
    """Raise an alert; the same kind about the same thing stays one row."""
    db.session.execute(
        insert(PaymentAlert)
        .values(
            kind=kind,
            reference=about,
            payment_id=payment_id,
            details=dict(details),
            raised_at=at,
        )
        .on_conflict_do_nothing()
    )


def resolve(alert_id: int, *, at: datetime) -> None:
    """
    Close an alert a person has looked into.

    :raises AlertMissing:
    """
    closed = db.session.execute(
        update(PaymentAlert)
        .where(PaymentAlert.id == alert_id, PaymentAlert.resolved_at.is_(None))
        .values(resolved_at=at)
        .returning(PaymentAlert.id)
    )
    if closed.first() is None:
        raise AlertMissing
