"""The cart."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from marketplace.catalog.models import Product, ProductStatus, RemoteZone, ShippingKind, Variant
from marketplace.catalog.stock import SoldOut
from marketplace.checkout import cart
from marketplace.checkout.cart import Owner, Problem
from marketplace.checkout.models import Cart, CartCoupon, CartItem
from marketplace.core.db import db, transaction
from marketplace.coupons.models import CouponKind, FunderKind
from marketplace.coupons.refusals import CouponNotFound
from tests import make
from tests.service.checkout.counting import statements

pytestmark = pytest.mark.usefixtures("isolated")


TOKEN = "hash-of-a-cookie"  # noqa: S105
GUEST = Owner(token_hash=TOKEN)


def quantities(owner: Owner) -> dict[int, int]:
    lines = cart.view(owner=owner, at=make.NOW).lines
    return {line.buyable.variant_id: line.quantity for line in lines}


class TestAdd:
    def test_adds_on_top_of_what_is_there(self) -> None:
        owner, wanted = GUEST, make.sellable()

        with transaction():
            cart.add(owner=owner, variant_id=wanted.id, quantity=2, at=make.NOW)
            cart.add(owner=owner, variant_id=wanted.id, quantity=3, at=make.NOW)

        assert quantities(owner) == {wanted.id: 5}
        assert cart.count_items(owner=owner) == 1

    def test_refuses_more_than_there_are(self) -> None:
        owner, wanted = GUEST, make.sellable(on_hand=4)
        with transaction():
            cart.add(owner=owner, variant_id=wanted.id, quantity=3, at=make.NOW)

        with pytest.raises(cart.TooManyPieces, match="4개까지"), transaction():
            cart.add(owner=owner, variant_id=wanted.id, quantity=2, at=make.NOW)

        assert quantities(owner) == {wanted.id: 3}

    @pytest.mark.parametrize("quantity", [0, -1, 1_000])
    def test_refuses_quantities_nobody_means(self, quantity: int) -> None:
        with pytest.raises(cart.QuantityWrong), transaction():
            cart.add(
                owner=GUEST,
                variant_id=make.sellable().id,
                quantity=quantity,
                at=make.NOW,
            )

    def test_refuses_what_is_not_sold(self) -> None:
        owner = GUEST
        ended = make.variant(make.product(status=ProductStatus.ENDED))
        sold_out = make.sellable(on_hand=0)

        with pytest.raises(cart.NotForSale), transaction():
            cart.add(owner=owner, variant_id=ended.id, quantity=1, at=make.NOW)
        with pytest.raises(SoldOut), transaction():
            cart.add(owner=owner, variant_id=sold_out.id, quantity=1, at=make.NOW)
        with pytest.raises(cart.VariantNotFound), transaction():
            cart.add(owner=owner, variant_id=999_999_999, quantity=1, at=make.NOW)

    def test_refuses_the_hundred_and_first_product(self) -> None:
        of = make.product()
        many = [make.variant(of, options=[str(number)]) for number in range(101)]
        make.cart(dict.fromkeys(many[:100], 1), token_hash=TOKEN)

        with pytest.raises(cart.CartFull), transaction():
            cart.add(owner=GUEST, variant_id=many[100].id, quantity=1, at=make.NOW)


class TestChange:
    def test_sets_selects_and_removes(self) -> None:
        buyer, first, second = make.person(), make.sellable(), make.sellable(price=4_000)
        make.cart({first: 1, second: 1}, of=buyer)
        owner = Owner(person_id=buyer.id)

        with transaction():
            cart.set_quantity(owner=owner, variant_id=first.id, quantity=7, at=make.NOW)
            cart.select_only(owner=owner, variant_ids=[second.id])
        chosen = cart.view(owner=owner, at=make.NOW)
        with transaction():
            cart.remove(owner=owner, variant_ids=[second.id])

        assert chosen.priced.gross_total == 4_000
        assert quantities(owner) == {first.id: 7}

    def test_nobody_changes_another_cart(self) -> None:
        wanted, mine = make.sellable(), make.person()
        make.cart({wanted: 2}, of=mine)
        stranger = Owner(person_id=make.person().id)

        with pytest.raises(cart.NotInCart), transaction():
            cart.set_quantity(owner=stranger, variant_id=wanted.id, quantity=9, at=make.NOW)
        with transaction():
            cart.remove(owner=stranger, variant_ids=[wanted.id])

        assert quantities(Owner(person_id=mine.id)) == {wanted.id: 2}


class TestView:
    def test_prices_three_enterprises_with_their_shipping(self) -> None:
        buyer = make.person()
        paid, free = make.enterprise(), make.enterprise()
        conditional = make.enterprise()
        goods = {
            make.sellable(paid, price=10_000, ships=make.shipping(paid, fee=3_000)): 1,
            make.sellable(
                free, price=5_000, ships=make.shipping(free, ShippingKind.FREE, fee=0)
            ): 2,
            make.sellable(
                conditional,
                price=20_000,
                ships=make.shipping(
                    conditional, ShippingKind.CONDITIONAL_FREE, fee=2_500, free_over=50_000
                ),
            ): 2,
        }
        make.cart(goods, of=buyer)

        view = cart.view(owner=Owner(person_id=buyer.id), at=make.NOW)

        assert [bundle.shipping.fee for bundle in view.priced.bundles] == [3_000, 0, 2_500]
        assert view.priced.bundles[2].missing_for_free == 10_000
        assert view.priced.gross_total == 60_000
        assert view.priced.pay_total == 65_500

    def test_adds_the_surcharge_of_an_island_even_to_free_shipping(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        make.remote_area("63000", "63644", RemoteZone.JEJU)
        ships = make.shipping(seller, ShippingKind.FREE, fee=0, jeju_surcharge=4_000)
        make.cart({make.sellable(seller, ships=ships): 1}, of=buyer)
        owner = Owner(person_id=buyer.id)

        assert cart.view(owner=owner, at=make.NOW, zip_code="63644").priced.shipping_total == 4_000
        assert cart.view(owner=owner, at=make.NOW, zip_code="63645").priced.shipping_total == 0
        assert cart.view(owner=owner, at=make.NOW, zip_code="6364").priced.shipping_total == 0

    def test_reports_a_changed_price_until_it_is_accepted(self) -> None:
        buyer, wanted = make.person(), make.sellable(price=10_000)
        make.cart({wanted: 1}, of=buyer)
        owner = Owner(person_id=buyer.id)
        with transaction():
            db.session.execute(
                update(Product).where(Product.id == wanted.product_id).values(price=9_000)
            )

        changed = cart.view(owner=owner, at=make.NOW).changed
        with transaction():
            cart.accept_prices(owner=owner, at=make.NOW)

        assert [(line.price_seen, line.buyable.unit_price) for line in changed] == [(10_000, 9_000)]
        assert cart.view(owner=owner, at=make.NOW).changed == ()

    def test_explains_what_cannot_be_ordered_and_leaves_it_out(self) -> None:
        buyer = make.person()
        fine, gone, sold_out, few = (make.sellable(on_hand=5) for _ in range(4))
        make.cart({fine: 1, gone: 1, sold_out: 1, few: 3}, of=buyer)
        with transaction():
            db.session.execute(
                update(Product)
                .where(Product.id == gone.product_id)
                .values(status=ProductStatus.SUSPENDED)
            )
            db.session.execute(update(Variant).where(Variant.id == sold_out.id).values(on_hand=0))
            db.session.execute(update(Variant).where(Variant.id == few.id).values(on_hand=2))

        view = cart.view(owner=Owner(person_id=buyer.id), at=make.NOW)

        problems = {line.buyable.variant_id: line.problem for line in view.lines}
        assert problems == {
            fine.id: None,
            gone.id: Problem.GONE,
            sold_out.id: Problem.SOLD_OUT,
            few.id: Problem.TOO_FEW,
        }
        assert "2개 남았습니다" in next(iter(view.blocking)).problem_text
        assert view.priced.gross_total == 10_000
        assert not view.can_order

    def test_an_empty_cart_costs_nothing(self) -> None:
        view = cart.view(owner=GUEST, at=make.NOW)

        assert view.is_empty
        assert view.priced.pay_total == 0
        assert not view.can_order

    def test_needs_at_most_eight_queries(self) -> None:
        buyer = make.person()
        drive, other = make.campaign(), make.campaign()
        coupons = [make.claimed_coupon(drive, by=buyer), make.claimed_coupon(other, by=buyer)]
        make.cart(
            {make.sellable(make.enterprise()): 2 for _ in range(9)}, of=buyer, coupons=coupons
        )
        with transaction():
            # One no longer spendable, so that the page asks why.
            coupons[1].expires_at = make.NOW

        with statements() as sent:
            view = cart.view(owner=Owner(person_id=buyer.id), at=make.NOW, zip_code="05000")

        assert len(view.lines) == 9
        assert len(sent) <= 8, sent


class TestCoupons:
    def test_guests_cannot_use_coupons(self) -> None:
        coupon = make.claimed_coupon()

        with pytest.raises(cart.CouponsNeedMembership), transaction():
            cart.put_coupon(owner=GUEST, coupon_id=coupon.id, at=make.NOW)

    def test_nobody_puts_another_persons_coupon_on(self) -> None:
        coupon, buyer = make.claimed_coupon(), make.person()

        with pytest.raises(CouponNotFound), transaction():
            cart.put_coupon(owner=Owner(person_id=buyer.id), coupon_id=coupon.id, at=make.NOW)

    def test_a_coupon_comes_on_and_off(self) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
        make.cart({make.sellable(price=10_000): 1}, of=buyer)
        owner = Owner(person_id=buyer.id)

        with transaction():
            cart.put_coupon(owner=owner, coupon_id=coupon.id, at=make.NOW)
            cart.put_coupon(owner=owner, coupon_id=coupon.id, at=make.NOW)
        with_coupon = cart.view(owner=owner, at=make.NOW)
        with transaction():
            cart.take_coupon_off(owner=owner, coupon_id=coupon.id)
        without = cart.view(owner=owner, at=make.NOW)

        assert with_coupon.priced.coupon_total == 3_000
        assert with_coupon.priced.funding == {FunderKind.CITY: 2_100, FunderKind.DISTRICT: 900}
        assert without.priced.coupon_total == 0
        assert [view.is_on_cart for view in without.coupons] == [False]

    def test_a_refused_coupon_says_why(self) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(min_order=50_000), by=buyer)
        make.cart({make.sellable(price=10_000): 1}, of=buyer, coupons=[coupon])

        view = cart.view(owner=Owner(person_id=buyer.id), at=make.NOW)

        assert view.priced.coupon_total == 0
        assert view.coupons[0].refusal_code == "below_minimum"
        assert "50,000원 이상" in view.coupons[0].refusal_text

    def test_suggests_the_best_combination(self) -> None:
        buyer = make.person()
        weak = make.claimed_coupon(make.campaign(amount=1_000, stack_group="g"), by=buyer)
        strong = make.claimed_coupon(make.campaign(amount=4_000, stack_group="g"), by=buyer)
        percent = make.claimed_coupon(
            make.campaign(kind=CouponKind.PERCENT, rate_bps=1_000, max_discount=5_000), by=buyer
        )
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=[weak])

        view = cart.view(owner=Owner(person_id=buyer.id), at=make.NOW)

        assert set(view.suggested_coupon_ids) == {strong.id, percent.id}
        assert view.suggested_total == 6_000
        with transaction():
            cart.put_coupons(
                owner=Owner(person_id=buyer.id),
                coupon_ids=view.suggested_coupon_ids,
                at=make.NOW,
            )
        again = cart.view(owner=Owner(person_id=buyer.id), at=make.NOW)
        assert again.priced.coupon_total == 6_000
        assert again.suggested_coupon_ids == ()


class TestMergeGuest:
    def test_moves_everything_once(self) -> None:
        buyer, both, new = make.person(), make.sellable(), make.sellable()
        make.cart({both: 1}, of=buyer)
        make.cart({both: 2, new: 4}, token_hash=TOKEN)

        with transaction():
            cart.merge_guest(token_hash=TOKEN, person_id=buyer.id, at=make.NOW)
            cart.merge_guest(token_hash=TOKEN, person_id=buyer.id, at=make.NOW)

        assert quantities(Owner(person_id=buyer.id)) == {both.id: 3, new.id: 4}
        assert db.session.scalars(select(Cart.token_hash)).all() == [None]

    def test_leaves_no_rows_behind(self) -> None:
        buyer = make.person()
        make.cart({make.sellable(): 2}, token_hash=TOKEN)

        with transaction():
            cart.merge_guest(token_hash=TOKEN, person_id=buyer.id, at=make.NOW)

        assert make.count_of(Cart) == make.count_of(CartItem) == 1
        assert make.count_of(CartCoupon) == 0
