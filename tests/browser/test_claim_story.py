"""A return from asking to the money: the buyer sees the refund first, the shop finishes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from marketplace.accounts.models import Person, Role
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.enterprises.models import MemberRole
from marketplace.orders import queries
from marketplace.payments import queries as payments
from tests import make
from tests.bed import browser
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look

_CASE = re.compile(r"^반품 [0-9]+$")


@dataclass(frozen=True)
class Claim:
    """A bakery, an order that has arrived, and everybody who will look at it."""

    baker: Person
    buyer: Person
    officer: Person
    placed: PlacedOrder

    @property
    def number(self) -> str:
        """Return the order's number."""
        return queries.get(self.placed.order_id).number


@pytest.fixture
def claim(live_app: Flask) -> Iterator[Claim]:
    """Deliver two loaves and a jar; the context stays pushed for questions to the database."""
    with live_app.app_context():
        bakery = make.enterprise(name="밀밭나루 빵집")
        ships = make.shipping(bakery, fee=3_000, return_fee=2_500)
        baker, buyer, officer = (make.person(name) for name in ("박제빵", "김주민", "최주무"))
        make.member(bakery, baker, role=MemberRole.STAFF)
        make.role(officer, Role.OPERATOR)
        bread = make.sellable(bakery, price=12_000, ships=ships, name="통밀 사워도우")
        jam = make.sellable(bakery, price=9_000, ships=ships, name="딸기잼")
        placed = make.paid_order({bread: 2, jam: 1}, by=buyer, at=clock.now())
        make.delivered(placed, at=clock.now())
        yield Claim(baker, buyer, officer, placed)


def enter(page: Page, person: Person, server: LiveServer) -> None:
    cookie = session_of(server.app, person)
    page.context.add_cookies([{"name": "session", "value": cookie, "url": server.url}])


def test_a_return_from_asking_to_the_money(
    page: Page, chromium: Browser, live_server: LiveServer, claim: Claim, complaints: list[str]
) -> None:
    enter(page, claim.buyer, live_server)
    ask(page, claim)
    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as desk:
        enter(desk, claim.baker, live_server)
        finish(desk)
    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as office:
        enter(office, claim.officer, live_server)
        look_on(office, claim)

    page.reload()
    expect(page.get_by_text("검수: 새것 그대로")).to_be_visible()
    look.check(page)
    page.goto(f"/my/orders/{claim.number}")
    expect(page.get_by_text("반품 · 환불 9,500원")).to_be_visible()
    look.check(page)

    assert [one.amount for one in payments.list_refunds(claim.placed.payment_id)] == [9_500]
    assert look.refusals_aside(complaints) == []


def ask(page: Page, claim: Claim) -> None:
    """Choose one loaf, see what comes back, and ask for it in two taps."""
    page.goto(f"/my/orders/{claim.number}")
    page.get_by_role("link", name="취소·반품·교환 신청").click()
    look.check(page)
    page.get_by_label("통밀 사워도우 반품 수량", exact=True).fill("1")
    page.get_by_label("반품 이유").select_option("changed_mind")
    # 12,000 won less the way back.
    expect(page.locator("#claim-sum")).to_contain_text("9,500원")
    look.check(page)
    page.get_by_role("link", name="교환", exact=True).click()
    expect(page.get_by_label("바꿀 옵션: 통밀 사워도우")).to_be_visible()
    look.check(page)
    page.go_back()
    page.get_by_label("통밀 사워도우 반품 수량", exact=True).fill("1")
    page.get_by_label("반품 이유").select_option("changed_mind")
    expect(page.locator("#claim-sum")).to_contain_text("9,500원")
    page.get_by_role("button", name="다음: 금액 확인하기").click()
    look.check(page)
    page.get_by_label("자세한 내용").fill("식구가 같은 빵을 사 왔어요")
    page.get_by_role("button", name="반품 신청하고 9,500원 돌려받기").click()
    expect(page.get_by_text("반품을 신청했습니다")).to_be_visible()
    look.check(page)


def finish(desk: Page) -> None:
    """Accept it, note its parcel, take it in, look at it and pay it back."""
    desk.goto("/seller/claims")
    look.check(desk)
    desk.get_by_role("link", name=_CASE).click()
    look.check(desk)
    desk.get_by_role("button", name="승인").click()
    expect(desk.get_by_text("승인했습니다.")).to_be_visible()
    look.check(desk)
    desk.get_by_label("택배사").select_option("EPOST")
    desk.get_by_label("운송장 번호").fill("6123-4567-89012")
    desk.get_by_role("button", name="운송장 적기").click()
    expect(desk.get_by_text("6123456789012").first).to_be_visible()
    desk.get_by_role("button", name="수거 완료").click()
    desk.get_by_label("검수한 내용").fill("새것 그대로")
    desk.get_by_label("예, 재고에 넣습니다").check()
    look.check(desk)
    desk.get_by_role("button", name="반품 완료하고 9,500원 환불").click()
    expect(desk.get_by_text("반품을 마치고 환불을 시작했습니다.")).to_be_visible()
    look.check(desk)


def look_on(office: Page, claim: Claim) -> None:
    """See the case in the office's list, and where it could cancel by right."""
    office.goto("/office/claims")
    look.check(office)
    office.get_by_role("link", name=_CASE).click()
    look.check(office)
    office.goto(f"/office/claims/cancel?number={claim.number}")
    expect(office.get_by_text("직권으로 취소할 수 있는 상품이 없습니다")).to_be_visible()
    look.check(office)
