"""HTTP only, cut by audience."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

from flask import Blueprint, Flask

from marketplace.core.settings import Settings
from marketplace.web import errors

_AUDIENCES = ("shop", "seller", "office", "api", "webhooks")


def init_app(app: Flask, settings: Settings) -> None:
    """Register everything the web needs on the application."""
    errors.register(app)
    for audience in _AUDIENCES:
        package = import_module(f"{__name__}.{audience}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            bp = getattr(import_module(module.name), "bp", None)
            if isinstance(bp, Blueprint):
                app.register_blueprint(bp)
