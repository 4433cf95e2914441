"""A review with a photo and its reply, a question and its answer, a panel up to the badge."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest
from flask import Flask
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from marketplace.accounts.models import Person, Role
from marketplace.catalog.models import Product, Variant
from marketplace.core import clock
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise
from tests import make
from tests.bed import browser
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look
from tests.make import talk

Enter = Callable[[Person], Page]
_SAID: Final = "아침마다 한 숟갈씩 먹는데 향이 참 좋아요."
_ASKED: Final = "선물 포장이 되나요?"


@dataclass(frozen=True)
class Street:
    """A shop, its owner, a buyer who kept what they bought, and somebody of the office."""

    product: Product
    owner: Person
    buyer: Person
    clerk: Person
    line_id: int


@pytest.fixture
def street(live_app: Flask) -> Iterator[Street]:
    """A street on which everybody may sign in; the context stays pushed."""
    with live_app.app_context():
        variant: Variant = make.sellable(make.enterprise(name="달콤양봉원"), name="밤꿀 500g")
        product = db.session.get_one(Product, variant.product_id)
        owner, buyer = make.person(name="한도연"), make.person(name="김나루")
        make.member(db.session.get_one(Enterprise, product.enterprise_id), owner)
        line = talk.kept_line(variant, by=buyer, at=clock.now())
        clerk = make.person(name="나다인", roles=[Role.OPERATOR])
        yield Street(product, owner, buyer, clerk, line.id)


@pytest.fixture
def enter(
    chromium: Browser, live_app: Flask, live_server: LiveServer, complaints: list[str]
) -> Iterator[Enter]:
    """Open a browser of somebody's own."""
    with ExitStack() as opened:

        def come_in(person: Person) -> Page:
            page = opened.enter_context(
                browser.opened(chromium, base_url=live_server.url, complaints=complaints)
            )
            page.context.add_cookies(
                [
                    {
                        "name": "session",
                        "value": session_of(live_app, person),
                        "url": live_server.url,
                    }
                ]
            )
            return page

        yield come_in


def photo() -> bytes:
    """Draw a jar."""
    image = Image.new("RGB", (900, 700), (250, 236, 205))
    ImageDraw.Draw(image).ellipse((250, 150, 650, 600), fill=(178, 110, 25))
    written = io.BytesIO()
    image.save(written, "JPEG")
    return written.getvalue()


def test_a_review_with_a_photo_gets_its_reply(
    street: Street, enter: Enter, complaints: list[str]
) -> None:
    page = enter(street.buyer)
    page.goto("/my/reviews")
    look.check(page)
    page.get_by_role("link", name="후기 쓰기").click()
    look.check(page)
    page.get_by_label("별점").select_option("5")
    page.locator("#body").fill(_SAID)
    jar = {"name": "jar.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    page.get_by_label("사진 더하기").set_input_files(jar)  # type: ignore[arg-type]
    page.get_by_role("button", name="후기 남기기").click()
    expect(page.get_by_text("후기를 남겼습니다")).to_be_visible()
    look.check(page)

    desk = enter(street.owner)
    desk.goto("/seller/reviews")
    look.check(desk)
    desk.get_by_label("답글").fill("고맙습니다. 또 들러 주세요.")
    desk.get_by_role("button", name="답글 남기기").click()
    expect(desk.get_by_text("답글을 남겼습니다")).to_be_visible()

    page.goto(f"/products/{street.product.id}")
    expect(page.locator("#reviews").get_by_text("고맙습니다. 또 들러 주세요.")).to_be_visible()
    expect(page.get_by_alt_text("밤꿀 500g 후기 사진 1")).to_be_visible()
    page.get_by_role("link", name="후기 모두 보기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("밤꿀 500g 후기")
    look.check(page)
    assert complaints == []


def test_a_question_gets_its_answer(street: Street, enter: Enter, complaints: list[str]) -> None:
    page = enter(street.buyer)
    page.goto(f"/products/{street.product.id}")
    page.get_by_role("link", name="문의하기").click()
    page.get_by_label("문의 내용").fill("네?")
    page.get_by_role("button", name="문의 남기기").click()
    expect(page.get_by_role("alert")).to_contain_text("5자 이상")
    look.check(page)
    page.get_by_label("문의 내용").fill(_ASKED)
    page.get_by_label("비밀글로 묻기").check()
    page.get_by_role("button", name="문의 남기기").click()
    expect(page.get_by_text(_ASKED)).to_be_visible()

    desk = enter(street.owner)
    desk.goto("/seller/questions")
    expect(desk.get_by_text(_ASKED)).to_be_visible()
    look.check(desk)
    desk.get_by_label("답변").fill("네, 보자기로 싸 드립니다.")
    desk.get_by_role("button", name="답변 남기기").click()
    expect(desk.get_by_text("답변을 남겼습니다")).to_be_visible()

    page.reload()
    expect(page.get_by_text("보자기로 싸 드립니다")).to_be_visible()
    look.check(page)
    page.goto("/my/notifications")
    look.check(page)
    assert look.refusals_aside(complaints) == []


def test_a_panel_goes_from_its_draft_to_the_badge(
    street: Street, enter: Enter, complaints: list[str]
) -> None:
    office = enter(street.clerk)
    office.goto("/office/panels")
    look.check(office)
    office.get_by_label("품평회 이름").fill("2026 가을 품평회")
    office.get_by_role("button", name="만들기").click()
    office.get_by_label("상품 번호나 상품 주소").fill(str(street.product.id))
    office.get_by_role("button", name="출품 넣기").click()
    office.get_by_label("회원 이메일").fill(street.buyer.email)
    office.get_by_role("button", name="심사위원 넣기").click()
    expect(office.get_by_role("heading", name="심사위원 1명")).to_be_visible()
    look.check(office)
    confirm(office, "심사 시작")

    judge = enter(street.buyer)
    judge.goto("/panels")
    look.check(judge)
    judge.get_by_role("link", name="2026 가을 품평회").click()
    look.check(judge)
    judge.get_by_role("link", name="밤꿀 500g").click()
    look.check(judge)
    for sheet in judge.get_by_role("group").filter(has_text="비중").all():
        sheet.get_by_label("5점").check()
    judge.get_by_label("의견").fill("향이 깊습니다.")
    judge.get_by_role("button", name="심사표 저장").click()
    expect(judge.get_by_text("심사표를 저장했습니다")).to_be_visible()

    office.reload()
    confirm(office, "심사 마감")
    office.get_by_role("link", name="결과 보기").click()
    expect(office.get_by_text("5.00").first).to_be_visible()
    look.check(office)
    office.get_by_label(re.compile("가게에 전할 개선 의견")).fill("작은 병도 만들어 보세요.")
    office.get_by_role("button", name=re.compile("의견 저장")).click()
    expect(office.get_by_text("의견을 저장했습니다")).to_be_visible()
    confirm(office, "결과 공개", "공개하고 배지 주기")

    desk = enter(street.owner)
    desk.goto("/seller/panels")
    expect(desk.get_by_text("작은 병도 만들어 보세요.")).to_be_visible()
    look.check(desk)
    desk.goto(f"/products/{street.product.id}")
    expect(desk.get_by_text("2026 가을 품평회 우수상품")).to_be_visible()
    for path in ("/office/messages", "/office/reviews"):
        office.goto(path)
        look.check(office)
    assert complaints == []


def confirm(page: Page, opener: str, words: str | None = None) -> None:
    """Open a dialog and say yes."""
    page.locator("summary", has_text=opener).click()
    page.get_by_role("dialog").get_by_role("button", name=words or opener).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
