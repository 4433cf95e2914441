"""The page a Korean method sends the buyer to: a test page that says so."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.demo.fake_stripe import cards, intents
from marketplace.demo.fake_stripe.service import Fake
from marketplace.demo.fake_stripe.store import Body


def blueprint(fake: Fake) -> Blueprint:
    """Return the pages of one fake."""
    bp = Blueprint("pages", __name__)

    @bp.get("/redirect/<intent_id>")
    def show(intent_id: str) -> ResponseReturnValue:
        """Ask the buyer to agree or refuse."""
        intent = _guarded(fake, intent_id, request.args.get("client_secret", ""))
        return _page(fake, intent)

    @bp.post("/redirect/<intent_id>")
    def answer(intent_id: str) -> ResponseReturnValue:
        """Take the buyer's answer and send them back to the shop."""
        choice = request.form.get("answer")
        if choice not in ("approve", "refuse"):
            abort(400)
        with fake.unit():
            intent = _guarded(fake, intent_id, request.form.get("client_secret", ""))
            if intent["status"] != "requires_action":
                return _page(fake, intent)
            return_url = intent["next_action"]["redirect_to_url"]["return_url"]
            act = intents.succeed if choice == "approve" else intents.refuse
            act(fake.store, fake.log, intent)
        return redirect(intents.return_address(intent, return_url), code=303)

    return bp


def _guarded(fake: Fake, intent_id: str, secret: str) -> Body:
    intent = fake.store.find("payment_intent", intent_id)
    # The client secret is what keeps one buyer off another's page.
    if intent is None or not hmac.compare_digest(secret.encode(), intent["client_secret"].encode()):
        abort(404)
    return intent


def _page(fake: Fake, intent: Body) -> Response:
    waiting = intent["status"] == "requires_action"
    method = None
    if waiting:
        method = fake.store.find("payment_method", intent["payment_method"])
    page = render_template(
        "authorize.html",
        intent=intent,
        waiting=waiting,
        method_name="" if method is None else cards.korean_name(method),
    )
    response = make_response(page, 200 if waiting else 409)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
