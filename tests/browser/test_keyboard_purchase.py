"""A purchase from product to the last page with the keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests import make
from tests.bed.stripe import FakeStripe
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import product
from tests.browser.pages.payment import PaymentPage
from tests.browser.pages.sign_in import sign_in

_FAR = 150


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus, as people do who cannot use a mouse."""
    for _ in range(_FAR):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_needs_no_mouse(
    page: Page, street: Street, fake_stripe: FakeStripe, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    make.address(street.member)
    sign_in(page, "resident@example.com")
    product.open_product(page, street.honey)

    tab_to(page, page.get_by_role("button", name="장바구니").first)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cart")
    plus = page.get_by_role("button", name="아까시꿀 수량 하나 더하기")
    tab_to(page, plus)
    page.keyboard.press("Space")
    expect(page.locator("#cart .summary .sum dd")).to_have_text("51,000원")
    expect(plus).to_be_focused()
    tab_to(page, page.locator("#cart aside").get_by_role("link", name="주문하기"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout")

    tab_to(page, page.get_by_role("radio", name="카드·간편결제"))
    page.keyboard.press("Space")
    for box in ("판매자에게 배송 정보를", "주문할 상품과 금액을"):
        tab_to(page, page.get_by_role("checkbox", name=box))
        page.keyboard.press("Space")
    tab_to(page, page.locator("[data-pay]"))
    page.keyboard.press("Enter")

    payment = PaymentPage(page)
    payment.expect_open()
    tab_to(page, page.get_by_role("radio", name="시험 승인 카드"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name=re.compile("결제하기$")))
    page.keyboard.press("Enter")
    payment.expect_done()

    assert records.orders() == (1, 1)
    assert records.charges(fake_stripe) == 1
    assert complaints == []
