"""Names of providers and states, for the edges."""

from __future__ import annotations

from marketplace.payments.models import PaymentState, ProviderCode, RefundState

__all__ = ["PaymentState", "ProviderCode", "RefundState"]
