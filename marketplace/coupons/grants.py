"""재원: the money of each funder, with its account code, fiscal year and ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from marketplace.audit import trail
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.core.money import Won
from marketplace.coupons.models import (
    CampaignGrant,
    CampaignVersion,
    Funder,
    FunderKind,
    Grant,
)

__all__ = ["FunderKind", "GrantCard", "add_grant", "change_ceiling", "list_grants"]

FUNDER_NAMES: Final = {
    FunderKind.NATIONAL: "국비",
    FunderKind.CITY: "시비",
    FunderKind.DISTRICT: "구비",
    FunderKind.ENTERPRISE: "자부담",
}
MOST_CEILING: Final = 1_000_000_000_000
LONGEST: Final = 60
YEARS: Final = (2020, 2099)
_CEILING_RANGE: Final = f"한도를 1원부터 {MOST_CEILING:,}원까지 적어 주세요."


class GrantWrong(InvalidInput):
    """Some fields of a grant cannot be meant; `fields` says which and why."""

    message = "재원 내용을 확인해 주세요: {why}"

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__(why=" ".join(fields.values()))


class GrantNotFound(NotFound):
    message = "재원을 찾을 수 없습니다."


class GrantTaken(Conflict):
    """The same account code of the same funder and year is there already."""

    message = "같은 회계연도에 같은 세목 코드의 재원이 이미 있습니다."
    field = "account_code"


class BelowUse(Conflict):
    """Money that is spent or promised cannot be taken away."""

    message = (
        "한도를 {wanted:,}원으로 낮출 수 없습니다. "
        "이미 사용 {spent:,}원과 예약 {reserved:,}원, 모두 {used:,}원이 이 재원에 걸려 있습니다."
    )
    field = "ceiling"


class CeilingMoved(Conflict):
    """Somebody else changed the ceiling since the page was opened."""

    message = "그사이 한도가 {now:,}원으로 바뀌었습니다. 확인하고 다시 저장해 주세요."
    field = "ceiling"


@dataclass(frozen=True)
class GrantCard:
    """One grant as the desk sees it; amounts in won."""

    id: int
    funder_kind: FunderKind
    funder: str
    name: str
    account_code: str
    fiscal_year: int
    ceiling: Won
    reserved: Won
    spent: Won
    # How many campaigns have, or had, a share in it.
    campaigns: int

    @property
    def left(self) -> Won:
        """Return what is neither spent nor promised."""
        return Won(self.ceiling - self.reserved - self.spent)


def add_grant(
    *,
    funder: FunderKind,
    name: str,
    account_code: str,
    fiscal_year: int,
    ceiling: Won,
    by: int | None = None,
    at: datetime | None = None,
) -> int:
    """
    Open a grant of a funder with its ceiling and return its id.

    :raises GrantWrong, GrantTaken:
    """
    name, account_code = " ".join(name.split()), account_code.strip()
    wrong = {}
    funder_id = db.session.scalar(select(Funder.id).where(Funder.kind == funder))
    if funder_id is None:
        wrong["funder"] = "재원 구분을 골라 주세요."
    if not 1 <= len(name) <= LONGEST:
        wrong["name"] = f"사업 이름을 {LONGEST}자 안에서 적어 주세요."
    if not 1 <= len(account_code) <= LONGEST:
        wrong["account_code"] = f"세목 코드를 {LONGEST}자 안에서 적어 주세요."
    if not YEARS[0] <= fiscal_year <= YEARS[1]:
        wrong["fiscal_year"] = f"회계연도를 {YEARS[0]}부터 {YEARS[1]}까지 적어 주세요."
    if not 1 <= ceiling <= MOST_CEILING:
        wrong["ceiling"] = _CEILING_RANGE
    if wrong or funder_id is None:
        raise GrantWrong(wrong)
    grant = Grant(
        funder_id=funder_id,
        name=name,
        account_code=account_code,
        fiscal_year=fiscal_year,
        ceiling=ceiling,
    )
    try:
        with db.session.begin_nested():
            db.session.add(grant)
            db.session.flush()
    except IntegrityError as error:
        raise GrantTaken from error
    _record("grant_added", grant.id, by, at, ceiling=ceiling)
    return grant.id


def change_ceiling(*, grant_id: int, before: Won, ceiling: Won, by: int, at: datetime) -> None:
    """
    Raise or lower a grant's ceiling, never below what is spent and promised.

    `before` is the ceiling somebody saw: a change they did not see is not overwritten.

    :raises GrantNotFound, GrantWrong, CeilingMoved, BelowUse:
    """
    if not 1 <= ceiling <= MOST_CEILING:
        raise GrantWrong({"ceiling": _CEILING_RANGE})
    grant = db.session.get(Grant, grant_id, with_for_update=True, populate_existing=True)
    if grant is None:
        raise GrantNotFound
    if grant.ceiling != before:
        raise CeilingMoved(now=grant.ceiling)
    used = grant.spent + grant.reserved
    if ceiling < used:
        raise BelowUse(wanted=ceiling, spent=grant.spent, reserved=grant.reserved, used=used)
    if ceiling == before:
        return
    grant.ceiling = ceiling
    db.session.flush()
    _record("grant_ceiling_changed", grant.id, by, at, before=before, ceiling=ceiling)


def list_grants(*, fiscal_years: Sequence[int] | None = None) -> list[GrantCard]:
    """Return grants, newest year first and in the funders' order, in one query."""
    campaigns = (
        select(func.count(func.distinct(CampaignVersion.campaign_id)))
        .join(CampaignGrant, CampaignGrant.version_id == CampaignVersion.id)
        .where(CampaignGrant.grant_id == Grant.id)
        .correlate(Grant)
        .scalar_subquery()
    )
    statement = (
        select(Grant, Funder.kind, campaigns)
        .join(Funder, Funder.id == Grant.funder_id)
        .order_by(Grant.fiscal_year.desc(), Funder.position, Grant.id)
        .execution_options(populate_existing=True)
    )
    if fiscal_years is not None:
        statement = statement.where(Grant.fiscal_year.in_(fiscal_years))
    return [
        GrantCard(
            id=grant.id,
            funder_kind=kind,
            funder=FUNDER_NAMES[kind],
            name=grant.name,
            account_code=grant.account_code,
            fiscal_year=grant.fiscal_year,
            ceiling=grant.ceiling,
            reserved=grant.reserved,
            spent=grant.spent,
            campaigns=count,
        )
        for grant, kind, count in db.session.execute(statement)
    ]


def _record(
    action: str, grant_id: int, by: int | None, at: datetime | None, **details: object
) -> None:
    moment = {} if at is None else {"at": at.isoformat()}
    trail.record(
        action,
        subject_kind="grant",
        subject_id=grant_id,
        actor_id=by,
        details={**moment, **details},
    )
