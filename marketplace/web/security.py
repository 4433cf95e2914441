"""What every request must be and every answer must carry."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.core.errors import NotAllowed
from marketplace.core.settings import Settings

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
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
    app.extensions["content_security_policy"] = _policy(settings)
    app.before_request(_refuse_unreadable)
    app.before_request(_refuse_foreign_origin)
    app.after_request(_add_headers)
    return CSRFProtect(app)


def _trusted_hosts(settings: Settings) -> list[str]:
    public = urlsplit(settings.public_url).hostname or ""
    own = settings.trusted_hosts or (public,)
    return [*own, *(_LOCAL_HOSTS if settings.demo or public in _LOCAL_HOSTS else ())]


def _policy(settings: Settings) -> str:
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
    return "; ".join(f"{name} {value}".strip() for name, value in rules.items())


def _refuse_unreadable() -> None:
    """Refuse what no text column can hold: NUL and halves of a surrogate pair."""
    sent = [*request.args.keys(), *request.args.values(), request.path]
    for values in request.args.listvalues():
        sent.extend(values)
    if request.method not in _SAFE and request.mimetype != "application/json":
        for name, values in request.form.lists():
            sent.extend([name, *values])
    if any("\x00" in text or _has_surrogate(text) for text in sent):
        abort(400)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)


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
    response.headers.setdefault(
        "Content-Security-Policy", current_app.extensions["content_security_policy"]
    )
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = _cache_control(response)
    elif request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _cache_control(response: Response) -> str:
    is_public = request.method in ("GET", "HEAD") and request.blueprint in _PUBLIC_BLUEPRINTS
    if is_public and response.status_code == 200 and "person_id" not in g:
        return "private, no-cache"
    return "no-store"
