"""A session that ends while the order sheet is filled in costs a sign-in, not the typing."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import update

from marketplace.accounts.models import SignIn
from marketplace.core import clock
from marketplace.core.db import db, transaction
from tests.bed.stripe import FakeStripe
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.order_sheet import OrderSheetPage
from tests.browser.pages.payment import PaymentPage
from tests.browser.pages.sign_in import sign_in


def test_returns_to_the_sheet_as_it_was(
    page: Page, street: Street, fake_stripe: FakeStripe, complaints: list[str]
) -> None:
    sign_in(page, "resident@example.com")
    product.open_product(page, street.honey)
    product.buy_now(page)
    sheet = OrderSheetPage(page)
    sheet.send_to(zip_code="05000", address="서울특별시 광진구 자양로 117", detail="옥탑방")
    sheet.memo.fill("3층 왼쪽 문")
    sheet.pay_by("카드·간편결제")
    sheet.agree()
    with transaction():
        db.session.execute(update(SignIn).values(ended_at=clock.now()))

    sheet.send()

    page.wait_for_url("**/sign-in**")
    expect(page.get_by_text("쓰시던 주문서로 돌아갑니다")).to_be_visible()
    sign_in(page, "resident@example.com")
    page.wait_for_url("**/checkout")
    expect(sheet.memo).to_have_value("3층 왼쪽 문")
    expect(page.get_by_label("상세 주소")).to_have_value("옥탑방")
    expect(page.get_by_role("radio", name="카드·간편결제")).to_be_checked()
    assert records.orders() == (0, 0)

    sheet.send()
    payment = PaymentPage(page)
    payment.expect_open()
    payment.pay("승인 카드")
    payment.expect_done()
    assert records.charges(fake_stripe) == 1
    assert look.refusals_aside(complaints) == []
