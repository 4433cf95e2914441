"""A product's page."""

from __future__ import annotations

from playwright.sync_api import Page

from marketplace.catalog.models import Variant


def open_product(page: Page, wanted: Variant) -> None:
    """Open the page of the product a variant belongs to."""
    page.goto(f"/products/{wanted.product_id}")


def put_into_cart(page: Page) -> None:
    """Press 장바구니."""
    page.get_by_role("button", name="장바구니").locator("visible=true").first.click()
    page.wait_for_url("**/cart")


def buy_now(page: Page) -> None:
    """Press 바로 구매."""
    page.get_by_role("button", name="바로 구매").locator("visible=true").first.click()
    page.wait_for_url("**/checkout")
