"""The kinds and states of claims, for those who may not know the rows behind them."""

from __future__ import annotations

from marketplace.orders.models import ClaimKind, ClaimStatus, Fault, PickUp

__all__ = ["ClaimKind", "ClaimStatus", "Fault", "PickUp"]
