"""Write the coupon drives: approved by two people, issued, paid in by their funders."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from marketplace.checkout import accounts
from marketplace.core.db import db
from marketplace.coupons import budgets, campaigns, expiry, running
from marketplace.coupons.campaigns import Rules
from marketplace.coupons.models import (
    CampaignStatus,
    Coupon,
    CouponState,
    Redemption,
    RedemptionShare,
)
from marketplace.coupons.offers import (
    CouponChannel,
    CouponKind,
    FunderKind,
    GrantShare,
    OfferedCoupon,
)
from marketplace.demo.district import content_people
from marketplace.demo.district.chance import dice
from marketplace.demo.district.load_people import People
from marketplace.demo.district.seeds import CampaignSeed, District
from marketplace.ledger import posting
from marketplace.ledger.posting import credit, debit


@dataclass(frozen=True, kw_only=True)
class Drive:
    """One coupon drive and the coupons nobody has yet."""

    id: int
    seed: CampaignSeed
    grants: tuple[GrantShare, ...]
    free: deque[int]
    holders: dict[int, int]

    def hand_out(self, person_id: int) -> int:
        """Give a person the next coupon, the same one when asked again."""
        if person_id not in self.holders:
            self.holders[person_id] = self.free.popleft()
        return self.holders[person_id]

    def offer(self, coupon_id: int, person_id: int, claimed_at: datetime) -> OfferedCoupon:
        """Return a coupon as prices read it."""
        return OfferedCoupon(
            coupon_id=coupon_id,
            person_id=person_id,
            campaign_id=self.id,
            campaign_slug=self.seed.slug,
            campaign_name=self.seed.name,
            campaign_status=CampaignStatus.RUNNING,
            state=CouponState.CLAIMED,
            kind=CouponKind.FIXED,
            amount=self.seed.amount,
            rate_bps=None,
            max_discount=None,
            worst_case=self.seed.amount,
            balance=self.seed.amount,
            round_unit=1,
            min_order=self.seed.min_order,
            channel=CouponChannel(self.seed.channel),
            scope={},
            hours={},
            stack_group="",
            exclusive=False,
            priority=0,
            claimed_at=claimed_at,
            expires_at=self.seed.valid_until,
            grants=self.grants,
        )


def load(district: District, people: People) -> list[Drive]:
    """Write, approve, fund and issue every drive."""
    return [_drive(seed, people) for seed in district.campaigns]


def _drive(seed: CampaignSeed, people: People) -> Drive:
    decided_at = seed.starts_at - timedelta(days=9)
    grants = tuple(
        GrantShare(
            campaigns.add_grant(
                funder=FunderKind(grant.funder),
                name=grant.name,
                account_code=grant.account_code,
                fiscal_year=seed.starts_at.year,
                ceiling=grant.ceiling,
            ),
            FunderKind(grant.funder),
            grant.share_bps,
        )
        for grant in seed.grants
    )
    campaign_id = campaigns.draft(
        slug=seed.slug,
        name=seed.name,
        summary=seed.summary,
        cap=seed.cap,
        starts_at=seed.starts_at,
        ends_at=seed.ends_at,
        rules=Rules(
            kind=CouponKind.FIXED,
            channel=CouponChannel(seed.channel),
            grants=[(grant.grant_id, grant.share_bps) for grant in grants],
            amount=seed.amount,
            min_order=seed.min_order,
            valid_until=seed.valid_until,
        ),
        by=people.staff["campaign_manager"],
        at=decided_at,
    )
    manager, approver = people.staff["campaign_manager"], people.staff["approver"]
    campaigns.submit(campaign_id=campaign_id, by=manager, at=decided_at)
    campaigns.approve(
        campaign_id=campaign_id, version=1, by=approver, at=decided_at + timedelta(days=1)
    )
    running.run(campaign_id=campaign_id, by=manager, at=decided_at + timedelta(days=2))
    _pay_in(seed, grants, at=decided_at + timedelta(days=4))
    slots = db.session.scalars(
        select(Coupon.id).where(Coupon.campaign_id == campaign_id).order_by(Coupon.slot_no)
    )
    return Drive(id=campaign_id, seed=seed, grants=grants, free=deque(slots), holders={})


def _pay_in(seed: CampaignSeed, grants: tuple[GrantShare, ...], *, at: datetime) -> None:
    for grant, money in zip(grants, seed.grants, strict=True):
        posting.post(
            kind="funder_paid_in",
            reference=f"grant:{grant.grant_id}",
            legs=[
                debit(accounts.BANK, money.ceiling),
                credit(accounts.grant(grant.grant_id), money.ceiling),
            ],
            at=at,
        )


def claim_for(drives: list[Drive], district: District, people: People) -> None:
    """Write who took a coupon: those who spent it and some who still keep it."""
    rows = []
    for position, drive in enumerate(drives):
        seed = drive.seed
        chance = dice("claims", seed.slug)
        others = people.residents[content_people.SHOWN :]
        strangers = [person for person in others if person not in drive.holders]
        for person_id in chance.sample(strangers, min(seed.kept, len(strangers))):
            drive.hand_out(person_id)
        first_uses = _first_uses(district, people, position)
        for person_id, coupon_id in drive.holders.items():
            latest = first_uses.get(person_id, seed.starts_at + timedelta(days=20))
            rows.append(
                {
                    "coupon": coupon_id,
                    "holder": person_id,
                    "taken_at": max(
                        seed.starts_at, latest - timedelta(hours=chance.uniform(0.1, 60))
                    ),
                    "until": seed.valid_until,
                }
            )
    table = Coupon.__table__
    db.session.connection().execute(
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("coupon"))
        .values(
            person_id=bindparam("holder"),
            claimed_at=bindparam("taken_at"),
            expires_at=bindparam("until"),
            state=CouponState.CLAIMED,
        ),
        rows,
    )
    for drive in drives:
        # The next claim of a real resident takes the slot after the last one handed out.
        db.session.execute(
            select(func.setval(campaigns.slot_sequence(drive.id), len(drive.holders)))
        )


def mark_spent(drives: list[Drive]) -> None:
    """Mark the coupons that orders used, and move their money from reserved to spent."""
    for drive in drives:
        used = db.session.scalars(
            update(Coupon)
            .where(
                Coupon.campaign_id == drive.id,
                Coupon.id.in_(select(Redemption.coupon_id)),
            )
            .values(state=CouponState.REDEEMED, balance=0)
            .returning(Coupon.worst_case)
            .execution_options(synchronize_session=False)
        ).all()
        shares = [(grant.grant_id, grant.share_bps) for grant in drive.grants]
        let_go: Counter[int] = Counter()
        for worst_case in used:
            let_go.update(budgets.split(worst_case, shares))
        spent = db.session.execute(
            select(RedemptionShare.grant_id, func.sum(RedemptionShare.amount))
            .where(RedemptionShare.grant_id.in_(let_go))
            .group_by(RedemptionShare.grant_id)
        )
        budgets.move({grant: (-let_go[grant], int(amount)) for grant, amount in spent})


def _first_uses(district: District, people: People, position: int) -> dict[int, datetime]:
    uses: dict[int, datetime] = {}
    for order in district.orders:
        if order.campaign == position:
            uses.setdefault(people.residents[order.buyer], order.ordered_at)
    return uses


def end_past_drives(drives: list[Drive], *, at: datetime) -> None:
    """End the drives whose time is over and free what their coupons had reserved."""
    for drive in drives:
        if drive.seed.ends_at <= at:
            running.end(campaign_id=drive.id, by=None, at=drive.seed.ends_at)
    db.session.flush()
    while expiry.expire_unclaimed(at=at):
        db.session.expire_all()
    while expiry.expire_claimed(at=at):
        db.session.expire_all()
