"""Stripe's messages: verified, kept, acted on later."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from marketplace.checkout import reconciling
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.settings import Settings
from marketplace.payments import providers
from marketplace.payments.codes import ProviderCode
from marketplace.payments.port import WebhookRefused
from marketplace.web.guards import MACHINE, allow

bp = Blueprint("webhooks_stripe", __name__, url_prefix="/webhooks/stripe")

_LARGEST: Final = 256 * 1024


@bp.post("")
@allow(MACHINE)
def receive() -> ResponseReturnValue:
    """Keep one message; 2xx says that it is kept, so that it need not be sent again."""
    # The signature is over these very bytes; no more of them are read than a message has.
    raw = request.stream.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        abort(413)
    settings: Settings = current_app.extensions["settings"]
    provider = providers.for_code(ProviderCode.STRIPE, settings)
    at = clock.now()
    try:
        received = in_transaction(
            lambda: reconciling.receive_provider_event(
                provider, raw=raw, headers=dict(request.headers), at=at
            )
        )
    except WebhookRefused as error:
        return jsonify(code=error.code, message=str(error)), 400
    return jsonify(received=True, known=not received.is_new)
