"""The pictures of an enterprise's product: up to ten, each described, in an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.catalog.editing import lock_own, touch
from marketplace.catalog.models import Picture
from marketplace.catalog.picture_rows import StoredPicture
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotFound

MOST: Final = 10
LONGEST_ALT: Final = 200


class PictureMissing(NotFound):
    message = "사진을 찾을 수 없습니다."


class AltMissing(InvalidInput):
    message = "사진을 보지 못하는 분을 위해 사진을 설명하는 글을 적어 주세요."
    field = "alt"


class TooManyPictures(InvalidInput):
    message = f"사진은 {MOST}장까지 올릴 수 있습니다."
    field = "picture"


def add(
    *, product_id: int, enterprise_id: int, picture: StoredPicture, alt: str, at: datetime
) -> None:
    """
    Show one more picture with a product, behind the others.

    :raises ProductMissing, AltMissing, TooManyPictures:
    """
    product = lock_own(product_id, enterprise_id)
    shown = _list(product_id)
    if len(shown) >= MOST:
        raise TooManyPictures
    db.session.add(
        Picture(
            product_id=product_id,
            storage_key=picture.key,
            alt=_checked(alt),
            width=picture.width,
            height=picture.height,
            placeholder=picture.placeholder,
            position=max((each.position for each in shown), default=-1) + 1,
        )
    )
    touch(product, at)


def describe(
    *, product_id: int, enterprise_id: int, picture_id: int, alt: str, at: datetime
) -> None:
    """
    Say anew what a picture shows.

    :raises ProductMissing, PictureMissing, AltMissing:
    """
    product = lock_own(product_id, enterprise_id)
    _get(product_id, picture_id).alt = _checked(alt)
    touch(product, at)


def put_first(*, product_id: int, enterprise_id: int, picture_id: int, at: datetime) -> None:
    """
    Show a picture before the others, in lists as well.

    :raises ProductMissing, PictureMissing:
    """
    _reorder(product_id, enterprise_id, picture_id, to=0, at=at)


def move_up(*, product_id: int, enterprise_id: int, picture_id: int, at: datetime) -> None:
    """
    Show a picture one place earlier.

    :raises ProductMissing, PictureMissing:
    """
    _reorder(product_id, enterprise_id, picture_id, to=None, at=at)


def remove(*, product_id: int, enterprise_id: int, picture_id: int, at: datetime) -> None:
    """
    Show a picture no more; its file stays for the stories and orders that use it.

    :raises ProductMissing, PictureMissing:
    """
    product = lock_own(product_id, enterprise_id)
    db.session.delete(_get(product_id, picture_id))
    touch(product, at)


def _reorder(
    product_id: int, enterprise_id: int, picture_id: int, *, to: int | None, at: datetime
) -> None:
    product = lock_own(product_id, enterprise_id)
    moved = _get(product_id, picture_id)
    shown = list(_list(product_id))
    place = shown.index(moved)
    shown.remove(moved)
    shown.insert(max(0, place - 1) if to is None else to, moved)
    for position, each in enumerate(shown):
        each.position = position
    touch(product, at)


def _get(product_id: int, picture_id: int) -> Picture:
    picture = db.session.get(Picture, picture_id)
    if picture is None or picture.product_id != product_id:
        raise PictureMissing
    return picture


def _list(product_id: int) -> Sequence[Picture]:
    return db.session.scalars(
        select(Picture)
        .where(Picture.product_id == product_id)
        .order_by(Picture.position, Picture.id)
    ).all()


def _checked(alt: str) -> str:
    if not alt.strip():
        raise AltMissing
    return alt.strip()[:LONGEST_ALT]
