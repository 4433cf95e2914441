"""The desk's pages for codes and lists of people."""

from __future__ import annotations

import csv
import io

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.core import sheets
from marketplace.core.db import db, transaction
from marketplace.core.storage import Storage
from marketplace.coupons import code_batches, codes, grant_lists, grant_sheet
from marketplace.coupons.issue_models import CodeBatch, CouponCode, GrantList
from marketplace.coupons.models import Campaign, Coupon
from tests import make
from tests.web.visitor import Visitor


@pytest.fixture
def manager(visitor: Visitor) -> Visitor:
    """A campaign manager with a second factor."""
    return visitor.enter(make.person(roles=[Role.CAMPAIGN_MANAGER]), second_factor=True)


def finish(batch_id: int) -> None:
    """Do what the worker does."""
    more = True
    while more:
        with transaction():
            more = code_batches.make_some(batch_id, at=make.NOW)


def asked(manager: Visitor, drive: Campaign, wanted: int) -> int:
    """Ask for a batch at the desk and return its id."""
    answer = manager.post(f"/office/campaigns/{drive.id}/codes", {"wanted": wanted})
    assert answer.status_code == 303
    return db.session.scalars(select(CodeBatch.id).order_by(CodeBatch.id.desc())).first() or 0


class TestCodes:
    def test_are_made_with_progress_and_taken_once(self, manager: Visitor) -> None:
        drive = make.code_campaign(name="=골목 쿠폰", cap=10)
        path = f"/office/campaigns/{drive.id}/codes"
        batch_id = asked(manager, drive, 3)
        waits = manager.get(path).text
        assert f'hx-get="{path}/{batch_id}/progress"' in waits
        assert "CSV 한 번 받기" not in waits
        finish(batch_id)
        assert "CSV 한 번 받기" in manager.get(f"{path}/{batch_id}/progress").text

        file = manager.post(f"{path}/{batch_id}/csv")
        again = manager.post(f"{path}/{batch_id}/csv")
        sheet = manager.post(f"{path}/{batch_id}/sheet")

        text = file.data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert file.data.startswith(b"\xef\xbb\xbf")
        assert [row[0] for row in rows[1:]] == ["'=골목 쿠폰"] * 3
        digests = set(db.session.scalars(select(CouponCode.digest)))
        assert {codes.digest(codes.read(row[2]) or "") for row in rows[1:]} == digests
        assert again.status_code == 409
        assert "이미 한 번 내려받은 파일" in again.text
        assert sheet.mimetype == "application/pdf"
        assert sheet.data.startswith(b"%PDF-")
        assert "지움" in manager.get(path).text

    def test_can_be_forgotten(self, manager: Visitor) -> None:
        drive = make.code_campaign(cap=10)
        path = f"/office/campaigns/{drive.id}/codes"
        batch_id = asked(manager, drive, 3)
        early = manager.post(f"{path}/{batch_id}/forget")
        finish(batch_id)

        forgotten = manager.post(f"{path}/{batch_id}/forget")

        assert (early.status_code, forgotten.status_code) == (409, 303)
        assert manager.post(f"{path}/{batch_id}/csv").status_code == 409

    @pytest.mark.parametrize("wanted", ["", "0", "100001", "x", "99999999999999999999"])
    def test_refuses_odd_numbers_beside_the_field(self, manager: Visitor, wanted: str) -> None:
        drive = make.code_campaign(cap=10)

        answer = manager.post(f"/office/campaigns/{drive.id}/codes", {"wanted": wanted})

        assert answer.status_code in (400, 422)
        assert 'role="alert"' in answer.text

    def test_refuses_more_than_approved_and_other_campaigns(self, manager: Visitor) -> None:
        small, other = make.code_campaign(cap=2), make.campaign()

        for drive, words in ((small, "승인된 발행 수량"), (other, "개별 번호 캠페인")):
            answer = manager.post(f"/office/campaigns/{drive.id}/codes", {"wanted": 3})
            assert answer.status_code == 409
            assert words in answer.text

    def test_belong_to_their_campaign(self, manager: Visitor) -> None:
        batch_id, _ = make.code_batch()
        other = make.code_campaign(cap=1)
        path = f"/office/campaigns/{other.id}/codes/{batch_id}"

        assert manager.get(f"{path}/progress").status_code == 404
        for act in ("csv", "sheet", "forget"):
            assert manager.post(f"{path}/{act}").status_code == 404
        assert manager.get("/office/campaigns/999999/codes").status_code == 404

    def test_an_auditor_looks_and_touches_nothing(self, visitor: Visitor) -> None:
        drive = make.code_campaign(cap=10)
        make.code_batch(drive)
        visitor.enter(make.person(roles=[Role.AUDITOR]), second_factor=True)

        page = visitor.get(f"/office/campaigns/{drive.id}/codes").text

        assert "완료" in page
        assert "<form" not in page.partition('id="main"')[2]


class TestLists:
    def _upload(self, manager: Visitor, drive: Campaign, content: bytes, name: str) -> str:
        answer = manager.request(
            "POST",
            f"/office/campaigns/{drive.id}/lists",
            data={"csrf_token": manager.csrf_token(), "file": (io.BytesIO(content), name)},
        )
        assert answer.status_code == 303
        return answer.location

    def test_goes_up_and_comes_back_row_by_row(self, manager: Visitor, app: Flask) -> None:
        drive = make.campaign(cap=5)
        person = make.person("홍길동", email="hong@example.com")
        content = "이메일,이름\nhong@example.com,홍길동\nnobody@example.com,=없음\n".encode()

        shown = self._upload(manager, drive, content, "명단.csv")
        waits = manager.get(shown).text
        uploaded = db.session.scalars(select(GrantList)).one()
        storage = Storage.of(app.extensions["settings"])
        entries = grant_sheet.parse(storage.get(uploaded.storage_key or ""))
        with transaction():
            grant_lists.start(uploaded.id, total=len(entries))
            grant_lists.give_some(uploaded.id, entries, at=make.NOW)
            grant_lists.finish(uploaded.id, at=make.NOW)

        assert 'hx-trigger="every 2s"' in waits
        page = manager.get(shown).text
        assert "홍*동" in page
        assert "회원을 찾을 수 없습니다" in page
        report = manager.get(f"{shown}/report.csv").data.decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(report)))[1][:3] == ["2", "홍*동", "granted"]
        given = select(Coupon.id).where(Coupon.person_id == person.id)
        assert len(db.session.scalars(given).all()) == 1

    def test_refuses_no_file_and_too_large_ones(
        self, manager: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sheets, "LARGEST_FILE", 100)
        drive = make.campaign()
        path = f"/office/campaigns/{drive.id}/lists"

        nothing = manager.post(path)
        large = manager.request(
            "POST",
            path,
            data={
                "csrf_token": manager.csrf_token(),
                "file": (io.BytesIO(b"e" * 101), "a.csv"),
            },
        )

        assert nothing.status_code in (400, 422)
        assert large.status_code in (400, 422)
        assert "5MB" in large.text
        assert make.count_of(GrantList) == 0

    def test_belongs_to_its_campaign(self, manager: Visitor) -> None:
        shown = self._upload(manager, make.campaign(), "이메일\na@example.com\n".encode(), "a.csv")
        other = make.campaign()
        list_id = shown.rpartition("/")[2]

        for tail in ("", "/progress", "/report.csv"):
            path = f"/office/campaigns/{other.id}/lists/{list_id}{tail}"
            assert manager.get(path).status_code == 404

    def test_a_campaign_with_codes_takes_none(self, manager: Visitor, app: Flask) -> None:
        drive = make.code_campaign()
        folder = app.extensions["settings"].data_dir / "files" / "grant-lists"
        before = set(folder.glob("*"))

        answer = manager.request(
            "POST",
            f"/office/campaigns/{drive.id}/lists",
            data={
                "csrf_token": manager.csrf_token(),
                "file": (io.BytesIO("이메일\na@example.com\n".encode()), "a.csv"),
            },
        )

        assert answer.status_code == 409
        assert set(folder.glob("*")) == before
