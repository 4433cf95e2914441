"""Cart and order sheet with JavaScript switched off: every button still does its work."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests import make
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import product
from tests.browser.pages.sign_in import sign_in


def test_buys_all_the_same(
    chromium: Browser, live_server: LiveServer, street: Street, fake_stripe: FakeStripe
) -> None:
    make.claimed_coupon(make.campaign(name="두레 쿠폰", amount=3_000), by=street.member)
    context = chromium.new_context(
        base_url=live_server.url,
        locale="ko-KR",
        viewport={"width": 360, "height": 800},
        java_script_enabled=False,
    )
    try:
        _buy(context.new_page(), street)
    finally:
        context.close()

    assert records.orders() == (1, 1)
    assert records.charges(fake_stripe) == 1


def _buy(page: Page, street: Street) -> None:
    page.set_default_timeout(10_000)
    sign_in(page, "resident@example.com")
    product.open_product(page, street.honey)
    product.put_into_cart(page)
    page.get_by_role("spinbutton", name="아까시꿀 수량").fill("2")
    page.get_by_role("button", name=re.compile("바꾸기")).click()
    expect(page.locator("#cart .summary .sum dd")).to_have_text("51,000원")
    page.get_by_label("두레 쿠폰").check()
    page.get_by_role("button", name="쿠폰 적용").click()
    expect(page.locator("#cart .summary .sum dd")).to_have_text("48,000원")
    page.locator("#cart aside").get_by_role("link", name="주문하기").click()

    page.get_by_label("주문하시는 분과 같습니다").check()
    page.get_by_label("우편번호").fill("05000")
    page.get_by_label("도로명 주소").fill("서울특별시 광진구 자양로 117")
    page.locator(".opt", has_text="카드·간편결제").click()
    page.locator("#agrees_sellers").check()
    page.locator("#agrees_order").check()
    page.locator("[data-pay]").click()
    page.get_by_role("radio", name="시험 승인 카드").check()
    page.get_by_role("button", name=re.compile("결제하기$")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("주문이 완료되었습니다")
