"""Read JSON that people write, refusing by the field's own name and never through a float."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from marketplace.core.errors import InvalidInput

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class WrongField(InvalidInput):
    """One field of the JSON is missing, unknown or not what it should be."""

    message = "{field}: {problem}"


def loads(text: str) -> object:
    """
    Parse JSON; a number with a decimal point stays the text it was.

    :raises WrongField:
    """
    try:
        return json.loads(text, parse_float=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WrongField(field="JSON", problem=f"읽을 수 없습니다({error})") from error


class Fields:
    """One JSON object being read. Every field must be known to the reader."""

    def __init__(self, given: object, where: str, known: Iterable[str]) -> None:
        if not isinstance(given, dict):
            raise WrongField(field=where, problem="객체({})여야 합니다")
        self._given = given
        self._where = where
        for name in given:
            if name not in known:
                raise WrongField(field=self._path(name), problem="모르는 항목입니다")

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def refuse(self, name: str, problem: str) -> WrongField:
        """Return the refusal of one field, to be raised."""
        return WrongField(field=self._path(name), problem=problem)

    def raw(self, name: str) -> object:
        """Return a field as it was given."""
        if name not in self._given:
            raise self.refuse(name, "꼭 있어야 합니다")
        return self._given[name]

    def whole(self, name: str, *, minimum: int | None = 0) -> int:
        """Return a whole number of at least minimum."""
        value = self.raw(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refuse(name, "정수여야 합니다")
        if minimum is not None and value < minimum:
            raise self.refuse(name, f"{minimum} 이상이어야 합니다")
        return value

    def number_or_text(self, name: str) -> int | str:
        """Return a number, one with decimals as text."""
        value = self.raw(name)
        if not isinstance(value, int | str) or isinstance(value, bool):
            raise self.refuse(name, "숫자 또는 숫자로 된 문자열이어야 합니다")
        return value

    def text(self, name: str) -> str:
        """Return a text that is not empty."""
        value = self.raw(name)
        if not isinstance(value, str) or not value:
            raise self.refuse(name, "비어 있지 않은 문자열이어야 합니다")
        return value

    def flag(self, name: str) -> bool:
        """Return a field that is true or false, false when it is absent."""
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            raise self.refuse(name, "true 또는 false여야 합니다")
        return value

    def choice(self, name: str, choices: type[Choice], default: Choice) -> Choice:
        """Return one of some names."""
        value = self._given.get(name, default.value)
        if not isinstance(value, str) or value not in [choice.value for choice in choices]:
            allowed = ", ".join(choice.value for choice in choices)
            raise self.refuse(name, f"다음 중 하나여야 합니다: {allowed}")
        return choices(value)

    def texts(self, name: str) -> frozenset[str]:
        """Return a list of texts as a set."""
        items = self.items(name)
        for item in items:
            if not isinstance(item, str) or not item:
                raise self.refuse(name, "비어 있지 않은 문자열의 목록이어야 합니다")
        return frozenset(str(item) for item in items)

    def items(self, name: str) -> list[object]:
        """Return a list."""
        value = self.raw(name)
        if not isinstance(value, list):
            raise self.refuse(name, "목록([])이어야 합니다")
        return value

    def instant(self, name: str) -> datetime:
        """Return an instant with its offset."""
        text = self.text(name)
        if not _INSTANT.fullmatch(text):
            raise self.refuse(name, "2026-03-01T09:00:00+09:00 형식이어야 합니다")
        return self._parsed(name, text, datetime.fromisoformat)

    def day(self, name: str) -> date:
        """Return a day."""
        text = self.text(name)
        if not _DAY.fullmatch(text):
            raise self.refuse(name, "2026-03-01 형식이어야 합니다")
        return self._parsed(name, text, date.fromisoformat)

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        """Return what a reader makes of a field, or nothing when it is absent."""
        return read(name) if name in self._given else None

    def each(self, name: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
        """Return what a reader makes of every item of a list."""
        return tuple(
            read(item, f"{self._path(name)}[{i}]") for i, item in enumerate(self.items(name))
        )

    def _path(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def _parsed(self, name: str, text: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise self.refuse(name, "없는 날짜나 시각입니다") from error


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
