"""Where pictures and documents rest: a folder by default, any fsspec store by URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import fsspec

from marketplace.core.errors import NotFound
from marketplace.core.settings import Settings


@dataclass(frozen=True)
class Storage:
    """Files by key, such as `pictures/ab/abcd-640.webp`."""

    root: str
    filesystem: Any

    @classmethod
    def of(cls, settings: Settings) -> Storage:
        """Return the storage the settings name."""
        url = settings.storage_url or (settings.data_dir.absolute() / "files").as_uri()
        filesystem, root = fsspec.core.url_to_fs(url)
        return cls(root=str(root).rstrip("/"), filesystem=filesystem)

    def put(self, key: str, content: bytes) -> None:
        """Store a file under its key, whole or not at all."""
        path = self._path(key)
        self.filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        partial = f"{path}.part"
        self.filesystem.pipe_file(partial, content)
        self.filesystem.mv(partial, path)

    def get(self, key: str) -> bytes:
        """
        Return the content of a file.

        :raises NotFound:
        """
        try:
            content: bytes = self.filesystem.cat_file(self._path(key))
        except FileNotFoundError as error:
            raise NotFound from error
        return content

    def forget(self, key: str) -> None:
        """Delete the file under a key, if there is one."""
        if self.has(key):
            self.filesystem.rm_file(self._path(key))

    def has(self, key: str) -> bool:
        """Tell whether there is a file under a key."""
        return bool(self.filesystem.exists(self._path(key)))

    def _path(self, key: str) -> str:
        if ".." in key.split("/") or key.startswith("/"):
            raise NotFound
        return f"{self.root}/{key}"
