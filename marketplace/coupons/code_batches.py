"""
Many unique codes at once, made in the background and handed out once.

The coupons are issued as always: a slot and a reserve of the worst case each. Every code follows
from the batch's seed and the coupon's slot number. The seed is kept sealed until both files are
taken, or until somebody asks to forget it; from then on nobody can read a code again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, String, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from marketplace.audit import trail
from marketplace.core import outbox, sealing
from marketplace.core.db import db
from marketplace.core.errors import Conflict, DomainError, InvalidInput, NotFound
from marketplace.coupons import campaigns, codes, issuing
from marketplace.coupons.issue_models import BatchState, CodeBatch, CouponCode
from marketplace.coupons.models import Campaign, CampaignStatus, Coupon, IssueMode

__all__ = [
    "Batch",
    "BatchState",
    "CodeRow",
    "ask",
    "fail",
    "forget_seed",
    "get",
    "list_of_campaign",
    "make_some",
    "take_for_file",
    "take_for_sheet",
    "takes_codes",
]

MOST: Final = 100_000
# More would make a file nobody's printer takes at once.
MOST_ON_SHEET: Final = 2_000
CHUNK: Final = 5_000
_SEED_PURPOSE: Final = "code batch"
_SEED_BYTES: Final = 32
_APPROVED: Final = (CampaignStatus.APPROVED, CampaignStatus.RUNNING, CampaignStatus.PAUSED)
_KEEP: Final = text(
    "INSERT INTO coupon_code (coupon_id, batch_id, digest, last4)"
    " SELECT made.coupon, :batch, made.digest, made.last4"
    " FROM unnest(:coupons, :digests, :last4) AS made (coupon, digest, last4)"
).bindparams(
    bindparam("coupons", type_=ARRAY(BigInteger())),
    bindparam("digests", type_=ARRAY(String())),
    bindparam("last4", type_=ARRAY(String())),
)


class HowMany(InvalidInput):
    message = "한 번에 1장부터 {most:,}장까지 만들 수 있습니다."
    field = "wanted"


class NotWithCodes(Conflict):
    message = "승인된 개별 번호 캠페인에서만 번호를 만들 수 있습니다."


class BatchMissing(NotFound):
    message = "번호 묶음을 찾을 수 없습니다."


class NotReady(Conflict):
    message = "아직 번호를 만들고 있습니다. 다 되면 받을 수 있습니다."


class TakenAlready(Conflict):
    message = "이미 한 번 내려받은 파일입니다. 번호는 다시 볼 수 없습니다."


class SeedForgotten(Conflict):
    message = "번호 원본을 이미 지웠습니다. 번호는 다시 볼 수 없습니다."


class TooManyToPrint(Conflict):
    message = "인쇄용 파일은 {most:,}장 이하인 묶음에서 만들 수 있습니다. 나누어 만들어 주세요."


@dataclass(frozen=True)
class Batch:
    """One batch as the desk sees it."""

    id: int
    campaign_id: int
    wanted: int
    made: int
    state: BatchState
    error: str
    created_at: datetime
    finished_at: datetime | None
    csv_taken_at: datetime | None
    sheet_taken_at: datetime | None
    has_seed: bool

    @property
    def is_moving(self) -> bool:
        """Tell whether it is still being made."""
        return self.state in (BatchState.WAITING, BatchState.RUNNING)

    @property
    def can_give_file(self) -> bool:
        """Tell whether the file can be taken."""
        return self.has_seed and not self.is_moving and self.csv_taken_at is None and self.made > 0

    @property
    def can_give_sheet(self) -> bool:
        """Tell whether the printed sheet can be taken."""
        free = self.has_seed and not self.is_moving and self.sheet_taken_at is None
        return free and 0 < self.made <= MOST_ON_SHEET


@dataclass(frozen=True)
class CodeRow:
    """One coupon and its code."""

    slot_no: int
    code: str


def ask(*, campaign_id: int, wanted: int, by: int, at: datetime) -> int:
    """
    Ask for codes and return the batch's id; a worker makes them.

    :raises HowMany, CouponNotFound, NotWithCodes, OverCap:
    """
    if not 1 <= wanted <= MOST:
        raise HowMany(most=MOST)
    campaign = campaigns.get_for_update(campaign_id)
    if not _takes_codes(campaign):
        raise NotWithCodes
    unmade = sum(batch.wanted - batch.made for batch in _moving(campaign_id))
    if campaign.issued + unmade + wanted > campaign.cap:
        raise issuing.OverCap(cap=campaign.cap)
    seed = secrets.token_urlsafe(_SEED_BYTES)
    batch = CodeBatch(
        campaign_id=campaign_id,
        wanted=wanted,
        seed=sealing.seal(seed, purpose=_SEED_PURPOSE),
        created_by=by,
        created_at=at,
    )
    db.session.add(batch)
    db.session.flush()
    outbox.enqueue("coupons.make_codes", {"batch_id": batch.id}, key=f"make_codes:{batch.id}")
    _record("codes_asked", batch, by, wanted=wanted)
    return batch.id


def make_some(batch_id: int, *, at: datetime) -> bool:
    """
    Make the next codes of a batch; False when there is nothing left to do.

    Run it in one transaction: killed half-way it has done nothing, and is run again.

    :raises OverCap, BudgetExhausted, IntegrityError:
    """
    batch = _lock(batch_id)
    if batch.state not in (BatchState.WAITING, BatchState.RUNNING):
        return False
    count = min(CHUNK, batch.wanted - batch.made)
    slots = issuing.issue(campaign_id=batch.campaign_id, count=count)
    rows = db.session.execute(
        select(Coupon.id, Coupon.slot_no).where(
            Coupon.campaign_id == batch.campaign_id,
            Coupon.slot_no.between(slots.start, slots.stop - 1),
        )
    ).all()
    seed = _open(batch)
    made = [codes.derive(seed, row.slot_no) for row in rows]
    db.session.execute(
        _KEEP,
        {
            "batch": batch.id,
            "coupons": [row.id for row in rows],
            "digests": [codes.digest(code) for code in made],
            "last4": [code[-codes.LAST :] for code in made],
        },
    )
    batch.made += count
    is_done = batch.made == batch.wanted
    batch.state = BatchState.READY if is_done else BatchState.RUNNING
    batch.finished_at = at if is_done else None
    db.session.flush()
    return not is_done


def fail(batch_id: int, error: DomainError | IntegrityError, *, at: datetime) -> None:
    """Stop making codes; those that are made stay good."""
    batch = _lock(batch_id)
    batch.state = BatchState.FAILED
    batch.error = str(error) if isinstance(error, DomainError) else "번호가 겹쳤습니다."
    batch.finished_at = at
    db.session.flush()


def take_for_file(batch_id: int, *, by: int, at: datetime) -> list[CodeRow]:
    """
    Return every code of a batch, once.

    :raises BatchMissing, NotReady, TakenAlready, SeedForgotten:
    """
    batch = _lock(batch_id)
    rows = _reveal(batch, batch.csv_taken_at)
    batch.csv_taken_at = at
    if batch.sheet_taken_at is not None or batch.made > MOST_ON_SHEET:
        batch.seed = None
    _record("codes_taken", batch, by, file="csv", codes=batch.made)
    return rows


def take_for_sheet(batch_id: int, *, by: int, at: datetime) -> list[CodeRow]:
    """
    Return every code of a batch for the printed sheet, once.

    :raises BatchMissing, NotReady, TakenAlready, SeedForgotten, TooManyToPrint:
    """
    batch = _lock(batch_id)
    if batch.made > MOST_ON_SHEET:
        raise TooManyToPrint(most=MOST_ON_SHEET)
    rows = _reveal(batch, batch.sheet_taken_at)
    batch.sheet_taken_at = at
    if batch.csv_taken_at is not None:
        batch.seed = None
    _record("codes_taken", batch, by, file="sheet", codes=batch.made)
    return rows


def forget_seed(batch_id: int, *, by: int) -> None:
    """
    Make sure that nobody can read the codes of a batch again.

    :raises BatchMissing, NotReady, SeedForgotten:
    """
    batch = _lock(batch_id)
    if batch.state in (BatchState.WAITING, BatchState.RUNNING):
        raise NotReady
    if batch.seed is None:
        raise SeedForgotten
    batch.seed = None
    _record("codes_forgotten", batch, by)


def get(batch_id: int) -> Batch:
    """
    Return a batch.

    :raises BatchMissing:
    """
    batch = db.session.get(CodeBatch, batch_id, populate_existing=True)
    if batch is None:
        raise BatchMissing
    return _seen(batch)


def list_of_campaign(campaign_id: int) -> list[Batch]:
    """List a campaign's batches, newest first."""
    batches = db.session.scalars(
        select(CodeBatch)
        .where(CodeBatch.campaign_id == campaign_id)
        .order_by(CodeBatch.id.desc())
        .execution_options(populate_existing=True)
    )
    return [_seen(batch) for batch in batches]


def campaign_name(campaign_id: int) -> tuple[str, int]:
    """
    Return a campaign's name and how many coupons it may still create.

    :raises BatchMissing:
    """
    row = db.session.execute(
        select(Campaign.name, Campaign.cap - Campaign.issued).where(Campaign.id == campaign_id)
    ).one_or_none()
    if row is None:
        raise BatchMissing
    name, room = row
    return name, room


def takes_codes(campaign_id: int) -> bool:
    """Tell whether a campaign gives its coupons by unique codes, and is approved."""
    return _takes_codes(db.session.get_one(Campaign, campaign_id))


def _takes_codes(campaign: Campaign) -> bool:
    return campaign.issue_mode is IssueMode.UNIQUE_CODES and campaign.status in _APPROVED


def _reveal(batch: CodeBatch, taken_at: datetime | None) -> list[CodeRow]:
    if batch.state in (BatchState.WAITING, BatchState.RUNNING) or batch.made == 0:
        raise NotReady
    if taken_at is not None:
        raise TakenAlready
    seed = _open(batch)
    slots = db.session.scalars(
        select(Coupon.slot_no)
        .join(CouponCode, CouponCode.coupon_id == Coupon.id)
        .where(CouponCode.batch_id == batch.id)
        .order_by(Coupon.slot_no)
    )
    return [CodeRow(slot, codes.derive(seed, slot)) for slot in slots]


def _open(batch: CodeBatch) -> str:
    if batch.seed is None:
        raise SeedForgotten
    return sealing.unseal(batch.seed, purpose=_SEED_PURPOSE)


def _lock(batch_id: int) -> CodeBatch:
    batch = db.session.get(CodeBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise BatchMissing
    return batch


def _moving(campaign_id: int) -> Sequence[CodeBatch]:
    return db.session.scalars(
        select(CodeBatch).where(
            CodeBatch.campaign_id == campaign_id,
            CodeBatch.state.in_([BatchState.WAITING, BatchState.RUNNING]),
        )
    ).all()


def _record(action: str, batch: CodeBatch, by: int, **details: object) -> None:
    trail.record(
        action, subject_kind="code_batch", subject_id=batch.id, actor_id=by, details=details
    )
    db.session.flush()


def _seen(batch: CodeBatch) -> Batch:
    return Batch(
        id=batch.id,
        campaign_id=batch.campaign_id,
        wanted=batch.wanted,
        made=batch.made,
        state=batch.state,
        error=batch.error,
        created_at=batch.created_at,
        finished_at=batch.finished_at,
        csv_taken_at=batch.csv_taken_at,
        sheet_taken_at=batch.sheet_taken_at,
        has_seed=batch.seed is not None,
    )
