"""Counter tasks."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.coupons import tokens
from workers.app import job


@job("counter.forget_tokens")
def forget_tokens() -> None:
    """Forget the tokens phones showed so long ago that no till will report them any more."""
    tokens.forget(before=clock.now() - tokens.KEPT)
