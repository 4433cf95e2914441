"""The log of a payment's steps. Append-only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from marketplace.core.db import db
from marketplace.payments.models import PaymentHistory, PaymentState


def write(
    payment_id: int,
    before: PaymentState | None,
    after: PaymentState,
    *,
    source: str,
    at: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add one step."""
    db.session.add(
        PaymentHistory(
            payment_id=payment_id,
            from_state=before,
            to_state=after,
            source=source,
            at=at,
            details=dict(details or {}),
        )
    )
