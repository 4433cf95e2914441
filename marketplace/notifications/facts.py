"""What a message is about, read from the database when it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.accounts import mailed_links
from marketplace.accounts.consents import TITLES
from marketplace.accounts.models import MailedToken, Person, Role
from marketplace.accounts.roles import TITLES as ROLE_TITLES
from marketplace.accounts.verification_models import VerificationRequest
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.coupons import receipts
from marketplace.coupons.eligibility import FACTS
from marketplace.coupons.models import Campaign, Coupon, CouponState
from marketplace.notifications import (
    catalog_facts,
    claim_facts,
    enterprise_facts,
    order_facts,
    talk_facts,
)
from marketplace.notifications.message import Facts, Loader, NothingToSay, Unknown, id_of
from marketplace.orders import queries as orders
from marketplace.orders.models import ClaimCase
from marketplace.payments import payment as payments


def load(kind: str, given: Mapping[str, object]) -> Facts:
    """
    Return the facts of a message.

    :raises Unknown, NothingToSay:
    """
    loader = _LOADERS.get(kind)
    if loader is None:
        raise Unknown(kind)
    return loader(given)


def _person(given: Mapping[str, object]) -> Person:
    return db.session.get_one(Person, id_of(given, "person_id"))


def _mailed_link(subject: str, path: str) -> Loader:
    def load_link(given: Mapping[str, object]) -> Facts:
        token = db.session.get(MailedToken, id_of(given, "token_id"))
        if token is None:
            raise NothingToSay
        person = db.session.get_one(Person, token.person_id)
        return Facts(
            person_id=person.id,
            address=person.email,
            subject=subject,
            link=f"{path}/{mailed_links.link_token(token.id)}",
            values={"name": person.name, "expires_at": token.expires_at},
        )

    return load_link


def _to_person(subject: str, link: str, *, notice: bool) -> Loader:
    def load_person(given: Mapping[str, object]) -> Facts:
        person = _person(given)
        return Facts(
            person_id=person.id,
            address=person.email,
            subject=subject,
            link=link,
            notice=subject if notice else None,
            values={"name": person.name},
        )

    return load_person


def _role(given: Mapping[str, object]) -> Facts:
    person = _person(given)
    is_granted = given["kind"] == "role_granted"
    title = ROLE_TITLES[Role(str(given["role"]))]
    subject = f"{title} 권한이 {'주어졌습니다' if is_granted else '거두어졌습니다'}"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/my",
        notice=subject,
        values={"name": person.name, "title": title, "is_granted": is_granted},
    )


def _consent(given: Mapping[str, object]) -> Facts:
    person = _person(given)
    title = TITLES[str(given["consent"])]
    is_given = given["kind"] == "consent_given"
    subject = f"{title} {'동의' if is_given else '동의 철회'} 처리 결과를 알려 드립니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/my/consents",
        notice=subject,
        values={
            "name": person.name,
            "title": title,
            "is_given": is_given,
            "at": datetime.fromisoformat(str(given["at"])),
        },
    )


def _order(subject: str) -> Loader:
    def load_order(given: Mapping[str, object]) -> Facts:
        order = orders.get(id_of(given, "order_id"))
        held = payments.find_live(f"order:{order.id}")
        link = f"/my/orders/{order.number}" if order.person_id else "/guest/orders"
        return Facts(
            person_id=order.person_id,
            address=order.buyer_email,
            phone=order.buyer_phone,
            subject=f"[{order.number}] {subject}",
            link=link,
            notice=f"{order.title} {subject}",
            values={"order": order, "payment": held},
        )

    return load_order


def _canceled(given: Mapping[str, object]) -> Facts:
    case = db.session.get_one(ClaimCase, id_of(given, "claim_case_id"))
    facts = _order("주문이 취소되었습니다")({"order_id": case.order_id})
    return Facts(**{**vars(facts), "values": {**facts.values, "case": case}})


def _fact_decided(given: Mapping[str, object]) -> Facts:
    asked = db.session.get(VerificationRequest, id_of(given, "request_id"))
    if asked is None:
        raise NothingToSay
    fact = FACTS[asked.kind]
    subject = f"{fact} 확인이 끝났습니다" if asked.is_granted else f"{fact} 확인을 하지 못했습니다"
    return Facts(
        person_id=asked.person_id,
        address=None,
        subject=subject,
        link="/my/verification",
        notice=subject if asked.is_granted else f"{subject}: {asked.reason}",
    )


def _coupon_claimed(given: Mapping[str, object]) -> Facts:
    name, coupon = db.session.execute(
        select(Campaign.name, Coupon)
        .join(Coupon, Coupon.campaign_id == Campaign.id)
        .where(Coupon.id == id_of(given, "coupon_id"))
    ).one()
    if coupon.person_id is None:
        raise NothingToSay
    subject = f"{name} 쿠폰을 받았습니다"
    return Facts(
        person_id=coupon.person_id,
        address=None,
        subject=subject,
        link="/my/coupons",
        notice=subject,
    )


def _counter_use(given: Mapping[str, object]) -> Facts:
    receipt = receipts.get_by_redemption(id_of(given, "redemption_id"))
    if receipt.person_id is None:
        raise NothingToSay
    person = db.session.get_one(Person, receipt.person_id)
    is_back = given["kind"] == "coupon_use_reversed"
    what = "쿠폰 사용이 취소되었습니다" if is_back else "쿠폰을 사용했습니다"
    subject = f"{receipt.enterprise_name}에서 {receipt.amount:,}원 {what}"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link=f"/my/coupons/receipts/{receipt.number}",
        notice=subject,
        values={"name": person.name, "receipt": receipt},
    )


def _coupon_expiring(given: Mapping[str, object]) -> Facts:
    found = db.session.execute(
        select(Campaign.name, Coupon, Person)
        .join(Coupon, Coupon.campaign_id == Campaign.id)
        .join(Person, Person.id == Coupon.person_id)
        .where(Coupon.id == id_of(given, "coupon_id"), Coupon.state == CouponState.CLAIMED)
    ).one_or_none()
    if found is None:
        raise NothingToSay
    campaign, coupon, person = found
    if coupon.expires_at is None:
        raise NothingToSay
    last = coupon.expires_at.astimezone(SEOUL)
    what = f"{campaign} 쿠폰을 {last.month}월 {last.day}일 {last:%H:%M}까지 쓸 수 있습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=f"(광고) {what}",
        link="/my/coupons",
        notice=what,
        values={"name": person.name, "what": what},
    )


def _books_broken(given: Mapping[str, object]) -> Facts:
    person = _person(given)
    titles = given["titles"]
    found = [str(title) for title in titles] if isinstance(titles, list) else []
    subject = f"장부 점검에서 새로 어긋난 항목이 {len(found)}개 있습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/office/books",
        notice=subject,
        values={"name": person.name, "titles": found},
    )


_LOADERS: Final[Mapping[str, Loader]] = {
    "confirm_email": _mailed_link("이메일 주소를 확인해 주세요", "/sign-up/confirm"),
    "reset_password": _mailed_link("새 비밀번호를 정해 주세요", "/password/new"),
    "password_changed": _to_person("비밀번호가 바뀌었습니다", "/password/reset", notice=True),
    "already_signed_up": _to_person("이미 가입하신 이메일입니다", "/sign-in", notice=False),
    "second_factor_enrolled": _to_person(
        "2단계 인증을 등록했습니다", "/second-factor", notice=True
    ),
    "recovery_code_used": _to_person("복구 코드로 로그인했습니다", "/second-factor", notice=True),
    "sign_in_locked": _to_person(
        "로그인 시도가 많아 잠시 잠갔습니다", "/password/reset", notice=False
    ),
    "role_granted": _role,
    "role_revoked": _role,
    "consent_given": _consent,
    "consent_withdrawn": _consent,
    "order_paid": _order("결제가 완료되었습니다"),
    "deposit_awaited": _order("입금을 기다립니다"),
    "order_expired": _order("결제 기한이 지나 주문이 취소되었습니다"),
    "late_payment_refunded": _order("늦게 도착한 결제를 환불합니다"),
    "order_canceled": _canceled,
    "coupon_claimed": _coupon_claimed,
    "coupon_expiring": _coupon_expiring,
    "books_broken": _books_broken,
    "coupon_used": _counter_use,
    "coupon_use_reversed": _counter_use,
    "fact_decided": _fact_decided,
    **enterprise_facts.LOADERS,
    **order_facts.LOADERS,
    **catalog_facts.LOADERS,
    **claim_facts.LOADERS,
    **talk_facts.LOADERS,
}

KINDS: Final = frozenset(_LOADERS)
