"""Write messages for people, outside of any request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

import jinja2

from marketplace.core import paths
from marketplace.core.calendar import SEOUL

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def text(kind: str, values: Mapping[str, object]) -> str:
    """Return the plain text of a message."""
    return _environment().get_template(f"{kind}.txt").render(**values).strip() + "\n"


def short_text(kind: str, values: Mapping[str, object]) -> str:
    """Return what a telephone is sent."""
    return _environment().get_template(f"text/{kind}.txt").render(**values).strip()


def one_line(words: str) -> str:
    """Return words as a header, a title or a log line may hold them: without control characters."""
    return " ".join(_CONTROLS.sub(" ", words).split())


def html(subject: str, plain: str) -> str:
    """Return the same message as HTML, its paragraphs kept and its addresses made links."""
    return (
        _environment()
        .get_template("mail.html")
        .render(subject=subject, paragraphs=plain.strip().split("\n\n"))
    )


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.TEMPLATES / "messages"),
        autoescape=jinja2.select_autoescape(["html"], default_for_string=True),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["won"] = lambda amount: f"{amount:,}원"
    environment.filters["instant"] = _instant
    return environment


def _instant(at: datetime) -> str:
    return f"{at.astimezone(SEOUL):%Y-%m-%d %H:%M}"
