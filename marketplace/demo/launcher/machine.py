"""Make a shop out of this machine alone: what the environment does not name is started here."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from marketplace.core import paths
from marketplace.demo.launcher import processes
from marketplace.demo.launcher.failure import ServerFailed
from marketplace.demo.launcher.postgres import EmbeddedPostgres
from marketplace.demo.launcher.valkey import EmbeddedValkey

# Recognisably not real: the fake accepts any.
_STRIPE_SECRET_KEY: Final = "sk_test_demo"  # noqa: S105
_STRIPE_PUBLISHABLE_KEY: Final = "pk_test_demo"
_SECRET: Final = "secret-key"  # noqa: S105
# Whoever looks must see at once that no such office exists.
_OPERATOR: Final = {
    "OPERATOR_NAME": "세나루 마켓 운영사무국(시연용)",
    "OPERATOR_REPRESENTATIVE": "나루지기(시연용)",
    "OPERATOR_ADDRESS": "(05026) 서울특별시 광진구 나루터길 1, 2층",
    "OPERATOR_PHONE": "1588-0000",
    "OPERATOR_EMAIL": "help@senaru.example",
    "OPERATOR_BUSINESS_NUMBER": "123-45-67891",
    "OPERATOR_MAIL_ORDER_NUMBER": "제2026-서울광진-0000호",
    "OPERATOR_HOSTING": "세나루 마켓 운영사무국(시연용)",
    "OPERATOR_BANK_ACCOUNT": "나루은행 000-000-000000 (예금주 세나루 운영사무국, 시연용)",
}


class Machine:
    """The servers and secrets a demonstration needs, kept in one folder."""

    def __init__(self, given: Mapping[str, str], folder: Path) -> None:
        self._given = dict(given)
        self.folder = folder
        self._database = (
            None if given.get("DATABASE_URL") else EmbeddedPostgres(folder / "postgres")
        )
        self._broker = None if given.get("REDIS_URL") else EmbeddedValkey(folder / "valkey")

    @property
    def fakes_stripe(self) -> bool:
        """Whether payments go to the fake Stripe."""
        return not self._given.get("STRIPE_SECRET_KEY")

    def start(self) -> dict[str, str]:
        """
        Start what is missing and return the whole environment of the shop.

        :raises ServerFailed: a server does not come up
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        found = self._defaults()
        if self._database is not None:
            found["DATABASE_URL"] = self._database.start()
        if self._broker is not None:
            found["REDIS_URL"] = self._broker.start()
        return {**found, **{name: value for name, value in self._given.items() if value}}

    def mend(self) -> None:
        """
        Start again a server that ended, at its old address.

        :raises ServerFailed: it does not come up
        """
        for server in (self._database, self._broker):
            if server is not None and not server.running and server.claim():
                server.start()

    def stop(self) -> None:
        """Stop what we started."""
        for server in (self._broker, self._database):
            if server is not None:
                server.stop()

    def destroy(self) -> None:
        """
        Delete everything we keep.

        :raises ServerFailed: it is in use, or not ours
        """
        if not self.folder.exists():
            return
        if not (self.folder / _SECRET).exists():
            raise ServerFailed(f"{self.folder} is not a folder of the demo: delete it by hand")
        for server in (self._broker, self._database):
            if server is not None:
                server.destroy()
        shutil.rmtree(self.folder)

    def _defaults(self) -> dict[str, str]:
        found = {
            **_OPERATOR,
            "DEMO": "1",
            "DATA_DIR": str(self.folder),
            "LOG_FORMAT": "text",
            "SECURE_COOKIES": "0",
            "SECRET_KEY": self._kept(_SECRET, secrets.token_urlsafe(32)),
        }
        if self.fakes_stripe:
            port = self._kept("fake-stripe-port", str(processes.free_port()))
            found |= {
                "STRIPE_SECRET_KEY": _STRIPE_SECRET_KEY,
                "STRIPE_PUBLISHABLE_KEY": _STRIPE_PUBLISHABLE_KEY,
                "STRIPE_WEBHOOK_SECRET": self._kept(
                    "webhook-secret", f"whsec_{secrets.token_urlsafe(24)}"
                ),
                "STRIPE_API_BASE": f"http://127.0.0.1:{port}",
            }
        return found

    def _kept(self, name: str, fresh: str) -> str:
        path = self.folder / name
        try:
            return path.read_text()
        except FileNotFoundError:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(fresh)
            return fresh


def folder_of_this_machine(environ: Mapping[str, str]) -> Path:
    """Return where the demonstration keeps its data."""
    if named := environ.get("DATA_DIR"):
        return Path(named).absolute()
    in_checkout = (paths.ROOT / "pyproject.toml").exists()
    return (paths.ROOT if in_checkout else Path.cwd()) / "var" / "demo"
