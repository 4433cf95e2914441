"""The cart."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.catalog.models import Variant
from marketplace.core.db import Base
from marketplace.core.money import Won
from marketplace.coupons.models import Coupon
from marketplace.orders.models import Order


class Cart(Base):
    """What somebody means to buy: a member's by person, a guest's by the hash of a cookie."""

    __tablename__ = "cart"
    __table_args__ = (
        CheckConstraint("(person_id IS NULL) <> (token_hash IS NULL)", name="one_owner"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id), unique=True)
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    # The last order placed from it: when that is paid, its goods leave the cart.
    placed_order_id: Mapped[int | None] = mapped_column(ForeignKey(Order.id), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class CartItem(Base):
    """Some pieces of one variant in a cart, with the price the buyer saw."""

    __tablename__ = "cart_item"
    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id"),
        CheckConstraint("quantity BETWEEN 1 AND 999", name="quantity_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey(Cart.id, ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), index=True)
    quantity: Mapped[int]
    price_seen: Mapped[Won]
    selected: Mapped[bool] = mapped_column(default=True, server_default="true")
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CartCoupon(Base):
    """A coupon the buyer put on the cart, in the order it was put there."""

    __tablename__ = "cart_coupon"

    cart_id: Mapped[int] = mapped_column(ForeignKey(Cart.id, ondelete="CASCADE"), primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey(Coupon.id), primary_key=True, index=True)
    position: Mapped[int]
