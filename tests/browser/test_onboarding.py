"""An enterprise comes in: applies, is approved, and its owner stands before the shop's desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from marketplace.accounts.models import Person, Role
from marketplace.enterprises.application_models import RequirementKind
from tests import make
from tests.bed import browser
from tests.bed.web import LiveServer
from tests.browser.browsing.mall import session_of
from tests.browser.pages import look


@pytest.fixture
def people(live_app: Flask) -> Iterator[tuple[Person, Person, Person]]:
    """An applicant, an operator and an approver, with a checklist of three points."""
    with live_app.app_context():
        make.requirement("사업자등록증")
        make.requirement("입점약관", RequirementKind.TERMS)
        make.requirement("현장 확인", RequirementKind.REVIEW)
        make.dong()
        yield (
            make.person("나대표"),
            make.person("박담당", roles=[Role.OPERATOR]),
            make.person("김팀장", roles=[Role.APPROVER]),
        )


def _enter(page: Page, person: Person, server: LiveServer) -> None:
    cookie = session_of(server.app, person)
    page.context.add_cookies([{"name": "session", "value": cookie, "url": server.url}])


def _apply(page: Page, paper: Path, number: str) -> None:
    page.goto("/apply")
    look.check(page)
    page.get_by_role("link", name="새 신청서 쓰기").click()
    page.get_by_label("상호").fill("물결 수선소")
    page.get_by_label("사업자등록번호").fill("123-45-67890")
    page.get_by_label("동", exact=False).first.select_option(label="자양1동")
    page.get_by_role("button", name="저장하고 다음").click()
    expect(page.get_by_role("alert").first).to_contain_text("검증 숫자")
    expect(page.get_by_label("상호")).to_have_value("물결 수선소")
    look.check(page)
    page.get_by_label("사업자등록번호").fill(number)
    page.get_by_label("대표자").fill("나대표")
    page.get_by_label("가게 전화").fill("02-450-1234")
    page.get_by_label("우편번호").fill("05000")
    page.get_by_label("도로명 주소").fill("서울특별시 광진구 능동로 120")
    first = page.get_by_role("group", name="지정 1")
    first.get_by_label("종류").select_option(label="마을기업")
    first.get_by_label("번호").fill("제2026-7호")
    first.get_by_label("지정 기관").fill("서울특별시")
    first.get_by_label("지정일").fill("2026-01-02")
    page.get_by_label("은행").select_option(label="신한은행")
    page.get_by_label("계좌번호").fill("110-123-456789")
    page.get_by_label("예금주").fill("나대표")
    page.get_by_role("button", name="저장하고 다음").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("물결 수선소 입점 신청")
    page.get_by_role("button", name="신청서 내기").click()
    expect(page.get_by_role("alert")).to_contain_text("입점약관")
    look.check(page)
    page.get_by_label("제2026-7호 지정서 파일").set_input_files(paper)
    page.get_by_role("button", name=re.compile("^올리기.*제2026-7호")).click()
    page.get_by_label("사업자등록증 파일").set_input_files(paper)
    page.get_by_role("button", name=re.compile("^올리기.*사업자등록증")).click()
    page.get_by_label("읽었고 동의합니다").check()
    page.get_by_role("button", name=re.compile("^저장.*입점약관")).click()
    page.get_by_role("button", name="신청서 내기").click()
    expect(page.get_by_text("심사 대기")).to_be_visible()
    look.check(page)


def test_applies_is_approved_and_opens(
    page: Page,
    chromium: Browser,
    live_server: LiveServer,
    people: tuple[Person, Person, Person],
    complaints: list[str],
    tmp_path: Path,
) -> None:
    applicant, operator, approver = people
    paper = tmp_path / "서류.pdf"
    paper.write_bytes(make.PDF)
    _enter(page, applicant, live_server)
    _apply(page, paper, make.valid_business_number())

    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as desk:
        _enter(desk, operator, live_server)
        desk.goto("/office/requirements")
        look.check(desk)
        desk.get_by_role("link", name="새 항목").click()
        look.check(desk)
        desk.goto("/office/applications")
        look.check(desk)
        desk.get_by_role("link", name="물결 수선소").click()
        look.check(desk)
        desk.get_by_role("button", name=re.compile("^확인.*사업자등록증")).click()
        desk.get_by_role("button", name=re.compile("^확인.*현장 확인")).click()
        with desk.expect_download() as download:
            desk.get_by_role("button", name=re.compile("^열기.*서류.pdf")).first.click()
        assert download.value.suggested_filename == "서류.pdf"
        address = desk.url.partition("#")[0]
    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as head:
        _enter(head, approver, live_server)
        head.goto(address)
        head.get_by_role("button", name="입점 승인").click()
        expect(head.get_by_text("입점을 승인했습니다. 신청인이")).to_be_visible()
        head.get_by_role("link", name="등록부에서 보기").click()
        expect(head.get_by_role("heading", level=1)).to_have_text("물결 수선소")
        look.check(head)
        head.goto("/office/enterprises")
        look.check(head)

    for path in ("/seller", "/seller/members", "/seller/profile"):
        page.goto(path)
        look.check(page)
    page.goto("/seller/members")
    page.get_by_label("이메일").fill("new@example.com")
    page.get_by_role("button", name="초대 메일 보내기").click()
    expect(page.get_by_role("rowheader", name="new@example.com")).to_be_visible()
    look.check(page)
    assert look.refusals_aside(complaints) == []
