"""A shop with a till, coupons on phones and on paper, and what became of the money."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from marketplace.accounts.models import Person
from marketplace.checkout import counter
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import codes, tokens
from marketplace.coupons.issue_models import BatchState, CodeBatch, CouponCode
from marketplace.coupons.models import (
    Campaign,
    Coupon,
    CouponKind,
    CouponState,
    FunderKind,
    Grant,
)
from marketplace.coupons.receipts import Receipt
from marketplace.enterprises.models import Enterprise
from marketplace.ledger import posting
from marketplace.ledger.models import Entry
from marketplace.reporting import books
from tests import make
from tests.make import NOW
from tests.make.common import save

SOON: Final = NOW + timedelta(seconds=20)


def shop(name: str | None = None, *, accepts: bool = True, **of: Any) -> Enterprise:
    """Make an enterprise whose tills take coupons."""
    made = make.enterprise(name, **of)
    with transaction():
        made.accepts_counter_coupons = accepts
        db.session.add(made)
    return made


@dataclass
class Till:
    """One shop, one campaign with two grants, and one resident who has its coupon."""

    kind: CouponKind = CouponKind.FIXED
    amount: int = 5_000
    rules: dict[str, Any] = field(default_factory=dict)
    enterprise: Enterprise = field(default_factory=shop)

    def __post_init__(self) -> None:
        self.city: Grant = make.grant(FunderKind.CITY, ceiling=100_000)
        self.district: Grant = make.grant(FunderKind.DISTRICT, ceiling=100_000)
        self.cashier: Person = make.person(name="이점원")
        self.resident: Person = make.person(name="김주민")
        self.campaign: Campaign = make.campaign(
            kind=self.kind,
            amount=self.amount,
            cap=3,
            **{"grants": [(self.city, 3_000), (self.district, 7_000)], **self.rules},
        )
        self.coupon_id = make.claimed_coupon(self.campaign, by=self.resident).id

    def show(self, *, at: datetime = NOW) -> tokens.ShownToken:
        """Show the coupon on the resident's phone."""
        with transaction():
            return tokens.issue(coupon_id=self.coupon_id, person_id=self.resident.id, at=at)

    def use(
        self,
        shown: str,
        *,
        amount: int | None = None,
        purchase: int | None = None,
        key: str = "tap-00000001",
        at: datetime = NOW,
        enterprise: Enterprise | None = None,
    ) -> Receipt:
        """Use what is shown, in a transaction of its own."""
        with transaction():
            return counter.redeem_at_counter(
                enterprise_id=(enterprise or self.enterprise).id,
                cashier_id=self.cashier.id,
                device_id=None,
                shown=shown,
                amount=None if amount is None else Won(amount),
                purchase_amount=None if purchase is None else Won(purchase),
                idempotency_key=key,
                at=at,
            )

    def reverse(
        self, receipt: Receipt, *, at: datetime = SOON, by_office: bool = False, reason: str = ""
    ) -> Receipt:
        """Take a use back, in a transaction of its own."""
        with transaction():
            return counter.reverse_at_counter(
                number=receipt.number,
                enterprise_id=None if by_office else self.enterprise.id,
                actor_id=self.cashier.id,
                reason=reason,
                at=at,
            )

    def paper(self) -> str:
        """Give one of the campaign's free coupons a printed code and return it."""
        free = db.session.scalars(
            select(Coupon)
            .where(Coupon.campaign_id == self.campaign.id, Coupon.state == CouponState.ISSUED)
            .order_by(Coupon.id)
        ).first()
        assert free is not None
        code = codes.draw()
        batch = CodeBatch(campaign_id=self.campaign.id, wanted=1, made=1, state=BatchState.READY)
        save(batch)
        save(
            CouponCode(
                coupon_id=free.id, batch_id=batch.id, digest=codes.digest(code), last4=code[-4:]
            )
        )
        return code

    @property
    def coupon(self) -> Coupon:
        """Return the resident's coupon as it stands."""
        db.session.expire_all()
        return db.session.get_one(Coupon, self.coupon_id)

    @property
    def money(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return (reserved, spent) of both grants."""
        return make.money_of(self.city), make.money_of(self.district)

    @property
    def owed(self) -> int:
        """Return what the shop is owed."""
        return -posting.balance(f"payable:enterprise:{self.enterprise.id}")


def entries(kind: str) -> int:
    """Count the entries of a kind in the book."""
    return db.session.scalar(select(func.count()).where(Entry.kind == kind)) or 0


def assert_books_hold() -> None:
    """Fail when a check of the books finds anything."""
    assert [check for check in books.check_books() if not check.holds] == []
