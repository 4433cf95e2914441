"""Forms clean text, refuse what no name contains, and know only their own fields."""

from __future__ import annotations

from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from marketplace.core.errors import InvalidInput
from marketplace.web import forms


class _Form(forms.BaseForm):
    aliases = {"phone": "tel"}  # noqa: RUF012

    name = forms.text_field("이름", longest=10)
    note = forms.long_text_field("메모", longest=20, required=False)
    tel = forms.text_field("전화", longest=20, required=False)
    day = forms.date_field("날", required=False)
    agreed = forms.checkbox_field("동의", refusal="동의해 주세요.")


def _sent(**values: str) -> _Form:
    return _Form(MultiDict({"name": "홍길동", "agreed": "y", **values}))


class TestTextField:
    def test_cleans_what_was_typed(self) -> None:
        form = _sent(name="  \u1112\u1169\u11bc길\u202e동\u200b ")

        assert form.validate()
        assert form.name.data == "홍길동"

    @pytest.mark.parametrize("name", ["", "   ", "\u200b"])
    def test_refuses_blanks(self, name: str) -> None:
        form = _sent(name=name)

        assert not form.validate()
        assert form.errors == {"name": ["이 항목을 채워 주세요."]}

    @pytest.mark.parametrize("name", ["a\x00b", "a\x1bb", "a\nb", "a\u2028b", "a\x7fb"])
    def test_refuses_control_characters(self, name: str) -> None:
        form = _sent(name=name)

        assert not form.validate()
        assert form.errors == {"name": ["쓸 수 없는 글자가 들어 있습니다."]}

    def test_refuses_too_much(self) -> None:
        form = _sent(name="가" * 11)

        assert not form.validate()
        assert form.errors == {"name": ["10자까지 쓸 수 있습니다."]}

    def test_takes_line_breaks_where_there_are_lines(self) -> None:
        form = _sent(note="문 앞에\r\n놓아 주세요")

        assert form.validate()
        assert form.note.data == "문 앞에\r\n놓아 주세요"


class TestOtherFields:
    def test_reads_days(self) -> None:
        form = _sent(day="2026-11-24")

        assert form.validate()
        assert form.day.data == date(2026, 11, 24)

    def test_refuses_days_that_are_none_in_korean(self) -> None:
        form = _sent(day="2026-02-30")

        assert not form.validate()
        assert form.errors == {"day": ["올바르지 않은 날짜 값입니다."]}

    def test_refuses_an_unticked_consent(self) -> None:
        form = _Form(MultiDict({"name": "홍길동"}))

        assert not form.validate()
        assert form.errors == {"agreed": ["동의해 주세요."]}
        assert not _Form().agreed.data


class TestRefuse:
    class _PhoneWrong(InvalidInput):
        message = "전화가 이상합니다."
        field = "phone"

    def test_puts_a_refusal_beside_its_field(self) -> None:
        form = _sent()
        form.refuse(self._PhoneWrong())

        assert form.errors == {"tel": ["전화가 이상합니다."]}

    def test_puts_any_other_above_the_form(self) -> None:
        form = _sent()
        form.refuse(InvalidInput())

        assert form.form_errors == [InvalidInput.message]


def test_knows_only_its_own_fields() -> None:
    form = _sent(is_admin="1", person_id="7")

    assert set(form.data) == {"name", "note", "tel", "day", "agreed"}
