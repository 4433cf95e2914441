"""What the fake refuses, in the words and shapes of Stripe's API."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """A request answered with an error body, like Stripe would."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self._error: dict[str, object] = {"type": kind, "message": message}
        if code is not None:
            self._error["code"] = code
        if param is not None:
            self._error["param"] = param
        self._error.update(more or {})

    def body(self) -> dict[str, object]:
        """Return the JSON body."""
        return {"error": self._error}


def missing(kind: str, object_id: str) -> Refusal:
    """Return the answer for an object that does not exist."""
    return Refusal(
        404,
        f"No such {kind}: '{object_id}'",
        code="resource_missing",
        param=kind,
    )


def unexpected_state(intent: Mapping[str, object], verb: str) -> Refusal:
    """Return the answer for a payment intent that is past the asked step."""
    return Refusal(
        400,
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        more={"payment_intent": dict(intent)},
    )
