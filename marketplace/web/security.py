"""What every request must be and every answer must carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.core.errors import NotAllowed
from marketplace.core.settings import Settings

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
# Their anonymous pages may be kept by the visitor's own browser; everything else is personal.
_PUBLIC_BLUEPRINTS: Final = frozenset(
    {
        "shop_home",
        "shop_products",
        "shop_search",
        "shop_enterprises",
        "shop_coupons",
        "shop_legal",
        "shop_feeds",
        "shop_pictures",
    }
)
_STRIPE_RETURNS: Final = (
    "https://hooks.stripe.com",
    "https://checkout.stripe.com",
    "https://pm-redirects.stripe.com",
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS: Final = "max-age=31536000; includeSubDomains"


class ForeignOrigin(NotAllowed):
    """Another site sent the form."""

    message = "다른 사이트에서 보낸 요청은 받지 않습니다. 이 사이트의 화면에서 다시 해 주세요."


def register(app: Flask, settings: Settings) -> CSRFProtect:
    """Put the rules before every view and the headers behind it; return the CSRF guard."""
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.config["TRUSTED_HOSTS"] = _trusted_hosts(settings)
    # Our own check of the origin below does not depend on a Referer.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    rules = _content_rules(settings)
    app.extensions["content_rules"] = rules
    app.extensions["content_policy"] = _as_policy(rules)
    app.before_request(_bound_body)
    app.before_request(_refuse_unreadable)
    app.before_request(_refuse_foreign_origin)
    app.after_request(_add_headers)
    return CSRFProtect(app)


def _trusted_hosts(settings: Settings) -> list[str]:
    public = urlsplit(settings.public_url).hostname or ""
    own = settings.trusted_hosts or (public,)
    return [*own, *(_LOCAL_HOSTS if settings.demo or public in _LOCAL_HOSTS else ())]


def policy_with(origins: Mapping[str, str]) -> str:
    """Return the content policy of a page that must also reach these origins, by directive."""
    rules: dict[str, str] = dict(current_app.extensions["content_rules"])
    for directive, more in origins.items():
        rules[directive] = rules.get(directive, "'self'") + f" {more}"
    return _as_policy(rules)


def _as_policy(rules: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}".strip() for name, value in rules.items())


def _content_rules(settings: Settings) -> dict[str, str]:
    # A form's answer may lead on to the payment provider, which form-action also governs.
    onwards = [*_STRIPE_RETURNS] if settings.stripe_secret_key else []
    if settings.stripe_api_base:
        onwards.append(_origin(settings.stripe_api_base))
    rules = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": " ".join(["'self'", *onwards]),
    }
    if settings.secure_cookies:
        rules["upgrade-insecure-requests"] = ""
    return rules


def _bound_body() -> None:
    """Read large bodies only where files come in parts; everything else is a form's text."""
    if request.mimetype != "multipart/form-data":
        request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]


def _refuse_unreadable() -> None:
    """Refuse addresses with control characters, and NUL anywhere: no column can hold it."""
    address = [request.path]
    if request.query_string:
        for name, values in request.args.lists():
            address += [name, *values]
    if any(_CONTROLS.search(text) for text in address):
        abort(400)
    if request.method in _SAFE:
        return
    for name, values in request.form.lists():
        if any("\x00" in text for text in (name, *values)):
            abort(400)


def _refuse_foreign_origin() -> None:
    if request.method in _SAFE or request.blueprint is None:
        return
    if request.blueprint.startswith("webhooks_"):
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin not in _own_origins():
        raise ForeignOrigin
    if origin is None and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise ForeignOrigin


def _own_origins() -> frozenset[str]:
    settings: Settings = current_app.extensions["settings"]
    return frozenset({_origin(request.host_url), _origin(settings.public_url)})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _add_headers(response: Response) -> Response:
    settings: Settings = current_app.extensions["settings"]
    # One pass over what the view set; asking for each name walks the headers every time.
    present = {name.lower() for name, _ in response.headers}
    if "content-security-policy" not in present:
        response.headers.add("Content-Security-Policy", current_app.extensions["content_policy"])
    for name, value in _HEADERS.items():
        if name.lower() not in present:
            response.headers.add(name, value)
    if settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    if "cache-control" not in present:
        response.headers["Cache-Control"] = _cache_control(response)
    elif request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _cache_control(response: Response) -> str:
    is_public = request.method in ("GET", "HEAD") and request.blueprint in _PUBLIC_BLUEPRINTS
    if is_public and response.status_code == 200 and "person_id" not in g:
        return "private, no-cache"
    return "no-store"
