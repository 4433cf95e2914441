"""Goods by sheet at the desk: up it goes, down come the errors; nobody else sees it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from marketplace.catalog import import_sheet, product_imports, smartstore
from marketplace.catalog.models import Product
from marketplace.catalog.upkeep_models import ProductImport
from marketplace.core.db import db, transaction
from marketplace.core.storage import Storage
from tests import make
from tests.service.catalog import goods
from tests.service.catalog.goods import Shop
from tests.web.goods_desk import LIST, send_large
from tests.web.visitor import Visitor

_DESK = f"{LIST}/imports"


@pytest.fixture
def shop(isolated: None) -> Shop:  # noqa: ARG001
    return goods.shop()


@pytest.fixture
def owner(visitor: Visitor, shop: Shop) -> Visitor:
    """The owner at the desk, with a second factor."""
    return visitor.enter(shop.owner, second_factor=True)


def uploaded(owner: Visitor, content: bytes, name: str = "goods.xlsx") -> ProductImport:
    """Send a sheet and return its row."""
    answer = owner.post(_DESK, {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303
    return db.session.scalars(select(ProductImport).order_by(ProductImport.id.desc())).first()  # type: ignore[return-value]


def work(app: Flask, sheet: ProductImport) -> None:
    """Do what the worker does."""
    content = Storage.of(app.extensions["settings"]).get(sheet.storage_key)
    groups = import_sheet.in_groups(import_sheet.read(content))
    more = True
    while more:
        with transaction():
            more = product_imports.work(sheet.id, groups, at=make.NOW)


def sheet_of(content: bytes) -> Sequence[Sequence[object]]:
    """Read a downloaded workbook."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_goes_up_shows_progress_and_gives_its_errors_back(owner: Visitor, app: Flask) -> None:
    rows = [goods.row("A"), goods.row("=cmd|' /C calc'!A0", price="열 원")]
    sheet = uploaded(owner, goods.sheet(rows), "../../상품.xlsx")
    path = f"{_DESK}/{sheet.id}"
    assert f'hx-get="{path}/progress"' in owner.get(path).text
    work(app, sheet)

    page = owner.get(path).text
    errors = owner.get(f"{path}/errors.csv").get_data(as_text=True)
    part = owner.get(f"{path}/progress").text

    assert "새로 1" in page
    assert "판매가,숫자가 아닙니다: 열 원" in errors
    assert "hx-get" not in part
    assert "상품.xlsx" in owner.get(_DESK).text


def test_the_same_file_again_is_the_same_import(owner: Visitor, app: Flask) -> None:
    content = goods.sheet([goods.row("A")])
    sheet = uploaded(owner, content)
    work(app, sheet)

    again = uploaded(owner, content)

    assert again.id == sheet.id
    assert "이미 올린 파일" in owner.get(f"{_DESK}/{sheet.id}").text
    assert len(db.session.scalars(select(Product.id)).all()) == 1


def test_refuses_no_file_and_too_large_a_one(owner: Visitor) -> None:
    none = owner.post(_DESK, {"file": (io.BytesIO(b""), "")})
    large = send_large(owner, _DESK, "file", b"x" * (11 << 20))

    assert (none.status_code, large.status_code) == (422, 422)
    assert "10MB 이하" in large.text


def test_is_not_found_by_another_enterprise(owner: Visitor) -> None:
    other = goods.shop()
    with transaction():
        theirs, _ = product_imports.take_in(
            enterprise_id=other.enterprise.id,
            filename="x.xlsx",
            content=b"x",
            storage_key="x",
            by=other.owner.id,
            at=make.NOW,
        )

    for part in ("", "/progress", "/errors.csv"):
        assert owner.get(f"{_DESK}/{theirs}{part}").status_code == 404


def test_the_template_can_be_sent_as_it_is(owner: Visitor, app: Flask) -> None:
    content = owner.get(f"{_DESK}/template.xlsx").data

    sheet = uploaded(owner, content)
    work(app, sheet)

    done = product_imports.get(sheet.id, sheet.enterprise_id)
    assert (done.created, done.errors) == (2, ())


def test_smartstore_gets_its_88_columns_and_no_formula(owner: Visitor, shop: Shop) -> None:
    product = goods.written(shop, name="=1+1", code="H-1", stock=4)
    make.picture(product, key="0" * 32)
    owner.post(f"{LIST}/{product.id}/move", {"to": "on_sale"})
    goods.written(goods.shop(), name="남의 것")

    rows = sheet_of(owner.post(f"{LIST}/smartstore.xlsx").data)

    assert rows[0][0] == "상품 기본정보"
    assert tuple(rows[1]) == smartstore.HEADERS
    assert len(smartstore.HEADERS) == 88
    told = dict(zip(rows[1], rows[2], strict=True))
    assert len(rows) == 3
    assert (told["상품명"], told["판매자 상품코드"], told["재고수량"]) == ("=1+1", "H-1", 4)
    assert (told["판매가"], told["부가세"], told["상품상태"]) == (22_000, "과세상품", "신상품")
    assert str(told["대표이미지"]).endswith(f"/pictures/{'0' * 32}-1200.jpg")
