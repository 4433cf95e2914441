"""Addresses of stored pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.catalog.product_page import ProductPicture
from marketplace.catalog.renditions import WIDTHS


def picture_url(key: str, width: int, kind: str) -> str:
    """Return the address of one rendition of a stored picture."""
    # Written out, because url_for() a hundred times is half the cost of a list; a test holds
    # it against the route.
    return f"/pictures/{key}-{width}.{kind}"


def srcset(key: str, kind: str) -> str:
    """Return the addresses of every width, as `srcset` writes them."""
    return ", ".join(f"{picture_url(key, width, kind)} {width}w" for width in WIDTHS)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture in the sizes and formats a gallery needs; the placeholder is a data URI."""

    small: str
    large: str
    avif: str
    webp: str
    srcset: str
    placeholder: str
    alt: str


def shot(key: str, alt: str, placeholder: str = "") -> Shot:
    """Return a stored picture, ready to draw."""
    return Shot(
        small=picture_url(key, 320, "jpg"),
        large=picture_url(key, 640, "jpg"),
        avif=srcset(key, "avif"),
        webp=srcset(key, "webp"),
        srcset=srcset(key, "jpg"),
        placeholder=placeholder,
        alt=alt,
    )


def gallery_of(pictures: Iterable[ProductPicture]) -> list[Shot]:
    """Return a product's pictures, ready to draw."""
    return [shot(picture.key, picture.alt, picture.placeholder) for picture in pictures]
