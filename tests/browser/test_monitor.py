"""The office watches a campaign, takes a file away, clears a suspicion and sees the books."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from marketplace.accounts.models import Role
from marketplace.core.db import transaction
from marketplace.coupons import fraud
from marketplace.coupons.fraud import FraudKind
from marketplace.reporting import book_watch
from tests import make
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look
from tests.make import NOW
from tests.service.reporting.spending import LATER, Spending

PERIOD = "from=2026-11-24&until=2026-11-25"


@pytest.fixture
def spending(live_app: Flask) -> Iterator[Spending]:
    """A campaign that was spent, with a flag raised and the books checked."""
    with live_app.app_context():
        made = Spending()
        with transaction():
            for kind in (FraudKind.OWN_MEMBER, FraudKind.MANY_SHOPS):
                fraud.raise_flag(
                    kind,
                    kind.value,
                    campaign_id=made.campaign_id,
                    enterprise_id=made.bakery.id,
                    person_id=made.till.resident.id,
                    details={"day": "2026-11-24", "count": 3, "won": 6_000},
                    at=NOW,
                )
            book_watch.watch(at=LATER)
        yield made


@pytest.fixture
def office(page: Page, live_app: Flask, live_server: LiveServer, spending: Spending) -> Page:  # noqa: ARG001
    """Somebody of the office, signed in with both factors."""
    person = make.person("나다인", roles=[Role.CAMPAIGN_MANAGER, Role.ADMINISTRATOR])
    cookie = session_of(live_app, person)
    page.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
    return page


@pytest.mark.parametrize(
    "path",
    [
        f"/office/campaigns/{{campaign}}/monitor?{PERIOD}",
        "/office/campaigns/{campaign}/monitor?from=2026-01-01&until=2026-01-02",
        f"/office/funders?{PERIOD}",
        "/office/fraud",
        "/office/fraud?state=cleared",
        "/office/books",
    ],
)
def test_every_page_is_sound_at_every_width(
    office: Page, spending: Spending, complaints: list[str], path: str
) -> None:
    answer = office.goto(path.format(campaign=spending.campaign_id))

    assert answer is not None
    assert answer.status == 200
    assert office.locator("h1").count() == 1
    look.check(office)
    assert complaints == []


def test_a_chart_has_its_table_and_the_campaign_its_file(
    office: Page, spending: Spending, complaints: list[str]
) -> None:
    office.goto(f"/office/campaigns/{spending.campaign_id}/monitor?{PERIOD}")

    shops = office.locator("#by-enterprise")
    shops.get_by_text("표로 보기").click()
    expect(shops.get_by_role("row").filter(has_text="밀밭나루 빵집")).to_contain_text("14,000")
    expect(shops.locator("canvas")).to_be_visible()
    for _ in range(2):
        with office.expect_download() as taken:
            office.get_by_role("button", name="사용 내역 XLSX").click()
    rows = CalamineWorkbook.from_path(taken.value.path()).get_sheet_by_index(0).to_python()
    assert len(rows) == 4
    assert complaints == []


def test_a_campaign_stops_with_one_press(office: Page, spending: Spending) -> None:
    office.goto(f"/office/campaigns/{spending.campaign_id}/monitor")

    office.get_by_role("button", name="바로 멈추기").click()

    expect(office.get_by_text("캠페인을 멈췄습니다")).to_be_visible()
    expect(office.get_by_role("button", name="바로 멈추기")).to_have_count(0)


def test_a_suspicion_is_closed_with_a_note(office: Page) -> None:
    office.goto("/office/fraud")

    office.get_by_placeholder("확인한 내용").first.fill("가게에 물어봄")
    office.get_by_role("button", name="닫기").first.click()

    expect(office.get_by_text("이상 징후를 닫았습니다")).to_be_visible()
    expect(office.locator(".flag")).to_have_count(1)
    office.get_by_role("link", name="닫은 것").click()
    expect(office.get_by_text("가게에 물어봄")).to_be_visible()


def test_the_books_are_green_with_the_moment_of_the_check(office: Page) -> None:
    office.goto("/office/books")

    expect(office.get_by_text("장부가 모두 맞습니다")).to_be_visible()
    expect(office.get_by_role("row").filter(has_text="봄 나들이")).to_contain_text("맞음")
