"""Whose cart a browser fills: the member's, or that of a guest's cookie."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from flask import Response, current_app, g, request
from flask_login import current_user

from marketplace.checkout.cart import Owner
from marketplace.core.settings import Settings
from marketplace.web.viewer import CART_COOKIE, hash_cart_token

_KEPT: Final = timedelta(days=30)
# Below what a BIGINT holds.
_MOST_DIGITS: Final = 19


def owner() -> Owner:
    """Return whose cart this is; a guest without a cookie gets a name, kept by `remember`."""
    if current_user.is_authenticated:
        return Owner(person_id=current_user.person_id)
    token = request.cookies.get(CART_COOKIE) or _new_token()
    return Owner(token_hash=hash_cart_token(token))


def remember(response: Response) -> Response:
    """Give a guest who put something into a cart the cookie that names it."""
    token = g.get("new_cart_token")
    if token is not None:
        settings: Settings = current_app.extensions["settings"]
        response.set_cookie(
            CART_COOKIE,
            token,
            max_age=_KEPT,
            secure=settings.secure_cookies,
            httponly=True,
            samesite="Lax",
        )
    return response


def sent_number(name: str, *, otherwise: int = 0) -> int:
    """Read one whole number of the form; what is none is refused by whoever asks for it."""
    written = request.form.get(name, "")
    return int(written) if _is_number(written) else otherwise


def sent_ids(name: str) -> list[int]:
    """Read the ids that were ticked."""
    return [int(written) for written in request.form.getlist(name) if _is_number(written)]


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < _MOST_DIGITS


def _new_token() -> str:
    if "new_cart_token" not in g:
        g.new_cart_token = secrets.token_urlsafe(24)
    token: str = g.new_cart_token
    return token
