"""A price that is slow to come changes the amount and nothing the buyer did meanwhile."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from marketplace.catalog.models import RemoteZone
from tests import make
from tests.browser import records
from tests.browser.conftest import Street
from tests.browser.pages import look, product
from tests.browser.pages.order_sheet import OrderSheetPage
from tests.browser.pages.payment import PaymentPage
from tests.browser.pages.sign_in import sign_in


def test_leaves_the_way_to_pay_as_chosen(page: Page, street: Street, complaints: list[str]) -> None:
    make.remote_area("63000", "63644", RemoteZone.JEJU)
    sign_in(page, "resident@example.com")
    product.open_product(page, street.honey)
    product.buy_now(page)
    late: list[Route] = []
    page.route("**/checkout/priced**", lambda route: late.append(route))
    sheet = OrderSheetPage(page)

    sheet.send_to(zip_code="63100", address="제주특별자치도 제주시 문연로 6")
    sheet.pay_by("카드·간편결제")
    page.wait_for_function("document.querySelector('[name=provider]:checked')")
    expect(page.locator("#sheet-sum .sum dd")).to_have_text("27,000원")
    for route in late:
        route.continue_()

    sheet.expect_total("30,000원")
    expect(page.get_by_role("radio", name="카드·간편결제")).to_be_checked()
    sheet.agree()
    sheet.send()
    PaymentPage(page).expect_open()
    assert records.orders() == (1, 0)
    assert look.refusals_aside(complaints) == []
