"""What a person agreed to, version by version; withdrawn as easily as given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.accounts.models import Consent
from marketplace.accounts.models import ConsentKind as ConsentKind
from marketplace.core import outbox
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One text people agree to, with what the law wants said beside it."""

    kind: ConsentKind
    version: str
    title: str
    is_required: bool
    purpose: str
    items: str
    retention: str
    refusal: str
    is_advertising: bool = False


_TEXTS: Final = (
    Terms(
        kind=ConsentKind.TERMS,
        version="2026-11-01",
        title="이용약관",
        is_required=True,
        purpose="세나루 마켓 이용 계약",
        items="약관에 적힌 권리와 의무",
        retention="탈퇴할 때까지",
        refusal="동의하지 않으면 가입할 수 없지만 비회원으로 주문할 수 있습니다.",
    ),
    Terms(
        kind=ConsentKind.PRIVACY_REQUIRED,
        version="2026-11-01",
        title="개인정보 수집·이용 (필수)",
        is_required=True,
        purpose="회원 식별, 주문·배송·환불, 쿠폰 부정 수급 방지, 만 14세 확인",
        items="이메일, 비밀번호, 이름, 휴대전화, 생년월일",
        retention="탈퇴할 때까지. 거래기록은 전자상거래법이 정한 기간(5년)",
        refusal="동의하지 않으면 가입할 수 없지만 비회원으로 주문할 수 있습니다.",
    ),
    Terms(
        kind=ConsentKind.PRIVACY_OPTIONAL,
        version="2026-11-01",
        title="개인정보 수집·이용 (선택)",
        is_required=False,
        purpose="우리 동네 소식과 생일 쿠폰",
        items="사는 동, 생일",
        retention="탈퇴하거나 동의를 거둘 때까지",
        refusal="동의하지 않아도 모든 상품을 살 수 있습니다.",
    ),
    Terms(
        kind=ConsentKind.COUPON_ELIGIBILITY,
        version="2026-11-01",
        title="쿠폰 받을 자격 확인",
        is_required=False,
        purpose="주민 대상 쿠폰의 자격(거주 동, 나이, 1인 한도) 확인",
        items="이름, 휴대전화, 생년월일, 사는 동",
        retention="쿠폰 사업 정산이 끝날 때까지",
        refusal="동의하지 않으면 자격을 확인하는 쿠폰을 받을 수 없습니다.",
    ),
    Terms(
        kind=ConsentKind.MARKETING_EMAIL,
        version="2026-11-01",
        title="광고성 정보 이메일 수신",
        is_required=False,
        purpose="새 쿠폰, 명절 선물세트, 할인 소식",
        items="이메일",
        retention="동의를 거둘 때까지. 2년마다 다시 여쭙니다",
        refusal="동의하지 않아도 주문·배송·환불 소식은 받습니다.",
        is_advertising=True,
    ),
    Terms(
        kind=ConsentKind.MARKETING_SMS,
        version="2026-11-01",
        title="광고성 정보 문자 수신",
        is_required=False,
        purpose="새 쿠폰, 명절 선물세트, 할인 소식",
        items="휴대전화",
        retention="동의를 거둘 때까지. 2년마다 다시 여쭙니다",
        refusal="동의하지 않아도 주문·배송·환불 소식은 받습니다.",
        is_advertising=True,
    ),
    Terms(
        kind=ConsentKind.MARKETING_NIGHT,
        version="2026-11-01",
        title="야간(21시~다음 날 8시) 광고 수신",
        is_required=False,
        purpose="밤에 시작하는 쿠폰 소식",
        items="위에서 동의한 이메일 또는 휴대전화",
        retention="동의를 거둘 때까지. 2년마다 다시 여쭙니다",
        refusal="동의하지 않으면 밤에는 광고를 보내지 않습니다.",
        is_advertising=True,
    ),
)
TEXTS: Final[Mapping[ConsentKind, Terms]] = MappingProxyType({text.kind: text for text in _TEXTS})
TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {text.kind.value: text.title for text in _TEXTS}
)
REQUIRED: Final = frozenset(text.kind for text in _TEXTS if text.is_required)
OPTIONAL: Final = tuple(text.kind for text in _TEXTS if not text.is_required)
_BY_DAY: Final = frozenset({ConsentKind.MARKETING_EMAIL, ConsentKind.MARKETING_SMS})
_RECONFIRM_YEARS: Final = 2


class RequiredConsentMissing(InvalidInput):
    """The mall cannot be joined without it."""

    message = "{titles}에 동의해야 가입할 수 있습니다."


class NightNeedsDay(Conflict):
    """Advertising at night is a part of advertising."""

    message = "이메일이나 문자 광고 수신에 먼저 동의해 주세요."


class NotWithdrawable(Conflict):
    """Without it there is no membership: leaving the mall withdraws it."""

    message = "필수 동의는 회원 탈퇴로만 거둘 수 있습니다."


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One text and what the person said to it."""

    text: Terms
    version: str | None
    given_at: datetime | None
    reconfirm_on: date | None

    @property
    def is_given(self) -> bool:
        """Tell whether the person agrees at present."""
        return self.given_at is not None


def check_required(kinds: Collection[ConsentKind]) -> None:
    """
    Refuse a sign-up without the required consents.

    :raises RequiredConsentMissing:
    """
    missing = [text.title for text in _TEXTS if text.is_required and text.kind not in kinds]
    if missing:
        raise RequiredConsentMissing(titles=", ".join(missing))


def give(*, person_id: int, kinds: Collection[ConsentKind], at: datetime, ip: str | None) -> None:
    """
    Write down what a person agrees to from now on; what stands already stays as it was.

    :raises NightNeedsDay:
    """
    standing = _standing(person_id)
    if ConsentKind.MARKETING_NIGHT in kinds and not _BY_DAY & (set(kinds) | standing.keys()):
        raise NightNeedsDay
    for kind in sorted(kinds):
        text = TEXTS[kind]
        earlier = standing.get(kind)
        if earlier is not None and earlier.version != text.version:
            _end(person_id, [kind], at=at)
        db.session.execute(
            insert(Consent)
            .values(
                person_id=person_id,
                kind=kind,
                version=text.version,
                given_at=at,
                reconfirm_on=_two_years_after(at) if text.is_advertising else None,
                ip=ip,
            )
            .on_conflict_do_nothing()
        )


def give_later(*, person_id: int, kind: ConsentKind, at: datetime, ip: str | None) -> None:
    """
    Write down one consent given after sign-up, and tell the result.

    :raises NightNeedsDay:
    """
    give(person_id=person_id, kinds=[kind], at=at, ip=ip)
    # Pressed twice, it stands since the first press, and is told of once.
    _tell(person_id, kind, is_given=True, at=_standing(person_id)[kind].given_at)


def withdraw(*, person_id: int, kind: ConsentKind, at: datetime) -> None:
    """
    End one optional consent, and tell the result.

    :raises NotWithdrawable:
    """
    if kind in REQUIRED:
        raise NotWithdrawable
    ended = [kind]
    if kind in _BY_DAY and not (_BY_DAY - {kind}) & _standing(person_id).keys():
        ended.append(ConsentKind.MARKETING_NIGHT)
    for each in _end(person_id, ended, at=at):
        _tell(person_id, each, is_given=False, at=at)


def withdraw_all(*, person_id: int, at: datetime) -> None:
    """End every consent of a person who leaves."""
    _end(person_id, list(ConsentKind), at=at)


def list_standing(person_id: int) -> list[Standing]:
    """List every text with what the person says to it."""
    rows = _standing(person_id)
    return [
        Standing(
            text=text,
            version=row.version if (row := rows.get(text.kind)) else None,
            given_at=row.given_at if row else None,
            reconfirm_on=row.reconfirm_on if row else None,
        )
        for text in _TEXTS
    ]


def _standing(person_id: int) -> dict[ConsentKind, Consent]:
    rows = db.session.scalars(
        select(Consent).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None))
    )
    return {row.kind: row for row in rows}


def _end(person_id: int, kinds: Collection[ConsentKind], *, at: datetime) -> list[ConsentKind]:
    return list(
        db.session.scalars(
            update(Consent)
            .where(
                Consent.person_id == person_id,
                Consent.kind.in_(kinds),
                Consent.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=at)
            .returning(Consent.kind)
        )
    )


def _tell(person_id: int, kind: ConsentKind, *, is_given: bool, at: datetime) -> None:
    # 정보통신망법 시행령 §62-2: the result is told, whichever way it went.
    told, moment = "consent_given" if is_given else "consent_withdrawn", at.isoformat()
    outbox.enqueue(
        "notifications.deliver",
        {"kind": told, "person_id": person_id, "consent": kind.value, "at": moment},
        key=f"{told}:{person_id}:{kind.value}:{moment}",
    )


def _two_years_after(at: datetime) -> date:
    day = day_in_seoul(at)
    try:
        return day.replace(year=day.year + _RECONFIRM_YEARS)
    except ValueError:
        return day.replace(year=day.year + _RECONFIRM_YEARS, day=28)
