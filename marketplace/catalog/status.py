"""What may become of a product, and what its states are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.catalog.models import ProductStatus

__all__ = ["MOVES", "NAMES", "ProductStatus"]

MOVES: Final[Mapping[ProductStatus, frozenset[ProductStatus]]] = {
    ProductStatus.DRAFT: frozenset(
        {ProductStatus.IN_REVIEW, ProductStatus.ON_SALE, ProductStatus.ENDED}
    ),
    ProductStatus.IN_REVIEW: frozenset({ProductStatus.DRAFT, ProductStatus.ON_SALE}),
    ProductStatus.ON_SALE: frozenset({ProductStatus.SUSPENDED, ProductStatus.ENDED}),
    ProductStatus.SUSPENDED: frozenset({ProductStatus.ON_SALE, ProductStatus.ENDED}),
    ProductStatus.ENDED: frozenset({ProductStatus.DRAFT}),
}

NAMES: Final[Mapping[ProductStatus, str]] = {
    ProductStatus.DRAFT: "작성 중",
    ProductStatus.IN_REVIEW: "검토 중",
    ProductStatus.ON_SALE: "판매 중",
    ProductStatus.SUSPENDED: "판매 중지",
    ProductStatus.ENDED: "판매 종료",
}
