"""The test payment page and what follows it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


class PaymentPage:
    """The page where a buyer pays."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def expect_open(self) -> None:
        """Wait for the page, and for its words that no money moves."""
        self.page.wait_for_url("**/pay/*")
        expect(self.page.get_by_text("시험 결제 화면입니다")).to_be_visible()

    def choose(self, method: str) -> None:
        """Choose a test method."""
        self.page.get_by_role("radio", name=f"시험 {method}").check()

    def pay(self, method: str) -> None:
        """Choose a test method and pay."""
        self.choose(method)
        self.page.get_by_role("button", name=re.compile("결제하기$")).click()

    def approve(self) -> None:
        """Agree on the provider's own page."""
        self.page.locator('button[value="approve"]').click()

    def expect_done(self) -> str:
        """Wait for the last page; return the order's number."""
        self.page.wait_for_url("**/orders/*/done")
        expect(self.page.get_by_role("heading", level=1)).to_have_text("주문이 완료되었습니다")
        return self.page.url.split("/")[-2]
