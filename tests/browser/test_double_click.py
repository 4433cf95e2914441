"""Impatient fingers: two presses are one order and one payment."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.bed.stripe import FakeStripe
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.order_sheet import OrderSheetPage
from tests.browser.pages.payment import PaymentPage
from tests.browser.pages.sign_in import sign_in


def test_orders_and_pays_once(
    page: Page, street: Street, fake_stripe: FakeStripe, complaints: list[str]
) -> None:
    sign_in(page, "resident@example.com")
    product.open_product(page, street.honey)
    product.buy_now(page)
    sheet = OrderSheetPage(page)
    sheet.send_to(zip_code="05000", address="서울특별시 광진구 자양로 117")
    sheet.pay_by("카드·간편결제")
    sheet.agree()

    sheet.button.dblclick()
    payment = PaymentPage(page)
    payment.expect_open()
    payment.choose("승인 카드")
    page.get_by_role("button", name=re.compile("결제하기$")).dblclick()

    payment.expect_done()
    assert records.orders() == (1, 1)
    assert records.charges(fake_stripe) == 1
    assert look.refusals_aside(complaints) == []
