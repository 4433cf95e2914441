"""A guest orders by deposit and finds the order again with its password."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests import make
from tests.bed import browser
from tests.bed.web import LiveServer
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.order_sheet import OrderSheetPage


def test_orders_without_an_account(
    page: Page,
    street: Street,
    chromium: Browser,
    live_server: LiveServer,
    complaints: list[str],
) -> None:
    product.open_product(page, street.honey)
    product.buy_now(page)
    sheet = OrderSheetPage(page)
    look.check(page)
    sheet.introduce(
        name="박손님",
        phone="010 2222 3333",
        email="guest@example.com",
        password=make.GUEST_PASSWORD,
    )
    sheet.send_to(zip_code="05000", address="서울특별시 광진구 자양로 117", detail="3층")
    sheet.pay_by("무통장 입금")
    page.get_by_label("입금자명").fill("나루상회")
    sheet.agree()
    sheet.send()

    page.wait_for_url("**/pay/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("입금 안내")
    for words in ("입금 계좌", "27,000원", "나루상회", "입금 기한"):
        expect(page.get_by_text(words).first).to_be_visible()
    look.check(page)
    page.get_by_role("link", name="주문 내용 보기").click()
    page.wait_for_url("**/done")
    look.check(page)
    number = page.url.split("/")[-2]

    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as elsewhere:
        elsewhere.goto("/guest/orders")
        look.check(elsewhere)
        elsewhere.get_by_label("주문번호").fill(number)
        elsewhere.get_by_label("주문 조회 비밀번호").first.fill("not-this-one")
        elsewhere.get_by_role("button", name="조회").click()
        expect(elsewhere.get_by_role("alert")).to_contain_text("맞는 주문이 없습니다")
        elsewhere.get_by_label("주문 조회 비밀번호").first.fill(make.GUEST_PASSWORD)
        elsewhere.get_by_role("button", name="조회").click()
        expect(elsewhere.get_by_role("heading", level=1)).to_have_text(f"주문 {number}")
        expect(elsewhere.get_by_text("입금대기").first).to_be_visible()
        look.check(elsewhere)

    assert records.orders() == (1, 0)
    assert look.refusals_aside(complaints) == []
