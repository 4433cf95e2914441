"""Pages kept for strangers never show one person what belongs to another, nor for long."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from marketplace.core.db import transaction
from marketplace.search import index
from marketplace.web import kept, kept_pages
from marketplace.web.kept_pages import Pages
from tests import make
from tests.service.checkout.counting import statements
from tests.web.visitor import Visitor

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture
def honey(visitor: Visitor) -> int:  # noqa: ARG001
    """Put one product on the shelf."""
    product_id = make.sellable(name="아까시꿀", price=24_000).product_id
    with transaction():
        index.reindex([product_id], at=make.NOW)
    return product_id


@pytest.mark.parametrize("path", ["/", "/products", "/enterprises", "/coupons", "/products/{}"])
def test_a_second_stranger_costs_nothing(
    visitor: Visitor, another: Callable[[], Visitor], honey: int, path: str
) -> None:
    address = path.format(honey)
    first = visitor.get(address).text

    with statements() as sent:
        second = another().get(address).text

    assert sent == []
    assert TOKEN.sub("", second) == TOKEN.sub("", first)


def test_every_visitor_has_a_token_of_their_own(
    visitor: Visitor, another: Callable[[], Visitor], honey: int
) -> None:
    stranger = another()
    tokens = {
        token
        for who in (visitor, stranger)
        for token in TOKEN.findall(who.get(f"/products/{honey}").text)
    }
    (own,) = {*TOKEN.findall(stranger.get("/").text)}

    assert len(tokens) == 2
    answer = stranger.request("POST", "/display", data={"csrf_token": own, "text": "5"})
    assert answer.status_code == 303
    refused = visitor.request("POST", "/display", data={"csrf_token": own, "text": "5"})
    assert refused.status_code == 400


def test_members_see_their_own(
    visitor: Visitor, another: Callable[[], Visitor], honey: int
) -> None:
    visitor.get("/products")
    member = another().enter(make.person("홍길동"))
    member.post(f"/wishes/{honey}", {"wished": "1"})

    own = member.get("/products").text
    strange = another().get("/products").text

    assert "로그아웃" in own
    assert 'aria-pressed="true" aria-label="아까시꿀 찜하기"' in own
    assert "로그아웃" not in strange
    assert 'aria-pressed="false" aria-label="아까시꿀 찜하기"' in strange


def test_a_guest_sees_their_own_cart_counted(
    visitor: Visitor, another: Callable[[], Visitor]
) -> None:
    variant = make.sellable()
    visitor.get("/")
    visitor.post("/cart/items", {"variant_id": variant.id, "quantity": "1"})

    assert 'id="cart-count"' in visitor.get("/").text
    assert 'id="cart-count"' not in another().get("/").text


def test_every_display_has_its_page(visitor: Visitor, another: Callable[[], Visitor]) -> None:
    visitor.get("/")
    other = another()
    other.client.set_cookie("display", "5.high")

    assert '<html lang="ko" data-text="5" data-contrast="high">' in other.get("/").text
    assert '<html lang="ko" data-text="2" data-contrast="normal">' in another().get("/").text


def test_refusals_are_not_kept(visitor: Visitor, app: Flask) -> None:
    assert visitor.get("/products/999999999").status_code == 404
    assert visitor.get("/products?after=x").status_code == 422

    assert app.extensions["kept_pages"]._pages == {}


def test_nothing_typed_can_stand_for_a_token(visitor: Visitor, honey: int) -> None:
    page = visitor.get(f"/products/{honey}").text

    assert kept_pages._TOKEN_HERE not in page


class TestPages:
    def test_draws_anew_after_its_seconds(self) -> None:
        pages = Pages(seconds=-1)
        pages.put(("/", ""), b"page")

        assert pages.find(("/", "")) is None

    def test_lets_the_oldest_go_when_full(self) -> None:
        pages = Pages(seconds=60, most=10)
        for name in "abc":
            pages.put((name, ""), b"x" * 4)
        pages.put(("c", ""), b"y" * 4)

        assert [pages.find((name, "")) for name in "abc"] == [None, b"xxxx", b"yyyy"]

    def test_keeps_nothing_larger_than_all_its_room(self) -> None:
        pages = Pages(seconds=60, most=3)
        pages.put(("a", ""), b"xxxx")

        assert pages.find(("a", "")) is None


class TestRecall:
    def test_reads_once_in_its_seconds(self, app: Flask) -> None:
        read = iter(range(9))
        with app.app_context():
            first = [kept.recall("n", lambda: next(read)) for _ in range(3)]
            late = [kept.recall("m", lambda: next(read), seconds=-1) for _ in range(2)]

        assert first == [0, 0, 0]
        assert late == [1, 2]
