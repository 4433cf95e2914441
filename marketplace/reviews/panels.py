"""A round of a review panel (제품품평회) as the office sets it up: goods, criteria and people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, select

from marketplace.accounts.queries import find_person_by_email
from marketplace.audit import trail
from marketplace.catalog.models import Product
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.reviews.panel_models import (
    Panel,
    PanelCriterion,
    PanelEntry,
    Panellist,
    PanellistKind,
)
from marketplace.reviews.status import PanelStatus

__all__ = ["CHANNELS", "CRITERIA", "KINDS", "Criterion", "PanelStatus", "PanellistKind", "Plan"]

WHOLE: Final = 10_000
MOST_CRITERIA: Final = 12
MOST_ENTRIES: Final = 200
LONGEST_NAME: Final = 80
# Where a good may be sold next (korea.md §3.4).
CHANNELS: Final[Mapping[str, str]] = {
    "smartstore": "스마트스토어",
    "home_shopping": "홈쇼핑",
    "coop_store": "생협 매장",
    "hanaro_mart": "하나로마트",
    "gift_set": "명절 꾸러미",
    "public_purchase": "공공구매",
}
# What rounds of the district were scored by; a new round begins with these.
CRITERIA: Final = (
    ("상품성과 품질", 3_000),
    ("디자인·포장", 1_500),
    ("가격 적정성", 2_000),
    ("유통 적합성", 1_500),
    ("사회적가치 연관성", 2_000),
)
KINDS: Final[Mapping[PanellistKind, str]] = {
    PanellistKind.MERCHANDISER: "전문 MD",
    PanellistKind.CONSUMER: "소비자",
}


class PanelMissing(NotFound):
    """There is no such round."""

    message = "품평회를 찾을 수 없습니다."


class NotInDraft(Conflict):
    """Scoring has begun: what is scored stays."""

    message = "심사를 시작한 품평회는 고칠 수 없습니다."


class PlanInvalid(InvalidInput):
    """A round has a name and a day."""

    message = "품평회 이름을 80자까지 적어 주세요."
    field = "name"


class BadgesInvalid(InvalidInput):
    """So many badges are not given."""

    message = "배지는 0개부터 50개까지 줄 수 있습니다."
    field = "badges"


class CriteriaInvalid(InvalidInput):
    """Weights make a whole, and every criterion has a name of its own."""

    message = "심사 항목은 1~12개, 이름은 서로 다르게, 비중의 합은 100%여야 합니다."
    field = "criteria"


class ProductUnknown(InvalidInput):
    """No product has this number."""

    message = "상품 번호 {number}번 상품이 없습니다."
    field = "product_id"


class AlreadyThere(Conflict):
    """A product or a panellist is in a round once."""

    message = "이미 이 품평회에 있습니다."


class TooManyEntries(Conflict):
    """Nobody scores more."""

    message = "출품은 200개까지 받을 수 있습니다."


class PersonUnknown(InvalidInput):
    """Panellists are members of the mall."""

    message = "이 이메일로 가입한 회원이 없습니다."
    field = "email"


class ChannelUnknown(InvalidInput):
    """It is none of the channels on the list."""

    message = "판로를 목록에서 골라 주세요."
    field = "channels"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a round is called, when it is held, and how many of the best carry a badge."""

    name: str
    held_on: date
    badges: int


@dataclass(frozen=True)
class Criterion:
    """What is scored, and its weight in basis points."""

    name: str
    weight_bps: int


def create(plan: Plan, *, by: int, at: datetime, ip: str | None) -> int:
    """
    Create a round with the usual criteria.

    :raises PlanInvalid, BadgesInvalid:
    """
    _check(plan)
    panel = Panel(
        name=plan.name.strip(),
        held_on=plan.held_on,
        badges=plan.badges,
        created_by=by,
        created_at=at,
    )
    db.session.add(panel)
    db.session.flush()
    _write_criteria(panel.id, [Criterion(*each) for each in CRITERIA])
    record("panel.created", panel.id, by=by, ip=ip, name=panel.name)
    return panel.id


def change(panel_id: int, plan: Plan, *, by: int, ip: str | None) -> None:
    """
    Change a round that has not begun.

    :raises PanelMissing, NotInDraft, PlanInvalid, BadgesInvalid:
    """
    panel = _draft(panel_id)
    _check(plan)
    panel.name, panel.held_on, panel.badges = plan.name.strip(), plan.held_on, plan.badges
    record("panel.changed", panel_id, by=by, ip=ip, name=panel.name)


def set_criteria(panel_id: int, criteria: Sequence[Criterion], *, by: int, ip: str | None) -> None:
    """
    Say what is scored; weights add up to 10,000 basis points.

    :raises PanelMissing, NotInDraft, CriteriaInvalid:
    """
    _draft(panel_id)
    names = [criterion.name.strip() for criterion in criteria]
    is_whole = sum(criterion.weight_bps for criterion in criteria) == WHOLE
    are_positive = all(criterion.weight_bps > 0 for criterion in criteria)
    are_named = all(0 < len(name) <= LONGEST_NAME for name in names)
    is_short = 0 < len(names) <= MOST_CRITERIA and len(set(names)) == len(names)
    if not (is_whole and are_positive and are_named and is_short):
        raise CriteriaInvalid
    db.session.execute(delete(PanelCriterion).where(PanelCriterion.panel_id == panel_id))
    _write_criteria(panel_id, criteria)
    weights = {criterion.name.strip(): criterion.weight_bps for criterion in criteria}
    record("panel.criteria_set", panel_id, by=by, ip=ip, weights=weights)


def enter(panel_id: int, *, product_id: int, by: int, ip: str | None) -> None:
    """
    Enter a product of any enterprise under the next number.

    :raises PanelMissing, NotInDraft, ProductUnknown, AlreadyThere, TooManyEntries:
    """
    _draft(panel_id)
    if db.session.get(Product, product_id) is None:
        raise ProductUnknown(number=product_id)
    rows = db.session.execute(
        select(PanelEntry.product_id, PanelEntry.number).where(PanelEntry.panel_id == panel_id)
    ).all()
    if any(row.product_id == product_id for row in rows):
        raise AlreadyThere
    if len(rows) >= MOST_ENTRIES:
        raise TooManyEntries
    number = max((row.number for row in rows), default=0) + 1
    db.session.add(PanelEntry(panel_id=panel_id, product_id=product_id, number=number))
    record("panel.entered", panel_id, by=by, ip=ip, product_id=product_id)


def withdraw(panel_id: int, *, entry_id: int, by: int, ip: str | None) -> None:
    """
    Take an entry out of a round that has not begun.

    :raises PanelMissing, NotInDraft:
    """
    _draft(panel_id)
    _take_out(PanelEntry, panel_id, entry_id)
    record("panel.entry_withdrawn", panel_id, by=by, ip=ip, entry_id=entry_id)


def seat(panel_id: int, *, email: str, kind: PanellistKind, by: int, ip: str | None) -> None:
    """
    Ask a member of the mall onto the panel.

    :raises PanelMissing, NotInDraft, PersonUnknown, AlreadyThere:
    """
    _draft(panel_id)
    person_id = find_person_by_email(email)
    if person_id is None:
        raise PersonUnknown
    seated = select(Panellist.id).where(
        Panellist.panel_id == panel_id, Panellist.person_id == person_id
    )
    if db.session.scalar(seated) is not None:
        raise AlreadyThere
    db.session.add(Panellist(panel_id=panel_id, person_id=person_id, kind=kind))
    record("panel.seated", panel_id, by=by, ip=ip, person_id=person_id, kind=kind.value)


def unseat(panel_id: int, *, panellist_id: int, by: int, ip: str | None) -> None:
    """
    Take a panellist off a panel that has not begun.

    :raises PanelMissing, NotInDraft:
    """
    _draft(panel_id)
    _take_out(Panellist, panel_id, panellist_id)
    record("panel.unseated", panel_id, by=by, ip=ip, panellist_id=panellist_id)


def get_for_update(panel_id: int) -> Panel:
    """
    Lock one round.

    :raises PanelMissing:
    """
    panel = db.session.get(Panel, panel_id, with_for_update=True)
    if panel is None:
        raise PanelMissing
    return panel


def known_channels(chosen: Collection[str]) -> list[str]:
    """
    Return the channels chosen, in the order of the list.

    :raises ChannelUnknown:
    """
    if not set(chosen) <= set(CHANNELS):
        raise ChannelUnknown
    return [code for code in CHANNELS if code in chosen]


def _draft(panel_id: int) -> Panel:
    panel = get_for_update(panel_id)
    if panel.status is not PanelStatus.DRAFT:
        raise NotInDraft
    return panel


def _check(plan: Plan) -> None:
    if not 0 < len(plan.name.strip()) <= LONGEST_NAME:
        raise PlanInvalid
    if not 0 <= plan.badges <= 50:
        raise BadgesInvalid


def _write_criteria(panel_id: int, criteria: Sequence[Criterion]) -> None:
    db.session.add_all(
        PanelCriterion(
            panel_id=panel_id,
            name=criterion.name.strip(),
            weight_bps=criterion.weight_bps,
            position=position,
        )
        for position, criterion in enumerate(criteria)
    )


def _take_out(model: type[PanelEntry | Panellist], panel_id: int, row_id: int) -> None:
    gone = delete(model).where(model.id == row_id, model.panel_id == panel_id).returning(model.id)
    if db.session.scalar(gone) is None:
        raise PanelMissing


def record(action: str, panel_id: int, *, by: int, ip: str | None, **details: object) -> None:
    """Write one step of a round into the trail."""
    trail.record(
        action, subject_kind="panel", subject_id=panel_id, actor_id=by, details=details, ip=ip
    )
