"""Stored pictures."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from marketplace.catalog.renditions import FORMATS, WIDTHS, file_key
from marketplace.core.errors import NotFound
from marketplace.core.storage import Storage
from marketplace.web.guards import EVERYONE, allow

bp = Blueprint("shop_pictures", __name__)


@bp.get("/pictures/<string(length=32):key>-<int:width>.<kind>")
@allow(EVERYONE)
def show(key: str, width: int, kind: str) -> Response:
    """Send one rendition; its key is its content, so it never changes."""
    if width not in WIDTHS or kind not in FORMATS or not key.isalnum():
        raise NotFound
    content = Storage.of(current_app.extensions["settings"]).get(file_key(key, width, kind))
    response = Response(content, mimetype=FORMATS[kind])
    response.cache_control.public = True
    response.cache_control.max_age = 31_536_000
    response.cache_control.immutable = True
    return response
