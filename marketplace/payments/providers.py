"""Find the provider behind a code."""

from __future__ import annotations

from functools import lru_cache

from marketplace.core.settings import Settings
from marketplace.payments.bank_transfer import BankTransfer
from marketplace.payments.free import Free
from marketplace.payments.invoice import Invoice
from marketplace.payments.models import ProviderCode
from marketplace.payments.port import PaymentProvider


# Kept per settings, so that connections to the provider stay open between payments.
@lru_cache(maxsize=16)
def for_code(code: ProviderCode, settings: Settings) -> PaymentProvider:
    """
    Return the provider of a code.

    :raises ProviderNotConfigured:
    """
    match code:
        case ProviderCode.STRIPE:
            from marketplace.payments.stripe_gateway import StripeGateway

            return StripeGateway(settings)
        case ProviderCode.BANK_TRANSFER:
            return BankTransfer(settings)
        case ProviderCode.INVOICE:
            return Invoice(settings)
        case ProviderCode.FREE:
            return Free(settings)
