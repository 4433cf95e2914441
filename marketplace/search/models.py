"""The search index: one row per product on sale, and the words people may mean."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, String, func
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.catalog.models import Product
from marketplace.core.db import Base
from marketplace.core.money import Won


class ProductDocument(Base):
    """Everything a list needs to find, filter, sort and draw one product, in one row."""

    __tablename__ = "product_document"
    __table_args__ = (
        Index("ix_product_document_grams", "grams", postgresql_using="gin"),
        Index("ix_product_document_initials", "initials", postgresql_using="gin"),
        Index("ix_product_document_path", "category_path", postgresql_using="gin"),
        Index("ix_product_document_kinds", "kinds", postgresql_using="gin"),
        Index("ix_product_document_popularity", "popularity", "product_id"),
        Index("ix_product_document_published", "published_at", "product_id"),
        Index("ix_product_document_price", "price", "product_id"),
        Index("ix_product_document_reviews", "review_count", "product_id"),
        Index("ix_product_document_enterprise", "enterprise_id", "popularity", "product_id"),
    )

    product_id: Mapped[int] = mapped_column(
        ForeignKey(Product.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    grams: Mapped[str] = mapped_column(TSVECTOR)
    initials: Mapped[str] = mapped_column(TSVECTOR)
    enterprise_id: Mapped[int]
    enterprise_name: Mapped[str]
    enterprise_slug: Mapped[str]
    dong_code: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String))
    category_path: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    name: Mapped[str]
    price: Mapped[Won]
    consumer_price: Mapped[Won]
    shipping_kind: Mapped[str]
    shipping_fee: Mapped[Won]
    free_over: Mapped[Won | None]
    # Price and mandatory fee of one piece, shown on the card (순차공개 가격책정 금지).
    total_price: Mapped[Won]
    picture_key: Mapped[str | None]
    picture_alt: Mapped[str]
    picture_placeholder: Mapped[str] = mapped_column(server_default="")
    coupon_eligible: Mapped[bool]
    is_gift: Mapped[bool]
    in_stock: Mapped[bool]
    lead_days: Mapped[int]
    rating_sum: Mapped[int] = mapped_column(server_default="0")
    review_count: Mapped[int] = mapped_column(server_default="0")
    popularity: Mapped[int]
    published_at: Mapped[datetime]
    indexed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WordKind(StrEnum):
    """Where a word of the catalogue comes from; the earlier one wins when several say it."""

    CATEGORY = "category"
    ENTERPRISE = "enterprise"
    TAG = "tag"
    NAME = "name"


class SearchWord(Base):
    """A word of the catalogue, for completion and "did you mean"; jamo make one key one typo."""

    __tablename__ = "search_word"
    __table_args__ = (
        Index(
            "ix_search_word_jamo",
            "jamo",
            postgresql_using="gin",
            postgresql_ops={"jamo": "gin_trgm_ops"},
        ),
        Index("ix_search_word_jamo_prefix", "jamo", postgresql_ops={"jamo": "text_pattern_ops"}),
        Index(
            "ix_search_word_initials_prefix",
            "initials",
            postgresql_ops={"initials": "text_pattern_ops"},
        ),
    )

    word: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[WordKind]
    jamo: Mapped[str]
    initials: Mapped[str]
    weight: Mapped[int]


class SearchTerm(Base):
    """How often a term was searched and how often nothing was found. No personal data."""

    __tablename__ = "search_term"

    term: Mapped[str] = mapped_column(primary_key=True)
    searches: Mapped[int] = mapped_column(server_default="0", index=True)
    misses: Mapped[int] = mapped_column(server_default="0")
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
