"""A product from an empty desk to the shop, on a telephone and at a desk; stories that attack."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, expect

from marketplace.accounts.models import Role
from marketplace.catalog.models import Picture, Product, ProductStatus
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.search import index
from tests import make
from tests.bed import browser
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look
from tests.service.catalog import goods
from tests.service.catalog.goods import Shop
from tests.unit.story_attacks import STORIES

_PER_PAGE = 40


@pytest.fixture
def shop(live_app: Flask) -> Iterator[Shop]:
    """A shop without goods; its context stays pushed for questions to the database."""
    with live_app.app_context():
        yield goods.shop()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of honey, more or less."""
    made = io.BytesIO()
    Image.new("RGB", (900, 700), "goldenrod").save(made, "JPEG")
    path = tmp_path / "honey.jpg"
    path.write_bytes(made.getvalue())
    return path


def enter(page: Page, shop: Shop, server: LiveServer) -> None:
    cookie = session_of(server.app, shop.owner)
    page.context.add_cookies([{"name": "session", "value": cookie, "url": server.url}])


def write(page: Page) -> None:
    """Fill in a new product and save it."""
    page.goto("/seller/products")
    expect(page.get_by_role("heading", name="아직 상품이 없습니다")).to_be_visible()
    look.check(page)
    page.get_by_role("link", name="새 상품").first.click()
    page.get_by_label("분류").select_option(label="꿀·잼")
    page.get_by_label("상품명").fill("아카시아꿀")
    page.get_by_label("짧은 소개").fill("옥상에서 거른 꿀")
    page.get_by_label("정가").fill("25,000")
    page.get_by_role("textbox", name="판매가").fill("22,000")
    page.get_by_label("원산지", exact=True).fill("국산")
    page.get_by_label("상세 설명").fill("벌이 모은 꿀입니다.\n\n<script>alert(1)</script>")
    for label in ("품명 및 모델명", "인증·허가 사항", "제조국 또는 원산지", "제조자"):
        page.get_by_label(label, exact=True).fill("상품 이야기")
    page.get_by_label("A/S 책임자와 전화번호").fill("상품상세 참조")
    page.get_by_role("textbox", name="재고").fill("10")
    look.check(page)
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_text("상품을 저장했습니다")).to_be_visible()


def divide(page: Page) -> None:
    """Give it options with their stock."""
    page.get_by_label("옵션 이름 1").fill("용량")
    page.get_by_label("값 1").fill("500g, 1kg")
    page.get_by_role("button", name="조합 만들기").click()
    expect(page.get_by_text("옵션 조합을 만들었습니다")).to_be_visible()
    for option, extra in (("500g", "0"), ("1kg", "15,000")):
        page.get_by_role("textbox", name=f"재고 {option}").fill("7")
        page.get_by_role("textbox", name=f"추가금(원) {option}").fill(extra)
    page.get_by_role("button", name="재고 저장").click()
    expect(page.get_by_text("재고와 옵션을 저장했습니다")).to_be_visible()


def show_it(page: Page, photo: Path) -> None:
    """Add its picture."""
    page.get_by_label("사진 파일").set_input_files(photo)
    page.get_by_role("textbox", name="사진 설명").fill("유리병에 담긴 꿀")
    page.get_by_role("button", name="사진 올리기").click()
    expect(page.get_by_role("img", name="유리병에 담긴 꿀")).to_be_visible()
    look.check(page)


@pytest.mark.parametrize("width", [360, 1440])
def test_from_an_empty_desk_to_the_shop(
    page: Page, live_server: LiveServer, shop: Shop, photo: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    enter(page, shop, live_server)
    write(page)
    address = page.url
    divide(page)
    show_it(page, photo)

    page.get_by_role("link", name="미리보기").click()
    expect(page.get_by_text("사는 분에게 보일 모습입니다")).to_be_visible()
    expect(page.get_by_text("벌이 모은 꿀입니다.")).to_be_visible()
    look.check(page)
    page.goto(address)
    page.get_by_role("button", name="판매 시작").click()
    expect(page.get_by_text("판매를 시작했습니다")).to_be_visible()

    page.goto("/seller/products")
    row = page.locator(".good")
    price = row.get_by_role("textbox", name="판매가")
    price.fill("21,000")
    row.get_by_role("button", name="저장").click()
    expect(page.get_by_text("저장했습니다.")).to_be_visible()
    look.check(page)
    product = db.session.query(Product).one()
    assert (product.price, product.status) == (21_000, ProductStatus.ON_SALE)
    with transaction():
        index.reindex([product.id], at=clock.now())
    page.goto("/products?q=아카시아꿀")
    page.get_by_role("link", name="아카시아꿀").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("아카시아꿀")
    expect(page.get_by_text("1kg")).to_be_visible()
    for path in ("/seller/products/imports", "/seller/shipping", "/seller/shipping/new"):
        page.goto(path)
        look.check(page)


@pytest.mark.usefixtures("live_server")
def test_stories_that_attack_do_nothing(page: Page, shop: Shop, complaints: list[str]) -> None:
    """S5: cleaned when saved, and once more when an old row was not."""
    saved = goods.written(shop, story="<hr>".join(STORIES))
    make.picture(saved, key="0" * 32)
    raw = [goods.written(shop, story="<p>x</p>") for _ in range(0, len(STORIES), _PER_PAGE)]
    with transaction():
        for place, product in enumerate(raw):
            part = STORIES[place * _PER_PAGE : (place + 1) * _PER_PAGE]
            product.story = "<p>ok</p>".join(part).replace("\x00", "")
        for product in (saved, *raw):
            product.status = ProductStatus.ON_SALE
        db.session.query(Picture).delete()
    dialogs: list[str] = []
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.on("request", lambda request: asked.append(request.url))

    for product in (saved, *raw):
        page.goto(f"/products/{product.id}")
        expect(page.locator("#story")).to_be_visible()
        page.mouse.move(200, 400)
        page.wait_for_timeout(150)

    assert (dialogs, complaints) == ([], [])
    assert [url for url in asked if "evil.example" in url] == []
    assert page.locator("#story script, #story iframe, #story [onerror], #story svg").count() == 0


def test_a_resident_waits_for_what_is_sold_out(
    live_server: LiveServer, shop: Shop, chromium: Browser, complaints: list[str]
) -> None:
    product = goods.written(shop, stock=0)
    with transaction():
        product.status = ProductStatus.ON_SALE
    resident = make.person(name="김주민")
    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as window:
        cookie = session_of(live_server.app, resident)
        window.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
        window.goto(f"/products/{product.id}")
        look.check(window)
        window.get_by_role("button", name="들어오면 알림 받기").click()
        expect(window.get_by_text("다시 들어오면 알림과 이메일로")).to_be_visible()
        window.goto("/my/restock")
        look.check(window)
        window.get_by_role("button", name="알림 지우기").click()
        expect(window.get_by_text("기다리는 상품이 없습니다")).to_be_visible()


def test_the_office_looks_first(page: Page, live_server: LiveServer, shop: Shop) -> None:
    product = goods.written(shop)
    with transaction():
        product.status = ProductStatus.IN_REVIEW
    cookie = session_of(live_server.app, make.person("박담당", roles=[Role.OPERATOR]))
    page.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
    page.goto("/office/products")
    look.check(page)
    page.get_by_role("textbox", name="고칠 점").fill("사진을 올려 주세요")
    page.get_by_role("button", name="고쳐 달라고 하기").click()
    expect(page.get_by_text("고칠 점을 가게에 알렸습니다")).to_be_visible()
    expect(page.get_by_text("기다리는 상품이 없습니다")).to_be_visible()
