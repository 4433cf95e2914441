"""Write what shops replied, what the office decided about reviews, and two review panels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.demo.district.chance import dice
from marketplace.demo.district.load_people import People
from marketplace.demo.district.load_shops import Shops
from marketplace.enterprises.models import Member, MemberRole
from marketplace.reviews import moderation, panels, questions, rounds, scoring
from marketplace.reviews.models import Review
from marketplace.reviews.panel_models import PanelEntry
from marketplace.reviews.panels import PanellistKind, Plan
from marketplace.reviews.scoring import Sheet

_REPLIES: Final = (
    "맛있게 드셨다니 저희도 힘이 납니다. 또 들러 주세요.",
    "소중한 후기 고맙습니다. 말씀해 주신 점은 다음 포장부터 살피겠습니다.",
    "이웃분이 사 주셔서 더 반가웠습니다. 늘 건강하세요.",
)
_REPLIED_EVERY: Final = 4
_HIDDEN: Final = "다른 분의 전화번호가 적혀 있어 가렸습니다."
_REPORT: Final = "상품과 관계없는 이야기인 것 같아요."
_ENTRIES: Final = 8
_SEATS: Final = 6
_SAID: Final = (
    ("향과 단맛이 또렷합니다.", "한 끼 분량의 작은 포장이 있으면 좋겠습니다."),
    ("선물하기에 포장이 곱습니다.", "겉면 글씨를 조금 키워 주세요."),
    ("값에 견주어 양이 넉넉합니다.", ""),
    ("만든 이야기가 좋아 다시 사고 싶습니다.", "보관 방법을 크게 적어 주세요."),
)
_NOTES: Final = (
    "소포장과 선물 포장을 함께 갖추면 명절 꾸러미에 알맞습니다.",
    "원산지와 보관 방법을 앞면에 적고 상품 사진을 다시 찍어 보세요.",
    "정기 배송을 시작해 볼 만합니다.",
)
_QUESTION: Final = "선물로 보내려는데 받는 분께 값이 안 보이게 포장되나요?"


def load(people: People, shops: Shops, *, at: datetime) -> None:
    """Write replies, reports, a hidden review, an unanswered question and two rounds."""
    _reply()
    _report_and_hide(people, at=at)
    # The owner who signs in first finds something to answer.
    questions.ask(
        product_id=shops.products[0],
        person_id=people.residents[3],
        body=_QUESTION,
        is_secret=False,
        at=at - timedelta(hours=20),
    )
    _published_round(people, shops, at=at)
    _open_round(people, shops, at=at)


def _reply() -> None:
    rows = db.session.execute(select(Review.id, Review.created_at).order_by(Review.id)).all()
    replies = [
        {
            "id": row.id,
            "reply": _REPLIES[position % len(_REPLIES)],
            "replied_at": row.created_at + timedelta(hours=7),
        }
        for position, row in enumerate(rows[::_REPLIED_EVERY])
    ]
    if replies:
        db.session.execute(update(Review), replies)


def _report_and_hide(people: People, *, at: datetime) -> None:
    newest = db.session.execute(
        select(Review.id, Review.person_id).order_by(Review.created_at.desc(), Review.id).limit(3)
    ).all()
    for (review_id, writer), reason in zip(newest, (_REPORT, _REPORT, _HIDDEN), strict=False):
        neighbour = next(each for each in people.residents if each != writer)
        moderation.report(review_id=review_id, person_id=neighbour, reason=reason, at=at)
        if reason == _HIDDEN:
            moderation.hide(
                review_id=review_id,
                reason=reason,
                by=people.staff["operator"],
                at=at,
                ip=None,
            )


def _published_round(people: People, shops: Shops, *, at: datetime) -> None:
    by, held = people.staff["operator"], at - timedelta(days=40)
    panel_id = _seated("2026 가을 제품품평회", people, shops.products[::11], by=by, at=held)
    _score(panel_id, people.residents[:_SEATS], at=held + timedelta(hours=3))
    rounds.close(panel_id, by=by, at=held + timedelta(days=1), ip=None)
    entries = db.session.scalars(
        select(PanelEntry.id).where(PanelEntry.panel_id == panel_id).order_by(PanelEntry.number)
    ).all()
    for position, entry_id in enumerate(entries):
        rounds.note(
            panel_id,
            entry_id=entry_id,
            improvement=_NOTES[position % len(_NOTES)],
            channels=list(panels.CHANNELS)[position % 3 :: 3],
            by=by,
            ip=None,
        )
    published_at = held + timedelta(days=5)
    rounds.publish(panel_id, drops_extremes=True, by=by, at=published_at, ip=None)


def _open_round(people: People, shops: Shops, *, at: datetime) -> None:
    by, opened = people.staff["operator"], at - timedelta(days=2)
    panel_id = _seated("2026 겨울 선물 품평회", people, shops.products[5::13], by=by, at=opened)
    # Two are done: the others' sheets are what the demo lets people fill in.
    _score(panel_id, people.residents[1:3], at=opened + timedelta(hours=5))


def _seated(name: str, people: People, products: tuple[int, ...], *, by: int, at: datetime) -> int:
    plan = Plan(name=name, held_on=day_in_seoul(at), badges=3)
    panel_id = panels.create(plan, by=by, at=at, ip=None)
    for product_id in products[:_ENTRIES]:
        panels.enter(panel_id, product_id=product_id, by=by, ip=None)
    # One panellist sells what is scored: the conflict is there to be seen.
    seats = [*people.residents[:_SEATS], _owner_of(products[0])]
    for position, person_id in enumerate(seats):
        kind = PanellistKind.MERCHANDISER if position < 2 else PanellistKind.CONSUMER
        email = db.session.get_one(Person, person_id).email
        panels.seat(panel_id, email=email, kind=kind, by=by, ip=None)
    rounds.open_scoring(panel_id, by=by, at=at, ip=None)
    return panel_id


def _owner_of(product_id: int) -> int:
    return db.session.scalars(
        select(Member.person_id)
        .join(Product, Product.enterprise_id == Member.enterprise_id)
        .where(Product.id == product_id, Member.role == MemberRole.OWNER)
    ).one()


def _score(panel_id: int, panellists: tuple[int, ...], *, at: datetime) -> None:
    chance = dice("panels")
    criteria = scoring.list_criteria(panel_id)
    entries = db.session.scalars(
        select(PanelEntry.id).where(PanelEntry.panel_id == panel_id).order_by(PanelEntry.number)
    ).all()
    for person_id in panellists:
        for entry_id in entries:
            comment, improvement = chance.choice(_SAID)
            scoring.score(
                panel_id=panel_id,
                entry_id=entry_id,
                person_id=person_id,
                sheet=Sheet(
                    scores={each.id: chance.choice((3, 4, 4, 5)) for each in criteria},
                    comment=comment,
                    improvement=improvement,
                    channels=chance.sample(list(panels.CHANNELS), k=2),
                ),
                at=at,
            )
