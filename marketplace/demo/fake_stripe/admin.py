"""Addresses a test turns the fake with. They exist on this test server only."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from marketplace.demo.fake_stripe import operations
from marketplace.demo.fake_stripe.service import Fake
from marketplace.demo.fake_stripe.store import Body


def blueprint(fake: Fake, seen: deque[Body]) -> Blueprint:
    """Return the test addresses of one fake."""
    bp = Blueprint("admin", __name__)
    _add_looks(bp, fake, seen)
    _add_knobs(bp, fake)
    _add_acts(bp, fake)
    return bp


def _add_looks(bp: Blueprint, fake: Fake, seen: deque[Body]) -> None:
    @bp.get("/healthz")
    def health() -> ResponseReturnValue:
        """Say that the server answers."""
        return jsonify(status="ok")

    @bp.get("/_test/idle")
    def idle() -> ResponseReturnValue:
        """Say whether no webhook or refund is under way."""
        return jsonify(idle=fake.idle())

    @bp.get("/_test/requests")
    def requests() -> ResponseReturnValue:
        """List the API calls received, oldest first."""
        return jsonify(requests=list(seen))


def _add_knobs(bp: Blueprint, fake: Fake) -> None:
    @bp.get("/_test/knobs")
    def show_knobs() -> ResponseReturnValue:
        """Show the knobs as they stand."""
        return jsonify(asdict(fake.panel.read()))

    @bp.post("/_test/knobs")
    def turn_knobs() -> ResponseReturnValue:
        """Turn the named knobs."""
        try:
            return jsonify(fake.panel.turn(_given()))
        except ValueError as error:
            return jsonify(error=str(error)), 400

    @bp.post("/_test/knobs/reset")
    def reset_knobs() -> ResponseReturnValue:
        """Put every knob at rest."""
        return jsonify(fake.panel.reset())


def _add_acts(bp: Blueprint, fake: Fake) -> None:
    @bp.post("/_test/webhook")
    def point_webhook() -> ResponseReturnValue:
        """Send webhooks to another address."""
        given = _given()
        url = given.get("url")
        fake.delivery.point_at(None if url is None else str(url), str(given.get("secret", "")))
        return jsonify(url=url)

    @bp.post("/_test/resend")
    def resend() -> ResponseReturnValue:
        """Send again every event that never arrived."""
        return jsonify(sent=fake.delivery.resend())

    @bp.post("/_test/disputes")
    def open_dispute() -> ResponseReturnValue:
        """Dispute the charge of a payment intent."""
        given = _given()
        with fake.unit():
            case = operations.open_dispute(
                fake.store,
                fake.log,
                str(given.get("payment_intent")),
                str(given.get("reason", "fraudulent")),
            )
        return jsonify(case)


def _given() -> Body:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}
