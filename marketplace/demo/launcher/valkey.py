"""Valkey, the free Redis, without an installation."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import IO, ClassVar

import redis

from marketplace.demo.launcher import binaries, processes
from marketplace.demo.launcher.server import EmbeddedServer


class EmbeddedValkey(EmbeddedServer):
    """A Valkey server on 127.0.0.1 with a random password; it keeps nothing over a restart."""

    title: ClassVar[str] = "Valkey"

    def __init__(self, data_dir: Path | str, *, max_memory: str = "128mb") -> None:
        super().__init__(data_dir)
        self._max_memory = max_memory

    @property
    def _folder(self) -> Path:
        return self._place / "working"

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._account is not None:
            os.chown(self._folder, self._account.uid, self._account.gid)

    def _spawn(self, port: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        configuration = (
            f"bind 127.0.0.1\nport {port}\nrequirepass {self._password()}\n"
            f"maxmemory {self._max_memory}\nmaxmemory-policy noeviction\n"
            # The title must keep naming the folder, so that an orphan can be recognised.
            "set-proc-title no\n"
            # Every test process takes a database of its own.
            'databases 256\nsave ""\nappendonly no\ndaemonize no\n'
        )
        child = processes.spawn(
            [binaries.valkey(self._account), "-", "--dir", self._folder],
            account=self._account,
            last_signal=self.last_signal,
            log=log,
            stdin=subprocess.PIPE,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            cwd=self._place,
        )
        # Over a pipe: a password on the command line would be everybody's to read.
        if child.stdin is not None:
            child.stdin.write(configuration.encode())
            child.stdin.close()
        return child

    def _url(self, port: int) -> str:
        return f"redis://:{self._password()}@127.0.0.1:{port}/0"

    def _answers(self, url: str) -> bool:
        client = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _finish(self, url: str) -> None:
        """Nothing is left to do: the server starts empty."""
