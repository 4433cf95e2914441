"""The accounts of the book that sales move money between (domain.md, Ledger postings)."""

from __future__ import annotations

from typing import Final

from marketplace.ledger.posting import AccountKind, AccountRef

BANK: Final = AccountRef("bank", AccountKind.ASSET)
# What buyers are owed from the moment a refund is decided until the provider has sent it.
REFUND_DUE: Final = AccountRef("refund_due", AccountKind.LIABILITY)
PROVIDER_FEE: Final = AccountRef("provider_fee", AccountKind.EXPENSE)
# What tills without network gave in good faith and no coupon could pay any more.
OFFLINE_SHORTAGE: Final = AccountRef("shortage:offline", AccountKind.EXPENSE)


def provider(code: str) -> AccountRef:
    """Return the account of what a payment provider collected and still holds."""
    return AccountRef(f"provider:{code}", AccountKind.ASSET)


def grant(grant_id: int) -> AccountRef:
    """Return the account of what a funder paid in for coupons, less what they cost."""
    return AccountRef(f"grant:{grant_id}", AccountKind.LIABILITY)


def held(enterprise_id: int) -> AccountRef:
    """Return the account of what is kept for an enterprise until the buyer confirms."""
    return AccountRef(f"held:enterprise:{enterprise_id}", AccountKind.LIABILITY)


def payable(enterprise_id: int) -> AccountRef:
    """Return the account of what an enterprise will be paid."""
    return AccountRef(f"payable:enterprise:{enterprise_id}", AccountKind.LIABILITY)
