"""The office's campaigns: the list, the wizard, approval by a second person, pausing at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from sqlalchemy import event, select

from marketplace.accounts.models import Person, Role
from marketplace.core.db import db
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    CampaignVersion,
    Coupon,
    FunderKind,
    Grant,
)
from tests import make
from tests.web.campaign_sheets import filled
from tests.web.visitor import Visitor

LIST = "/office/campaigns"


@pytest.fixture
def manager(visitor: Visitor) -> Visitor:
    """Somebody who writes campaigns."""
    return visitor.enter(make.person(roles=[Role.CAMPAIGN_MANAGER]), second_factor=True)


@pytest.fixture
def approver(another: Callable[[], Visitor]) -> Visitor:
    """Somebody else, who approves them."""
    return another().enter(make.person(roles=[Role.APPROVER]), second_factor=True)


@pytest.fixture
def grants() -> list[tuple[Grant, str]]:
    """Two funders' money, 70 to 30."""
    return [
        (make.grant(FunderKind.CITY, ceiling=350_000), "70"),
        (make.grant(FunderKind.DISTRICT, ceiling=150_000), "30"),
    ]


def draft(manager: Visitor, grants: Sequence[tuple[Grant, str]], **changes: object) -> Campaign:
    """Write a campaign in the wizard."""
    sent = manager.post(f"{LIST}/new", filled(grants, **changes))
    assert sent.status_code == 303, sent.text
    return db.session.scalars(select(Campaign)).one()


def fresh(campaign: Campaign) -> Campaign:
    """Read a campaign again."""
    db.session.expire_all()
    return db.session.get_one(Campaign, campaign.id)


class TestWizard:
    def test_drafts_what_was_typed(self, manager: Visitor, grants: list[tuple[Grant, str]]) -> None:
        dong = make.dong()
        shop = make.enterprise("밀밭나루 빵집")

        campaign = draft(
            manager,
            grants,
            kind="percent",
            amount=None,
            rate="12.5",
            max_discount="3,000",
            round_unit="100",
            enterprises=str(shop.id),
            weekdays=["0", "4"],
            hours_from="09:00",
            hours_until="18:00",
            dong=dong.code,
            verified=["residence", "identity"],
            age_from="19",
            age_to="34",
            per_day_limit="1",
            per_month_limit="3",
            stack_group="명절",
            priority="-2",
            issue_mode="shared_code",
            shared_code="naru2026",
        )

        version = db.session.scalars(select(CampaignVersion)).one()
        assert (campaign.shared_code, campaign.cap, campaign.slug) == ("NARU2026", 100, "autumn")
        assert (version.rate_bps, version.max_discount, version.round_unit) == (1_250, 3_000, 100)
        assert version.scope == {"enterprises": [shop.id]}
        assert version.hours == {"weekdays": [0, 4], "from": "09:00", "until": "18:00"}
        assert version.eligibility == {
            "dong": [dong.code],
            "verified": ["residence", "identity"],
            "age": [19, 34],
        }
        assert (version.per_day_limit, version.per_month_limit, version.priority) == (1, 3, -2)
        page = manager.get(f"{LIST}/{campaign.id}").text
        assert "12.5% 할인, 최대 3,000원, 100원 아래는 버림" in page
        assert "가게: 밀밭나루 빵집" in page
        assert f"{dong.name} 주민, 만 19세부터 34세까지" in page

    def test_loses_nothing_that_was_typed(
        self, manager: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        dong = make.dong()
        sheet = filled(grants, amount="오천 원", dong=dong.code, kind="stored_value", name="")
        sheet[f"share_{grants[0][0].id}"] = "69.99"

        sent = manager.post(f"{LIST}/new", sheet)

        assert sent.status_code == 422
        assert 'value="오천 원"' in sent.text
        assert 'value="69.99"' in sent.text
        assert re.search(rf'<input[^>]*checked[^>]*value="{dong.code}"', sent.text)
        assert re.search(r'<input[^>]*checked[^>]*value="stored_value"', sent.text)
        assert "숫자로 적어 주세요" in sent.text
        assert db.session.scalars(select(Campaign)).all() == []

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"cap": "0"}, "발행 수량은 1장부터 50,000장까지"),
            ({"kind": "percent", "amount": None, "rate": "10"}, "최대 할인 금액을 1원부터"),
            ({"kind": "free_shipping", "channel": "counter"}, "무료배송 쿠폰은 가게에서"),
            ({"ends_at": "2026-11-30T10:00"}, "받기 끝나는 때가 시작하는 때보다"),
            ({"issue_mode": "automatic"}, "자동 지급일 때는 언제 줄지"),
            ({"issue_mode": "shared_code"}, "공용 코드는 영어 대문자"),
            ({"exclusive": "1", "stack_group": "가"}, "단독 사용 쿠폰은 함께 쓰지"),
            ({"hours_from": "18:00", "hours_until": "09:00"}, "끝나는 시각이 시작하는 시각보다"),
            ({"products": "999999999"}, "없는 상품입니다: 999999999"),
            ({"age_from": "40", "age_to": "30"}, "나이는 0세부터"),
            ({"per_day_limit": "5", "per_month_limit": "2"}, "하루 횟수가 한 달 횟수보다"),
        ],
    )
    def test_says_beside_the_field_what_contradicts(
        self,
        manager: Visitor,
        grants: list[tuple[Grant, str]],
        changes: dict[str, object],
        words: str,
    ) -> None:
        sent = manager.post(f"{LIST}/new", filled(grants, **changes))

        assert sent.status_code == 422
        assert words in sent.text
        assert 'value="가을 마중물"' in sent.text

    def test_wants_shares_of_a_hundred(
        self, manager: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        short = [(grants[0][0], "70"), (grants[1][0], "29.5")]

        sent = manager.post(f"{LIST}/new", filled(short))

        assert sent.status_code == 422
        assert "지금은 99.5%입니다" in sent.text

    def test_sums_up_without_writing(
        self, manager: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        looked = manager.post(f"{LIST}/new", filled(grants, act="look", cap="101"))

        assert looked.status_code == 200
        assert "5,000원 할인" in looked.text
        # 101 coupons of 3,500 and 1,500 won against 350,000 and 150,000.
        assert "353,500원" in looked.text
        assert "지금 3,500원이 모자랍니다" in looked.text
        assert db.session.scalars(select(Campaign)).all() == []

    def test_changes_a_draft_into_a_new_version(
        self, manager: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        campaign = draft(manager, grants)
        edit = f"{LIST}/{campaign.id}/edit"
        assert 'value="20,000"' in manager.get(edit).text

        sent = manager.post(edit, filled(grants, min_order="30,000", seen_version="1"))
        stale = manager.post(edit, filled(grants, min_order="10,000", seen_version="1"))

        assert sent.status_code == 303
        assert fresh(campaign).version_number == 2
        page = manager.get(f"{LIST}/{campaign.id}").text
        assert "20,000원 이상 (쿠폰 빼기 전)" in page
        assert "30,000원 이상 (쿠폰 빼기 전)" in page
        assert stale.status_code == 409
        assert "그사이 다른 분이" in stale.text
        assert 'value="10,000"' in stale.text


class TestApproval:
    def test_leads_from_draft_to_running_by_two_people(
        self, manager: Visitor, approver: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        campaign = draft(manager, grants)
        here = f"{LIST}/{campaign.id}"

        assert manager.post(f"{here}/submit").status_code == 303
        assert approver.post(f"{here}/approve", {"version": "1"}).status_code == 303
        assert manager.post(f"{here}/run", {"count": "60"}).status_code == 303

        assert (fresh(campaign).status, campaign.issued) == (CampaignStatus.RUNNING, 60)
        assert len(db.session.scalars(select(Coupon.id)).all()) == 60
        assert [make.money_of(grant) for grant, _ in grants] == [(210_000, 0), (90_000, 0)]
        assert manager.post(f"{here}/issue", {"count": "41"}).status_code == 422
        assert manager.post(f"{here}/issue", {"count": "40"}).status_code == 303
        page = approver.get(here).text
        for step in ("초안 작성", "승인 신청", "승인", "진행 시작", "추가 발행"):
            assert step in page

    def test_pauses_at_one_press_and_goes_on(self, manager: Visitor) -> None:
        campaign = make.campaign(budget=500_000)
        here = f"{LIST}/{campaign.id}"
        assert "바로 멈추기" in manager.get(here).text

        assert manager.post(f"{here}/pause").status_code == 303
        assert fresh(campaign).status is CampaignStatus.PAUSED
        assert manager.post(f"{here}/pause").status_code == 409
        assert manager.post(f"{here}/run").status_code == 303
        assert manager.post(f"{here}/end").status_code == 303
        assert fresh(campaign).status is CampaignStatus.ENDED

    def test_is_not_approved_by_whoever_wrote_or_submitted_it(
        self, visitor: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        both = make.person(roles=[Role.CAMPAIGN_MANAGER, Role.APPROVER])
        visitor.enter(both, second_factor=True)
        campaign = draft(visitor, grants)
        here = f"{LIST}/{campaign.id}"
        visitor.post(f"{here}/submit")

        sent = visitor.post(f"{here}/approve", {"version": "1"})

        assert sent.status_code == 403
        assert "신청한 사람은 승인할 수 없습니다" in sent.text
        assert fresh(campaign).status is CampaignStatus.SUBMITTED

    def test_is_sent_back_with_a_reason(
        self, manager: Visitor, approver: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        campaign = draft(manager, grants)
        here = f"{LIST}/{campaign.id}"
        manager.post(f"{here}/submit")

        silent = approver.post(f"{here}/send-back", {"reason": " "})
        sent = approver.post(f"{here}/send-back", {"reason": "구비 비율을 낮춰 주세요"})

        assert silent.status_code == 422
        assert sent.status_code == 303
        assert fresh(campaign).status is CampaignStatus.DRAFT
        assert "구비 비율을 낮춰 주세요" in manager.get(here).text

    def test_refuses_a_version_nobody_read(
        self, manager: Visitor, approver: Visitor, grants: list[tuple[Grant, str]]
    ) -> None:
        campaign = draft(manager, grants)
        here = f"{LIST}/{campaign.id}"
        manager.post(f"{here}/edit", filled(grants, amount="4,000", seen_version="1"))
        manager.post(f"{here}/submit")

        assert approver.post(f"{here}/approve", {"version": "1"}).status_code == 409
        assert approver.post(f"{here}/approve", {"version": "2"}).status_code == 303


class TestProposals:
    def test_change_rules_after_a_second_person_agrees(
        self, manager: Visitor, approver: Visitor
    ) -> None:
        campaign = make.campaign(budget=500_000, issued=10, min_order=0, valid_days=30)
        here = f"{LIST}/{campaign.id}"
        version = db.session.scalars(select(CampaignVersion)).one()
        shares = manager.get(f"{here}/rules").text
        sheet = filled([], amount="4,000", min_order=None) | dict(
            re.findall(r'name="(share_\d+)"[^>]*value="([\d.]+)"', shares)
        )
        assert len([name for name in sheet if str(name).startswith("share_")]) == 2

        sent = manager.post(f"{here}/rules", sheet)
        page = approver.get(here).text
        newest = db.session.scalars(select(CampaignVersion.id).order_by(CampaignVersion.id.desc()))
        proposed = newest.first()
        agreed = approver.post(f"{here}/rules/{proposed}", {"decision": "grant"})

        assert sent.status_code == 303, sent.text
        assert "5,000원 할인" in page
        assert "4,000원 할인" in page
        assert agreed.status_code == 303
        assert fresh(campaign).version_number == 2
        assert campaign.name != "가을 마중물"
        pinned = set(db.session.scalars(select(Coupon.version_id)))
        assert pinned == {version.id}


class TestList:
    def test_counts_filters_and_turns_pages(self, manager: Visitor) -> None:
        for _ in range(21):
            make.campaign(cap=1, status=CampaignStatus.DRAFT, issued=0)
        make.campaign(name="달리는 쿠폰", cap=1)

        first = manager.get(LIST).text
        running = manager.get(f"{LIST}?status=running").text
        following = re.search(r'href="([^"]*before=\d+)"', first)

        assert "모두 22" in first
        assert "작성 중 21" in first
        assert "달리는 쿠폰" in running
        assert running.count('scope="row"') == 1
        assert following is not None
        assert manager.get(following[1].replace("&amp;", "&")).text.count('scope="row"') == 2

    def test_asks_as_few_questions_for_many_as_for_one(self, manager: Visitor, app: Flask) -> None:
        first = make.campaign(cap=1)
        few = _questions(manager, app, LIST), _questions(manager, app, f"{LIST}/{first.id}")
        for _ in range(10):
            make.campaign(cap=1)

        assert _questions(manager, app, LIST) == few[0] <= 4
        assert few[1] <= 10

    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
    def test_lets_others_look_and_press_nothing(self, visitor: Visitor, role: Role) -> None:
        campaign = make.campaign()
        visitor.enter(make.person(roles=[role]), second_factor=True)

        page = visitor.get(f"{LIST}/{campaign.id}").text

        assert f'action="{LIST}/{campaign.id}' not in page
        assert visitor.post(f"{LIST}/{campaign.id}/pause").status_code == 403
        assert visitor.get(f"{LIST}/{campaign.id}/simulate").status_code == 200


def _questions(visitor: Visitor, app: Flask, path: str) -> int:
    asked: list[str] = []

    def hear(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        assert visitor.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    return len(asked)


class TestGrants:
    def test_adds_one_and_moves_its_ceiling(self, manager: Visitor) -> None:
        make.grant(FunderKind.CITY)
        sheet = {
            "funder": "city",
            "name": "마중물 시비",
            "account_code": "307-02",
            "fiscal_year": "2026",
            "ceiling": "1,000,000",
        }

        assert manager.post("/office/grants", sheet).status_code == 303
        grant = db.session.scalars(select(Grant).where(Grant.account_code == "307-02")).one()
        again = manager.post("/office/grants", sheet)
        raised = manager.post(
            f"/office/grants/{grant.id}/ceiling", {"before": "1000000", "ceiling": "2,000,000"}
        )

        assert grant.ceiling == 1_000_000
        assert again.status_code == 409
        assert "재원이 이미 있습니다" in again.text
        assert raised.status_code == 303

    def test_never_lowers_a_ceiling_below_what_is_promised(self, manager: Visitor) -> None:
        grant = make.grant(ceiling=100_000)
        make.campaign(grants=[(grant, 10_000)], cap=10, budget=100_000)
        path = f"/office/grants/{grant.id}/ceiling"

        below = manager.post(path, {"before": "100000", "ceiling": "49,999"})
        exact = manager.post(path, {"before": "100000", "ceiling": "50,000"})
        letters = manager.post(path, {"before": "50000", "ceiling": "오만"})

        assert below.status_code == 409
        assert "예약 50,000원, 모두 50,000원이" in below.text
        assert 'value="49,999"' in below.text
        assert exact.status_code == 303
        assert letters.status_code == 422
        assert 'value="오만"' in letters.text


def test_a_person_of_the_office_is_asked_for(visitor: Visitor) -> None:
    resident: Person = make.person()
    visitor.enter(resident)

    assert visitor.get(LIST).status_code == 403
