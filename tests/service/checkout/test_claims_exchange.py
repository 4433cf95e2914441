"""The same goods in another option: stock moves, money does not."""

from __future__ import annotations

import pytest

from marketplace.catalog import stock
from marketplace.catalog.models import Product, Variant
from marketplace.checkout import claim_decisions, claims, exchanges
from marketplace.checkout.claims import FeeNotAgreed
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.ledger import posting
from marketplace.orders import claim_desk, standing
from marketplace.orders.models import ClaimKind, ClaimStatus, LineStatus
from marketplace.payments import queries as payments
from tests import make
from tests.service.checkout import books
from tests.service.checkout import claim_life as life

pytestmark = pytest.mark.usefixtures("isolated")

EXCHANGE = ClaimKind.EXCHANGE


def options(seller: Enterprise, *, on_hand: int = 5) -> tuple[Variant, Variant]:
    """Make a product in two colours of one price."""
    red = make.sellable(seller, price=10_000, ships=make.shipping(seller, return_fee=3_000))
    with transaction():
        blue = Variant(
            product_id=red.product_id, option_values=["파랑"], on_hand=on_hand, position=1
        )
        db.session.add(blue)
        db.session.flush()
    return red, blue


class TestExchange:
    def test_swaps_the_pieces_and_ends_the_line(self) -> None:
        seller = make.enterprise()
        red, blue = options(seller)
        placed = life.deliver(make.paid_order({red: 2}))
        red_before = make.stock_of(red)
        form = life.form(placed, {red: 2}, kind=EXCHANGE, why="defective", instead={red: blue})

        case_id = life.ask(form)
        assert make.stock_of(blue) == (5, 0)
        life.collect(case_id)
        assert make.stock_of(blue) == (5, 2)
        by = life.seller(case_id)
        with transaction():
            claim_decisions.send_exchange(
                case_id, by, way=life.BY_HAND, sellable=False, inspection="금이 가 있음"
            )
        assert make.stock_of(blue) == (3, 0)
        assert life.line_of(placed, red).status is LineStatus.DELIVERED
        with transaction():
            claim_decisions.complete_exchange(case_id, by)

        assert life.line_of(placed, red).status is LineStatus.EXCHANGED
        assert life.case(case_id).status is ClaimStatus.DONE
        assert make.stock_of(red) == red_before
        # As good as confirmed: the enterprise has earned goods and shipping.
        assert posting.balance(f"held:enterprise:{seller.id}") == 0
        assert -posting.balance(f"payable:enterprise:{seller.id}") == placed.pay_total
        assert payments.list_refunds(placed.payment_id) == []
        books.check()

    def test_puts_what_can_be_sold_again_on_the_shelf(self) -> None:
        red, blue = options(make.enterprise())
        placed = life.deliver(make.paid_order({red: 1}))
        before = make.stock_of(red)[0]
        form = life.form(
            placed,
            {red: 1},
            kind=EXCHANGE,
            why="wrong_option",
            instead={red: blue},
            agrees_fee=True,
        )

        life.swap(life.ask(form))

        assert make.stock_of(red)[0] == before + 1

    def test_asks_a_buyer_at_fault_to_agree_to_both_ways(self) -> None:
        red, blue = options(make.enterprise())
        placed = life.deliver(make.paid_order({red: 1}))
        form = life.form(placed, {red: 1}, kind=EXCHANGE, why="wrong_option", instead={red: blue})

        assert life.shown(form).enclosed_fee == 6_000
        with pytest.raises(FeeNotAgreed):
            life.ask(form)
        agreed = life.form(
            placed,
            {red: 1},
            kind=EXCHANGE,
            why="wrong_option",
            instead={red: blue},
            agrees_fee=True,
        )
        assert life.case(life.ask(agreed)).return_fee == 6_000

    def test_goes_on_with_part_of_a_line_and_claims_no_piece_twice(self) -> None:
        red, blue = options(make.enterprise())
        placed = life.deliver(make.paid_order({red: 3}))
        form = life.form(placed, {red: 2}, kind=EXCHANGE, why="defective", instead={red: blue})
        life.swap(life.ask(form))
        assert life.line_of(placed, red).status is LineStatus.DELIVERED

        with pytest.raises(standing.TooManyCanceled):
            life.ask(life.form(placed, {red: 2}))
        life.bring_back(life.ask(life.form(placed, {red: 1}, why="defective")))
        life.confirm(placed)

        assert life.line_of(placed, red).status is LineStatus.CONFIRMED
        books.check()

    def test_another_product_price_or_nothing_is_refused(self) -> None:
        seller = make.enterprise()
        red, _ = options(seller)
        other = make.sellable(seller)
        with transaction():
            dear = Variant(
                product_id=red.product_id,
                option_values=["금박"],
                price_difference=Won(1_000),
                on_hand=5,
                position=2,
            )
            db.session.add(dear)
            db.session.flush()
        placed = life.deliver(make.paid_order({red: 1}))

        for instead in ({red: other}, {red: dear}, {}):
            with pytest.raises(exchanges.VariantUnfit):
                life.ask(
                    life.form(placed, {red: 1}, kind=EXCHANGE, why="defective", instead=instead)
                )

    def test_is_refused_when_nothing_is_left_to_send(self) -> None:
        red, blue = options(make.enterprise(), on_hand=1)
        placed = life.deliver(make.paid_order({red: 2}))
        form = life.form(placed, {red: 2}, kind=EXCHANGE, why="defective", instead={red: blue})

        with pytest.raises(stock.SoldOut):
            life.ask(form)

    def test_is_not_accepted_when_the_last_piece_went_meanwhile(self) -> None:
        red, blue = options(make.enterprise(), on_hand=1)
        placed = life.deliver(make.paid_order({red: 1}))
        form = life.form(placed, {red: 1}, kind=EXCHANGE, why="defective", instead={red: blue})
        case_id = life.ask(form)
        make.paid_order({blue: 1})

        with pytest.raises(stock.SoldOut):
            life.accept(case_id)

        assert life.case(case_id).status is ClaimStatus.REQUESTED

    def test_lets_go_of_what_was_kept_when_it_ends_otherwise(self) -> None:
        red, blue = options(make.enterprise())
        placed = life.deliver(make.paid_order({red: 1}))
        form = life.form(placed, {red: 1}, kind=EXCHANGE, why="defective", instead={red: blue})
        withdrawn = life.ask(form)
        life.accept(withdrawn)
        with transaction():
            claims.withdraw(
                case_id=withdrawn, order_id=placed.order_id, actor="guest", at=life.AFTER
            )
        assert make.stock_of(blue) == (5, 0)

        rejected = life.ask(form)
        life.collect(rejected)
        by = life.seller(rejected)
        with transaction():
            claim_decisions.reject(rejected, by, reason="다른 물건이 왔습니다")

        assert make.stock_of(blue) == (5, 0)

    def test_pays_no_return_on_its_way(self) -> None:
        red, blue = options(make.enterprise())
        placed = life.deliver(make.paid_order({red: 1}))
        form = life.form(placed, {red: 1}, kind=EXCHANGE, why="defective", instead={red: blue})
        case_id = life.ask(form)
        life.collect(case_id)
        by = life.seller(case_id)

        with pytest.raises(claim_desk.WrongKind), transaction():
            claim_decisions.finish_return(case_id, by, sellable=True, inspection="이상 없음")

    def test_of_confirmed_goods_earns_nothing_twice(self) -> None:
        seller = make.enterprise()
        red, blue = options(seller)
        placed = life.deliver(make.paid_order({red: 1}))
        life.confirm(placed)
        form = life.form(placed, {red: 1}, kind=EXCHANGE, why="defective", instead={red: blue})

        life.swap(life.ask(form))

        assert life.line_of(placed, red).status is LineStatus.EXCHANGED
        assert -posting.balance(f"payable:enterprise:{seller.id}") == placed.pay_total
        assert db.session.get_one(Product, red.product_id).id == red.product_id
        books.check()
