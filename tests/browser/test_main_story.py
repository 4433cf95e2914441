"""The main story: a resident takes a coupon, buys, and changes their mind."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests import make
from tests.bed.stripe import FakeStripe
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.cart import CartPage
from tests.browser.pages.order_sheet import OrderSheetPage
from tests.browser.pages.payment import PaymentPage
from tests.browser.pages.sign_in import sign_in


def test_buys_with_a_coupon_and_cancels(
    page: Page, street: Street, fake_stripe: FakeStripe, complaints: list[str]
) -> None:
    make.campaign(name="첫 나들이", slug="first", amount=5_000, min_order=20_000)
    make.claimed_coupon(make.campaign(name="두레 쿠폰", amount=3_000), by=street.member)
    make.address(street.member)
    sign_in(page, "resident@example.com")
    page.goto("/coupons")
    page.locator(".ticket", has_text="첫 나들이").get_by_role("button", name="쿠폰 받기").click()
    page.wait_for_url("**/my/coupons?got=*")

    _fill_cart(page, street)
    number = _order_and_pay(page)
    _cancel(page, number)

    page.goto("/my/coupons")
    expect(page.get_by_role("heading", name="첫 나들이")).to_be_visible()
    expect(page.get_by_text("쓸 수 있는 쿠폰")).to_contain_text("2")
    assert records.orders() == (1, 1)
    assert records.charges(fake_stripe) == 1
    assert complaints == []


def _fill_cart(page: Page, street: Street) -> None:
    for wanted in (street.honey, street.bread):
        product.open_product(page, wanted)
        product.put_into_cart(page)
    cart = CartPage(page)
    cart.expect_total("42,000원")
    cart.add_one("통밀 사워도우")
    cart.add_one("통밀 사워도우")
    # Three loaves ship for nothing.
    cart.expect_total("63,000원")
    look.check(page)
    cart.leave_out("아까시꿀")
    cart.expect_total("36,000원")
    cart.leave_out("아까시꿀")
    cart.expect_total("63,000원")
    cart.take_best_coupons()
    cart.expect_total("55,000원")
    look.check(page)
    cart.order()


def _order_and_pay(page: Page) -> str:
    sheet = OrderSheetPage(page)
    sheet.expect_total("55,000원")
    look.check(page)
    page.get_by_role("checkbox", name="두레 쿠폰").uncheck()
    sheet.expect_total("58,000원")
    sheet.pay_by("카드·간편결제")
    sheet.agree()
    sheet.send()
    payment = PaymentPage(page)
    payment.expect_open()
    look.check(page)
    payment.pay("카카오페이")
    payment.approve()
    number = payment.expect_done()
    look.check(page)
    return number


def _cancel(page: Page, number: str) -> None:
    page.goto("/my/orders")
    look.check(page)
    page.get_by_role("article").get_by_role("link", name=re.compile("주문$")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"주문 {number}")
    # 5,000 won over 36,000 and 24,000 won of goods, of each the city's 70 %.
    expect(page.get_by_text("시비 2,100원")).to_be_visible()
    expect(page.get_by_text("시비 1,400원")).to_be_visible()
    look.check(page)
    page.get_by_role("link", name="주문 취소").click()
    look.check(page)
    page.get_by_role("button", name="취소하고 58,000원 돌려받기").click()
    expect(page.get_by_text("취소했습니다. 58,000원을")).to_be_visible()
