"""Picture files people send: looked at before a pixel is decoded, and turned upright."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from marketplace.core.errors import InvalidInput

MAX_BYTES: Final = 10 * 1024 * 1024
# Checked from the header, before any pixel is decoded: 25 megapixels need about 100 MB.
MAX_PIXELS: Final = 25_000_000
READABLE: Final = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")


class PictureRefused(InvalidInput):
    """The file cannot be used as a picture."""

    message = "사진을 올릴 수 없습니다: {why}"


def decode(content: bytes, *, formats: Sequence[str] = READABLE) -> Image.Image:
    """
    Return the picture of a file without anything else the file holds.

    :raises PictureRefused:
    """
    if len(content) > MAX_BYTES:
        raise PictureRefused(why="10MB보다 작은 파일만 올릴 수 있습니다.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=list(formats))
            if image.width * image.height > MAX_PIXELS:
                raise PictureRefused(why="2,500만 화소보다 작은 사진만 올릴 수 있습니다.")
            image.seek(0)
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise PictureRefused(why="JPG, PNG, WebP, AVIF, GIF 사진인지 확인해 주세요.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused(why="2,500만 화소보다 작은 사진만 올릴 수 있습니다.") from error
