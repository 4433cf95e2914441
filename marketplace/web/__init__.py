"""HTTP only, cut by audience."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

from flask import Blueprint, Flask

from marketplace.core import logging, sealing
from marketplace.core.settings import Settings
from marketplace.web import (
    assets,
    errors,
    filters,
    guards,
    kept,
    kept_pages,
    limits,
    observing,
    ops,
    security,
    viewer,
)

_AUDIENCES = ("shop", "seller", "office", "api", "webhooks")


def init_app(app: Flask, settings: Settings) -> None:
    """Register everything the web needs on the application."""
    logging.configure(settings.log_format)
    sealing.use(settings.secret_key, settings.secret_key_fallbacks)
    errors.register(app)
    observing.register(app, settings)
    csrf = security.register(app, settings)
    limits.register(app, settings)
    viewer.register(app, settings)
    assets.register(app)
    kept.register(app)
    kept_pages.register(app)
    filters.register(app)
    app.jinja_env.globals["is_demo"] = settings.demo
    app.jinja_env.globals["may_open"] = guards.may_open
    app.register_blueprint(ops.bp)
    for audience in _AUDIENCES:
        for bp in _blueprints(audience):
            app.register_blueprint(bp)
            if audience == "webhooks":
                # Whoever calls these has no session to abuse and signs what they send.
                csrf.exempt(bp)


def _blueprints(audience: str) -> list[Blueprint]:
    package = import_module(f"{__name__}.{audience}")
    modules = walk_packages(package.__path__, f"{package.__name__}.")
    found = (getattr(import_module(module.name), "bp", None) for module in modules)
    return [bp for bp in found if isinstance(bp, Blueprint)]
