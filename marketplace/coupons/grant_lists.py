"""
Coupons for everybody on an uploaded list, in the background.

Every row is tried and reported. The report is saved with the coupons it tells of, so that a list
whose worker died goes on where it was; the same list again gives nobody a second coupon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.accounts import emails
from marketplace.accounts.models import Person, PersonStatus
from marketplace.audit import trail
from marketplace.core import masking, outbox, phone
from marketplace.core.db import db
from marketplace.core.errors import Conflict, DomainError, NotFound
from marketplace.core.phone import PhoneInvalid
from marketplace.coupons import campaigns, claims
from marketplace.coupons.grant_sheet import Entry
from marketplace.coupons.issue_models import BatchState, GrantList
from marketplace.coupons.models import CampaignStatus, ClaimSource, IssueMode

__all__ = [
    "BatchState",
    "Line",
    "UploadedList",
    "fail",
    "finish",
    "get",
    "give_some",
    "list_of_campaign",
    "start",
    "take_in",
]

CHUNK: Final = 100
_RUNNING: Final = (CampaignStatus.RUNNING,)
_TEXTS: Final = {
    "granted": "드렸습니다",
    "already": "이미 받은 쿠폰이 있습니다",
    "unknown": "회원을 찾을 수 없습니다",
    "ambiguous": "같은 이름과 번호의 회원이 여럿입니다. 이메일이나 회원번호로 올려 주세요",
    "incomplete": "누구인지 알 수 없습니다",
}


class NotByList(Conflict):
    message = "지금 운영 중이고 개별 번호가 아닌 캠페인에서만 명단으로 드릴 수 있습니다."


class ListMissing(NotFound):
    message = "명단을 찾을 수 없습니다."


@dataclass(frozen=True)
class Line:
    """What became of one row; the name is masked."""

    row: int
    name: str
    outcome: str
    text: str


@dataclass(frozen=True)
class UploadedList:
    """One list as the desk sees it."""

    id: int
    campaign_id: int
    file_name: str
    storage_key: str | None
    state: BatchState
    total: int
    granted: int
    created_at: datetime
    lines: tuple[Line, ...]

    @property
    def is_moving(self) -> bool:
        """Tell whether rows are still to be tried."""
        return self.state in (BatchState.WAITING, BatchState.RUNNING)


def take_in(*, campaign_id: int, file_name: str, storage_key: str, by: int, at: datetime) -> int:
    """
    Take in a list whose file waits in the storage, and return its id; a worker reads it.

    :raises CouponNotFound, NotByList:
    """
    campaign = campaigns.get_for_update(campaign_id)
    if campaign.status not in _RUNNING or campaign.issue_mode is IssueMode.UNIQUE_CODES:
        raise NotByList
    uploaded = GrantList(
        campaign_id=campaign_id,
        file_name=file_name[:200],
        storage_key=storage_key,
        uploaded_by=by,
        created_at=at,
    )
    db.session.add(uploaded)
    db.session.flush()
    outbox.enqueue(
        "coupons.give_by_list", {"list_id": uploaded.id}, key=f"give_by_list:{uploaded.id}"
    )
    trail.record(
        "grant_list_uploaded",
        subject_kind="grant_list",
        subject_id=uploaded.id,
        actor_id=by,
        details={"campaign": campaign_id, "file": file_name[:200]},
    )
    return uploaded.id


def start(list_id: int, *, total: int) -> None:
    """Note how many people a list names."""
    uploaded = _lock(list_id)
    uploaded.total = total
    uploaded.state = BatchState.RUNNING
    db.session.flush()


def give_some(list_id: int, entries: Sequence[Entry], *, at: datetime) -> bool:
    """
    Try the next rows of a list; False when every row was tried.

    Run it in one transaction: its coupons and its report are saved together or not at all.
    """
    uploaded = _lock(list_id)
    done = len(uploaded.report)
    lines = [_give(uploaded.campaign_id, entry, at) for entry in entries[done : done + CHUNK]]
    uploaded.report = [
        *uploaded.report,
        *(
            {"row": line.row, "name": line.name, "outcome": line.outcome, "text": line.text}
            for line in lines
        ),
    ]
    uploaded.granted += sum(line.outcome == "granted" for line in lines)
    db.session.flush()
    return len(uploaded.report) < len(entries)


def finish(list_id: int, *, at: datetime) -> None:
    """Note that every row was tried."""
    _end(list_id, BatchState.READY, at)


def fail(list_id: int, error: DomainError, *, at: datetime) -> None:
    """Note why a list cannot be read."""
    uploaded = _end(list_id, BatchState.FAILED, at)
    refused = {"row": 0, "name": "", "outcome": "unreadable", "text": str(error)}
    uploaded.report = [*uploaded.report, refused]
    db.session.flush()


def get(list_id: int) -> UploadedList:
    """
    Return a list with what became of every row.

    :raises ListMissing:
    """
    uploaded = db.session.get(GrantList, list_id, populate_existing=True)
    if uploaded is None:
        raise ListMissing
    return _seen(uploaded)


def list_of_campaign(campaign_id: int) -> list[UploadedList]:
    """List a campaign's lists, newest first."""
    lists = db.session.scalars(
        select(GrantList)
        .where(GrantList.campaign_id == campaign_id)
        .order_by(GrantList.id.desc())
        .execution_options(populate_existing=True)
    )
    return [_seen(uploaded) for uploaded in lists]


def _give(campaign_id: int, entry: Entry, at: datetime) -> Line:
    name = masking.name(entry.name) or masking.email(entry.email) or entry.number
    found = _find(entry)
    if isinstance(found, str):
        return Line(entry.row, name, found, _TEXTS[found])
    try:
        claimed = claims.claim(
            campaign_id=campaign_id, person_id=found, at=at, source=ClaimSource.DIRECT_GRANT
        )
    except DomainError as error:
        return Line(entry.row, name, error.code, str(error))
    outcome = "granted" if claimed.fresh else "already"
    return Line(entry.row, name, outcome, _TEXTS[outcome])


def _find(entry: Entry) -> int | str:
    """Return the person an entry means, or why nobody can be told from it."""
    active = select(Person.id).where(Person.status == PersonStatus.ACTIVE)
    if entry.email:
        wanted = active.where(Person.email_key == emails.key(entry.email))
    elif entry.number:
        if not (entry.number.isdecimal() and len(entry.number) <= 18):
            return "unknown"
        wanted = active.where(Person.id == int(entry.number))
    elif entry.name and entry.phone:
        try:
            digits = phone.normalise(entry.phone)
        except PhoneInvalid:
            return "incomplete"
        wanted = active.where(
            Person.name == entry.name,
            func.regexp_replace(Person.phone, r"\D", "", "g") == digits,
        )
    else:
        return "incomplete"
    people = db.session.scalars(wanted.limit(2)).all()
    if len(people) > 1:
        return "ambiguous"
    return people[0] if people else "unknown"


def _end(list_id: int, state: BatchState, at: datetime) -> GrantList:
    uploaded = _lock(list_id)
    uploaded.state = state
    uploaded.finished_at = at
    uploaded.storage_key = None
    db.session.flush()
    return uploaded


def _lock(list_id: int) -> GrantList:
    uploaded = db.session.get(GrantList, list_id, with_for_update=True, populate_existing=True)
    if uploaded is None:
        raise ListMissing
    return uploaded


def _seen(uploaded: GrantList) -> UploadedList:
    return UploadedList(
        id=uploaded.id,
        campaign_id=uploaded.campaign_id,
        file_name=uploaded.file_name,
        storage_key=uploaded.storage_key,
        state=uploaded.state,
        total=uploaded.total,
        granted=uploaded.granted,
        created_at=uploaded.created_at,
        lines=tuple(
            Line(int(str(line["row"])), str(line["name"]), str(line["outcome"]), str(line["text"]))
            for line in uploaded.report
        ),
    )
