"""What somebody means to buy: a member's cart by person, a guest's by the hash of a cookie."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import (
    case,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.buyables import Buyable, list_buyable
from marketplace.catalog.stock import SoldOut
from marketplace.checkout import cart_rows, cart_writes
from marketplace.checkout.cart_rows import Owner, Row
from marketplace.checkout.cart_view import (
    CartCouponView,
    CartLine,
    CartView,
    Problem,
    view,
    view_for_order,
)
from marketplace.checkout.models import Cart, CartCoupon, CartItem
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from marketplace.coupons.offers import list_spendable
from marketplace.coupons.refusals import CouponNotFound

__all__ = [
    "CartCouponView",
    "CartLine",
    "CartView",
    "Owner",
    "Problem",
    "accept_prices",
    "add",
    "count_items",
    "list_coupon_ids",
    "merge_guest",
    "put_coupon",
    "put_coupons",
    "remove",
    "select_only",
    "set_quantity",
    "take_coupon_off",
    "view",
    "view_for_order",
]

MOST_PIECES: Final = 999
MOST_ITEMS: Final = 100
MOST_COUPONS: Final = 10


class VariantNotFound(NotFound):
    """There is no such product option."""

    message = "상품을 찾을 수 없습니다."


class NotForSale(Conflict):
    """The product is not on sale at present."""

    message = "{name}은(는) 지금 판매하지 않습니다."


class QuantityWrong(InvalidInput):
    """A quantity is a whole number from one."""

    message = "수량은 1개부터 {most:,}개까지 담을 수 있습니다."


class TooManyPieces(Conflict):
    """There are fewer pieces than that."""

    message = "{name}은(는) 장바구니에 {most:,}개까지 담을 수 있습니다."


class CartFull(Conflict):
    """A cart holds so many different products."""

    message = "장바구니에는 상품을 {most}가지까지 담을 수 있습니다."


class NotInCart(NotFound):
    """The cart does not hold that."""

    message = "장바구니에 없는 상품입니다."


class CouponsNeedMembership(NotAllowed):
    """Guests cannot use coupons."""

    message = "쿠폰은 회원만 쓸 수 있습니다. 로그인한 뒤 사용해 주세요."


class TooManyCoupons(Conflict):
    """A cart takes so many coupons."""

    message = "쿠폰은 한 번에 {most}장까지 쓸 수 있습니다."


def add(*, owner: Owner, variant_id: int, quantity: int, at: datetime) -> None:
    """
    Put pieces of a variant into the cart, on top of those already there.

    :raises VariantNotFound, NotForSale, SoldOut, QuantityWrong, TooManyPieces, CartFull:
    """
    _check_quantity(quantity)
    buyable = _get_buyable(variant_id, at)
    most = _most(buyable)
    if quantity > most:
        raise TooManyPieces(name=buyable.product_name, most=most)
    cart_id = cart_writes.open_cart(owner, at=at)
    if cart_writes.count_others(cart_id, variant_id) >= MOST_ITEMS:
        raise CartFull(most=MOST_ITEMS)
    piece = Row(variant_id, quantity, price_seen=buyable.unit_price, selected=True)
    if not cart_writes.add(cart_id, piece, most=most, at=at):
        raise TooManyPieces(name=buyable.product_name, most=most)


def set_quantity(*, owner: Owner, variant_id: int, quantity: int, at: datetime) -> None:
    """
    Change how many pieces of a variant are wanted.

    :raises NotInCart, NotForSale, SoldOut, QuantityWrong, TooManyPieces:
    """
    _check_quantity(quantity)
    buyable = _get_buyable(variant_id, at)
    if quantity > _most(buyable):
        raise TooManyPieces(name=buyable.product_name, most=_most(buyable))
    changed = db.session.execute(
        update(CartItem)
        .where(CartItem.cart_id == _cart_of(owner), CartItem.variant_id == variant_id)
        .values(quantity=quantity, price_seen=buyable.unit_price)
        .returning(CartItem.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        raise NotInCart


def remove(*, owner: Owner, variant_ids: Collection[int]) -> None:
    """Take variants out of the cart."""
    db.session.execute(
        delete(CartItem)
        .where(CartItem.cart_id == _cart_of(owner), CartItem.variant_id.in_(variant_ids))
        .execution_options(synchronize_session=False)
    )


def select_only(*, owner: Owner, variant_ids: Collection[int]) -> None:
    """Choose which variants of the cart the next order is about."""
    db.session.execute(
        update(CartItem)
        .where(CartItem.cart_id == _cart_of(owner))
        .values(selected=CartItem.variant_id.in_(variant_ids))
        .execution_options(synchronize_session=False)
    )


def accept_prices(*, owner: Owner, at: datetime) -> None:
    """Note that the owner has seen the prices of today."""
    rows = cart_rows.load(owner)
    buyables = list_buyable([item.variant_id for item in rows.items], on=day_in_seoul(at))
    if not buyables:
        return
    prices = case(
        *((CartItem.variant_id == buyable.variant_id, buyable.unit_price) for buyable in buyables),
        else_=CartItem.price_seen,
    )
    db.session.execute(
        update(CartItem)
        .where(CartItem.cart_id == rows.cart_id)
        .values(price_seen=prices)
        .execution_options(synchronize_session=False)
    )


def put_coupon(*, owner: Owner, coupon_id: int, at: datetime) -> None:
    """
    Put one of the member's coupons on the cart; whether it helps is for the price to say.

    :raises CouponsNeedMembership, CouponNotFound, TooManyCoupons:
    """
    person_id = _member(owner)
    if not list_spendable(person_id=person_id, at=at, coupon_ids=[coupon_id]):
        raise CouponNotFound
    cart_id = cart_writes.open_cart(owner, at=at)
    there = set(
        db.session.scalars(select(CartCoupon.coupon_id).where(CartCoupon.cart_id == cart_id))
    )
    if len(there - {coupon_id}) >= MOST_COUPONS:
        raise TooManyCoupons(most=MOST_COUPONS)
    _put(cart_id, [coupon_id], after=len(there))


def put_coupons(*, owner: Owner, coupon_ids: Collection[int], at: datetime) -> None:
    """
    Replace the coupons on the cart, such as by the suggested combination.

    :raises CouponsNeedMembership, CouponNotFound, TooManyCoupons:
    """
    person_id = _member(owner)
    wanted = list(dict.fromkeys(coupon_ids))
    if len(wanted) > MOST_COUPONS:
        raise TooManyCoupons(most=MOST_COUPONS)
    if len(list_spendable(person_id=person_id, at=at, coupon_ids=wanted)) != len(wanted):
        raise CouponNotFound
    cart_id = cart_writes.open_cart(owner, at=at)
    db.session.execute(
        delete(CartCoupon)
        .where(CartCoupon.cart_id == cart_id)
        .execution_options(synchronize_session=False)
    )
    _put(cart_id, wanted, after=0)


def take_coupon_off(*, owner: Owner, coupon_id: int) -> None:
    """Take a coupon off the cart; the person keeps it."""
    db.session.execute(
        delete(CartCoupon)
        .where(CartCoupon.cart_id == _cart_of(owner), CartCoupon.coupon_id == coupon_id)
        .execution_options(synchronize_session=False)
    )


def merge_guest(*, token_hash: str, person_id: int, at: datetime) -> None:
    """Move what somebody gathered as a guest into their own cart, once, at sign-in."""
    guest = db.session.scalars(
        select(Cart).where(Cart.token_hash == token_hash).with_for_update()
    ).one_or_none()
    if guest is None:
        return
    cart_id = cart_writes.open_cart(Owner(person_id=person_id), at=at)
    gathered = select(
        literal(cart_id),
        CartItem.variant_id,
        CartItem.quantity,
        CartItem.price_seen,
        CartItem.selected,
        CartItem.added_at,
    ).where(CartItem.cart_id == guest.id)
    statement = insert(CartItem).from_select(
        ["cart_id", "variant_id", "quantity", "price_seen", "selected", "added_at"],
        gathered.order_by(CartItem.id),
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["cart_id", "variant_id"],
            set_={
                "quantity": func.least(CartItem.quantity + statement.excluded.quantity, MOST_PIECES)
            },
        )
    )
    if guest.placed_order_id is not None:
        note_placed(cart_id=cart_id, order_id=guest.placed_order_id)
    db.session.execute(delete(Cart).where(Cart.id == guest.id))


def list_coupon_ids(*, owner: Owner) -> tuple[int, ...]:
    """Return the coupons put on the cart, in that order."""
    return cart_rows.load(owner).coupon_ids


def count_items(*, owner: Owner) -> int:
    """Return how many different variants are in the cart."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(CartItem)
            .join(Cart, Cart.id == CartItem.cart_id)
            .where(cart_rows.belongs_to(owner))
        )
        or 0
    )


def clear_ordered(*, order_id: int, person_id: int | None, variant_ids: Collection[int]) -> None:
    """Take what an order contained, and the coupons, out of the cart it was placed from."""
    cart_writes.clear(order_id=order_id, person_id=person_id, variant_ids=variant_ids)


def note_placed(*, cart_id: int, order_id: int) -> None:
    """Remember which order was placed from a cart."""
    db.session.execute(
        update(Cart)
        .where(Cart.id == cart_id)
        .values(placed_order_id=order_id)
        .execution_options(synchronize_session=False)
    )


def _check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MOST_PIECES:
        raise QuantityWrong(most=MOST_PIECES)


def _get_buyable(variant_id: int, at: datetime) -> Buyable:
    found = list_buyable([variant_id], on=day_in_seoul(at))
    if not found:
        raise VariantNotFound
    buyable = found[0]
    if not buyable.on_sale:
        raise NotForSale(name=buyable.product_name)
    if buyable.available < 1:
        raise SoldOut(names=buyable.product_name, variant_ids=[variant_id])
    return buyable


def _most(buyable: Buyable) -> int:
    return min(buyable.available, MOST_PIECES)


def _member(owner: Owner) -> int:
    if owner.person_id is None:
        raise CouponsNeedMembership
    return owner.person_id


def _cart_of(owner: Owner) -> int | None:
    return db.session.scalar(select(Cart.id).where(cart_rows.belongs_to(owner)))


def _put(cart_id: int, coupon_ids: Collection[int], *, after: int) -> None:
    if coupon_ids:
        db.session.execute(
            insert(CartCoupon)
            .values(
                [
                    {"cart_id": cart_id, "coupon_id": coupon_id, "position": after + number}
                    for number, coupon_id in enumerate(coupon_ids)
                ]
            )
            .on_conflict_do_nothing()
        )
