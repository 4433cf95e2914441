"""A refused card costs nothing and leaves the order where it was."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.bed.stripe import FakeStripe
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.order_sheet import OrderSheetPage
from tests.browser.pages.payment import PaymentPage
from tests.browser.pages.sign_in import sign_in


def test_says_why_and_takes_another_card(
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

    payment.pay("한도 초과 카드")

    expect(page.get_by_role("alert")).to_contain_text("잔액이나 한도가 부족합니다")
    expect(page.get_by_role("alert")).to_be_focused()
    look.check(page)
    assert records.orders() == (1, 0)
    assert records.charges(fake_stripe) == 0

    payment.pay("승인 카드")
    payment.expect_done()
    assert records.orders() == (1, 1)
    assert records.charges(fake_stripe) == 1
    assert look.refusals_aside(complaints) == []
