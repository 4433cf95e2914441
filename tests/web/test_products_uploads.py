"""Pictures that are no pictures, too large, or tell too much (S14)."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from marketplace.catalog.models import Picture
from marketplace.core.db import db
from marketplace.core.storage import Storage
from tests.service.catalog import goods
from tests.service.catalog.goods import Shop
from tests.web.goods_desk import LIST, photo, send_large
from tests.web.visitor import Visitor


@pytest.fixture
def shop(isolated: None) -> Shop:  # noqa: ARG001
    return goods.shop()


@pytest.fixture
def owner(visitor: Visitor, shop: Shop) -> Visitor:
    """The owner at the desk, with a second factor."""
    return visitor.enter(shop.owner, second_factor=True)


class TestUploads:
    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "logo.svg"),
            (b"<html><script>alert(1)</script></html>", "photo.jpg"),
            (photo()[:400], "cut.jpg"),
            (b"", "empty.png"),
            (b"GIF89a" + b"\x00" * 20, "x.gif"),
        ],
        ids=["svg", "html-as-jpg", "truncated", "empty", "broken-gif"],
    )
    def test_refuses_what_is_no_picture_and_keeps_the_words(
        self, owner: Visitor, shop: Shop, content: bytes, name: str
    ) -> None:
        product = goods.written(shop)

        answer = owner.post(
            f"{LIST}/{product.id}/pictures",
            {"alt": "꿀단지 사진", "picture": (io.BytesIO(content), name)},
        )

        assert answer.status_code == 422
        assert "사진을 올릴 수 없습니다" in answer.text
        assert 'value="꿀단지 사진"' in answer.text
        assert db.session.scalars(select(Picture)).all() == []

    def test_refuses_81_megapixels_by_the_header(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)
        made = io.BytesIO()
        Image.new("1", (9_000, 9_000)).save(made, "PNG")

        answer = owner.post(
            f"{LIST}/{product.id}/pictures",
            {"alt": "큰 사진", "picture": (io.BytesIO(made.getvalue()), "big.png")},
        )

        assert len(made.getvalue()) < 20_000
        assert answer.status_code == 422
        assert "2,500만 화소" in answer.text

    def test_shows_one_frame_of_5_000(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)
        frames = [Image.new("P", (8, 8), n % 2) for n in range(5_000)]
        made = io.BytesIO()
        frames[0].save(made, "GIF", save_all=True, append_images=frames[1:], duration=10)

        answer = owner.post(
            f"{LIST}/{product.id}/pictures",
            {"alt": "움직임", "picture": (io.BytesIO(made.getvalue()), "a.gif")},
        )

        assert answer.status_code == 303

    def test_stores_nothing_of_where_it_was_taken_nor_a_name_from_outside(
        self, owner: Visitor, shop: Shop, app: Flask
    ) -> None:
        product = goods.written(shop)
        exif = Image.Exif()
        exif[0x8825] = {1: "N", 2: (37.0, 32.0, 0.0)}
        taken = photo(exif=exif)
        assert b"Exif" in taken

        answer = owner.post(
            f"{LIST}/{product.id}/pictures",
            {"alt": "꿀", "picture": (io.BytesIO(taken), "../../../etc/passwd")},
        )

        assert answer.status_code == 303
        key = db.session.scalars(select(Picture.storage_key)).one()
        assert key.isalnum()
        storage = Storage.of(app.extensions["settings"])
        for kind in ("jpg", "webp", "avif"):
            kept = storage.get(f"pictures/{key[:2]}/{key}-640.{kind}")
            assert dict(Image.open(io.BytesIO(kept)).getexif()) == {}

    def test_refuses_more_than_the_server_takes(self, owner: Visitor, shop: Shop) -> None:
        product = goods.written(shop)

        path = f"{LIST}/{product.id}/pictures"
        answer = send_large(owner, path, "picture", b"\x00" * (30 << 20))

        assert answer.status_code == 413
