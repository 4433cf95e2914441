"""Coupons by list."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
import xlsxwriter
from sqlalchemy import func, select

from marketplace.core.db import db, transaction
from marketplace.core.sheets import SheetUnreadable
from marketplace.coupons import grant_lists, grant_sheet
from marketplace.coupons.grant_lists import BatchState, NotByList
from marketplace.coupons.grant_sheet import Entry
from marketplace.coupons.models import Campaign, CampaignStatus, ClaimSource, Coupon
from tests import make
from tests.make import NOW


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    """Write a spreadsheet as an office would."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return written.getvalue()


class TestParse:
    def test_reads_a_workbook(self) -> None:
        content = workbook(
            [
                ["2026년 명단"],
                [],
                ["회원 번호", "이름", "비고"],
                [17, "홍길동", ""],
                [],
                [18, "", ""],
            ]
        )

        read = grant_sheet.parse(content)

        assert [(entry.row, entry.number, entry.name) for entry in read] == [
            (4, "17", "홍길동"),
            (6, "18", ""),
        ]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
    def test_reads_text_as_koreans_save_it(self, encoding: str) -> None:
        content = '이름,휴대전화\r\n"홍,길동",010-1234-5678\r\n'.encode(encoding)

        assert grant_sheet.parse(content) == [Entry(2, "", "", "홍,길동", "010-1234-5678")]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x00\x01\x02",
            b"PK\x03\x04 nothing",
            "이름\n홍길동\n".encode(),
            "이메일\n".encode(),
            b"\xff\xfe\xff\xfe\xff",
            b"email\n" + b"a@example.com\n" * 5_001,
            b"e" * (5 * 1024 * 1024 + 1),
            workbook([["이메일"], *[["a@example.com"]] * 5_001]),
        ],
        ids=range(9),
    )
    def test_refuses_what_is_no_list(self, content: bytes) -> None:
        with pytest.raises(SheetUnreadable):
            grant_sheet.parse(content)


@pytest.mark.usefixtures("isolated")
class TestGiving:
    def _take_in(self, drive: Campaign) -> int:
        with transaction():
            return grant_lists.take_in(
                campaign_id=drive.id,
                file_name="명단.csv",
                storage_key="grant-lists/1",
                by=make.person().id,
                at=NOW,
            )

    def _run(self, list_id: int, entries: list[Entry]) -> list[tuple[int, str]]:
        with transaction():
            grant_lists.start(list_id, total=len(entries))
        more = True
        while more:
            with transaction():
                more = grant_lists.give_some(list_id, entries, at=NOW)
        with transaction():
            grant_lists.finish(list_id, at=NOW)
        return [(line.row, line.outcome) for line in grant_lists.get(list_id).lines]

    def test_tries_every_row_and_says_what_became_of_it(self) -> None:
        drive = make.campaign(cap=2)
        one = make.person("홍길동", email="one@example.com", phone="01011112222")
        two = make.person("김철수", phone="010-3333-4444")
        make.person("이둘", phone="01055556666")
        make.person("이둘", phone="01055556666")
        three = make.person()
        list_id = self._take_in(drive)

        outcomes = self._run(
            list_id,
            [
                Entry(2, "ONE+tag@example.com", "", "", ""),
                Entry(3, "", "", "김철수", "+82 10 3333 4444"),
                Entry(4, "", str(one.id), "", ""),
                Entry(5, "", "", "이둘", "01055556666"),
                Entry(6, "nobody@example.com", "", "", ""),
                Entry(7, "", "", "홍길동", ""),
                Entry(8, "", "", "홍길동", "12"),
                Entry(9, "", "\uff19" * 30, "", ""),
                Entry(10, "", str(three.id), "", ""),
            ],
        )

        assert outcomes == [
            (2, "granted"),
            (3, "granted"),
            (4, "already"),
            (5, "ambiguous"),
            (6, "unknown"),
            (7, "incomplete"),
            (8, "incomplete"),
            (9, "unknown"),
            (10, "limit_total"),
        ]
        uploaded = grant_lists.get(list_id)
        assert (uploaded.state, uploaded.total, uploaded.granted) == (BatchState.READY, 9, 2)
        assert uploaded.storage_key is None
        assert uploaded.lines[1].name == "김*수"
        given = db.session.execute(
            select(Coupon.person_id, Coupon.source).where(Coupon.person_id.is_not(None))
        ).all()
        assert set(given) == {
            (one.id, ClaimSource.DIRECT_GRANT),
            (two.id, ClaimSource.DIRECT_GRANT),
        }

    def test_gives_nobody_a_second_coupon(self) -> None:
        drive = make.campaign(cap=9)
        entries = [Entry(row, "", str(make.person().id), "", "") for row in range(2, 6)]

        self._run(self._take_in(drive), entries)
        again = self._run(self._take_in(drive), entries)

        assert {outcome for _, outcome in again} == {"already"}
        assert db.session.scalar(select(func.count(Coupon.person_id))) == 4

    def test_goes_on_where_a_killed_worker_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(grant_lists, "CHUNK", 2)
        drive = make.campaign(cap=9)
        entries = [Entry(row, "", str(make.person().id), "", "") for row in range(2, 7)]
        list_id = self._take_in(drive)
        with transaction():
            assert grant_lists.give_some(list_id, entries, at=NOW)

        outcomes = self._run(list_id, entries)

        assert outcomes == [(row, "granted") for row in range(2, 7)]
        assert grant_lists.get(list_id).granted == 5

    def test_is_refused_where_coupons_have_codes_or_do_not_run(self) -> None:
        for drive in (make.code_campaign(), make.campaign(status=CampaignStatus.PAUSED)):
            with pytest.raises(NotByList):
                self._take_in(drive)

    def test_keeps_why_a_file_could_not_be_read(self) -> None:
        list_id = self._take_in(make.campaign())

        with transaction():
            grant_lists.fail(list_id, SheetUnreadable(reason="엉망입니다."), at=NOW)

        uploaded = grant_lists.get(list_id)
        assert uploaded.state is BatchState.FAILED
        assert "엉망" in uploaded.lines[0].text
