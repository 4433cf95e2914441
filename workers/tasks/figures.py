"""Tasks that look at figures: the books, what is suspicious, and coupons about to expire."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.coupons import expiring_soon
from marketplace.reporting import book_watch, fraud_watch
from workers.app import job


@job("reporting.check_books")
def check_books() -> None:
    """Check all books, keep the result and tell administrators of new breaches."""
    book_watch.watch(at=clock.now())


@job("reporting.watch_fraud")
def watch_fraud() -> None:
    """Flag what looks suspicious of late."""
    fraud_watch.watch(at=clock.now())


@job("coupons.announce_expiring")
def announce_expiring() -> None:
    """Ask for notices of coupons that expire within three days."""
    expiring_soon.announce(at=clock.now())
