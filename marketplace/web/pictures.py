"""Addresses of stored pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import url_for

from marketplace.catalog.pictures import WIDTHS
from marketplace.catalog.product_page import ProductPicture


def picture_url(key: str, width: int, kind: str) -> str:
    """Return the address of one rendition of a stored picture."""
    return url_for("shop_pictures.show", key=key, width=width, kind=kind)


def srcset(key: str, kind: str) -> str:
    """Return the addresses of every width, as `srcset` writes them."""
    return ", ".join(f"{picture_url(key, width, kind)} {width}w" for width in WIDTHS)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture in the sizes a gallery needs."""

    small: str
    large: str
    avif: str
    srcset: str
    alt: str


def gallery_of(pictures: Iterable[ProductPicture]) -> list[Shot]:
    """Return a product's pictures, ready to draw."""
    return [
        Shot(
            small=picture_url(picture.key, 320, "jpg"),
            large=picture_url(picture.key, 640, "jpg"),
            avif=srcset(picture.key, "avif"),
            srcset=srcset(picture.key, "jpg"),
            alt=picture.alt,
        )
        for picture in pictures
    ]
