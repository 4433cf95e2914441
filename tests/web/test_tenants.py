"""
Nobody of one enterprise reaches what is another's (S2): every address of the desk is tried.

An endpoint with an id in its address that the table below does not know fails the test.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.routing import Rule

from marketplace.accounts import secrets as digests
from marketplace.catalog.models import Picture
from marketplace.catalog.upkeep_models import ProductImport
from marketplace.core import clock
from marketplace.core.db import db
from marketplace.coupons.counter_models import CounterDevice
from marketplace.enterprises.application_models import Invitation
from marketplace.enterprises.models import Enterprise, MemberRole
from marketplace.orders.models import ClaimCase, ClaimKind, ClaimStatus
from marketplace.reviews.models import Question, Review
from tests import make
from tests.make.common import save
from tests.service.checkout.tills import Till
from tests.web.visitor import Visitor

pytestmark = pytest.mark.usefixtures("isolated")

# What forms of the desk may carry; a refusal must not depend on what is missing.
FORM: Final = {
    "reason": "이유",
    "carrier": "CJGLS",
    "waybill": "699568375375",
    "method": "parcel",
    "role": "staff",
    "to": "ended",
    "body": "답변드립니다. 고맙습니다.",
    "answer": "답변드립니다. 고맙습니다.",
    "reply": "고맙습니다. 또 오세요.",
    "until": "2027-01-05",
    "delayed_until": "2027-01-05",
    "inspection": "확인했습니다",
    "price": "1",
    "name": "빼앗긴 이름",
    "kind": "free",
    "alt": "사진",
    "act": "drop",
    "plan_price": "1",
    "starts": "2027-01-01T10:00",
    "ends": "2027-01-02T10:00",
    "seen": "",
}
# Rows an intruder might change.
TABLES: Final = (
    *("bundle", "shipment", "order_line", "claim_case", "product", "variant", "picture", "member"),
    *("invitation", "question", "review", "shipping_policy", "counter_device", "product_import"),
    *("price_plan", "redemption", "claim_history", "order_line_history"),
)


_CONTENT: Final = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"


@dataclass(frozen=True)
class Foreign:
    """What belongs to the other enterprise, by the name addresses give it."""

    ids: dict[str, object]
    order_number: str


@pytest.fixture
def own() -> Enterprise:
    return make.enterprise("내 가게")


@pytest.fixture
def intruder(visitor: Visitor, own: Enterprise) -> Visitor:
    """An owner, who may do everything at their own desk."""
    person = make.person()
    make.member(own, person, role=MemberRole.OWNER)
    return visitor.enter(person, second_factor=True)


@pytest.fixture
def foreign() -> Foreign:
    till = Till()
    other = till.enterprise
    receipt = till.use(till.show().qr, amount=5_000, purchase=12_000)
    at = clock.now()
    goods = make.sellable(other, price=10_000)
    buyer, staff = make.person(), make.person()
    make.member(other, staff, role=MemberRole.STAFF)
    placed = make.paid_order({goods: 2}, by=buyer, at=at)
    shipment_id = make.delivered(placed, at=at)
    bundle = make.bundle_of(placed)
    policy = make.shipping(other)
    line_id = _first_line(bundle.id)
    save(
        device := CounterDevice(
            enterprise_id=other.id,
            name="계산대",
            digest="d" * 64,
            registered_by=staff.id,
            registered_at=at,
        )
    )
    save(
        case := ClaimCase(
            order_id=placed.order_id,
            attempt_key="k" * 32,
            kind=ClaimKind.CANCEL,
            status=ClaimStatus.REQUESTED,
            reason="변심",
            requested_by=f"person:{buyer.id}",
            bundle_id=bundle.id,
            requested_at=at,
        )
    )
    papers = _papers(other, goods.product_id, staff.id, at)
    talk = _talk(goods.product_id, buyer.id, line_id)
    return Foreign(
        ids={
            "bundle_id": bundle.id,
            "shipment_id": shipment_id,
            "case_id": case.id,
            "device_id": device.id,
            "person_id": staff.id,
            "product_id": goods.product_id,
            **papers,
            **talk,
            "policy_id": policy.id,
            "number": receipt.number,
        },
        order_number=placed.number,
    )


def _papers(other: Enterprise, product_id: int, staff_id: int, at: datetime) -> dict[str, object]:
    save(
        picture := Picture(
            product_id=product_id, storage_key="ab" * 16, alt="빵", width=640, height=640
        )
    )
    save(
        invitation := Invitation(
            enterprise_id=other.id,
            email="new@example.com",
            role=MemberRole.STAFF,
            token_digest=digests.hash_secret("token")[:64],
            invited_by=staff_id,
            invited_at=at,
            expires_at=at + timedelta(days=7),
        )
    )
    save(
        sheet := ProductImport(
            enterprise_id=other.id,
            uploaded_by=staff_id,
            filename="남의 상품.xlsx",
            sha256="0" * 64,
            storage_key="imports/none",
            errors=[{"row": 2, "column": "판매가", "message": "남의 오류"}],
        )
    )
    return {
        "picture_id": picture.id,
        "invitation_id": invitation.id,
        "import_id": sheet.id,
    }


def _talk(product_id: int, buyer_id: int, line_id: int) -> dict[str, object]:
    save(question := Question(product_id=product_id, person_id=buyer_id, body="문의합니다"))
    save(
        review := Review(
            line_id=line_id,
            product_id=product_id,
            person_id=buyer_id,
            rating=5,
            body="맛있게 잘 먹었습니다.",
        )
    )
    return {"question_id": question.id, "review_id": review.id}


def _first_line(bundle_id: int) -> int:
    found = db.session.scalar(
        text("SELECT id FROM order_line WHERE bundle_id = :bundle"), {"bundle": bundle_id}
    )
    return int(found or 0)


def _rules(app: Flask) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("seller_") and _ids_of(rule)
    ]


def _ids_of(rule: Rule) -> set[str]:
    # Those with a fixed choice of words name nobody's things.
    return {name for name in rule.arguments if name not in ("kind", "layout", "step")}


def _snapshot() -> list[str | None]:
    db.session.flush()
    return [db.session.scalar(text(_CONTENT.format(name))) for name in TABLES]


def test_every_address_of_the_desk_hides_what_is_anothers(
    app: Flask, intruder: Visitor, foreign: Foreign
) -> None:
    tried, answers = 0, {}
    before = _snapshot()

    for rule in _rules(app):
        missing = _ids_of(rule) - set(foreign.ids)
        assert not missing, f"{rule.endpoint}: say what another's {missing} is"
        words = {"kind": "csv", "layout": "ours", "step": "accept"}
        values = {name: foreign.ids.get(name, words.get(name)) for name in rule.arguments}
        _, url = next(
            (part, built)
            for part, built in [rule.build(values, append_unknown=False) or ("", "")]
            if built
        )
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            answer = intruder.get(url) if method == "GET" else intruder.post(url, FORM)
            tried += 1
            if answer.status_code != 404:
                answers[f"{method} {url}"] = answer.status_code
            assert foreign.order_number not in answer.text

    assert answers == {}
    assert tried >= 35
    assert _snapshot() == before


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/seller/orders/accept", "bundle_id"),
        ("/seller/packing", "bundle_id"),
        ("/seller/products/bulk", "product_id"),
    ],
)
def test_ids_in_forms_of_many_change_nothing_of_anothers(
    intruder: Visitor, foreign: Foreign, url: str, name: str
) -> None:
    before = _snapshot()

    theirs = str(foreign.ids[name])
    answer = intruder.post(url, {"bundle": theirs, "ids": theirs, "act": "stop", "to": "ended"})

    assert answer.status_code in (303, 404, 409, 422)
    assert foreign.order_number not in answer.text
    assert _snapshot() == before


def test_what_is_anothers_is_not_found_by_its_number(intruder: Visitor, foreign: Foreign) -> None:
    page = intruder.get(f"/seller/orders?tab=all&q={foreign.order_number}").text
    slips = intruder.get(f"/seller/packing?bundle={foreign.ids['bundle_id']}").text

    assert "여기에 있는 주문이 없습니다" in page
    assert foreign.order_number not in slips
    assert "이받음" not in page + slips


@pytest.mark.parametrize(
    "path",
    [
        "/seller/orders/export.csv",
        "/seller/orders/export.xlsx",
        "/seller/waybills/ours.csv",
        "/seller/products/smartstore.xlsx",
    ],
)
def test_files_hold_nothing_of_anothers(intruder: Visitor, foreign: Foreign, path: str) -> None:
    answer = intruder.post(path, {"tab": "all", "reason": "업무 확인"})

    assert answer.status_code in (200, 303, 422)
    assert foreign.order_number.encode() not in answer.data
