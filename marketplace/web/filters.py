"""How money, days, instants and shares are written for people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask

from marketplace.core import phone
from marketplace.enterprises import business_number
from marketplace.reviews.queries import Photo
from marketplace.web.pictures import Shot, shot
from marketplace.web.stories import story

SEOUL: Final = ZoneInfo("Asia/Seoul")
_WEEKDAYS: Final = "월화수목금토일"
_FIRST_SYLLABLE: Final = ord("가")
_LAST_SYLLABLE: Final = ord("힣")
_FINALS: Final = 28
_RIEUL: Final = 8
# Read aloud, these digits end in a consonant: 영, 일, 삼, 육, 칠, 팔; 일, 칠 and 팔 end in ㄹ.
_DIGIT_FINALS: Final = {"0": 21, "1": _RIEUL, "3": 16, "6": 1, "7": _RIEUL, "8": _RIEUL}


def won(amount: int) -> str:
    """Write an amount: 12,000원; a minus sign, not a hyphen, before what goes away."""
    return f"{_sign(amount)}{abs(amount):,}원"


def short_won(amount: int) -> str:
    """Write an amount for a dashboard, cut down to 만원: 10억 7,700만원."""
    eok, rest = divmod(abs(amount), 100_000_000)
    man = rest // 10_000
    if not eok and not man:
        return won(amount)
    parts = [f"{eok:,}억" if eok else "", f"{man:,}만" if man else ""]
    return f"{_sign(amount)}{' '.join(part for part in parts if part)}원"


def day(when: date) -> str:
    """Write a day: 2026.11.22.(일); an instant is first moved to Seoul."""
    local = when.astimezone(SEOUL) if isinstance(when, datetime) else when
    return f"{local:%Y.%m.%d.}({_WEEKDAYS[local.weekday()]})"


def short_day(when: date) -> str:
    """Write a day of this season without its year: 11.22.(일)."""
    return day(when)[5:]


def instant(when: datetime) -> str:
    """Write an instant in Seoul: 2026.11.22.(일) 14:05."""
    return f"{day(when)} {when.astimezone(SEOUL):%H:%M}"


def time_of_day(when: datetime) -> str:
    """Write the time in Seoul, for lists of one day: 14:05."""
    return f"{when.astimezone(SEOUL):%H:%M}"


def percent_off(price: int, consumer_price: int) -> int:
    """Return how many whole percent a price lies below the consumer price."""
    if consumer_price <= 0 or price >= consumer_price:
        return 0
    return (consumer_price - price) * 100 // consumer_price


def share(part: int, whole: int) -> str:
    """Return the part as percent of the whole, between 0.0% and 100.0%."""
    if whole <= 0:
        return "0.0%"
    tenths = max(0, min(1_000, part * 1_000 // whole))
    return f"{tenths // 10}.{tenths % 10}%"


def named(text: str, label: str) -> str:
    """Put a field's name before what is wrong with it, unless the words say it already."""
    return text if label.replace(" ", "") in text.replace(" ", "") else f"{label}: {text}"


def points(bps: int | None) -> str:
    """Write a mean of scores, kept in basis points of a point, with two decimals: 4.25."""
    if bps is None:
        return "-"
    hundredths = (bps + 50) // 100
    return f"{hundredths // 100}.{hundredths % 100:02}"


def josa(word: str, pair: str) -> str:
    """Put the fitting particle behind a word: josa("꿀", "은/는") is 꿀은."""
    closed, opened = pair.split("/")
    final = _final_of(word)
    # 으로 gives way to 로 after ㄹ as well as after a vowel.
    takes_closed = final != 0 and not (closed == "으로" and final == _RIEUL)
    return word + (closed if takes_closed else opened)


def _sign(amount: int) -> str:
    return "\N{MINUS SIGN}" if amount < 0 else ""


def _final_of(word: str) -> int:
    spoken = word.rstrip(" )]}'\"\N{RIGHT SINGLE QUOTATION MARK}”」』")
    last = spoken[-1:]
    if last and _FIRST_SYLLABLE <= ord(last) <= _LAST_SYLLABLE:
        return (ord(last) - _FIRST_SYLLABLE) % _FINALS
    return _DIGIT_FINALS.get(last, 0)


def photo_shot(photo: Photo) -> Shot:
    """Return a photo of a review, ready to draw."""
    return shot(photo.key, photo.alt, photo.placeholder)


def register(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        won=won,
        short_won=short_won,
        day=day,
        short_day=short_day,
        instant=instant,
        time_of_day=time_of_day,
        percent_off=percent_off,
        share=share,
        josa=josa,
        named=named,
        business_number=business_number.format_number,
        story=story,
        photo_shot=photo_shot,
        points=points,
        phone=phone.dashed,
    )
