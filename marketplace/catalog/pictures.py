"""Pictures: checked, re-encoded without metadata, and kept in three widths and formats."""

from __future__ import annotations

import base64
import hashlib
import io

from PIL import Image, ImageFilter

from marketplace.catalog.models import Picture
from marketplace.catalog.picture_rows import StoredPicture
from marketplace.catalog.renditions import FORMATS, WIDTHS, file_key
from marketplace.core.db import db
from marketplace.core.image_files import MAX_BYTES, MAX_PIXELS, PictureRefused, decode
from marketplace.core.storage import Storage

__all__ = ["MAX_BYTES", "MAX_PIXELS", "PictureRefused", "StoredPicture", "add", "store"]


def store(content: bytes, storage: Storage) -> StoredPicture:
    """
    Check and re-encode a picture into every width and format.

    The key is the content's hash: the same picture is stored once.

    :raises PictureRefused:
    """
    image = decode(content)
    key = hashlib.sha256(content).hexdigest()[:32]
    if not storage.has(file_key(key, WIDTHS[-1], "jpg")):
        for width in WIDTHS:
            resized = _resized(image, width)
            for kind in FORMATS:
                storage.put(file_key(key, width, kind), _encode(resized, kind))
    return StoredPicture(key, image.width, image.height, _placeholder(image))


def add(*, product_id: int, picture: StoredPicture, alt: str, position: int) -> None:
    """
    Show a stored picture with a product.

    :raises PictureRefused: without alternative text.
    """
    if not alt.strip():
        raise PictureRefused(why="사진을 설명하는 글(대체 텍스트)을 적어 주세요.")
    db.session.add(
        Picture(
            product_id=product_id,
            storage_key=picture.key,
            alt=alt.strip(),
            width=picture.width,
            height=picture.height,
            placeholder=picture.placeholder,
            position=position,
        )
    )


def _resized(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _encode(image: Image.Image, kind: str) -> bytes:
    written = io.BytesIO()
    if kind == "jpg":
        image.save(written, "JPEG", quality=82, optimize=True, progressive=True)
    elif kind == "webp":
        image.save(written, "WEBP", quality=80, method=0)
    else:
        image.save(written, "AVIF", quality=60, speed=9)
    return written.getvalue()


def _placeholder(image: Image.Image) -> str:
    tiny = image.copy()
    tiny.thumbnail((16, 16))
    written = io.BytesIO()
    tiny.filter(ImageFilter.GaussianBlur(1)).save(written, "WEBP", quality=30)
    return "data:image/webp;base64," + base64.b64encode(written.getvalue()).decode()
