"""Wishes and notices."""

from __future__ import annotations

import re

import pytest

from marketplace.accounts.models import Person
from marketplace.core.db import db, transaction
from marketplace.notifications.models import Notice
from marketplace.search import index
from tests import make
from tests.web.visitor import Visitor


def product(name: str = "꿀") -> int:
    """Make a product lists can show."""
    product_id = make.sellable(name=name).product_id
    with transaction():
        index.reindex([product_id], at=make.NOW)
    return product_id


class TestWishes:
    def test_are_put_and_taken_off_where_the_heart_was_pressed(self, visitor: Visitor) -> None:
        product_id = product()
        visitor.enter(make.person())

        put = visitor.post(f"/wishes/{product_id}", {"wished": "1", "next": "/products?q=꿀"})
        page = visitor.get(f"/products/{product_id}").text
        listed = visitor.get("/my/wishes").text
        off = visitor.post(f"/wishes/{product_id}", {"wished": "0"})

        assert (put.status_code, put.location) == (303, "/products?q=%EA%BF%80")
        assert 'name="wished" value="0" aria-pressed="true" aria-label="꿀 찜하기"' in page
        assert f'href="/products/{product_id}"' in listed
        assert off.location == "/my/wishes"
        assert "찜한 상품이 없습니다" in visitor.get("/my/wishes").text

    def test_are_shown_in_lists(self, visitor: Visitor) -> None:
        product_id = product()
        other = product("잼")
        visitor.enter(make.person())
        visitor.post(f"/wishes/{product_id}", {"wished": "1"})

        page = visitor.get("/products").text

        pressed = dict(re.findall(r'formaction="/wishes/(\d+)".*?aria-pressed="(\w+)"', page))
        assert pressed == {str(product_id): "true", str(other): "false"}

    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
    )
    def test_lead_nowhere_else(self, visitor: Visitor, target: str) -> None:
        product_id = product()
        visitor.enter(make.person())

        answer = visitor.post(f"/wishes/{product_id}", {"wished": "1", "next": target})

        assert answer.location == "/my/wishes"

    def test_answer_a_script_without_a_page(self, visitor: Visitor) -> None:
        product_id = product()
        hx = {"HX-Request": "true"}

        stranger = visitor.post(f"/wishes/{product_id}", {"wished": "1"}, headers=hx)
        visitor.enter(make.person())
        member = visitor.post(f"/wishes/{product_id}", {"wished": "1"}, headers=hx)

        assert stranger.status_code == 401
        assert stranger.headers["HX-Redirect"].startswith("/sign-in")
        assert (member.status_code, member.data) == (204, b"")

    def test_of_nothing_are_not_found(self, visitor: Visitor) -> None:
        visitor.enter(make.person())

        assert visitor.post("/wishes/999999999", {"wished": "1"}).status_code == 404


def notice(of: Person, title: str) -> Notice:
    """Leave word in somebody's inbox."""
    made = Notice(person_id=of.id, title=title, link="/my", kind="test", dedupe_key=title)
    with transaction():
        db.session.add(made)
        db.session.flush()
    return made


class TestInbox:
    def test_shows_twenty_notices_and_the_way_to_the_next(self, visitor: Visitor) -> None:
        person = make.person()
        for number in range(25):
            notice(person, f"소식 {number}")
        visitor.enter(person)

        page = visitor.get("/my/inbox").text
        older = re.search(r'href="(/my/inbox\?before=\d+)"', page)
        assert older is not None

        assert page.count("소식 ") == 20
        assert visitor.get(older.group(1)).text.count("소식 ") == 5

    def test_marks_as_read_only_what_was_shown(self, visitor: Visitor) -> None:
        person = make.person()
        first = notice(person, "첫째")
        notice(person, "둘째")
        visitor.enter(person)

        visitor.post("/my/inbox/read", {"up_to": first.id})

        assert visitor.get("/my/inbox").text.count('class="unread"') == 1

    @pytest.mark.parametrize(
        "number", [str(10**30), "-1", "x", "", "\N{FULLWIDTH DIGIT NINE}", "1 or 1=1"]
    )
    def test_takes_any_number(self, visitor: Visitor, number: str) -> None:
        visitor.enter(make.person())

        assert visitor.get("/my/inbox", query_string={"before": number}).status_code == 200
        assert visitor.post("/my/inbox/read", {"up_to": number}).status_code == 303
