"""Every model module, imported once so that the metadata is whole."""

from __future__ import annotations

from importlib import import_module

from marketplace.core import paths


def load_models() -> None:
    """Import the models of every domain, for migrations and foreign keys."""
    import_module("marketplace.core.outbox")
    # A domain with many tables has several modules: `models.py` and `<part>_models.py`.
    for models in sorted(paths.PACKAGE.glob("*/*models.py")):
        import_module(f"marketplace.{models.parent.name}.{models.stem}")
