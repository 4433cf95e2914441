from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core.db import db, transaction
from marketplace.search import assistance, terms
from marketplace.search.models import SearchTerm
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")


def record(term: str, searches: int, misses: int = 0, *, days_ago: int = 0) -> None:
    with transaction():
        terms.record({term: terms.Tally(searches, misses)}, at=make.NOW - timedelta(days=days_ago))


class TestRecord:
    def test_adds_up(self) -> None:
        record("사과", 2, 1)
        record("사과", 3)

        row = db.session.get_one(SearchTerm, "사과", populate_existing=True)
        assert (row.searches, row.misses, row.last_at) == (5, 1, make.NOW)

    def test_takes_nothing_quietly(self) -> None:
        with transaction():
            terms.record({}, at=make.NOW)

        assert terms.list_popular(at=make.NOW) == []


class TestListPopular:
    def test_lists_what_is_searched_most_and_found(self) -> None:
        record("꿀", 5)
        record("사과", 8)
        record("냉장고", 50, 50)
        record("드문말", 2)
        record("지난명절", 90, days_ago=31)

        assert terms.list_popular(at=make.NOW) == ["사과", "꿀"]
        assert terms.list_popular(at=make.NOW, limit=1) == ["사과"]
        assert assistance.assist("없는말", at=make.NOW).popular == ["사과", "꿀"]
