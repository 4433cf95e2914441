"""The coupon zone in a rush, the numbers people type, and the desk that makes them."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.coupons import claims, code_batches, codes, returns
from marketplace.coupons.models import Coupon
from tests import make
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look
from tests.browser.pages.sign_in import sign_in

pytestmark = pytest.mark.usefixtures("street")


def enter_code(page: Page, code: str) -> None:
    """Type a number in the coupon zone."""
    page.goto("/coupons")
    page.get_by_label("안내문이나 종이 쿠폰에 적힌 번호").fill(code)
    page.locator(".code-entry").get_by_role("button", name="쿠폰 받기").click()


def test_the_last_coupon_goes_to_somebody_else_who_gives_it_back(
    page: Page, complaints: list[str]
) -> None:
    drive = make.waited_campaign(slug="rush", cap=1)
    sign_in(page, "resident@example.com")
    page.goto("/coupons")
    look.check(page)
    quick = make.person()
    with transaction():
        taken = claims.claim_at(slug="rush", person_id=quick.id, at=clock.now())

    page.get_by_role("button", name="쿠폰 받기").last.click()

    expect(page.get_by_role("alert")).to_contain_text("모두 소진되었습니다")
    look.check(page)
    # The count is kept for two seconds.
    page.wait_for_timeout(2_100)
    page.goto("/coupons")
    page.get_by_role("button", name="대기 신청").click()
    expect(page.get_by_text("대기자가 되었습니다")).to_be_visible()
    expect(page.get_by_role("button", name="대기 취소")).to_be_visible()
    look.check(page)
    with transaction():
        returns.give_back(coupon_id=taken.coupon_id, person_id=quick.id, at=clock.now())
    page.goto("/my/coupons")
    expect(page.get_by_role("heading", name=drive.name)).to_be_visible()
    page.goto("/coupons")
    page.get_by_role("button", name="안 쓰면 반납").click()
    expect(page.get_by_text("반납했습니다")).to_be_visible()
    assert look.refusals_aside(complaints) == []
    db.session.rollback()
    assert db.session.get_one(Coupon, taken.coupon_id).person_id is None


def test_the_button_opens_at_the_release(page: Page) -> None:
    make.campaign(name="정각 쿠폰", slug="sharp", starts_at=clock.now() + timedelta(seconds=6))
    sign_in(page, "resident@example.com")
    page.goto("/coupons")
    expect(page.get_by_text("초 뒤에 열립니다")).to_be_visible()
    assert page.locator(".ticket").get_by_role("button", name="쿠폰 받기").count() == 0

    page.locator(".ticket").get_by_role("button", name="쿠폰 받기").click(timeout=15_000)

    page.wait_for_url("**/my/coupons?*")
    expect(page.get_by_role("heading", name="정각 쿠폰")).to_be_visible()


def test_a_number_is_typed_wrong_and_then_right(page: Page, complaints: list[str]) -> None:
    drive = make.code_campaign(name="골목 쿠폰", cap=3)
    _, (code, *_) = make.code_batch(drive)
    sign_in(page, "resident@example.com")

    enter_code(page, "0000-0000-000U")

    expect(page.get_by_role("alert")).to_contain_text("쓸 수 없는 쿠폰 번호입니다")
    expect(page.get_by_label("안내문이나 종이 쿠폰에 적힌 번호")).to_have_value("0000-0000-000U")
    look.check(page)
    enter_code(page, codes.shown(code).lower())
    page.wait_for_url("**/my/coupons?*")
    expect(page.get_by_role("heading", name="골목 쿠폰")).to_be_visible()
    assert look.refusals_aside(complaints) == []


def test_the_desk_makes_codes_and_gives_by_list(
    page: Page,
    live_server: LiveServer,
    complaints: list[str],
) -> None:
    manager = make.person("나다인", roles=[Role.CAMPAIGN_MANAGER])
    session = session_of(live_server.app, manager)
    page.context.add_cookies([{"name": "session", "value": session, "url": live_server.url}])
    drive = make.code_campaign(name="골목 쿠폰", cap=100)
    page.goto(f"/office/campaigns/{drive.id}/codes")
    page.get_by_label("만들 장수").fill("12")
    page.get_by_role("button", name="만들기").click()
    expect(page.get_by_text("곧 시작")).to_be_visible()
    look.check(page)
    (batch,) = code_batches.list_of_campaign(drive.id)
    with transaction():
        code_batches.make_some(batch.id, at=clock.now())

    # The page asks on its own.
    expect(page.get_by_text("12 / 12장")).to_be_visible()
    look.check(page)
    with page.expect_download() as sheet:
        page.get_by_role("button", name="인쇄용 PDF 한 번 받기").click()
    assert sheet.value.path().read_bytes().startswith(b"%PDF-")

    granting = make.campaign(name="명단 쿠폰", cap=5)
    page.goto(f"/office/campaigns/{granting.id}/lists")
    look.check(page)
    page.get_by_label("XLSX 또는 CSV 파일").set_input_files(
        {
            "name": "명단.csv",
            "mimeType": "text/csv",
            "buffer": io.BytesIO("이메일\nresident@example.com\n".encode()).getvalue(),
        }
    )
    page.get_by_role("button", name="올리기").click()
    expect(page.get_by_role("heading", name="명단 결과")).to_be_visible()
    look.check(page)
    assert complaints == []
