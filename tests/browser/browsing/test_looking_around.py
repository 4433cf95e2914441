"""What changes on a page while somebody looks at it, and what works without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.coupons import claims
from tests import make
from tests.browser.browsing.conftest import Enter
from tests.browser.browsing.mall import NEWCOMER, Mall


def heart(name: str) -> str:
    """Return where a product's heart is."""
    return f'button.wish[aria-label="{name} 찜하기"]'


def test_a_heart_changes_at_once_and_stays(enter: Enter, complaints: list[str]) -> None:
    page = enter(NEWCOMER)
    page.goto("/products?sort=price_low")
    button = page.locator(heart("가방걸이"))

    expect(button).to_have_attribute("aria-pressed", "false")
    with page.expect_response("**/wishes/*"):
        button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/wishes/*"):
        button.click()

    expect(button).to_have_attribute("aria-pressed", "false")
    assert complaints == []


def test_a_stranger_s_heart_asks_who_they_are_and_leads_back(enter: Enter) -> None:
    page = enter()
    page.goto("/products?sort=price_low")

    page.locator(heart("가방걸이")).click()

    expect(page).to_have_url(re.compile("/sign-in"))
    expect(page.locator('#main input[name="next"]')).to_have_value("/products?sort=price_low")


def test_the_count_of_the_coupon_stays_true(
    enter: Enter, mall: Mall, complaints: list[str]
) -> None:
    page = enter()
    page.goto("/coupons")
    left = page.locator(".ticket", has_text="첫 나들이").locator(".left b")
    before = int(left.inner_text().removesuffix("장"))

    with mall.app.app_context():
        person = make.person()
        with transaction():
            claims.claim_at(slug="first", person_id=person.id, at=clock.now())
        db.session.remove()
    # What the clock of the page does every fifteen seconds; the count itself is kept for two.
    page.wait_for_timeout(2_100)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('tick'))")

    expect(left).to_have_text(f"{before - 1}장")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('tick'))")
    expect(left).to_have_text(f"{before - 1}장")
    assert complaints == []


def test_the_page_asks_only_while_somebody_looks(enter: Enter) -> None:
    page = enter()
    page.clock.install()
    page.goto("/coupons")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', "
        "{get: () => 'hidden', configurable: true})"
    )
    page.clock.run_for(60_000)
    hidden = [address for address in asked if address.endswith("/left")]
    page.evaluate("delete document.visibilityState")
    with page.expect_request("**/coupons/*/left"):
        page.clock.run_for(16_000)

    assert hidden == []


def test_lists_filter_and_go_on_without_javascript(plain: Page) -> None:
    plain.goto("/products")

    plain.get_by_role("checkbox", name="무료배송").check()
    plain.get_by_role("button", name="조건 적용").click()
    expect(plain).to_have_url(re.compile("free=1"))
    plain.goto("/products")
    plain.get_by_role("link", name="더 보기").click()

    expect(plain).to_have_url(re.compile("after="))
    expect(plain.locator("#cards > li")).to_have_count(24)


def test_search_and_display_work_without_javascript(plain: Page) -> None:
    plain.goto("/")

    plain.get_by_label("상품과 가게 찾기").fill("참기름")
    plain.get_by_role("button", name="찾기").click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("참기름")
    plain.get_by_role("button", name="글자 크기 4단계").click()

    expect(plain.locator("html")).to_have_attribute("data-text", "4")
    expect(plain).to_have_url(re.compile(r"/products\?q="))


def test_hearts_and_carts_work_without_javascript(plain: Page, mall: Mall) -> None:
    plain.goto(f"/products/{mall.products['가방걸이']}")

    plain.locator(heart("가방걸이")).click()
    expect(plain).to_have_url(re.compile("/sign-in"))
    plain.goto(f"/products/{mall.products['가방걸이']}")
    plain.get_by_role("button", name="장바구니").first.click()

    expect(plain).to_have_url(re.compile("/cart$"))
    expect(plain.get_by_role("link", name="가방걸이").first).to_be_visible()
