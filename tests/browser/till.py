"""A cashier's phone whose camera sees what a resident's phone shows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.bed import browser, chromium

_SIZE: Final = (640, 480)
_PHONE: Final = 400
_FRAMES: Final = 10


def film(screen: bytes, to: Path) -> Path:
    """Write a film in which a screen is held before the camera, still."""
    phone = Image.open(io.BytesIO(screen)).convert("RGB")
    phone = phone.resize((_PHONE, _PHONE * phone.height // phone.width), Image.Resampling.LANCZOS)
    scene = Image.new("RGB", _SIZE, (250, 250, 250))
    scene.paste(phone, ((_SIZE[0] - phone.width) // 2, (_SIZE[1] - phone.height) // 2))
    frame = io.BytesIO()
    scene.save(frame, "JPEG", quality=95)
    # Motion JPEG is JPEG after JPEG; Chromium plays the file again and again.
    to.write_bytes(frame.getvalue() * _FRAMES)
    return to


@contextmanager
def camera(
    chromium_started: Browser, film_path: Path, *, base_url: str, complaints: list[str]
) -> Iterator[Page]:
    """Open a phone whose camera plays a film; the film may be written after this."""
    filming = chromium_started.browser_type.launch(
        executable_path=chromium.find(),
        args=[
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={film_path}",
        ],
    )
    try:
        with browser.opened(filming, base_url=base_url, complaints=complaints) as page:
            page.context.grant_permissions(["camera"], origin=base_url)
            yield page
    finally:
        filming.close()
