"""Ways to be paid that no provider's server stands behind: our own rows are all there is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from marketplace.core.money import Won
from marketplace.core.settings import Settings
from marketplace.payments.models import PaymentState, ProviderCode, RefundState
from marketplace.payments.port import (
    AmountNotPayable,
    HeldPayment,
    Instructions,
    ProviderNote,
    ProviderPayment,
    ProviderRefund,
    RefundOrder,
    WebhookRefused,
)


class LocalProvider:
    """What the ways without a server have in common; a person confirms the money."""

    code: ClassVar[ProviderCode]
    opens_as: ClassVar[PaymentState]
    least: ClassVar[Won] = Won(1)
    most: ClassVar[Won] = Won(10_000_000_000)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self, amount: Won) -> None:
        """
        Refuse an amount this way does not take.

        :raises AmountNotPayable:
        """
        if not self.least <= amount <= self.most:
            raise AmountNotPayable(least=self.least, most=self.most)

    def create(self, payment: HeldPayment, *, return_url: str) -> ProviderPayment:
        """
        Open the payment.

        :raises AmountNotPayable:
        """
        self.check(payment.amount)
        return report(
            payment,
            self.opens_as,
            instructions=self.instructions(payment, return_url=return_url),
        )

    def instructions(self, payment: HeldPayment, *, return_url: str) -> Instructions:  # noqa: ARG002
        """Return how the buyer goes on: nothing, unless a way says otherwise."""
        return Instructions()

    def handle_return(
        self,
        payment: HeldPayment,
        params: Mapping[str, str],  # noqa: ARG002
    ) -> ProviderPayment:
        """Return how the payment stands: nobody sends the buyer away, so nothing comes back."""
        return self.fetch(payment)

    def parse_webhook(
        self,
        raw: bytes,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
        *,
        at: datetime,  # noqa: ARG002
    ) -> ProviderNote:
        """
        Refuse every message: no server may send one.

        :raises WebhookRefused:
        """
        raise WebhookRefused(reason="scheme")

    def fetch(self, payment: HeldPayment) -> ProviderPayment:
        """Return how our own row stands."""
        return report(payment, payment.state)

    def refund(self, payment: HeldPayment, order: RefundOrder) -> ProviderRefund:  # noqa: ARG002
        """Leave the transfer to the settlement officer, who records it when it is made."""
        return ProviderRefund(provider_ref=None, state=RefundState.SENT, amount=order.amount)

    def find_refund(
        self,
        payment: HeldPayment,  # noqa: ARG002
        order: RefundOrder,  # noqa: ARG002
    ) -> ProviderRefund | None:
        """Return None: only the officer knows."""
        return None

    def cancel(self, payment: HeldPayment) -> ProviderPayment:
        """Return the payment as cancelled."""
        return report(payment, PaymentState.CANCELED)


def report(
    payment: HeldPayment,
    state: PaymentState,
    *,
    captured: Won | None = None,
    method: str | None = None,
    instructions: Instructions | None = None,
) -> ProviderPayment:
    """Return a report about our own row in the words of the port."""
    return ProviderPayment(
        provider=payment.provider,
        provider_ref=payment.provider_ref or payment.public_id,
        public_id=payment.public_id,
        state=state,
        amount=payment.amount,
        currency="krw",
        captured_amount=payment.captured_amount if captured is None else captured,
        refunded_amount=payment.refunded_amount,
        method=method,
        instructions=instructions or Instructions(),
    )
