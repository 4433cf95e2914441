"""Everything a mouse reaches, the keyboard reaches."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.browsing.conftest import Enter
from tests.browser.browsing.mall import Mall


def _press_until(page: Page, key: str, what: str, *, most: int = 40) -> None:
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("(what) => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"{what} is not reached by {key}")


def test_the_first_stop_skips_to_the_content(enter: Enter) -> None:
    page = enter()
    page.goto("/products")

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_the_menu_is_reached_and_says_where_it_is(enter: Enter) -> None:
    page = enter()
    page.goto("/")

    _press_until(page, "Tab", '.gnb a[href="/enterprises"]')
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/enterprises$"))
    assert outline == "3px"
    expect(page.locator('.gnb [aria-current="page"]')).to_have_text("가게 이야기")


def test_search_completes_words_by_arrows(enter: Enter) -> None:
    page = enter()
    page.goto("/")
    field = page.get_by_role("combobox", name="상품과 가게 찾기")

    field.press_sequentially("참기")
    expect(page.get_by_role("option").first).to_have_text("참기름")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(field).to_have_value("참기름")
    expect(page.get_by_role("option", selected=True)).to_have_text("참기름")
    field.press("ArrowUp")
    expect(field).to_have_value("참기")
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    field.press_sequentially("름")
    expect(page.get_by_role("option").first).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")

    expect(page).to_have_url(re.compile(r"/products\?q="))
    expect(page.get_by_role("heading", level=1)).to_contain_text("참기름")


def test_filters_open_and_close_on_a_phone(enter: Enter) -> None:
    page = enter()
    page.goto("/products")
    opener = page.locator(".drawer > summary")
    inside = page.get_by_role("checkbox", name="무료배송")

    expect(inside).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(inside).to_be_visible()
    inside.focus()
    page.keyboard.press("Escape")
    expect(inside).to_be_hidden()
    expect(opener).to_be_focused()

    page.keyboard.press("Enter")
    inside.focus()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("free=1"))
    expect(page.get_by_role("link", name="무료배송 조건 빼기")).to_be_visible()


def test_more_products_go_on_from_the_first_new_one(enter: Enter) -> None:
    page = enter()
    page.goto("/products")
    more = page.get_by_role("link", name="더 보기")

    expect(page.locator("#cards > li")).to_have_count(24)
    more.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cards > li")).to_have_count(48)
    expect(page.locator("#cards > li").nth(24).get_by_role("link")).to_be_focused()
    more.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#cards > li")).to_have_count(60)
    expect(more).to_have_count(0)


def test_options_and_pieces_change_the_sum(enter: Enter, mall: Mall) -> None:
    page = enter()
    page.goto(f"/products/{mall.products['아카시아꿀 500g']}")
    total = page.locator("#sum b")

    expect(total).to_have_text("18,000원")
    page.get_by_role("radio", name="2kg").focus()
    page.keyboard.press("Space")
    expect(total).to_have_text("33,000원")
    expect(page.locator("#offer [data-price]")).to_have_text("33,000원")
    page.get_by_role("button", name="수량 하나 더하기").focus()
    page.keyboard.press("Enter")

    expect(total).to_have_text("66,000원")
    expect(page.get_by_role("radio", name="벌집꿀")).to_be_disabled()


def test_the_pictures_are_walked_through(enter: Enter, mall: Mall) -> None:
    page = enter()
    page.goto(f"/products/{mall.products['아카시아꿀 500g']}")
    second = page.get_by_role("link", name="사진 2 보기")

    second.focus()
    page.keyboard.press("Enter")

    expect(second).to_have_attribute("aria-current", "true")
    expect(page.locator("#shot-2")).to_be_in_viewport()


def test_the_display_changes_at_once_and_stays(enter: Enter) -> None:
    page = enter()
    page.goto("/")
    root = page.locator("html")

    try:
        page.get_by_role("button", name="글자 크기 5단계").press("Enter")
        expect(root).to_have_attribute("data-text", "5")
        with page.expect_response("**/display"):
            page.get_by_role("button", name="고대비 화면").press("Enter")
        expect(root).to_have_attribute("data-contrast", "high")
        page.goto("/products")

        expect(root).to_have_attribute("data-text", "5")
        expect(root).to_have_attribute("data-contrast", "high")
    finally:
        page.context.clear_cookies(name="display")
