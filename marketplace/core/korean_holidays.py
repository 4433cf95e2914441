"""Korea's public holidays, from the library, without the 250 countries it brings along."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final, cast

from holidays.holiday_base import HolidayBase

_COUNTRIES: Final = "holidays.countries"


@cache
def public_holidays(year: int) -> Mapping[date, str]:
    """Return the public holidays of a year by day, substitutes included, in Korean."""
    country = cast(type[HolidayBase], _south_korea().SouthKorea)
    return dict(country(years=year, language="ko"))


@cache
def _south_korea() -> ModuleType:
    # The package's own start imports every country: 8 MB in each process that shows a delivery day.
    if _COUNTRIES not in sys.modules:
        library = find_spec("holidays")
        if library is None or library.origin is None:
            raise ModuleNotFoundError("holidays")
        package = ModuleType(_COUNTRIES)
        package.__path__ = [str(Path(library.origin).parent / "countries")]
        sys.modules[_COUNTRIES] = package
    return importlib.import_module(f"{_COUNTRIES}.south_korea")
