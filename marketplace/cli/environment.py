"""Where a command finds its settings: the environment, or the demo on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask.cli import ScriptInfo

from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.demo.launcher.machine import Machine, folder_of_this_machine


@contextmanager
def settings_of_this_machine() -> Iterator[Settings]:
    """
    Lend settings; without DATABASE_URL those of the demo, whose servers are started when down.

    The environment of this process is completed too, so that programs it starts agree.
    """
    if os.environ.get("DATABASE_URL"):
        yield Settings.from_env()
        return
    machine = Machine(os.environ, folder_of_this_machine(os.environ))
    try:
        os.environ.update(machine.start())
        yield Settings.from_env()
    finally:
        machine.stop()


@contextmanager
def application() -> Iterator[Flask]:
    """Lend the application, with its context pushed."""
    with settings_of_this_machine():
        # By name, as the web server does: the composition root knows us, not we it.
        app = ScriptInfo(app_import_path="marketplace.app:create_app").load_app()
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()
