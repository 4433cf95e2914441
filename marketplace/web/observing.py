"""What the operator sees of the running shop: logs, metrics, and reports of failures."""

from __future__ import annotations

import logging
import re
import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from uuid import uuid4

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from marketplace.core import logging as core_logging
from marketplace.core import masking
from marketplace.core.settings import Settings

_log = logging.getLogger("senaru.access")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
# Asked every few seconds by machines; their lines would hide the others.
_QUIET: Final = frozenset({"ops.healthz", "ops.readyz", "ops.metrics", "static"})

REQUESTS: Final = Counter(
    "senaru_http_requests", "Answered requests", ["method", "endpoint", "status"]
)
SECONDS: Final = Histogram(
    "senaru_http_request_seconds",
    "Time until the answer began",
    ["endpoint"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def register(app: Flask, settings: Settings) -> None:
    """Watch every request."""
    trusts_proxy = settings.proxy_hops > 0

    @app.before_request
    def _start() -> None:
        given = request.headers.get("X-Request-ID", "") if trusts_proxy else ""
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        g.started = time.perf_counter()
        core_logging.request_id.set(g.request_id)

    app.after_request(_finish)
    if settings.sentry_dsn:
        _report_to_sentry(settings)
    if settings.otlp_endpoint:
        _trace_to_collector(app, settings)


def _finish(response: Response) -> Response:
    request_id = g.get("request_id")
    if request_id is None:
        return response
    response.headers["X-Request-ID"] = request_id
    endpoint = request.endpoint or "none"
    seconds = time.perf_counter() - g.started
    REQUESTS.labels(request.method, endpoint, str(response.status_code)).inc()
    SECONDS.labels(endpoint).observe(seconds)
    if endpoint not in _QUIET:
        # The rule and not the address: addresses carry tokens, names and order numbers.
        rule = request.url_rule.rule if request.url_rule else "-"
        _log.info(
            "%s %s %s",
            request.method,
            rule,
            response.status_code,
            extra={"ms": round(seconds * 1000), "person_id": g.get("person_id")},
        )
    return response


def _report_to_sentry(settings: Settings) -> None:
    if find_spec("sentry_sdk") is None:
        _log.warning("SENTRY_DSN is set, but sentry-sdk is not installed")
        return
    import_module("sentry_sdk").init(
        dsn=settings.sentry_dsn,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=without_personal_data,
    )


def _trace_to_collector(app: Flask, settings: Settings) -> None:
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.instrumentation") is None:
        _log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but opentelemetry is not installed")
        return
    trace = import_module("opentelemetry.trace")
    provider = import_module("opentelemetry.sdk.trace").TracerProvider()
    exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    batch = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor
    provider.add_span_processor(
        batch(exporter.OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint}/v1/traces"))
    )
    trace.set_tracer_provider(provider)
    import_module("opentelemetry.instrumentation.flask").FlaskInstrumentor().instrument_app(app)


def without_personal_data(event: dict[str, Any], _hint: object = None) -> dict[str, Any]:
    """Take from a report what the logs would not show either."""
    sent = event.get("request")
    if isinstance(sent, dict):
        for name in ("query_string", "cookies", "data", "env", "url"):
            sent.pop(name, None)
        sent["headers"] = {
            name: value
            for name, value in sent.get("headers", {}).items()
            if name.lower() in ("user-agent", "content-type")
        }
    event.pop("user", None)
    cleaned: dict[str, Any] = _masked(event)
    return cleaned


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masking.text(value)
    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return value
