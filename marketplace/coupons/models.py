"""Funders, grants, campaigns with their versions, coupons and redemptions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.core.db import Base
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise


class FunderKind(StrEnum):
    """Whose money it is: 국비, 시비, 구비, 자부담."""

    NATIONAL = "national"
    CITY = "city"
    DISTRICT = "district"
    ENTERPRISE = "enterprise"


class Funder(Base):
    """Who pays for coupons."""

    __tablename__ = "funder"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[FunderKind] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]


class Grant(Base):
    """Money of one funder with a ceiling; spent and reserved never pass it."""

    __tablename__ = "funder_grant"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND spent >= 0", name="not_negative"),
        CheckConstraint("reserved + spent <= ceiling", name="within_ceiling"),
        UniqueConstraint("funder_id", "fiscal_year", "account_code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    funder_id: Mapped[int] = mapped_column(ForeignKey(Funder.id))
    name: Mapped[str]
    account_code: Mapped[str]
    fiscal_year: Mapped[int]
    ceiling: Mapped[Won]
    reserved: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    spent: Mapped[Won] = mapped_column(default=Won(0), server_default="0")


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class IssueType(StrEnum):
    """Free coupons only: sold ones are another law (korea.md §0.5)."""

    FREE = "free"


class IssueMode(StrEnum):
    """How coupons of a campaign reach people."""

    OPEN_CLAIM = "open_claim"
    SHARED_CODE = "shared_code"
    UNIQUE_CODES = "unique_codes"
    DIRECT_GRANT = "direct_grant"
    AUTOMATIC = "automatic"


class AutomaticTrigger(StrEnum):
    """What makes an automatic campaign give a coupon."""

    SIGN_UP = "sign_up"
    BIRTHDAY = "birthday"
    FIRST_ORDER = "first_order"


class Campaign(Base):
    """One coupon drive. Its rules are versioned; every coupon pins the version it came from."""

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint(
            "(issue_mode = 'shared_code') = (shared_code IS NOT NULL)", name="shared_code_given"
        ),
        CheckConstraint("(issue_mode = 'automatic') = (trigger IS NOT NULL)", name="trigger_given"),
        CheckConstraint("starts_at < ends_at", name="claim_period"),
        CheckConstraint("issued >= 0 AND issued <= cap", name="issued_within_cap"),
        CheckConstraint("approved_by IS NULL OR approved_by <> submitted_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    summary: Mapped[str] = mapped_column(server_default="")
    status: Mapped[CampaignStatus] = mapped_column(default=CampaignStatus.DRAFT, index=True)
    issue_type: Mapped[IssueType] = mapped_column(default=IssueType.FREE)
    issue_mode: Mapped[IssueMode] = mapped_column(
        default=IssueMode.OPEN_CLAIM, server_default="open_claim"
    )
    # In capitals, as it is compared; everybody may know it.
    shared_code: Mapped[str | None] = mapped_column(unique=True)
    trigger: Mapped[AutomaticTrigger | None]
    has_waiting_list: Mapped[bool] = mapped_column(default=False, server_default="false")
    # The number of the version new coupons are issued under; later ones wait for approval.
    version_number: Mapped[int] = mapped_column(default=1, server_default="1")
    # How many coupons the drive may create, and how many it created.
    cap: Mapped[int]
    issued: Mapped[int] = mapped_column(default=0, server_default="0")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CouponKind(StrEnum):
    """What a coupon takes off."""

    FIXED = "fixed"
    PERCENT = "percent"
    STORED_VALUE = "stored_value"
    FREE_SHIPPING = "free_shipping"


class CouponChannel(StrEnum):
    """Where a coupon can be spent."""

    ONLINE = "online"
    COUNTER = "counter"
    BOTH = "both"


class CampaignVersion(Base):
    """One version of a campaign's rules, in force from a moment on. Never changed."""

    __tablename__ = "campaign_version"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        CheckConstraint("kind <> 'percent' OR rate_bps BETWEEN 1 AND 10000", name="rate_given"),
        CheckConstraint("worst_case > 0", name="worst_case_positive"),
        CheckConstraint("per_person_limit > 0", name="per_person_limit_positive"),
        CheckConstraint("per_day_limit > 0 AND per_month_limit > 0", name="use_limits_positive"),
        CheckConstraint("(valid_until IS NULL) <> (valid_days IS NULL)", name="validity_given"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id))
    number: Mapped[int]
    kind: Mapped[CouponKind]
    # Won off (fixed, stored value), or basis points off with an upper limit (percent).
    amount: Mapped[Won | None]
    rate_bps: Mapped[int | None]
    max_discount: Mapped[Won | None]
    # The most one coupon can cost: reserved from the grants when it is issued.
    worst_case: Mapped[Won]
    round_unit: Mapped[int] = mapped_column(default=1, server_default="1")
    min_order: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    # Whether the minimum is looked at after what earlier coupons took off.
    min_order_after_previous: Mapped[bool] = mapped_column(default=False, server_default="false")
    channel: Mapped[CouponChannel]
    # {"enterprises": [..], "categories": [..], "products": [..], "kinds": [..]}; empty = all.
    scope: Mapped[dict[str, list[int | str]]] = mapped_column(JSONB, server_default="{}")
    # {"weekdays": [..], "from": "HH:MM", "until": "HH:MM"}; empty = always.
    hours: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    # {"dong": [..], "first_order": true, ..}; empty = every member.
    eligibility: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    stack_group: Mapped[str] = mapped_column(server_default="")
    exclusive: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    clip_over_budget: Mapped[bool] = mapped_column(default=False)
    per_person_limit: Mapped[int] = mapped_column(default=1)
    # Uses of the campaign by one person per day and per month in Seoul; None = any number.
    per_day_limit: Mapped[int | None]
    per_month_limit: Mapped[int | None]
    valid_until: Mapped[datetime | None]
    valid_days: Mapped[int | None]
    effective_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VersionProposal(Base):
    """New rules for a campaign that is approved already, decided by a second person."""

    __tablename__ = "version_proposal"
    __table_args__ = (
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(decided_at IS NULL) = (is_approved IS NULL)", name="decided_once"),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey(CampaignVersion.id), primary_key=True)
    proposed_by: Mapped[int] = mapped_column(ForeignKey(Person.id))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    decided_at: Mapped[datetime | None]
    is_approved: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(server_default="")


class CampaignGrant(Base):
    """The share of one grant in every coupon of a version, in basis points; they sum to 10,000."""

    __tablename__ = "campaign_grant"
    __table_args__ = (
        UniqueConstraint("version_id", "position"),
        CheckConstraint("share_bps BETWEEN 1 AND 10000", name="share_bps_range"),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey(CampaignVersion.id), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey(Grant.id), primary_key=True)
    share_bps: Mapped[int]
    position: Mapped[int]


class CouponState(StrEnum):
    """Where a coupon stands. Issued ones wait for somebody to claim them."""

    ISSUED = "issued"
    CLAIMED = "claimed"
    HELD = "held"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ClaimSource(StrEnum):
    """How a person came by a coupon."""

    OPEN_CLAIM = "open_claim"
    SHARED_CODE = "shared_code"
    UNIQUE_CODE = "unique_code"
    DIRECT_GRANT = "direct_grant"
    AUTOMATIC = "automatic"
    WAITING_LIST = "waiting_list"


class Coupon(Base):
    """One coupon: a numbered slot of its campaign, taken by at most one person."""

    __tablename__ = "coupon"
    __table_args__ = (
        UniqueConstraint("campaign_id", "slot_no"),
        # One coupon per person and turn: a retried claim finds the first one.
        UniqueConstraint("campaign_id", "person_id", "claim_no"),
        CheckConstraint("(person_id IS NULL) = (claimed_at IS NULL)", name="claimed_by_somebody"),
        CheckConstraint("state <> 'issued' OR person_id IS NULL", name="issued_is_free"),
        CheckConstraint("balance BETWEEN 0 AND worst_case", name="balance_range"),
        Index("ix_coupon_person", "person_id", "state"),
        Index(
            "ix_coupon_free", "campaign_id", "slot_no", postgresql_where=text("state = 'issued'")
        ),
        Index("ix_coupon_claimed", "campaign_id", "claimed_at"),
        Index("ix_coupon_ended", "campaign_id", "ended_at"),
        Index("ix_coupon_expiry", "expires_at", postgresql_where=text("state = 'claimed'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id))
    version_id: Mapped[int] = mapped_column(ForeignKey(CampaignVersion.id), index=True)
    slot_no: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    claim_no: Mapped[int] = mapped_column(default=1, server_default="1")
    state: Mapped[CouponState] = mapped_column(default=CouponState.ISSUED, server_default="issued")
    # What is still reserved for it in the grants; a stored value is spent in parts.
    worst_case: Mapped[Won]
    balance: Mapped[Won]
    claimed_at: Mapped[datetime | None]
    source: Mapped[ClaimSource | None]
    expires_at: Mapped[datetime | None]
    # When it expired or was revoked.
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RedemptionState(StrEnum):
    """What became of one use."""

    HELD = "held"
    REDEEMED = "redeemed"
    RELEASED = "released"
    REVERSED = "reversed"


class Redemption(Base):
    """One use of one coupon: held while an order is unpaid, then redeemed or released."""

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("reversed_amount BETWEEN 0 AND amount", name="reversed_within_amount"),
        UniqueConstraint("coupon_id", "reference"),
        Index("ix_redemption_reference", "reference"),
        Index("ix_redemption_held", "expires_at", postgresql_where=text("state = 'held'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey(Coupon.id))
    channel: Mapped[CouponChannel]
    # What it was spent on, such as `order:12`.
    reference: Mapped[str]
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey(Enterprise.id), index=True)
    amount: Mapped[Won]
    reversed_amount: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    state: Mapped[RedemptionState]
    held_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    redeemed_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class RedemptionShare(Base):
    """What one grant pays of one redemption, to the won, and what came back to it."""

    __tablename__ = "redemption_share"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("reversed_amount BETWEEN 0 AND amount", name="reversed_within_amount"),
    )

    redemption_id: Mapped[int] = mapped_column(ForeignKey(Redemption.id), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey(Grant.id), primary_key=True, index=True)
    amount: Mapped[Won]
    reversed_amount: Mapped[Won] = mapped_column(default=Won(0), server_default="0")


class RedemptionReversal(Base):
    """One return of coupon money, in whole or in part. Never changed."""

    __tablename__ = "redemption_reversal"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    redemption_id: Mapped[int] = mapped_column(ForeignKey(Redemption.id), index=True)
    amount: Mapped[Won]
    reversed_at: Mapped[datetime] = mapped_column(index=True)
    # Why, as the ledger names it: an order's cancel, a mistake at the counter.
    reason: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
