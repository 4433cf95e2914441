"""Write what the coupon desk and the tills of the last weeks left behind."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random
from typing import Final

from sqlalchemy import select

from marketplace.accounts import verification_requests
from marketplace.accounts.models import Dong
from marketplace.accounts.verification import VerificationKind
from marketplace.checkout import accounts, counter
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.core.money import Won, allocate
from marketplace.coupons import campaigns, claims, code_batches, devices, grants, running, tokens
from marketplace.coupons.campaigns import CouponChannel, CouponKind, FunderKind
from marketplace.coupons.models import IssueMode
from marketplace.coupons.rules import Plan, Rules
from marketplace.demo.district import content_people
from marketplace.demo.district.chance import dice
from marketplace.demo.district.load_people import People
from marketplace.demo.district.load_shops import Shops
from marketplace.demo.district.seeds import District
from marketplace.ledger import posting
from marketplace.ledger.posting import credit, debit

_HOLDERS: Final = 70
_USED_BY: Final = 55
_DAYS: Final = 24
_OFFLINE_CAP: Final = Won(100_000)
_ASKING: Final = 6
_PAPER: Final = 64
_FUNDERS: Final = ((FunderKind.CITY, "시비", 4_000), (FunderKind.DISTRICT, "구비", 6_000))
_WORKPLACES: Final = ("자양전통시장 상인회", "건대입구 우체국", "아차산 숲학교")


def load(district: District, people: People, shops: Shops, *, at: datetime) -> None:
    """Write running, waiting and unfinished campaigns, uses at tills, and open requests."""
    opened = _at_ten(at - timedelta(days=_DAYS))
    tills = _running(_till_plan(opened), _till_rules(opened), people, "동네가게", at=opened)
    _spend_at_tills(tills, district, people, shops, at=at)
    _running(
        _shared_plan(opened),
        _shared_rules(opened),
        people,
        "책방",
        at=opened,
    )
    paper = _running(_paper_plan(opened), _paper_rules(opened), people, "종이", at=opened)
    batch = code_batches.ask(
        campaign_id=paper, wanted=_PAPER, by=people.staff["campaign_manager"], at=at
    )
    code_batches.make_some(batch, at=at)
    _submitted(_new_year_plan(at), _new_year_rules(at), people, at=at)
    _ask_the_desk(people, at=at)


def _running(plan: Plan, rules: Rules, people: People, budget: str, *, at: datetime) -> int:
    asked_at = at - timedelta(days=6)
    campaign_id = _submitted(plan, rules, people, budget=budget, at=asked_at)
    manager, approver = people.staff["campaign_manager"], people.staff["approver"]
    campaigns.approve(
        campaign_id=campaign_id, version=1, by=approver, at=asked_at + timedelta(days=1)
    )
    running.run(campaign_id=campaign_id, by=manager, at=asked_at + timedelta(days=2))
    return campaign_id


def _submitted(
    plan: Plan, rules: Rules, people: People, *, budget: str = "새해", at: datetime
) -> int:
    manager = people.staff["campaign_manager"]
    funded = Rules(**{**vars(rules), "grants": _fund(budget, rules.worst_case * plan.cap, at=at)})
    campaign_id = campaigns.plan(plan, rules=funded, by=manager, at=at)
    campaigns.submit(campaign_id=campaign_id, by=manager, at=at)
    return campaign_id


def _fund(name: str, budget: int, *, at: datetime) -> list[tuple[int, int]]:
    year = at.astimezone(SEOUL).year
    shares = []
    ceilings = allocate(Won(budget), [bps for *_, bps in _FUNDERS])
    for (funder, label, bps), ceiling in zip(_FUNDERS, ceilings, strict=True):
        grant_id = grants.add_grant(
            funder=funder,
            name=f"{year} {name} {label}",
            account_code=f"320-03 {name} {label}",
            fiscal_year=year,
            ceiling=ceiling,
        )
        posting.post(
            kind="funder_paid_in",
            reference=f"grant:{grant_id}",
            legs=[debit(accounts.BANK, ceiling), credit(accounts.grant(grant_id), ceiling)],
            at=at,
        )
        shares.append((grant_id, bps))
    return shares


def _spend_at_tills(
    campaign_id: int, district: District, people: People, shops: Shops, *, at: datetime
) -> None:
    chance = dice("tills")
    open_tills = [
        (shops.enterprises[place], people.owners[place])
        for place, seed in enumerate(district.enterprises)
        if seed.accepts_counter_coupons
    ]
    chance.shuffle(open_tills)
    _register_devices(open_tills[:8], at=at)
    holders = chance.sample(people.residents[content_people.SHOWN :], _HOLDERS)
    uses = sorted(
        (_moment(chance, at, latest=_DAYS - 2), person_id) for person_id in holders[:_USED_BY]
    )
    for person_id in holders:
        first = min((when for when, who in uses if who == person_id), default=at)
        taken_at = min(first, at) - timedelta(hours=chance.uniform(1, 30))
        claims.claim(campaign_id=campaign_id, person_id=person_id, at=taken_at)
    for number, (used_at, person_id) in enumerate(uses):
        till, cashier = chance.choice(open_tills)
        _use(chance, campaign_id, person_id, till, cashier, number, at=used_at)


def _use(
    chance: Random,
    campaign_id: int,
    person_id: int,
    till: int,
    cashier: int,
    number: int,
    *,
    at: datetime,
) -> None:
    claimed = claims.claim(campaign_id=campaign_id, person_id=person_id, at=at)
    shown = tokens.issue(coupon_id=claimed.coupon_id, person_id=person_id, at=at)
    amount = Won(chance.choice((3_000, 4_500, 5_000, 7_000, 8_500, 10_000)))
    receipt = counter.redeem_at_counter(
        enterprise_id=till,
        cashier_id=cashier,
        device_id=None,
        shown=shown.qr,
        amount=amount,
        purchase_amount=Won(amount + chance.choice((0, 500, 1_000, 4_000))),
        idempotency_key=f"demo-till-{number:04}",
        at=at,
    )
    if number % 18 == 17:
        counter.reverse_at_counter(
            number=receipt.number,
            enterprise_id=till,
            actor_id=cashier,
            reason="금액을 잘못 넣었습니다",
            at=at + timedelta(minutes=4),
        )


def _register_devices(tills: list[tuple[int, int]], *, at: datetime) -> None:
    for enterprise_id, owner in tills:
        device_id, _ = devices.register(
            enterprise_id=enterprise_id,
            name="계산대 휴대전화",
            person_id=owner,
            at=at - timedelta(days=_DAYS),
        )
        db.session.flush()
        devices.set_cap(device_id=device_id, cap=_OFFLINE_CAP, actor_id=owner)


def _at_ten(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(SEOUL).date(), time(10), SEOUL)


def _moment(chance: Random, at: datetime, *, latest: int) -> datetime:
    """Return a moment of the last days while shops are open."""
    day = (at - timedelta(days=chance.randint(1, latest))).astimezone(SEOUL).date()
    opens = datetime.combine(day, time(10), SEOUL)
    return opens + timedelta(minutes=chance.randint(0, 10 * 60 - 10))


def _ask_the_desk(people: People, *, at: datetime) -> None:
    chance = dice("desk")
    dong = db.session.scalars(select(Dong.name).order_by(Dong.position)).all()
    asking = chance.sample(people.residents[content_people.SHOWN :], _ASKING)
    for number, person_id in enumerate(asking):
        works = number % 3 == 2
        verification_requests.ask(
            person_id=person_id,
            kind=VerificationKind.WORKPLACE if works else VerificationKind.RESIDENCE,
            value=chance.choice(_WORKPLACES if works else dong),
            at=at - timedelta(hours=3 + 7 * number),
        )


def _till_plan(opened: datetime) -> Plan:
    return Plan(
        slug="neighbour-tills",
        name="동네가게 금액권",
        summary="가게 계산대에서 QR로 나누어 쓰는 10,000원 금액권입니다. 잔액은 지갑에 남습니다.",
        cap=300,
        starts_at=opened - timedelta(days=3),
        ends_at=opened + timedelta(days=60),
        has_waiting_list=True,
    )


def _till_rules(opened: datetime) -> Rules:
    return Rules(
        kind=CouponKind.STORED_VALUE,
        channel=CouponChannel.COUNTER,
        grants=[],
        amount=Won(10_000),
        per_day_limit=3,
        valid_until=opened + timedelta(days=75),
    )


def _shared_plan(opened: datetime) -> Plan:
    return Plan(
        slug="autumn-books",
        name="가을 나들이 10% 쿠폰",
        summary="소식지에 실린 번호를 쿠폰존에 적으면 받습니다. 5,000원까지 10%를 덜어 드립니다.",
        cap=200,
        starts_at=opened,
        ends_at=opened + timedelta(days=50),
        issue_mode=IssueMode.SHARED_CODE,
        shared_code="NARU2026",
    )


def _shared_rules(opened: datetime) -> Rules:
    return Rules(
        kind=CouponKind.PERCENT,
        channel=CouponChannel.ONLINE,
        grants=[],
        rate_bps=1_000,
        max_discount=Won(5_000),
        round_unit=10,
        min_order=Won(10_000),
        stack_group="나들이",
        valid_until=opened + timedelta(days=65),
    )


def _paper_plan(opened: datetime) -> Plan:
    return Plan(
        slug="paper-for-elders",
        name="어르신 종이 쿠폰",
        summary="휴대전화가 없는 주민에게 동 주민센터에서 드리는 종이 쿠폰입니다.",
        cap=500,
        starts_at=opened,
        ends_at=opened + timedelta(days=80),
        issue_mode=IssueMode.UNIQUE_CODES,
    )


def _paper_rules(opened: datetime) -> Rules:
    return Rules(
        kind=CouponKind.FIXED,
        channel=CouponChannel.COUNTER,
        grants=[],
        amount=Won(5_000),
        min_order=Won(5_000),
        valid_until=opened + timedelta(days=90),
    )


def _new_year_plan(at: datetime) -> Plan:
    return Plan(
        slug="new-year-delivery",
        name="새해 무료배송 쿠폰",
        summary="새해 첫 장보기의 배송비를 덜어 드립니다.",
        cap=400,
        starts_at=_at_ten(at + timedelta(days=30)),
        ends_at=_at_ten(at + timedelta(days=60)),
    )


def _new_year_rules(at: datetime) -> Rules:
    return Rules(
        kind=CouponKind.FREE_SHIPPING,
        channel=CouponChannel.ONLINE,
        grants=[],
        amount=Won(3_500),
        min_order=Won(15_000),
        valid_until=_at_ten(at + timedelta(days=75)),
    )
