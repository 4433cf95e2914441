"""For the operator's machines: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import hmac
import os
from ipaddress import ip_address

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core import readiness
from marketplace.core.settings import Settings
from marketplace.web import limits
from marketplace.web.guards import MACHINE, allow

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
@allow(MACHINE)
def healthz() -> ResponseReturnValue:
    """Say that this process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@allow(MACHINE)
def readyz() -> ResponseReturnValue:
    """Say whether this process can serve people; Redis is reported and not required."""
    try:
        checks = readiness.check_database()
    except SQLAlchemyError:
        checks = {"database": False}
    is_ready = all(checks.values())
    body = jsonify(
        status="ready" if is_ready else "not ready", redis=limits.is_counting(), **checks
    )
    return body, 200 if is_ready else 503


@bp.get("/metrics")
@allow(MACHINE)
def metrics() -> ResponseReturnValue:
    """Show the counters to whoever has the token, or asks from this machine itself."""
    if not _may_measure():
        abort(404)
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_measure() -> bool:
    settings: Settings = current_app.extensions["settings"]
    if settings.metrics_token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.metrics_token.encode())
    # A proxy on this machine that we were not told of would make everybody look local.
    if not settings.proxy_hops and "X-Forwarded-For" in request.headers:
        return False
    try:
        return ip_address(limits.client_address()).is_loopback
    except ValueError:
        return False
