"""What goods desks are sent: a filled editor and photos."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image
from werkzeug.test import TestResponse

from tests.service.catalog.goods import Shop
from tests.web.visitor import Visitor

LIST: Final = "/seller/products"


def form(shop: Shop, **other: object) -> dict[str, object]:
    """What a filled editor sends."""
    return {
        "category_id": shop.category.id,
        "shipping_policy_id": shop.ships.id,
        "name": "아카시아꿀",
        "summary": "옥상에서 거른 꿀",
        "consumer_price": "25,000",
        "price": "22,000",
        "tax_kind": "taxable",
        "origin": "국산",
        "lead_days": "2",
        "tags": "꿀, 선물",
        "coupon_eligible": "y",
        "story": "<p>꿀 이야기</p>",
        "notice:제조자": "나루양봉",
        **other,
    }


def photo(size: tuple[int, int] = (800, 600), kind: str = "JPEG", **saved: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "teal").save(made, kind, **saved)
    return made.getvalue()


def send_large(visitor: Visitor, path: str, field: str, content: bytes) -> TestResponse:
    """Send a file too large for the test client to hold without a file of its own."""
    line = "never-in-the-file"
    head = f'--{line}\r\nContent-Disposition: form-data; name="{field}"; filename="big"\r\n\r\n'
    return visitor.request(
        "POST",
        path,
        data=head.encode() + content + f"\r\n--{line}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={line}",
        headers={"X-CSRFToken": visitor.csrf_token()},
    )
