"""Build the application: the only place that knows all of its parts."""

from __future__ import annotations

from typing import Any

import jinja2
from flask import Flask

from marketplace import web
from marketplace.core import paths
from marketplace.core.db import CONNECT_OPTIONS, db, end_reading, ping_rested_connections
from marketplace.core.registry import load_models
from marketplace.core.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Build one application for one process: web, worker or command line."""
    settings = settings or Settings.from_env()
    load_models()
    app = Flask(
        "marketplace", template_folder=str(paths.TEMPLATES), static_folder=str(paths.STATIC)
    )
    app.config.update(_config(settings))
    app.extensions["settings"] = settings
    app.jinja_options = {
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    db.init_app(app)
    with app.app_context():
        ping_rested_connections(db.engine)
    # Runs before the session is closed, which would fail on a connection that is gone.
    app.teardown_appcontext(end_reading)
    web.init_app(app, settings)
    return app


def _config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": settings.pool_size,
            "max_overflow": 0,
            "pool_timeout": 10,
            # The connection used last has the most statements prepared.
            "pool_use_lifo": True,
            "pool_recycle": 1800,
            # Each compiled statement is tens of kilobytes; ours are fewer than this.
            "query_cache_size": 160,
            "connect_args": {"options": CONNECT_OPTIONS, "connect_timeout": 5},
        },
        "SESSION_COOKIE_NAME": "__Host-session" if settings.secure_cookies else "session",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "TRUSTED_HOSTS": list(settings.trusted_hosts) or None,
        "MAX_CONTENT_LENGTH": 12 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 512 * 1024,
        "MAX_FORM_PARTS": 1000,
        "WTF_CSRF_TIME_LIMIT": None,
    }
