"""The cart."""

from __future__ import annotations

from playwright.sync_api import Page, expect


class CartPage:
    """The cart as its owner uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.total = page.locator("#cart .summary .sum dd")

    def open(self) -> CartPage:
        """Open the cart."""
        self.page.goto("/cart")
        return self

    def add_one(self, product: str) -> None:
        """Press the plus beside a product."""
        self.page.get_by_role("button", name=f"{product} 수량 하나 더하기").click()

    def leave_out(self, product: str) -> None:
        """Do not order a product this time, or do again."""
        self.page.get_by_role("checkbox", name=f"{product} 주문하기").click()

    def take_best_coupons(self) -> None:
        """Use the suggested combination."""
        self.page.get_by_role("button", name="이 조합 쓰기").click()

    def expect_total(self, words: str) -> None:
        """Wait until the sum says so."""
        expect(self.total).to_have_text(words)

    def order(self) -> None:
        """Go on to the order sheet."""
        self.page.get_by_role("link", name="주문하기").locator("visible=true").first.click()
        self.page.wait_for_url("**/checkout")
