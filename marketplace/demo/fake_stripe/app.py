"""The fake's Flask application: Stripe's wire format in front of the operations."""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from marketplace.demo.fake_stripe import admin, events, idempotency, operations, pages, validation
from marketplace.demo.fake_stripe.errors import Refusal
from marketplace.demo.fake_stripe.operations import Answer, Call, Route
from marketplace.demo.fake_stripe.service import Fake
from marketplace.demo.fake_stripe.store import Body, Reply

_REMEMBERED_REQUESTS: Final = 20_000
# What a browser holding only the publishable key may call, with the client secret.
_FOR_BROWSERS: Final = frozenset({"payment_intents.retrieve", "payment_intents.confirm"})


def create_fake_stripe(
    webhook_url: str | None,
    webhook_secret: str,
    data_dir: Path | None = None,
    *,
    public_url: str | None = None,
    subscribed: Collection[str] = (),
) -> Flask:
    """
    Build one fake Stripe; with a data folder its payments survive a restart.

    `public_url` is how a buyer's browser reaches it, when that is not how the shop does;
    `subscribed` names the events the webhook's endpoint wants, every kind when empty.
    """
    app = Flask(__name__)
    fake = Fake(
        webhook_url=webhook_url, secret=webhook_secret, folder=data_dir, subscribed=subscribed
    )
    app.config["PUBLIC_URL"] = public_url
    seen: deque[Body] = deque(maxlen=_REMEMBERED_REQUESTS)
    app.extensions["fake_stripe"] = fake
    for route in operations.ROUTES:
        app.add_url_rule(route.rule, route.name, _view(fake, route, seen), methods=[route.method])
    app.register_blueprint(pages.blueprint(fake))
    app.register_blueprint(admin.blueprint(fake, seen))
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(404, _unknown_address)
    app.register_error_handler(405, _unknown_address)
    return app


def _view(fake: Fake, route: Route, seen: deque[Body]) -> Callable[..., ResponseReturnValue]:
    def answer(object_id: str = "") -> ResponseReturnValue:
        note: Body = {
            "operation": route.name,
            "object_id": object_id,
            "idempotency_key": request.headers.get("Idempotency-Key"),
            "status": None,
            "replayed": False,
        }
        seen.append(note)
        _act_up(fake)
        params = _params(route)
        base_url = (current_app.config["PUBLIC_URL"] or request.host_url).rstrip("/")
        call = Call(fake.store, fake.log, params, base_url, object_id)
        try:
            (status, body), replayed = _perform(fake, route, call)
        except Refusal as refusal:
            note["status"] = refusal.status
            raise
        note.update(status=status, replayed=replayed)
        if route.method == "POST":
            _drop_perhaps(fake)
        if status == 200:
            body = operations.expand(fake.store, body, params.get("expand", []))
        response = _json(status, body)
        if replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response

    return answer


def _perform(fake: Fake, route: Route, call: Call) -> tuple[Answer, bool]:
    key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
    mark = idempotency.fingerprint(request.method, request.path, call.params)
    with fake.keys.hold(key, mark) if key else nullcontext() as kept:
        if kept is not None:
            return (kept.status, kept.body), True
        _hang_perhaps(fake)
        if route.method == "GET":
            return route.operation(call), False
        with fake.unit():
            status, body = route.operation(call)
            if key:
                fake.store.keep_reply(key, Reply(mark, status, body))
    if route.name == "refunds.create" and body["status"] == "pending":
        fake.settle_refund_later(body["id"])
    return (status, body), False


def _params(route: Route) -> Body:
    _authenticate(route)
    pairs = request.args if route.method == "GET" else request.form
    flat = [(name, value) for name, value in pairs.items(multi=True)]
    secrets = [value for name, value in flat if name == "client_secret"]
    params = validation.read(
        route.name, [(name, value) for name, value in flat if name != "client_secret"]
    )
    if secrets:
        params["client_secret"] = secrets[-1]
    elif _api_key().startswith("pk_"):
        raise Refusal(401, "A publishable key needs the client_secret of the PaymentIntent.")
    return params


def _authenticate(route: Route) -> None:
    key = _api_key()
    if key.startswith(("sk_live_", "rk_live_", "pk_live_")):
        raise Refusal(401, "This is a test server: it takes no live keys.")
    if key.startswith("pk_test_") and route.name in _FOR_BROWSERS:
        return
    if not key.startswith(("sk_test_", "rk_test_")):
        raise Refusal(401, "You did not provide an API key that may do this.")


def _api_key() -> str:
    authorization = request.authorization
    if authorization is None:
        return ""
    return authorization.token or authorization.username or ""


def _act_up(fake: Fake) -> None:
    if not fake.panel.use("fail_next"):
        return
    status = fake.panel.read().fail_status
    if status == 429:
        raise Refusal(429, "Too many requests hit the API too quickly.", code="rate_limit")
    raise Refusal(status, "An unknown error occurred", kind="api_error")


def _hang_perhaps(fake: Fake) -> None:
    seconds = fake.panel.read().hang_seconds
    if seconds > 0 and fake.panel.use("hang_next"):
        time.sleep(seconds)


def _drop_perhaps(fake: Fake) -> None:
    share = fake.panel.read().drop_response_share
    if not (fake.panel.use("drop_response_next") or fake.panel.chance(share)):
        return
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)


def _json(status: int, body: Body) -> Response:
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        {"Request-Id": events.new_id("req"), "Stripe-Version": events.API_VERSION},
        mimetype="application/json",
    )


def _refused(refusal: Refusal) -> Response:
    return _json(refusal.status, refusal.body())


def _unknown_address(_: Exception) -> Response:
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    return _refused(Refusal(404, message))
