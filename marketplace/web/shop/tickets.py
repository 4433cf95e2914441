"""What campaign tickets show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from marketplace.coupons import labels
from marketplace.coupons.campaigns import CampaignStatus
from marketplace.coupons.queries import CampaignCard
from marketplace.web.filters import short_day


@dataclass(frozen=True, slots=True)
class Ticket:
    """One campaign as a ticket shows it; `count_url` tells what is left while it runs."""

    slug: str
    name: str
    summary: str
    amount_text: str
    unit_text: str
    remaining: int
    total: int
    facts: tuple[tuple[str, str], ...]
    is_open: bool
    is_claimed: bool
    is_coming: bool
    own_coupon_id: int | None
    has_waiting_list: bool
    is_waiting: bool
    starts_at: datetime
    ends_at: datetime
    count_url: str | None


def ticket(card: CampaignCard, *, at: datetime) -> Ticket:
    """Return a campaign ready to draw."""
    amount_text, unit_text = labels.worth(card.kind, card.amount, card.rate_bps)
    is_open = card.is_open(at)
    return Ticket(
        slug=card.slug,
        name=card.name,
        summary=card.summary,
        amount_text=amount_text,
        unit_text=unit_text,
        remaining=card.left,
        total=card.issued,
        facts=_facts(card),
        is_open=is_open,
        is_claimed=card.own_coupon_id is not None,
        is_coming=at < card.starts_at,
        own_coupon_id=card.own_coupon_id,
        has_waiting_list=card.has_waiting_list and card.status is CampaignStatus.RUNNING,
        is_waiting=card.is_waiting,
        starts_at=card.starts_at,
        ends_at=card.ends_at,
        count_url=url_for("shop_coupons.left", slug=card.slug) if is_open else None,
    )


def _facts(card: CampaignCard) -> tuple[tuple[str, str], ...]:
    said = labels.terms(card.min_order, card.max_discount, card.channel)
    icons = ("store", *["receipt-text"] * (len(said) - 1))
    if card.valid_until is not None:
        until = f"{short_day(card.valid_until)}까지"
    else:
        until = f"받은 날부터 {card.valid_days}일"
    return (*zip(icons, said, strict=True), ("clock", until))
