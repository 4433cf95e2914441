"""One furnished shop for every browsing test: products with pictures, coupons in every state."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import Flask, abort
from PIL import Image, ImageDraw

from marketplace.accounts import sign_in
from marketplace.accounts.models import Person, Role
from marketplace.catalog import pictures
from marketplace.catalog.models import Product, Wish
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.core.storage import Storage
from marketplace.enterprises.models import Enterprise, MemberRole
from marketplace.notifications.models import Notice
from marketplace.orders.models import Line
from marketplace.reviews.models import Question, Review
from marketplace.search import index, vocabulary
from tests import make
from tests.bed import application, web
from tests.service.search import shelf

STRANGER: Final = "stranger"
MEMBER: Final = "member"
NEWCOMER: Final = "newcomer"
STAFF: Final = "staff"
SELLER: Final = "seller"
_STORY: Final = "<p>옥상 벌통에서 오월에 딴 꿀입니다.</p><ul><li>열을 가하지 않습니다.</li></ul>"
_PICTURED: Final = 12


@dataclass(frozen=True)
class Mall:
    """Where the shop is, what stands there, and the session of each kind of visitor."""

    url: str
    app: Flask
    products: dict[str, int]
    enterprise: str
    sessions: dict[str, str]


@contextmanager
def opened(settings: Settings) -> Iterator[Mall]:
    """Furnish the database of these settings and serve the shop."""
    with application.running(settings) as app:
        # The pages of refusals no visitor should ever meet.
        app.add_url_rule("/refusal/<int:code>", "refusal", abort)
        with app.app_context():
            mall = _furnish(app, settings)
        with web.serve(app, at=settings.public_url):
            yield mall


def _furnish(app: Flask, settings: Settings) -> Mall:
    shop = shelf.stock()
    honey = shop.products["아카시아꿀 500g"]
    member = make.person("홍길동", email="member@example.com")
    with transaction():
        seller = db.session.get_one(Enterprise, shop.enterprises[shelf.BEES])
        seller.story, seller.tagline = _STORY, "벌과 이웃이 함께 삽니다"
        product = db.session.get_one(Product, honey)
        product.story, product.summary = _STORY, "옥상에서 온 오월의 꿀"
        product.option_names = ["용량"]
        product.notice = {"제품명": "아카시아꿀", "소비자상담 전화번호": "02-450-0000"}
        _hang_pictures(list(shop.products.values()), Storage.of(settings))
    _tell(honey, member)
    _print_coupons(member)
    with transaction():
        index.reindex(list(shop.products.values()), at=make.NOW)
        vocabulary.rebuild()
        db.session.add_all(Wish(person_id=member.id, product_id=id_) for id_ in [honey])
    owner = make.person("한도연", email="owner@example.com")
    make.member(seller, owner, role=MemberRole.OWNER)
    people = {
        MEMBER: member,
        NEWCOMER: make.person("김새별", email="newcomer@example.com"),
        STAFF: make.person("나다인", email="staff@example.com", roles=list(Role)),
        SELLER: owner,
    }
    return Mall(
        url=settings.public_url,
        app=app,
        products=shop.products,
        enterprise=seller.slug,
        sessions={who: session_of(app, person) for who, person in people.items()},
    )


def session_of(app: Flask, person: Person) -> str:
    """Return the cookie of a browser somebody signed in with, second factor included."""
    at = clock.now()
    with transaction():
        token, version = sign_in.start(person_id=person.id, at=at)
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(
            _user_id=str(person.id),
            token=token,
            version=version,
            seen_at=int(at.timestamp()),
            second_factor=True,
        )
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def _hang_pictures(product_ids: list[int], storage: Storage) -> None:
    stored = [pictures.store(_picture(hue), storage) for hue in (24, 170)]
    for product_id in product_ids[:_PICTURED]:
        for position, picture in enumerate(stored):
            pictures.add(product_id=product_id, picture=picture, alt="꽃과 그릇", position=position)


def _picture(hue: int) -> bytes:
    image = Image.new("RGB", (400, 400), f"hsl({hue}, 60%, 90%)")
    ImageDraw.Draw(image).ellipse((90, 90, 310, 310), fill=f"hsl({hue}, 55%, 45%)")
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _tell(product_id: int, by: Person) -> None:
    product = db.session.get_one(Product, product_id)
    variant = make.variant(product, options=["2kg"], price_difference=15_000)
    make.variant(product, options=["벌집꿀"], on_hand=0)
    placed = make.paid_order({variant: 1}, by=by, at=clock.now())
    line = db.session.query(Line).filter_by(order_id=placed.order_id).one()
    with transaction():
        db.session.add_all(
            [
                Review(
                    line_id=line.id,
                    product_id=product_id,
                    person_id=by.id,
                    rating=4,
                    body="향이 은은해서 식구들이 다 좋아합니다.",
                ),
                Question(
                    product_id=product_id,
                    person_id=by.id,
                    body="아이가 먹어도 되나요?",
                    answer="첫돌이 지난 뒤에 주세요.",
                ),
                *(
                    Notice(
                        person_id=by.id,
                        title=f"{number}번째 소식입니다",
                        link="/my",
                        kind="test",
                        dedupe_key=f"news:{number}",
                    )
                    for number in range(3)
                ),
            ]
        )


def _print_coupons(member: Person) -> None:
    at = clock.now()
    make.campaign(name="첫 나들이", slug="first", cap=500, min_order=20_000)
    make.claimed_coupon(make.campaign(name="두레 쿠폰", slug="taken", amount=3_000), by=member)
    make.claimed_coupon(make.campaign(name="다 나간 쿠폰", slug="gone", cap=1))
    make.campaign(name="곧 여는 쿠폰", slug="soon", starts_at=at + timedelta(days=3))
