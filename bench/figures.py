"""From many legs to one figure, and what is left on disk."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_MOST_MB: Final = 150
RESULTS: Final = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Figure:
    """One measured thing beside its yardstick; `must` is what issue or design ask of it."""

    name: str
    ratio: float
    value: float
    unit: str
    yardstick: str
    yardstick_value: float
    must: str = ""
    holds: bool | None = None
    note: str = ""


def ratio(measured: Sequence[float], yardstick: Sequence[float]) -> float:
    """
    Return the median of the rounds' ratios: both sides of a round saw the same machine.

    :raises ValueError: the rounds do not pair up, or a yardstick measured nothing
    """
    if not measured or len(measured) != len(yardstick):
        raise ValueError("every round needs both sides")
    if min(yardstick) <= 0:
        raise ValueError("a yardstick of nothing measures nothing")
    return statistics.median(a / b for a, b in zip(measured, yardstick, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """
    Return the smallest value that at least this share of the values do not exceed.

    :raises ValueError: there are no values
    """
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def as_document(results: Sequence[Figure], more: Sequence[Figure], rss_mb: float) -> str:
    """Return what results.json holds."""
    return json.dumps(
        {
            "results": [_written(figure) for figure in results],
            "more": [_written(figure) for figure in more],
            "web_process_rss_mb": round(rss_mb, 1),
        },
        ensure_ascii=False,
        indent=2,
    )


def _written(figure: Figure) -> dict[str, object]:
    rounded = {
        "ratio": _significant(figure.ratio),
        "value": _significant(figure.value),
        "yardstick_value": _significant(figure.yardstick_value),
    }
    return {**asdict(figure), **rounded}


def _significant(value: float) -> float:
    return float(f"{value:.4g}")


def line(figure: Figure) -> str:
    """Return a figure as one line of the report."""
    verdict = {True: "holds", False: "FAILS", None: ""}[figure.holds]
    said = " ".join(filter(None, (figure.must, verdict)))
    return (
        f"{figure.name:<24}{figure.ratio:>8.3f}   {figure.value:>9.2f} against "
        f"{figure.yardstick_value:.2f} {figure.unit}{f'   [{said}]' if said else ''}\n"
        f"{'':<24}yardstick: {figure.yardstick}"
        + (f"\n{'':<24}{figure.note}" if figure.note else "")
    )


def memory_line(rss_mb: float) -> str:
    """Return the memory of a web process as one line of the report."""
    verdict = "holds" if rss_mb <= _MOST_MB else "FAILS"
    return f"{'web process':<24}{rss_mb:>8.1f} MB resident   [≤ {_MOST_MB} {verdict}]"
