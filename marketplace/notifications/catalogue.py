"""Every kind of message: what it is about, how it leaves, and whether somebody may refuse it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from marketplace.notifications.message import Unknown
from marketplace.notifications.models import Channel

__all__ = ["BY_TEXT", "ENTRIES", "TITLES", "Channel", "Entry", "Topic", "entry_of", "list_topic"]


class Topic(StrEnum):
    """What a message is about, as people choose what they want to hear of."""

    ORDER = "order"
    CLAIM = "claim"
    COUPON = "coupon"
    TALK = "talk"
    SHOP = "shop"
    ACCOUNT = "account"
    ADVERTISING = "advertising"


TITLES: Final[Mapping[Topic, str]] = {
    Topic.ORDER: "주문과 배송",
    Topic.CLAIM: "취소·반품·교환",
    Topic.COUPON: "쿠폰",
    Topic.TALK: "후기와 문의",
    Topic.SHOP: "가게와 구청 업무",
    Topic.ACCOUNT: "계정과 보안",
    Topic.ADVERTISING: "광고성 정보",
}

_MAIL: Final = (Channel.MAIL,)
# 알림톡 first; a text message when the telephone has no KakaoTalk.
BY_TEXT: Final = (Channel.TALK, Channel.SMS)
_MAIL_AND_TEXT: Final = (*_MAIL, *BY_TEXT)
_INBOX: Final[tuple[Channel, ...]] = ()


@dataclass(frozen=True)
class Entry:
    """One kind; a notice in the inbox is written whatever the channels are."""

    topic: Topic
    title: str
    channels: tuple[Channel, ...] = _MAIL
    # What the law or a person's safety asks for cannot be switched off.
    may_be_off: bool = False

    @property
    def is_advertising(self) -> bool:
        """Tell whether it needs a consent and waits for the morning (정보통신망법 §50)."""
        return self.topic is Topic.ADVERTISING

    @property
    def has_text(self) -> bool:
        """Tell whether it goes to a telephone as well."""
        return Channel.TALK in self.channels


ENTRIES: Final[Mapping[str, Entry]] = {
    "confirm_email": Entry(Topic.ACCOUNT, "이메일 확인"),
    "reset_password": Entry(Topic.ACCOUNT, "비밀번호 재설정"),
    "password_changed": Entry(Topic.ACCOUNT, "비밀번호 변경"),
    "already_signed_up": Entry(Topic.ACCOUNT, "이미 가입한 이메일"),
    "second_factor_enrolled": Entry(Topic.ACCOUNT, "2단계 인증 등록"),
    "recovery_code_used": Entry(Topic.ACCOUNT, "복구 코드 사용"),
    "sign_in_locked": Entry(Topic.ACCOUNT, "로그인 잠금"),
    "role_granted": Entry(Topic.ACCOUNT, "권한 부여"),
    "role_revoked": Entry(Topic.ACCOUNT, "권한 회수"),
    "consent_given": Entry(Topic.ACCOUNT, "동의 처리 결과"),
    "consent_withdrawn": Entry(Topic.ACCOUNT, "동의 철회 처리 결과"),
    "fact_decided": Entry(Topic.ACCOUNT, "자격 확인 결과", _INBOX),
    "order_paid": Entry(Topic.ORDER, "결제 완료"),
    # A transfer is made on a telephone: that is where its account number is wanted.
    "deposit_awaited": Entry(Topic.ORDER, "입금 안내", _MAIL_AND_TEXT),
    "order_expired": Entry(Topic.ORDER, "미입금 취소"),
    "late_payment_refunded": Entry(Topic.ORDER, "늦은 결제 환불"),
    "order_shipped": Entry(Topic.ORDER, "발송", _MAIL_AND_TEXT, may_be_off=True),
    "order_delivered": Entry(Topic.ORDER, "배송완료", may_be_off=True),
    # 전자상거래법 §15: a delay is told without delay, by whatever reaches the buyer.
    "shipping_delayed": Entry(Topic.ORDER, "발송 지연", _MAIL_AND_TEXT),
    "order_confirmed": Entry(Topic.ORDER, "구매확정", _INBOX),
    "ship_overdue": Entry(Topic.SHOP, "발송 기한 지남"),
    "restocked": Entry(Topic.ORDER, "재입고 알림"),
    "order_canceled": Entry(Topic.CLAIM, "취소 완료"),
    "claim_accepted": Entry(Topic.CLAIM, "취소·반품·교환 승인"),
    "claim_rejected": Entry(Topic.CLAIM, "취소·반품·교환 거절"),
    # Money or goods come back: whoever waits for them looks at the telephone.
    "claim_done": Entry(Topic.CLAIM, "취소·반품·교환 완료", _MAIL_AND_TEXT),
    "claim_requested": Entry(Topic.SHOP, "취소·반품·교환 요청"),
    "claim_overdue": Entry(Topic.SHOP, "처리 기한 지난 요청"),
    "coupon_claimed": Entry(Topic.COUPON, "쿠폰 받음", _INBOX),
    # Whoever uses a coupon holds the telephone in the hand already: mail is proof enough.
    "coupon_used": Entry(Topic.COUPON, "가게에서 쿠폰 사용"),
    "coupon_use_reversed": Entry(Topic.COUPON, "쿠폰 사용 취소"),
    "coupon_expiring": Entry(Topic.ADVERTISING, "쿠폰 만료 안내"),
    "books_broken": Entry(Topic.SHOP, "장부 점검 이상"),
    "review_replied": Entry(Topic.TALK, "후기 답글", may_be_off=True),
    "review_hidden": Entry(Topic.TALK, "후기 가림"),
    "review_report_decided": Entry(Topic.TALK, "후기 신고 결과", _INBOX),
    "question_answered": Entry(Topic.TALK, "문의 답변", may_be_off=True),
    "question_asked": Entry(Topic.SHOP, "새 상품 문의", may_be_off=True),
    "low_stock": Entry(Topic.SHOP, "재고 부족", may_be_off=True),
    "product_reviewed": Entry(Topic.SHOP, "상품 검토 결과", _INBOX),
    "application_submitted": Entry(Topic.SHOP, "입점 신청 접수", _INBOX),
    "application_revision": Entry(Topic.SHOP, "입점 신청 보완"),
    "application_approved": Entry(Topic.SHOP, "입점 승인"),
    "application_declined": Entry(Topic.SHOP, "입점 결과"),
    "enterprise_invitation": Entry(Topic.SHOP, "가게 초대"),
    "bank_account_changed": Entry(Topic.SHOP, "정산 계좌 변경"),
    "enterprise_standing": Entry(Topic.SHOP, "가게 상태 변경"),
    "designation_expiring": Entry(Topic.SHOP, "지정 만료 예고"),
    "designation_lapsed": Entry(Topic.SHOP, "지정 만료"),
    "panel_opened": Entry(Topic.TALK, "품평회 심사 시작"),
    "panel_published": Entry(Topic.SHOP, "품평회 결과", may_be_off=True),
}


def entry_of(kind: str) -> Entry:
    """
    Return what is known of a kind.

    :raises Unknown:
    """
    entry = ENTRIES.get(kind)
    if entry is None:
        raise Unknown(kind)
    return entry


def list_topic(topic: Topic) -> list[Entry]:
    """List the kinds of a topic."""
    return [entry for entry in ENTRIES.values() if entry.topic is topic]
