"""What every payment provider can do, in words none of them owns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from marketplace.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from marketplace.core.money import Won
from marketplace.payments.models import PaymentState, ProviderCode, RefundState

_NOTHING: Final = Won(0)


class ProviderUnavailable(Unavailable):
    """The provider did not answer, so nobody knows yet whether it acted."""

    message = "결제 회사와 연결되지 않습니다. 잠시 뒤 다시 시도해 주세요."


class PaymentDeclined(Conflict):
    """The provider answered no; the buyer may try another method."""

    message = "결제가 승인되지 않았습니다. {reason}"


class AmountNotPayable(InvalidInput):
    message = "{least:,}원 이상 {most:,}원 이하만 결제할 수 있습니다."


class ProviderRefused(Conflict):
    """The provider will not do this now, and asking again changes nothing."""

    message = "결제 회사가 요청을 받아들이지 않았습니다. ({reason})"


class RefundRefused(ProviderRefused):
    message = "결제 회사가 환불을 받아들이지 않았습니다. ({reason})"


class PaymentUnknown(NotFound):
    message = "결제 회사에 없는 결제입니다."


class ReturnRefused(InvalidInput):
    """The buyer came back with another payment's name."""

    message = "결제 확인에 필요한 정보가 맞지 않습니다. 주문 내역에서 결제 상태를 확인해 주세요."


class WebhookRefused(InvalidInput):
    """What arrived is not a message of the provider."""

    message = "결제 알림을 확인할 수 없습니다. ({reason})"


class ProviderNotConfigured(Unavailable):
    message = "이 결제 수단은 지금 쓸 수 없습니다."


class NextStep(StrEnum):
    """What the buyer must do next."""

    NOTHING = "nothing"
    REDIRECT = "redirect"
    ENTER_DETAILS = "enter_details"
    DEPOSIT = "deposit"


@dataclass(frozen=True)
class Instructions:
    """How the buyer goes on: an address to visit, data for the page, or lines to read."""

    step: NextStep = NextStep.NOTHING
    redirect_url: str | None = None
    client_payload: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HeldPayment:
    """Our own row of a payment, as a provider needs it; free of the database."""

    id: int
    public_id: str
    reference: str
    provider: ProviderCode
    provider_ref: str | None
    client_secret: str | None
    state: PaymentState
    amount: Won
    captured_amount: Won
    refunded_amount: Won
    depositor: str | None
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class ProviderPayment:
    """A payment as its provider sees it now."""

    provider: ProviderCode
    provider_ref: str
    public_id: str | None
    state: PaymentState
    amount: int
    currency: str
    captured_amount: Won = _NOTHING
    refunded_amount: Won = _NOTHING
    # Test money where live money is expected, or the other way round.
    wrong_mode: bool = False
    fee: Won | None = None
    method: str | None = None
    failure_code: str | None = None
    client_secret: str | None = None
    instructions: Instructions = field(default_factory=Instructions)


@dataclass(frozen=True)
class RefundOrder:
    """A refund we decided on; `key` makes asking twice harmless."""

    id: int
    key: str
    amount: Won
    reason: str
    provider_ref: str | None
    # The provider forgets keys after a day: look before asking again.
    look_first: bool


@dataclass(frozen=True)
class ProviderRefund:
    """A refund as its provider sees it now."""

    provider_ref: str | None
    state: RefundState
    amount: Won
    failure_code: str | None = None


@dataclass(frozen=True)
class ProviderNote:
    """A verified message of a provider: a reason to ask it, never the truth itself."""

    event_id: str
    kind: str
    payment_ref: str | None
    payment_public_id: str | None
    payload: Mapping[str, object]
    # The kind of alert this message alone deserves, and what it is about.
    alert: str | None = None
    alert_about: str | None = None
    # Sent for another account or mode: kept, never acted on.
    foreign: bool = False
    # False for what another message always says too, or what we did ourselves.
    worth_asking: bool = True


class PaymentProvider(Protocol):
    """
    One way to be paid. No method touches the database.

    Methods that reach over the network raise ProviderUnavailable when the answer is not known;
    asking again with the same payment or refund is always safe.
    """

    @property
    def code(self) -> ProviderCode:
        """Return the provider's name on our rows."""

    def check(self, amount: Won) -> None:
        """
        Refuse an amount this provider cannot take.

        :raises AmountNotPayable:
        """

    def create(self, payment: HeldPayment, *, return_url: str) -> ProviderPayment:
        """
        Make the payment known to the provider, once however often it is called.

        :raises ProviderUnavailable, ProviderRefused, PaymentDeclined:
        """

    def instructions(self, payment: HeldPayment, *, return_url: str) -> Instructions:
        """Return how the buyer goes on with a payment already created."""

    def handle_return(self, payment: HeldPayment, params: Mapping[str, str]) -> ProviderPayment:
        """
        Check what the buyer's browser brought back, then ask the provider for the truth.

        :raises ReturnRefused, ProviderUnavailable, PaymentUnknown:
        """

    def parse_webhook(
        self, raw: bytes, headers: Mapping[str, str], *, at: datetime
    ) -> ProviderNote:
        """
        Verify and read a message of the provider.

        :raises WebhookRefused:
        """

    def fetch(self, payment: HeldPayment) -> ProviderPayment:
        """
        Ask the provider how a payment stands.

        :raises ProviderUnavailable, PaymentUnknown:
        """

    def refund(self, payment: HeldPayment, order: RefundOrder) -> ProviderRefund:
        """
        Give money back, once per key.

        :raises ProviderUnavailable, RefundRefused:
        """

    def find_refund(self, payment: HeldPayment, order: RefundOrder) -> ProviderRefund | None:
        """
        Ask the provider how a refund stands, or None when it never heard of it.

        :raises ProviderUnavailable:
        """

    def cancel(self, payment: HeldPayment) -> ProviderPayment:
        """
        Stop a payment that is not paid yet; return how it stands after all.

        :raises ProviderUnavailable, PaymentUnknown:
        """
