"""Statement files as Korean banks export them."""

from __future__ import annotations

from datetime import date

import pytest

from marketplace.payments import bank_statement

WOORI = """거래내역조회
조회기간,2026-11-01 ~ 2026-11-24

No,거래일시,적요,기재내용,찾으신금액,맡기신금액,거래후잔액
1,2026.11.23 09:15:02,타행이체,홍길동,0,"15,000","1,015,000"
2,2026.11.23 10:00:00,체크카드,사무용품,"30,000",0,"985,000"
3,2026.11.24 11:30:41,모바일,이 산,0,"7,500","992,500"
,,합계,,"30,000","22,500",
"""


class TestParse:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
    def test_reads_deposits_in_the_encodings_banks_use(self, encoding: str) -> None:
        deposits = bank_statement.parse(
            WOORI.replace(',,합계,,"30,000","22,500",\n', "").encode(encoding)
        )

        assert [(one.deposited_on, one.depositor, one.amount) for one in deposits] == [
            (date(2026, 11, 23), "홍길동", 15_000),
            (date(2026, 11, 24), "이 산", 7_500),
        ]

    def test_leaves_out_the_line_of_totals(self) -> None:
        assert len(bank_statement.parse(WOORI.encode())) == 2

    def test_reads_tabs_and_other_column_names(self) -> None:
        text = "거래일자\t시간\t입금 금액(원)\t보낸분/받는분\n20261124\t09:00\t3000원\t남궁민수\n"

        (deposit,) = bank_statement.parse(text.encode())

        assert (deposit.deposited_on, deposit.depositor, deposit.amount) == (
            date(2026, 11, 24),
            "남궁민수",
            3_000,
        )

    def test_gives_equal_deposits_of_one_day_their_own_keys_in_any_file(self) -> None:
        head, line = "거래일,입금액,입금자\n", "2026-11-24,5000,홍길동\n"

        once = bank_statement.parse((head + line).encode())
        twice = bank_statement.parse((head + line + line).encode())

        assert twice[0].key == once[0].key
        assert twice[1].key != twice[0].key

    def test_names_every_wrong_line_and_reads_none(self) -> None:
        text = (
            "거래일,입금액,입금자\n"
            "2026-11-24,5000,홍길동\n"
            "2026-13-24,5000,홍길동\n"
            "어제,5000,홍길동\n"
            "2026-11-24,-5000,홍길동\n"
            "2026-11-24,오천,홍길동\n"
            "2026-11-24,5000,\n"
        )

        with pytest.raises(bank_statement.StatementLinesWrong, match="5개 줄") as refused:
            bank_statement.parse(text.encode())

        rows = refused.value.details["rows"]
        assert isinstance(rows, tuple)
        assert [row.split("번째")[0] for row in rows] == ["3", "4", "5", "6", "7"]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"PK\x03\x04\x00\x00",
            "이름,금액\n홍길동,1\n".encode(),
            b"\xff\xff\xff",
            b"x" * (bank_statement.LARGEST_FILE + 1),
            "거래일,입금액,입금자\n".encode() + b"\n" * bank_statement.MOST_LINES,
        ],
        ids=["empty", "zip", "columns", "encoding", "large", "long"],
    )
    def test_refuses_what_is_no_statement(self, content: bytes) -> None:
        with pytest.raises(bank_statement.StatementUnreadable):
            bank_statement.parse(content)
