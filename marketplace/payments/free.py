"""An order that coupons pay in full: nothing to collect, paid at once."""

from __future__ import annotations

from typing import ClassVar

from marketplace.core.money import Won
from marketplace.payments.local import LocalProvider
from marketplace.payments.models import PaymentState, ProviderCode


class Free(LocalProvider):
    """0 won."""

    code = ProviderCode.FREE
    opens_as = PaymentState.PAID
    least: ClassVar[Won] = Won(0)
    most: ClassVar[Won] = Won(0)
