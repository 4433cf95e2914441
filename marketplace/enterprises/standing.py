"""Whether an enterprise may sell: suspended and reopened by the office, closed for good."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from marketplace.enterprises import members, word
from marketplace.enterprises.models import Enterprise, EnterpriseStatus
from marketplace.enterprises.status import ENTERPRISE_MOVES, ENTERPRISE_NAMES

LONGEST_REASON: Final = 500


class EnterpriseUnknown(NotFound):
    """The registry has no such enterprise."""

    message = "등록부에 없는 가게입니다."


class ReasonMissing(InvalidInput):
    """Everybody concerned is told why."""

    message = "까닭을 적어 주세요. 대표에게 그대로 알립니다."
    field = "reason"


class NoSuchMove(Conflict):
    """It stands there already, or cannot go there."""

    message = "{enterprise}: {now} 상태에서는 그렇게 바꿀 수 없습니다."


class OpensByApplication(Conflict):
    """Who never applied has neither agreed to the terms nor given an account."""

    message = "{enterprise}: 입점 신청을 승인해야 판매를 시작합니다."


class OwnShop(NotAllowed):
    """Nobody of the office decides on a shop they work for."""

    message = "자기가 일하는 가게의 상태는 바꿀 수 없습니다. 다른 담당자에게 부탁해 주세요."


def change(
    *,
    enterprise_id: int,
    to: EnterpriseStatus,
    reason: str,
    by: int,
    at: datetime,
    ip: str | None,
) -> None:
    """
    Suspend, reopen or close an enterprise from this instant.

    :raises EnterpriseUnknown, ReasonMissing, NoSuchMove, OpensByApplication, OwnShop:
    """
    why = reason.strip()
    if not 1 <= len(why) <= LONGEST_REASON:
        raise ReasonMissing
    enterprise = db.session.get(
        Enterprise, enterprise_id, with_for_update=True, populate_existing=True
    )
    if enterprise is None:
        raise EnterpriseUnknown
    if any(each.person_id == by for each in members.list_colleagues(enterprise_id)):
        raise OwnShop
    former = enterprise.status
    if to not in ENTERPRISE_MOVES[former]:
        raise NoSuchMove(enterprise=enterprise.name, now=ENTERPRISE_NAMES[former])
    if former is EnterpriseStatus.APPLIED and to is EnterpriseStatus.ACTIVE:
        raise OpensByApplication(enterprise=enterprise.name)
    enterprise.status = to
    is_suspended = to is EnterpriseStatus.SUSPENDED
    enterprise.suspended_at = at if is_suspended else None
    enterprise.suspension_reason = why if is_suspended else None
    db.session.flush()
    trail.record(
        f"enterprise.{to.value}",
        subject_kind="enterprise",
        subject_id=enterprise_id,
        actor_id=by,
        details={"from": former.value, "reason": why},
        ip=ip,
    )
    outbox.enqueue("search.reindex_enterprise", {"enterprise_id": enterprise_id})
    word.to_owners(
        enterprise_id,
        "enterprise_standing",
        {"enterprise_id": enterprise_id, "to": to.value, "reason": why},
        key=f"{enterprise_id}:{at.isoformat()}",
    )
