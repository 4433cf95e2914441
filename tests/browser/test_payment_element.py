"""With real keys Stripe's own form takes the card; here Stripe's script is a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from marketplace.core.settings import Settings
from tests.bed.stripe import FakeStripe
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.order_sheet import OrderSheetPage
from tests.browser.pages.sign_in import sign_in

_STRIPE = """
window.Stripe = (key) => ({
  elements: ({ clientSecret }) => ({
    create: () => ({
      on: (_, ready) => setTimeout(ready),
      mount: (where) => (document.querySelector(where).textContent = `${key} ${clientSecret}`),
    }),
  }),
  confirmPayment: async ({ confirmParams }) => ({
    error: { message: `카드가 거절되었습니다 ${confirmParams.return_url}` },
  }),
});
"""


@pytest.fixture
def waiting(
    page: Page, street: Street, fake_stripe: FakeStripe, live_app: Flask, live_settings: Settings
) -> Iterator[str]:
    """Place an order with the fake, then go on as if the keys were real."""
    assert fake_stripe
    assert street
    sign_in(page, "resident@example.com")
    product.open_product(page, street.honey)
    product.buy_now(page)
    sheet = OrderSheetPage(page)
    sheet.send_to(zip_code="05000", address="서울특별시 광진구 자양로 117")
    sheet.pay_by("카드·간편결제")
    sheet.agree()
    sheet.send()
    page.wait_for_url("**/pay/*")
    live_app.extensions["settings"] = replace(live_settings, stripe_api_base=None)
    yield page.url
    live_app.extensions["settings"] = live_settings


def test_hands_the_card_to_stripe(page: Page, waiting: str, complaints: list[str]) -> None:
    page.route(
        "https://js.stripe.com/**",
        lambda route: route.fulfill(content_type="text/javascript", body=_STRIPE),
    )

    page.goto(waiting)

    expect(page.locator("#payment-element")).to_contain_text("pk_test_bed pi_")
    button = page.get_by_role("button", name="27,000원 결제하기")
    expect(button).to_be_enabled()
    look.check(page)
    button.click()
    expect(page.get_by_role("alert")).to_contain_text(f"카드가 거절되었습니다 {waiting}/return")
    expect(button).to_be_enabled()
    assert complaints == []


def test_says_so_when_stripe_cannot_be_reached(page: Page, waiting: str) -> None:
    page.route("https://js.stripe.com/**", lambda route: route.abort())

    page.goto(waiting)

    expect(page.get_by_role("alert")).to_contain_text("결제 화면을 불러오지 못했습니다")
    expect(page.get_by_role("button", name="27,000원 결제하기")).to_be_disabled()
