"""Reads of orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from marketplace.core.db import db, transaction
from marketplace.orders import numbers
from marketplace.orders import queries as orders
from marketplace.orders.models import Bundle
from tests import make
from tests.service.checkout.counting import statements


class TestNewNumber:
    def test_is_the_day_in_korea_and_eight_safe_characters(self) -> None:
        before_midnight_in_seoul = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)

        made = [numbers.new_number(at=before_midnight_in_seoul) for _ in range(200)]

        assert all(numbers.is_number(number) for number in made)
        assert {number[:8] for number in made} == {"20270101"}
        assert not set("".join(number[8:] for number in made)) & set("AEIOU01LSZ25")
        assert len(set(made)) == 200

    @pytest.mark.parametrize("typed", ["20261124-bcdf 3467", " 20261124BCDF3467 "])
    def test_is_read_however_it_was_typed(self, typed: str) -> None:
        assert numbers.tidy(typed) == "20261124BCDF3467"


@pytest.mark.usefixtures("isolated")
class TestGetForPerson:
    def test_returns_bundles_lines_and_pictures(self) -> None:
        buyer, seller = make.person(), make.enterprise(name="햇살협동조합")
        of = make.product(seller, price=8_000)
        make.picture(of, alt="딸기잼 한 병")
        wanted = make.variant(of, options=["딸기", "500g"])
        placed = make.paid_order({wanted: 2}, by=buyer)

        order = orders.get_for_person(number=placed.number.lower(), person_id=buyer.id)

        (bundle,) = order.bundles
        (line,) = bundle.lines
        assert bundle.enterprise_name == "햇살협동조합"
        assert (line.option_label, line.quantity, line.paid) == ("딸기 / 500g", 2, 16_000)
        assert line.picture_alt == "딸기잼 한 병"
        assert line.designation_kinds == ("social",)
        assert line.cancelable_quantity == 2
        assert order.title == of.name

    def test_of_somebody_else_finds_nothing(self) -> None:
        placed, stranger = make.paid_order({make.sellable(): 1}), make.person()

        with pytest.raises(orders.OrderNotFound):
            orders.get_for_person(number=placed.number, person_id=stranger.id)

    def test_needs_two_queries_however_large_the_order(self) -> None:
        buyer = make.person()
        placed = make.paid_order({make.sellable(make.enterprise()): 1 for _ in range(7)}, by=buyer)

        with statements() as sent:
            order = orders.get_for_person(number=placed.number, person_id=buyer.id)

        assert len(order.bundles) == 7
        assert len(sent) == 2


@pytest.mark.usefixtures("isolated")
class TestGetForGuest:
    def test_needs_number_and_password(self) -> None:
        placed = make.placed_order({make.sellable(): 1}, is_guest=True)

        order = orders.get_for_guest(number=placed.number, password=make.GUEST_PASSWORD)

        assert order.id == placed.order_id
        with pytest.raises(orders.OrderNotFound):
            orders.get_for_guest(number=placed.number, password="another-river")  # noqa: S106
        with pytest.raises(orders.OrderNotFound):
            orders.get_for_guest(number="20261124BCDF3467", password=make.GUEST_PASSWORD)

    def test_never_shows_a_members_order(self) -> None:
        placed = make.placed_order({make.sellable(): 1})

        with pytest.raises(orders.OrderNotFound):
            orders.get_for_guest(number=placed.number, password="")


@pytest.mark.usefixtures("isolated")
class TestListOfPerson:
    def test_pages_newest_first_without_losing_or_repeating(self) -> None:
        buyer, wanted = make.person(), make.sellable()
        placed = []
        for hour in (0, 1, 1, 2, 3):
            placed.append(
                make.paid_order({wanted: 1}, by=buyer, at=make.NOW + timedelta(hours=hour))
            )
        make.paid_order({wanted: 1})

        seen: list[int] = []
        cursor = None
        while True:
            page = orders.list_of_person(person_id=buyer.id, cursor=cursor, limit=2)
            seen += [order.id for order in page.orders]
            cursor = page.next_cursor
            if cursor is None:
                break

        assert seen == [one.order_id for one in reversed(placed)]

    def test_needs_two_queries(self) -> None:
        buyer = make.person()
        goods = {make.sellable(): 1 for _ in range(4)}
        for _ in range(3):
            make.paid_order(goods, by=buyer)

        with statements() as sent:
            page = orders.list_of_person(person_id=buyer.id)

        assert [len(order.lines) for order in page.orders] == [4, 4, 4]
        assert len(sent) == 2

    @pytest.mark.parametrize(
        "cursor", ["", "x", "1-", "-1", "1-x", "9" * 50, "٣-٣", "9" * 30 + "-1"]
    )
    def test_refuses_a_cursor_made_by_hand(self, cursor: str) -> None:
        with pytest.raises(orders.CursorBroken):
            orders.list_of_person(person_id=1, cursor=cursor)


@pytest.mark.usefixtures("isolated")
class TestShippingOfABundle:
    def test_is_the_fee_with_its_surcharge(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        with transaction():
            db.session.execute(update(Bundle).values(surcharge=4_000))

        assert orders.get(placed.order_id).bundles[0].shipping_total == 7_000
