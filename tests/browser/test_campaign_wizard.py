"""A campaign from the wizard to its start: written by one person, approved by another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from marketplace.accounts.models import Person, Role
from marketplace.coupons.models import FunderKind
from tests import make
from tests.bed import browser
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look


@pytest.fixture
def office(live_app: Flask) -> Iterator[tuple[Person, Person]]:
    """A campaign manager and an approver, with money of two funders and a shop."""
    with live_app.app_context():
        make.grant(FunderKind.CITY, ceiling=7_000_000)
        make.grant(FunderKind.DISTRICT, ceiling=3_000_000)
        make.enterprise("밀밭나루 빵집")
        make.dong()
        yield (
            make.person("박담당", roles=[Role.CAMPAIGN_MANAGER]),
            make.person("김팀장", roles=[Role.APPROVER]),
        )


def _enter(page: Page, person: Person, server: LiveServer) -> None:
    cookie = session_of(server.app, person)
    page.context.add_cookies([{"name": "session", "value": cookie, "url": server.url}])


def test_is_written_by_one_and_approved_by_another(
    page: Page,
    chromium: Browser,
    live_server: LiveServer,
    office: tuple[Person, Person],
    complaints: list[str],
) -> None:
    manager, approver = office
    _enter(page, manager, live_server)
    _write(page)
    address = page.url
    page.get_by_role("link", name="모의 계산").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("모의 계산")
    look.check(page)
    page.goto(address)
    page.get_by_role("button", name="승인 신청").click()
    expect(page.get_by_text("승인을 신청했습니다")).to_be_visible()

    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as second:
        _enter(second, approver, live_server)
        second.goto(address)
        look.check(second)
        second.get_by_role("button", name="승인", exact=True).click()
        expect(second.get_by_text("승인했습니다. 캠페인 담당자가")).to_be_visible()

    page.goto(address)
    page.get_by_role("button", name="발행하고 진행 시작").click()
    expect(page.get_by_text("발행 100 / 승인 100장")).to_be_visible()
    page.get_by_role("button", name="바로 멈추기").click()
    expect(page.get_by_text("캠페인을 멈췄습니다")).to_be_visible()
    look.check(page)
    for path in ("/office/campaigns", "/office/grants"):
        page.goto(path)
        look.check(page)
    assert look.refusals_aside(complaints) == []


def _write(page: Page) -> None:
    page.goto("/office/campaigns")
    page.get_by_role("link", name="새 캠페인").first.click()
    look.check(page)
    page.get_by_label("캠페인 이름").fill("가을 마중물")
    page.get_by_label("발행 수량").fill("100")
    page.get_by_label("받기 시작").fill("2026-12-01T10:00")
    page.get_by_label("받기 끝").fill("2099-12-31T18:00")
    page.get_by_label("금액", exact=True).fill("오천")
    page.get_by_label("마지막 날").fill("2099-12-31")
    page.get_by_label("한 사람이 받는 장수").fill("1")
    page.get_by_role("button", name="초안 저장").click()

    # Refused, and nothing is lost.
    expect(page.get_by_role("alert")).to_contain_text("숫자로 적어 주세요")
    expect(page.get_by_label("캠페인 이름")).to_have_value("가을 마중물")
    expect(page.get_by_label("금액", exact=True)).to_have_value("오천")
    look.check(page)
    page.get_by_label("금액", exact=True).fill("5,000")
    page.get_by_label("시비", exact=False).first.fill("70")
    page.get_by_label("구비", exact=False).first.fill("30")
    # The summary follows without a press.
    page.get_by_label("최소 주문 금액").fill("20,000")
    page.get_by_label("최소 주문 금액").blur()
    expect(page.locator("#so-far")).to_contain_text("20,000원 이상")
    expect(page.locator("#so-far")).to_contain_text("350,000원")
    page.get_by_role("button", name="초안 저장").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("가을 마중물")
    look.check(page)
