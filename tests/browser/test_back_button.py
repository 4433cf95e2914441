"""The back button after ordering and after paying never makes a second order."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.bed.stripe import FakeStripe
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.order_sheet import OrderSheetPage
from tests.browser.pages.payment import PaymentPage
from tests.browser.pages.sign_in import sign_in


def test_leads_back_to_the_same_order(
    page: Page, street: Street, fake_stripe: FakeStripe, complaints: list[str]
) -> None:
    sign_in(page, "resident@example.com")
    product.open_product(page, street.honey)
    product.buy_now(page)
    sheet = OrderSheetPage(page)
    sheet.send_to(zip_code="05000", address="서울특별시 광진구 자양로 117")
    sheet.pay_by("카드·간편결제")
    sheet.agree()
    sheet.send()
    payment = PaymentPage(page)
    payment.expect_open()

    page.go_back()

    expect(page.get_by_role("heading", level=1)).to_have_text("결제를 마치지 않은 주문이 있습니다")
    look.check(page)
    assert records.orders() == (1, 0)
    page.get_by_role("link", name="이어서 결제하기").click()
    payment.expect_open()
    payment.pay("승인 카드")
    payment.expect_done()

    page.go_back()

    payment.expect_done()
    page.goto("/checkout")
    page.wait_for_url("**/cart")
    assert records.orders() == (1, 1)
    assert records.charges(fake_stripe) == 1
    assert look.refusals_aside(complaints) == []
