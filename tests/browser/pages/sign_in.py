"""Signing in."""

from __future__ import annotations

from playwright.sync_api import Page, expect

PASSWORD = "나루터에 배가 세 척"  # noqa: S105


def sign_in(page: Page, email: str) -> None:
    """Sign in on the page that asks for it, or on its own."""
    if "/sign-in" not in page.url:
        page.goto("/sign-in")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="로그인", exact=True).click()
    expect(page).not_to_have_url("**/sign-in**")
