"""What messages about reviews, questions and panels say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product
from marketplace.core.db import db
from marketplace.notifications.message import Facts, Loader, NothingToSay, id_of
from marketplace.reviews.models import Question, Review, ReviewReport
from marketplace.reviews.panel_models import Panel, Panellist


def _review(given: Mapping[str, object]) -> tuple[Review, Person, str]:
    found = db.session.execute(
        select(Review, Person, Product.name)
        .join(Person, Person.id == Review.person_id)
        .join(Product, Product.id == Review.product_id)
        .where(Review.id == id_of(given, "review_id"))
    ).one_or_none()
    if found is None:
        raise NothingToSay
    review, person, product = found
    return review, person, product


def _review_replied(given: Mapping[str, object]) -> Facts:
    review, person, product = _review(given)
    if review.reply is None:
        raise NothingToSay
    subject = f"{product} 후기에 가게가 답글을 남겼습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/my/reviews",
        notice=subject,
        values={"name": person.name, "product": product, "reply": review.reply},
    )


def _review_hidden(given: Mapping[str, object]) -> Facts:
    review, person, product = _review(given)
    if review.hidden_reason is None:
        raise NothingToSay
    subject = f"{product} 후기가 가려졌습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/my/reviews",
        notice=f"{subject}: {review.hidden_reason}",
        values={"name": person.name, "product": product, "reason": review.hidden_reason},
    )


def _review_report_decided(given: Mapping[str, object]) -> Facts:
    found = db.session.execute(
        select(ReviewReport, Review.product_id)
        .join(Review, Review.id == ReviewReport.review_id)
        .where(ReviewReport.id == id_of(given, "report_id"))
    ).one_or_none()
    if found is None or found[0].decided_at is None:
        raise NothingToSay
    report, product_id = found
    outcome = "후기를 가렸습니다" if report.is_upheld else "후기를 그대로 두기로 했습니다"
    subject = f"신고해 주신 {outcome}"
    return Facts(
        person_id=report.person_id,
        address=None,
        subject=subject,
        link=f"/products/{product_id}/reviews",
        notice=f"{subject}: {report.answer}",
    )


def _question(given: Mapping[str, object]) -> tuple[Question, Product]:
    found = db.session.execute(
        select(Question, Product)
        .join(Product, Product.id == Question.product_id)
        .where(Question.id == id_of(given, "question_id"))
    ).one_or_none()
    if found is None:
        raise NothingToSay
    question, product = found
    return question, product


def _question_asked(given: Mapping[str, object]) -> Facts:
    question, product = _question(given)
    person = db.session.get_one(Person, id_of(given, "person_id"))
    subject = f"{product.name}에 새 문의가 있습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/seller/questions",
        notice=subject,
        values={"name": person.name, "product": product.name, "question": question},
    )


def _question_answered(given: Mapping[str, object]) -> Facts:
    question, product = _question(given)
    if question.answer is None:
        raise NothingToSay
    person = db.session.get_one(Person, question.person_id)
    subject = f"{product.name} 문의에 답변이 달렸습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link=f"/products/{product.id}/questions",
        notice=subject,
        values={"name": person.name, "product": product.name, "question": question},
    )


def _panel_opened(given: Mapping[str, object]) -> Facts:
    found = db.session.execute(
        select(Panel, Person)
        .join(Panellist, Panellist.panel_id == Panel.id)
        .join(Person, Person.id == Panellist.person_id)
        .where(Panellist.id == id_of(given, "panellist_id"))
    ).one_or_none()
    if found is None:
        raise NothingToSay
    panel, person = found
    subject = f"{panel.name} 심사를 부탁드립니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link=f"/panels/{panel.id}",
        notice=subject,
        values={"name": person.name, "panel": panel},
    )


def _panel_published(given: Mapping[str, object]) -> Facts:
    panel = db.session.get_one(Panel, id_of(given, "panel_id"))
    person = db.session.get_one(Person, id_of(given, "person_id"))
    subject = f"{panel.name} 결과가 나왔습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/seller/panels",
        notice=subject,
        values={"name": person.name, "panel": panel},
    )


LOADERS: Final[Mapping[str, Loader]] = {
    "review_replied": _review_replied,
    "review_hidden": _review_hidden,
    "review_report_decided": _review_report_decided,
    "question_asked": _question_asked,
    "question_answered": _question_answered,
    "panel_opened": _panel_opened,
    "panel_published": _panel_published,
}
