"""A seller's day: a new order is accepted, packed, sent and brought, and its buyer confirms it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from marketplace.accounts.models import Person
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.enterprises.models import MemberRole
from marketplace.orders import queries
from marketplace.orders.models import LineStatus
from tests import make
from tests.bed import browser
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look


@dataclass(frozen=True)
class Day:
    """A bakery with one order, its baker and who ordered."""

    baker: Person
    buyer: Person
    placed: PlacedOrder

    @property
    def number(self) -> str:
        """Return the order's number."""
        return queries.get(self.placed.order_id).number

    @property
    def status(self) -> LineStatus:
        """Return where the order stands."""
        return queries.get(self.placed.order_id).status


@pytest.fixture
def day(live_app: Flask) -> Iterator[Day]:
    """Open the bakery; its context stays pushed for questions to the database."""
    with live_app.app_context():
        bakery = make.enterprise(name="밀밭나루 빵집")
        ships = make.shipping(bakery)
        baker, buyer = make.person("박제빵"), make.person("김주민")
        make.member(bakery, baker, role=MemberRole.STAFF)
        bread = make.sellable(bakery, price=12_000, ships=ships, name="통밀 사워도우")
        jam = make.sellable(bakery, price=9_000, ships=ships, name="딸기잼")
        placed = make.paid_order({bread: 2, jam: 1}, by=buyer, at=clock.now())
        yield Day(baker, buyer, placed)


def enter(page: Page, person: Person, server: LiveServer) -> None:
    cookie = session_of(server.app, person)
    page.context.add_cookies([{"name": "session", "value": cookie, "url": server.url}])


def test_from_a_new_order_to_a_confirmed_one(
    page: Page, chromium: Browser, live_server: LiveServer, day: Day, complaints: list[str]
) -> None:
    enter(page, day.baker, live_server)
    accept(page, day)
    send(page, day)
    page.get_by_text("배송완료로 바꾸기").click()
    look.check(page)
    page.get_by_role("button", name="배송완료", exact=True).click()
    expect(page.get_by_text("배송완료로 바꿨습니다")).to_be_visible()

    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as phone:
        enter(phone, day.buyer, live_server)
        phone.goto(f"/my/orders/{day.number}")
        expect(phone.get_by_role("link", name="배송 조회")).to_be_visible()
        look.check(phone)
        phone.locator("summary", has_text="구매확정").click()
        look.check(phone)
        phone.get_by_role("button", name="구매확정", exact=True).click()
        expect(phone.get_by_text("구매확정했습니다")).to_be_visible()
        look.check(phone)

    assert day.status is LineStatus.CONFIRMED
    page.goto("/seller/orders?tab=confirmed")
    expect(page.get_by_role("link", name=day.number)).to_be_visible()
    assert look.refusals_aside(complaints) == []


def accept(page: Page, day: Day) -> None:
    """Find the order on the board, accept it with a tick and print its slip."""
    page.goto("/seller/orders")
    look.check(page)
    page.get_by_label(f"주문 {day.number} 고르기").check()
    page.get_by_role("button", name="고른 주문 발주확인").click()
    expect(page.get_by_text("주문 1건을 발주확인했습니다")).to_be_visible()
    assert day.status is LineStatus.PREPARING
    look.check(page)
    page.get_by_label(f"주문 {day.number} 고르기").check()
    page.get_by_role("button", name="고른 주문 포장 명세서").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("포장 명세서 1장")
    expect(page.get_by_text("이받음")).to_be_visible()
    look.check(page)
    page.goto("/seller/waybills")
    look.check(page)


def send(page: Page, day: Day) -> None:
    """Send the bread with a wrong number, then the right one; bring the jam."""
    page.goto("/seller/orders?tab=ready")
    page.get_by_role("link", name=day.number).click()
    look.check(page)
    page.get_by_label("딸기잼").uncheck()
    page.locator("#carrier").select_option(label="CJ대한통운")
    page.locator("#waybill").fill("5.2E+11")
    page.get_by_role("button", name="발송 처리").click()
    expect(page.get_by_role("alert")).to_contain_text("텍스트")
    expect(page.locator("#waybill")).to_have_value("5.2E+11")
    expect(page.get_by_label("딸기잼")).not_to_be_checked()
    look.check(page)

    page.get_by_label("딸기잼").check()
    page.locator("#waybill").fill("6995-6837-5375")
    page.get_by_role("button", name="발송 처리").click()
    expect(page.get_by_text("발송 처리했습니다")).to_be_visible()
    expect(page.get_by_role("heading", name="CJ대한통운 699568375375")).to_be_visible()
    assert day.status is LineStatus.SHIPPING
