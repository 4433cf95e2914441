"""Payment methods of the test mode: Stripe's test cards and the Korean methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from marketplace.demo.fake_stripe import events
from marketplace.demo.fake_stripe.errors import Refusal, missing
from marketplace.demo.fake_stripe.store import Body, Store


@dataclass(frozen=True)
class Card:
    """One test card and what the bank does with it."""

    brand: str
    last4: str
    code: str | None = None
    decline_code: str | None = None
    needs_redirect: bool = False
    refund: str = "succeeded"
    disputes: bool = False


@dataclass(frozen=True)
class Method:
    """One redirecting method, its Korean name and the amounts it takes."""

    name: str
    most: int | None = None


MOST: Final = 99_999_999
LEAST: Final = 100

METHODS: Final = {
    "kr_card": Method("국내 카드"),
    "kakao_pay": Method("카카오페이"),
    "naver_pay": Method("네이버페이"),
    "payco": Method("페이코"),
    "samsung_pay": Method("삼성페이", most=2_000_000),
}


def _declined(last4: str, decline_code: str, code: str = "card_declined") -> Card:
    return Card("visa", last4, code=code, decline_code=decline_code)


CARDS: Final = {
    "pm_card_visa": Card("visa", "4242"),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_amex": Card("amex", "8431"),
    "pm_card_jcb": Card("jcb", "0505"),
    "pm_card_chargeDeclined": _declined("0002", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": _declined("9995", "insufficient_funds"),
    "pm_card_chargeDeclinedLostCard": _declined("9987", "lost_card"),
    "pm_card_chargeDeclinedStolenCard": _declined("9979", "stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": Card("visa", "0069", code="expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": Card("visa", "0127", code="incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": Card("visa", "0119", code="processing_error"),
    "pm_card_threeDSecure2Required": Card("visa", "3220", needs_redirect=True),
    "pm_card_pendingRefund": Card("visa", "7726", refund="pending"),
    "pm_card_refundFail": Card("visa", "5126", refund="failed"),
    "pm_card_createDispute": Card("visa", "0259", disputes=True),
}

_MESSAGES: Final = {
    "card_declined": "Your card was declined.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}


def card_of(method: Body) -> Card | None:
    """Return the test card behind a payment method, or None for other methods."""
    token = method["metadata"].get("test_token")
    return CARDS[token] if token is not None else None


def decline(card: Card) -> Body:
    """Return the fields of a card error."""
    code = str(card.code)
    message = _MESSAGES[code]
    if card.decline_code == "insufficient_funds":
        message = "Your card has insufficient funds."
    error: Body = {"type": "card_error", "code": code, "message": message}
    if card.decline_code is not None:
        error["decline_code"] = card.decline_code
    return error


def choose(store: Store, params: Body, fallback: str | None) -> Body:
    """
    Return the payment method a request names, storing a new one for test tokens and inline data.

    :raises Refusal:
    """
    data = params.get("payment_method_data")
    if data is not None:
        if data["type"] not in METHODS:
            raise Refusal(
                400,
                f"The fake takes inline data for {', '.join(METHODS)}; use pm_card_* for cards.",
                param="payment_method_data[type]",
            )
        return _keep(store, {"type": data["type"], data["type"]: {}}, {})
    named = params.get("payment_method", fallback)
    if named is None:
        raise Refusal(
            400,
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    # Stripe lists most declining cards under a longer name that says the brand.
    token = named.replace("pm_card_visa_", "pm_card_")
    if token in CARDS:
        card = CARDS[token]
        details = {"brand": card.brand, "last4": card.last4, "exp_month": 12, "exp_year": 2034}
        return _keep(store, {"type": "card", "card": details}, {"test_token": token})
    found = store.find("payment_method", named)
    if found is None:
        raise missing("payment_method", named)
    return found


def _keep(store: Store, details: Body, metadata: dict[str, str]) -> Body:
    method: Body = {
        "id": events.new_id("pm"),
        "object": "payment_method",
        "created": events.stamp(),
        "livemode": False,
        "billing_details": {"name": None, "email": None, "phone": None, "address": None},
        "metadata": metadata,
        **details,
    }
    return store.put("payment_method", method)


def redirects(method: Body) -> bool:
    """Say whether the buyer must visit another page to pay."""
    card = card_of(method)
    return card.needs_redirect if card is not None else True


def korean_name(method: Body) -> str:
    """Return what the buyer calls the method."""
    if method["type"] in METHODS:
        return METHODS[method["type"]].name
    card = method["card"]
    return f"{card['brand'].upper()} 카드 끝번호 {card['last4']} 본인 확인"


def most_for(kind: str) -> int:
    """Return the largest amount a method takes."""
    return (METHODS[kind].most if kind in METHODS else None) or MOST
