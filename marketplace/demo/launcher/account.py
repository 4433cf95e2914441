"""The account a server runs under, and the places that account can reach."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from marketplace.demo.launcher.failure import ServerFailed

_FOR_OTHERS = Path("/var/tmp")  # noqa: S108


@dataclass(frozen=True)
class Account:
    """A user without privileges."""

    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Tell whether every folder on the way down lets this account through."""
        folder = folder.resolve()
        return all(self._passes(step) for step in (folder, *folder.parents))

    def _passes(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def for_servers() -> Account | None:
    """Name the account servers must drop to; None when ours will do."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def place_for(home: Path, account: Account | None) -> Path:
    """Choose where the server of this home keeps its files: the home, or a place it can reach."""
    if account is None or account.can_enter(home):
        return home
    return _outside(home)


def reachable_copy(trees: list[Path], account: Account | None) -> Path:
    """
    Return a folder holding these sibling trees that the account can read, copying when needed.

    The trees stay siblings: libraries are found relative to the programs.
    """
    origin = trees[0].parent
    if account is None or all(account.can_enter(tree) for tree in trees):
        return origin
    target = _outside(origin)
    for tree in trees:
        _copy(tree, target / tree.name)
    return target


def _copy(tree: Path, target: Path) -> None:
    fingerprint = target.with_name(f"{target.name}.source")
    identity = f"{tree} {tree.stat().st_mtime_ns}"
    if target.is_dir() and fingerprint.is_file() and fingerprint.read_text() == identity:
        return
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(tree, fresh, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    fingerprint.write_text(identity)


def _outside(origin: Path) -> Path:
    digest = hashlib.sha256(str(origin.resolve()).encode()).hexdigest()[:12]
    place = _FOR_OTHERS / f"senaru-market-{digest}"
    place.mkdir(mode=0o711, exist_ok=True)
    status = place.lstat()
    # Anybody may create names in this folder: take only what we made ourselves.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise ServerFailed(f"{place} belongs to somebody else: remove it and start again")
    place.chmod(0o711)
    return place
