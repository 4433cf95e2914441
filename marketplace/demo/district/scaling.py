"""Thousands of products and orders made by the database itself, for benches."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text

from marketplace.catalog.models import Category, Product
from marketplace.core.db import db
from marketplace.demo.district import order_books
from marketplace.orders.models import Order

CATEGORIES: Final = 50
_PIECES: Final = 500

_ADD_CATEGORIES: Final = """
WITH tops AS (SELECT id, name, row_number() OVER (ORDER BY position) AS n,
                     count(*) OVER () AS all_tops
                FROM category WHERE parent_id IS NULL)
INSERT INTO category (parent_id, slug, name, position, path, notice_kind)
SELECT t.id, 'more-' || g, t.name || ' 더 보기 ' || (g - 1) / t.all_tops + 1, 100 + g,
       ARRAY[t.id], 'other'
  FROM generate_series(1, :count) g
  JOIN tops t ON t.n = (g - 1) % t.all_tops + 1
"""
_ADD_PRODUCTS: Final = """
WITH models AS (SELECT p.*, row_number() OVER (ORDER BY p.id) AS n, count(*) OVER () AS models
                  FROM product p WHERE p.status = 'on_sale'),
     leaves AS (SELECT id, row_number() OVER (ORDER BY position, id) AS n,
                       count(*) OVER () AS leaves
                  FROM category WHERE parent_id IS NOT NULL),
     copies AS (SELECT g, m.*, l.id AS leaf
                  FROM generate_series(1, :count) g
                  JOIN models m ON m.n = (g - 1) % m.models + 1
                  JOIN leaves l ON l.n = (g * 7 - 1) % l.leaves + 1)
INSERT INTO product (enterprise_id, category_id, shipping_policy_id, name, summary, story,
                     consumer_price, price, tax_kind, status, origin, lead_days, is_gift,
                     coupon_eligible, tags, notice, sold_count, published_at)
SELECT enterprise_id, leaf, shipping_policy_id, name || ' ' || g || '호', summary, story,
       consumer_price + g % 37 * 100, price + g % 37 * 100, tax_kind, 'on_sale', origin,
       lead_days, is_gift, true, tags, notice, 0,
       CAST(:at AS timestamptz) - g * interval '7 minutes'
  FROM copies
"""
_ADD_VARIANTS: Final = """
INSERT INTO variant (product_id, option_values, price_difference, on_hand, position)
SELECT p.id, '{}', 0, :pieces, 0 FROM product p WHERE p.id > :after
"""
_ADD_PICTURES: Final = """
WITH hung AS (SELECT x.*, row_number() OVER (ORDER BY x.id) AS n, count(*) OVER () AS pictures
                FROM picture x WHERE x.position = 0)
INSERT INTO picture (product_id, storage_key, alt, width, height, placeholder, position)
SELECT p.id, h.storage_key, h.alt, h.width, h.height, h.placeholder, 0
  FROM product p JOIN hung h ON h.n = p.id % h.pictures + 1
 WHERE p.id > :after
"""
_ADD_ORDERS: Final = """
WITH buyers AS (SELECT p.id, p.name, p.phone, p.email, a.zip_code, a.road_address,
                       a.address_detail, row_number() OVER (ORDER BY p.id) AS n,
                       count(*) OVER () AS buyers
                  FROM person p JOIN address a ON a.person_id = p.id AND a.is_default),
     goods AS (SELECT v.id, p.price + v.price_difference AS price, s.fee, s.kind, s.free_over,
                      s.fee_per_units, row_number() OVER (ORDER BY p.sold_count DESC, v.id) AS n,
                      count(*) OVER () AS goods
                 FROM variant v JOIN product p ON p.id = v.product_id
                 JOIN shipping_policy s ON s.id = p.shipping_policy_id
                WHERE v.is_active AND p.status = 'on_sale'),
     drawn AS (SELECT g, :base + g AS order_id, b.*, v.price,
                      CASE WHEN v.kind = 'free' OR (v.kind = 'conditional_free'
                                AND v.price >= v.free_over) THEN 0 ELSE v.fee END AS fee,
                      CAST(:at AS timestamptz) - interval '20 days'
                        - (g % 14400) * interval '17 minutes' AS moment
                 FROM generate_series(1, :count) g
                 JOIN buyers b ON b.n = (g * 31) % b.buyers + 1
                 JOIN goods v ON v.n = (g * 131) % v.goods + 1)
INSERT INTO customer_order (id, number, attempt_key, person_id, channel, provider, buyer_name,
       buyer_phone, buyer_email, recipient_name, recipient_phone, zip_code, road_address,
       address_detail, gross_total, shipping_total, coupon_total, pay_total, ordered_at,
       expires_at, paid_at)
SELECT order_id, to_char(moment, 'YYYYMMDD') || translate(upper(lpad(to_hex(order_id), 8, '3')),
         '0125AE', 'GHJKMP'), 'bench-order-' || order_id, id, 'own_mall', 'bank_transfer',
       name, phone, email, name, phone, zip_code, road_address, address_detail, price, fee, 0,
       price + fee, moment, moment + interval '3 days', moment + interval '2 hours'
  FROM drawn
"""
_ADD_BUNDLES: Final = """
WITH goods AS (SELECT v.id, p.enterprise_id, p.shipping_policy_id,
                      row_number() OVER (ORDER BY p.sold_count DESC, v.id) AS n,
                      count(*) OVER () AS goods
                 FROM variant v JOIN product p ON p.id = v.product_id
                WHERE v.is_active AND p.status = 'on_sale')
INSERT INTO bundle (order_id, enterprise_id, shipping_policy_id, position, shipping_fee,
                    surcharge, shipping_discount, ship_by)
SELECT o.id, v.enterprise_id, v.shipping_policy_id, 0, o.shipping_total, 0, 0,
       (o.paid_at + interval '5 days')::date
  FROM customer_order o JOIN goods v ON v.n = ((o.id - :base) * 131) % v.goods + 1
 WHERE o.id > :base
"""
_ADD_LINES: Final = """
WITH goods AS (SELECT v.id, v.product_id, p.name, p.tax_kind, e.commission_bps,
                      array_to_string(v.option_values, ' / ') AS label,
                      row_number() OVER (ORDER BY p.sold_count DESC, v.id) AS n,
                      count(*) OVER () AS goods
                 FROM variant v JOIN product p ON p.id = v.product_id
                 JOIN enterprise e ON e.id = p.enterprise_id
                WHERE v.is_active AND p.status = 'on_sale')
INSERT INTO order_line (order_id, bundle_id, enterprise_id, product_id, variant_id, position,
       product_name, option_label, designation_kinds, unit_price, quantity, gross, coupon_amount,
       enterprise_funded, tax_kind, commission_bps, status, confirmed_at)
SELECT o.id, b.id, b.enterprise_id, v.product_id, v.id, 0, v.name, v.label,
       ARRAY(SELECT DISTINCT d.kind FROM designation d
              WHERE d.enterprise_id = b.enterprise_id AND d.granted_on <= o.ordered_at::date
                AND (d.expires_on IS NULL OR d.expires_on > o.ordered_at::date)),
       o.gross_total, 1, o.gross_total, 0, 0, v.tax_kind, v.commission_bps, 'confirmed',
       o.paid_at + interval '9 days'
  FROM customer_order o
  JOIN bundle b ON b.order_id = o.id
  JOIN goods v ON v.n = ((o.id - :base) * 131) % v.goods + 1
 WHERE o.id > :base
"""
_ADD_SHIPMENTS: Final = """
WITH sent AS (
    INSERT INTO shipment (bundle_id, method, carrier_code, waybill, shipped_at, delivered_at)
    SELECT b.id, 'parcel', 'EPOST', lpad(o.id::text, 13, '6'), o.paid_at + interval '1 day',
           o.paid_at + interval '2 days'
      FROM bundle b JOIN customer_order o ON o.id = b.order_id WHERE o.id > :base
    RETURNING id, bundle_id)
INSERT INTO shipment_line (shipment_id, line_id, quantity)
SELECT sent.id, l.id, l.quantity FROM sent JOIN order_line l ON l.bundle_id = sent.bundle_id
"""
_ADD_HISTORY: Final = """
INSERT INTO order_line_history (line_id, from_status, to_status, actor, at)
SELECT l.id, step.before, step.after, step.actor, o.ordered_at + step.later
  FROM order_line l
  JOIN customer_order o ON o.id = l.order_id
 CROSS JOIN (VALUES (NULL, 'payment_waiting', 'buyer', interval '0'),
                    ('payment_waiting', 'paid', 'payment:provider', interval '2 hours'),
                    ('paid', 'preparing', 'enterprise', interval '20 hours'),
                    ('preparing', 'shipping', 'enterprise', interval '26 hours'),
                    ('shipping', 'delivered', 'carrier', interval '50 hours'),
                    ('delivered', 'confirmed', 'timer', interval '218 hours'))
       AS step (before, after, actor, later)
 WHERE o.id > :base ORDER BY l.id, step.later
"""
_ADD_PAYMENTS: Final = """
INSERT INTO payment (public_id, reference, provider, state, amount, captured_amount, method,
                     created_at, expires_at, paid_at)
SELECT substr(md5('bench-payment-' || o.id), 1, 22), 'order:' || o.id, 'bank_transfer', 'paid',
       o.pay_total, o.pay_total, 'bank_transfer', o.ordered_at, o.expires_at, o.paid_at
  FROM customer_order o WHERE o.id > :base
"""
_ADD_RESERVATIONS: Final = """
INSERT INTO stock_reservation (reference, variant_id, quantity, state, expires_at, created_at)
SELECT 'order:' || o.id, l.variant_id, l.quantity, 'deducted', o.expires_at, o.ordered_at
  FROM order_line l JOIN customer_order o ON o.id = l.order_id WHERE o.id > :base
"""


def add_products(*, up_to: int, at: datetime) -> int:
    """Add products, and categories up to fifty, and return how many products."""
    count = up_to - _count(Product)
    if count <= 0:
        return 0
    leaves = db.session.scalar(
        select(func.count()).select_from(Category).where(Category.parent_id.is_not(None))
    )
    db.session.execute(text(_ADD_CATEGORIES), {"count": max(0, CATEGORIES - (leaves or 0))})
    db.session.execute(
        text("UPDATE category SET path = path || id WHERE path[cardinality(path)] <> id")
    )
    after = db.session.scalar(select(func.max(Product.id))) or 0
    db.session.execute(text(_ADD_PRODUCTS), {"count": count, "at": at})
    db.session.execute(text(_ADD_VARIANTS), {"after": after, "pieces": _PIECES})
    db.session.execute(text(_ADD_PICTURES), {"after": after})
    return count


def add_orders(*, up_to: int, at: datetime) -> int:
    """Add orders of one line each, paid and confirmed, and return how many."""
    count = up_to - _count(Order)
    if count <= 0:
        return 0
    base = db.session.scalar(select(func.max(Order.id))) or 0
    db.session.execute(text(_ADD_ORDERS), {"count": count, "at": at, "base": base})
    db.session.execute(
        text(
            "SELECT setval(pg_get_serial_sequence('customer_order', 'id'), max(id)) "
            "FROM customer_order"
        )
    )
    for statement in (
        _ADD_BUNDLES,
        _ADD_LINES,
        _ADD_SHIPMENTS,
        _ADD_HISTORY,
        _ADD_PAYMENTS,
        _ADD_RESERVATIONS,
    ):
        db.session.execute(text(statement), {"base": base})
    order_books.post_paid(after=base)
    order_books.post_confirmed(after=base)
    return count


def _count(model: type[Product] | type[Order]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0
