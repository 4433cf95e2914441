"""Draw the pictures and feed them through the catalogue's pipeline, on every core."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, insert, update

from marketplace.catalog import pictures as pipeline
from marketplace.catalog import renditions
from marketplace.catalog.models import Picture
from marketplace.catalog.pictures import StoredPicture
from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.core.storage import Storage
from marketplace.demo.district import pictures
from marketplace.demo.district.seeds import District, Scene
from marketplace.enterprises.models import Enterprise

_CHUNK: Final = 16
_MOST_PROCESSES: Final = 8


class Studio:
    """Processes that draw and store scenes while the caller does something else."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data_dir.absolute() / "demo-pictures"
        self._index = self._folder / f"stored-{pictures.EDITION}.json"
        self._pool: ProcessPoolExecutor | None = None
        self._known: dict[str, StoredPicture] = {}
        self._work: list[Future[dict[str, StoredPicture]]] = []

    def begin(self, scenes: Iterable[Scene]) -> None:
        """Start drawing what was not drawn before; beginning again changes nothing."""
        if self._pool is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._known = self._stored_before()
        missing = {scene.key: scene for scene in scenes if scene.key not in self._known}
        # Scenes of one hero together: each process draws a hero once.
        pending = sorted(missing.values(), key=lambda scene: scene.key)
        if not pending:
            return
        # Not forked: this process has threads and database connections.
        self._pool = ProcessPoolExecutor(
            min(_MOST_PROCESSES, os.cpu_count() or 1), mp_context=get_context("spawn")
        )
        self._work = [
            self._pool.submit(draw_and_store, pending[i : i + _CHUNK], self._settings, self._folder)
            for i in range(0, len(pending), _CHUNK)
        ]

    def finish(self) -> dict[str, StoredPicture]:
        """Wait for everything and return the stored pictures by scene."""
        for work in self._work:
            self._known |= work.result()
        if self._pool is not None:
            self._pool.shutdown()
        kept = {key: asdict(picture) for key, picture in sorted(self._known.items())}
        self._index.write_text(json.dumps(kept), encoding="utf-8")
        return self._known

    def abandon(self) -> None:
        """Stop drawing."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _stored_before(self) -> dict[str, StoredPicture]:
        if not self._index.exists():
            return {}
        storage = Storage.of(self._settings)
        kept = json.loads(self._index.read_text(encoding="utf-8"))
        found = {key: StoredPicture(**picture) for key, picture in kept.items()}
        last = renditions.WIDTHS[-1]
        return {
            key: picture
            for key, picture in found.items()
            if storage.has(renditions.file_key(picture.key, last, "jpg"))
        }


def draw_and_store(
    scenes: list[Scene], settings: Settings, folder: Path
) -> dict[str, StoredPicture]:
    """Draw some scenes in this process."""
    storage = Storage.of(settings)
    return {scene.key: pipeline.store(pictures.draw(scene, folder), storage) for scene in scenes}


def scenes_of(district: District) -> list[Scene]:
    """Return every scene the district needs."""
    return [
        *(picture.scene for product in district.products for picture in product.pictures),
        *(enterprise.picture.scene for enterprise in district.enterprises),
    ]


def hang(
    district: District,
    stored: dict[str, StoredPicture],
    *,
    products: dict[str, int],
    enterprises: dict[str, int],
) -> None:
    """Show the stored pictures with products (by name) and enterprises (by slug)."""
    db.session.execute(
        insert(Picture),
        [
            {
                "product_id": products[seed.name],
                "storage_key": found.key,
                "alt": picture.alt,
                "width": found.width,
                "height": found.height,
                "placeholder": found.placeholder,
                "position": position,
            }
            for seed in district.products
            for position, picture in enumerate(seed.pictures)
            for found in (stored[picture.scene.key],)
        ],
    )
    table = Enterprise.__table__
    db.session.connection().execute(
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("enterprise"))
        .values(picture_key=bindparam("key"), picture_alt=bindparam("alt")),
        [
            {
                "enterprise": enterprises[seed.slug],
                "key": stored[seed.picture.scene.key].key,
                "alt": seed.picture.alt,
            }
            for seed in district.enterprises
        ],
    )
