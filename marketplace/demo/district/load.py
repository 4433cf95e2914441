"""Fill an empty shop with the demo district, and blow it up for benches."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, text

from marketplace.catalog.models import Picture, Product
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.core.settings import Settings
from marketplace.demo.district import (
    enterprise_desk,
    load_cancels,
    load_claims,
    load_coupon_desk,
    load_coupons,
    load_orders,
    load_people,
    load_reference,
    load_shipments,
    load_shops,
    load_talk,
    load_talk_desk,
    logins,
    order_books,
    order_prices,
    pictures,
    scaling,
)
from marketplace.demo.district.generate import generate
from marketplace.demo.district.load_pictures import Studio, hang, scenes_of
from marketplace.demo.district.seeds import District
from marketplace.enterprises.models import Enterprise
from marketplace.search import index

LOGINS: Final = logins.lines()


def load(
    settings: Settings, *, with_pictures: bool = True, echo: Callable[[str], None] = print
) -> None:
    """Write the district into an empty shop; of a shop that has it, draw only missing pictures."""
    with_pictures = with_pictures and pictures.is_available()
    if not _is_empty():
        if with_pictures and _has_no_pictures():
            at = clock.now()
            _draw(generate(at), Studio(settings))
            _reindex(at=at)
        return
    started = time.monotonic()
    at = clock.now()
    district = generate(at)
    studio = Studio(settings)
    try:
        if with_pictures:
            # Drawn meanwhile, by other processes.
            studio.begin(scenes_of(district))
        with transaction():
            _write(district, settings, at=at)
    except BaseException:
        studio.abandon()
        raise
    if with_pictures:
        _draw(district, studio)
    _reindex(at=at)
    echo(
        f"demo district: {len(district.enterprises)} enterprises, {len(district.products)} "
        f"products, {len(district.orders)} orders in {time.monotonic() - started:.0f} s"
    )


def scale(
    _settings: Settings,
    *,
    products: int = 0,
    orders: int = 0,
    echo: Callable[[str], None] = print,
) -> None:
    """Fill the shop up to so many products and orders, with sets of rows that only benches need."""
    started = time.monotonic()
    at = clock.now()
    with transaction():
        _lift_time_limit()
        added = scaling.add_products(up_to=products, at=at)
        sold = scaling.add_orders(up_to=orders, at=at)
        load_talk.count_sales()
    if added or sold:
        _reindex(at=at)
    echo(f"added {added:,} products and {sold:,} orders in {time.monotonic() - started:.0f} s")


def _write(district: District, settings: Settings, *, at: datetime) -> None:
    load_reference.load(district.departments)
    people = load_people.load(district, at=at)
    shops = load_shops.load(district, people)
    drives = load_coupons.load(district, people)
    priced = order_prices.price_all(district, people, shops, drives, at=at)
    load_coupons.claim_for(drives, district, people)
    written = load_orders.load(district, priced)
    load_coupons.mark_spent(drives)
    order_books.post_paid(after=0)
    load_cancels.load(written)
    load_shipments.load(written)
    order_books.post_confirmed(after=0)
    load_coupons.end_past_drives(drives, at=at)
    load_claims.load(at=at)
    load_talk.load(district, people, shops, written, at=at)
    load_talk_desk.load(people, shops, at=at)
    load_coupon_desk.load(district, people, shops, at=at)
    enterprise_desk.load(people, settings, at=at)
    # Nobody must get mail about orders of months ago.
    db.session.execute(delete(Job))


def _draw(district: District, studio: Studio) -> None:
    studio.begin(scenes_of(district))
    # Outside a transaction: drawing takes longer than a connection may idle.
    stored = studio.finish()
    with transaction():
        names = db.session.execute(select(Product.name, Product.id)).all()
        slugs = db.session.execute(select(Enterprise.slug, Enterprise.id)).all()
        hang(district, stored, products=dict(names), enterprises=dict(slugs))


def _reindex(*, at: datetime) -> None:
    with transaction():
        _lift_time_limit()
        index.reindex_all(at=at, ratings=load_talk.ratings())
        # A planner without statistics walks the wrong index right after a bulk load.
        db.session.execute(text("ANALYZE"))


def _is_empty() -> bool:
    found = db.session.scalar(select(Enterprise.id).limit(1))
    db.session.rollback()
    return found is None


def _has_no_pictures() -> bool:
    """Tell whether an earlier load ended before its pictures were drawn."""
    found = db.session.scalar(select(Picture.id).limit(1))
    db.session.rollback()
    return found is None


def _lift_time_limit() -> None:
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
