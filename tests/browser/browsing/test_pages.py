"""Every page at three widths: nothing axe-core finds, no sideways scrolling, no complaints."""

from __future__ import annotations

import pytest

from tests.browser.browsing.conftest import Enter
from tests.browser.browsing.mall import MEMBER, NEWCOMER, SELLER, STAFF, STRANGER, Mall
from tests.browser.pages import look

PAGES = [
    *(
        (STRANGER, path)
        for path in (
            "/",
            "/products",
            "/products?kind=social&coupon=1&price_from=1000&price_to=40000&dong=1121584700",
            "/products?q=사과",
            "/products?q=고추쟝",
            "/products?q=꿀&price_to=5",
            "/products/{honey}",
            "/products/{plain}",
            "/products/{gone}",
            "/enterprises",
            "/enterprises/{enterprise}",
            "/coupons",
            "/terms",
            "/privacy",
            "/youth",
            "/copyright",
            "/accessibility",
            "/coupon-guide",
            "/sign-in",
            "/sign-up",
            "/sign-up/sent",
            "/password/reset",
            "/password/reset/sent",
            "/cart",
            "/guest/orders",
        )
    ),
    *(
        (MEMBER, path)
        for path in (
            "/",
            "/products",
            "/products/{honey}",
            "/coupons",
            "/my",
            "/my/orders",
            "/my/coupons",
            "/my/wishes",
            "/my/inbox",
            "/my/addresses",
            "/my/addresses/new",
            "/my/details",
            "/my/password",
            "/my/consents",
            "/my/withdrawal",
            "/second-factor",
            "/cart",
        )
    ),
    *((NEWCOMER, path) for path in ("/my", "/my/coupons", "/my/wishes", "/my/inbox", "/my/orders")),
    *((STAFF, path) for path in ("/office", "/office?year=2025", "/office/deposits")),
    (SELLER, "/seller"),
]
REFUSALS = (400, 403, 404, 405, 409, 413, 422, 429, 500, 503)


def address(path: str, mall: Mall) -> str:
    """Put what this shop has into a path."""
    return path.format(
        honey=mall.products["아카시아꿀 500g"],
        plain=mall.products["가방걸이"],
        gone=mall.products["샤인머스캣 2kg"],
        enterprise=mall.enterprise,
    )


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_is_sound_at_every_width(
    enter: Enter, mall: Mall, complaints: list[str], who: str, path: str
) -> None:
    page = enter(who)
    answer = page.goto(address(path, mall))
    assert answer is not None

    assert answer.status == 200
    assert page.locator("h1").count() == 1
    look.check(page)
    assert complaints == []


@pytest.mark.parametrize("status", REFUSALS)
def test_refusals_are_sound_too(enter: Enter, complaints: list[str], status: int) -> None:
    page = enter()
    answer = page.goto(f"/refusal/{status}")
    assert answer is not None

    assert answer.status == status
    assert page.get_by_role("link", name="첫 화면으로").count() == 1
    look.check(page)
    assert [each for each in complaints if f"status of {status}" not in each] == []


@pytest.mark.parametrize("display", ["5.normal", "5.high"])
@pytest.mark.parametrize(
    ("who", "path"),
    [
        (STRANGER, "/"),
        (STRANGER, "/products?kind=social"),
        (STRANGER, "/products/{honey}"),
        (STRANGER, "/coupons"),
        (MEMBER, "/my/coupons"),
        (STAFF, "/office"),
    ],
)
def test_large_text_and_high_contrast_are_sound(
    enter: Enter, mall: Mall, who: str, path: str, display: str
) -> None:
    page = enter(who)
    page.context.add_cookies([{"name": "display", "value": display, "url": mall.url}])
    try:
        page.goto(address(path, mall))
        look.check(page)
    finally:
        page.context.clear_cookies(name="display")
