"""A resident's phone and a cashier's: scan, amount, done; taken back; and all without network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from marketplace.accounts import secrets
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import devices
from marketplace.coupons.counter_models import CounterDevice, CounterUse, OfflineOutcome, OfflineUse
from marketplace.coupons.models import CouponKind
from marketplace.enterprises.models import MemberRole
from tests import make
from tests.bed.web import LiveServer
from tests.browser import till as tills
from tests.browser.pages import look
from tests.browser.pages.sign_in import PASSWORD, sign_in
from tests.service.checkout.tills import Till, assert_books_hold, shop

# Decoding a film is work for a busy machine.
_SCANS_IN: Final = 30_000
# The scanner says so of every address without https, though browsers trust this machine's own.
_NO_HTTPS: Final = "The camera stream is only accessible if the page is transferred via https"


@pytest.fixture
def till(live_app: Flask) -> Iterator[Till]:
    """A bakery, its cashier, and a resident with 18,500 won; the context stays pushed."""
    with live_app.app_context():
        made = Till(
            CouponKind.STORED_VALUE,
            18_500,
            rules={"name": "마중물 금액권"},
            enterprise=shop("밀밭나루 빵집"),
        )
        make_member(made)
        yield made


def make_member(till: Till) -> None:
    """Let the cashier work at the till, and both sign in with a password."""
    make.member(till.enterprise, till.cashier, role=MemberRole.CASHIER)
    with transaction():
        for person in (till.cashier, till.resident):
            person.password_hash = secrets.hash_secret(PASSWORD)
            db.session.add(person)


@pytest.fixture
def seen_by_camera(tmp_path: Path) -> Path:
    """Where the cashier's camera looks."""
    return tmp_path / "camera.mjpeg"


def show_phone(page: Page, till: Till, seen_by_camera: Path) -> None:
    """Open the resident's coupon and hold the phone before the camera."""
    page.goto(f"/my/coupons/{till.coupon_id}")
    expect(page.locator(".qr-box svg")).to_be_visible()
    tills.film(page.locator(".qr-box").screenshot(), seen_by_camera)


def test_scan_amount_done_and_taken_back(
    page: Page,
    till: Till,
    chromium: Browser,
    live_server: LiveServer,
    seen_by_camera: Path,
    complaints: list[str],
) -> None:
    sign_in(page, till.resident.email)
    show_phone(page, till, seen_by_camera)
    look.check(page)
    # Looking took a while: the camera gets a QR with its whole life ahead.
    show_phone(page, till, seen_by_camera)
    with tills.camera(
        chromium, seen_by_camera, base_url=live_server.url, complaints=complaints
    ) as cashier:
        sign_in(cashier, till.cashier.email)
        cashier.goto("/seller/counter")

        expect(cashier).to_have_url(re.compile("/seller/counter/amount$"), timeout=_SCANS_IN)
        expect(cashier.locator(".amt")).to_contain_text("쓸 수 있는 돈 18,500원")
        look.check(cashier)
        for key in ("7", "5", "00"):
            cashier.get_by_role("button", name=key, exact=True).click()
        cashier.get_by_role("button", name="7,500원 쓰기").click()

        expect(cashier.get_by_role("heading", level=1)).to_have_text("쿠폰을 썼습니다")
        expect(cashier.locator(".slip")).to_contain_text("11,000원")
        look.check(cashier)
        assert till.coupon.balance == 11_000
        assert till.owed == 7_500

        cashier.get_by_text("사용 취소 (오늘 안에만)").click()
        cashier.get_by_role("button", name="7,500원 사용 취소").click()
        expect(cashier.get_by_role("heading", level=1)).to_have_text("사용을 취소했습니다")
        look.check(cashier)
        cashier.goto("/seller/counter/today")
        look.check(cashier)

    page.goto("/my/coupons/receipts")
    look.check(page)
    page.get_by_role("link", name=re.compile("밀밭나루 빵집")).click()
    expect(page.locator("main")).to_contain_text("사용 취소됨")
    look.check(page)
    assert (till.coupon.balance, till.owed) == (18_500, 0)
    assert_books_hold()
    assert [each for each in complaints if _NO_HTTPS not in each] == []


def test_takes_coupons_without_network_and_sends_them_later(
    page: Page,
    till: Till,
    chromium: Browser,
    live_server: LiveServer,
    seen_by_camera: Path,
) -> None:
    sign_in(page, till.resident.email)
    page.goto("/my/coupons")
    look.check(page)
    with tills.camera(chromium, seen_by_camera, base_url=live_server.url, complaints=[]) as cashier:
        sign_in(cashier, till.cashier.email)
        cashier.goto("/seller/counter/devices")
        cashier.get_by_label("기기 이름").fill("계산대 1")
        cashier.get_by_role("button", name="등록").click()
        look.check(cashier)
        device = db.session.scalars(select(CounterDevice)).one()
        with transaction():
            devices.set_cap(device_id=device.id, cap=Won(10_000), actor_id=till.cashier.id)
        seen_by_camera.write_bytes(b"")
        cashier.goto("/seller/counter")
        look.check(cashier)
        expect(cashier.locator("#till-state")).to_have_text("연결됨")
        # The last of the files the till keeps.
        cashier.wait_for_function(
            "async () => !!(await caches.match('/static/vendor/qr-scanner-worker.min.js'))"
        )
        cashier.wait_for_function("() => JSON.parse(localStorage['counter.pack']).device.cap")

        show_phone(page, till, seen_by_camera)
        cashier.context.set_offline(True)
        cashier.goto("/seller/counter")

        heading = cashier.get_by_role("heading", name="연결 없이 받기")
        expect(heading).to_be_visible(timeout=_SCANS_IN)
        cashier.get_by_label("쓸 금액").fill("3000")
        cashier.get_by_role("button", name="연결 없이 쓰기").click()
        expect(cashier.locator("#offline-said")).to_contain_text("3,000원 쿠폰을 받아 두었습니다")
        expect(cashier.locator("#queue")).to_contain_text("보내지 못한 사용 1건 · 3,000원")
        assert db.session.scalars(select(OfflineUse)).all() == []

        cashier.context.set_offline(False)
        expect(cashier.locator("#sent-said")).to_have_text("1건을 보냈습니다.", timeout=_SCANS_IN)
        expect(cashier.locator("#queue")).to_be_hidden()

    db.session.rollback()
    kept = db.session.scalars(select(OfflineUse)).one()
    assert (kept.outcome, kept.amount) == (OfflineOutcome.REDEEMED, 3_000)
    assert db.session.scalars(select(CounterUse.device_id)).one() == device.id
    assert (till.coupon.balance, till.owed) == (15_500, 3_000)
    assert_books_hold()


def test_types_the_number_without_javascript(
    page: Page, till: Till, chromium: Browser, live_server: LiveServer
) -> None:
    sign_in(page, till.resident.email)
    page.goto(f"/my/coupons/{till.coupon_id}")
    code = page.locator(".code").evaluate("words => words.lastChild.textContent")
    window = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    try:
        cashier = window.new_page()
        sign_in(cashier, till.cashier.email)
        cashier.goto("/seller/counter")
        cashier.get_by_label("번호로 넣기").fill(code)
        cashier.get_by_role("button", name="확인").click()
        cashier.get_by_label("쓸 금액").fill("1,000")
        cashier.get_by_role("button", name="쿠폰 쓰기").click()
        expect(cashier.get_by_role("heading", level=1)).to_have_text("쿠폰을 썼습니다")
    finally:
        window.close()

    assert till.coupon.balance == 17_500
