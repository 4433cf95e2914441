"""Templates compile, extend and include what exists, and hold no inline script or style."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from jinja2 import Environment, meta

from marketplace.core import paths

_NAMES = sorted(
    str(path.relative_to(paths.TEMPLATES)) for path in paths.TEMPLATES.rglob("*") if path.is_file()
)
# The policy of core forbids all of these in a browser: they would silently not work.
_INLINE = re.compile(
    r"<script(?![^>]*\b(?:src=|type=\"application/(?:ld\+)?json\"))|\son[a-z]+=\"|<style|\sstyle=\"",
    re.IGNORECASE,
)
_FOR_MAIL = "messages/"


@pytest.fixture(scope="module")
def environment(app: Flask) -> Iterator[Environment]:
    """The application's own Jinja, with its filters and globals."""
    with app.app_context():
        yield app.jinja_env


def test_there_are_templates() -> None:
    assert len(_NAMES) > 20


@pytest.mark.parametrize("name", _NAMES)
def test_compiles_with_the_filters_of_the_application(environment: Environment, name: str) -> None:
    assert environment.get_template(name).name == name


@pytest.mark.parametrize("name", _NAMES)
def test_names_only_templates_that_exist(environment: Environment, name: str) -> None:
    source = (paths.TEMPLATES / name).read_text()

    named = set(meta.find_referenced_templates(environment.parse(source))) - {None}
    # Mails are rendered without Flask, from their own folder.
    folder = _FOR_MAIL if name.startswith(_FOR_MAIL) else ""

    assert {f"{folder}{other}" for other in named} - set(_NAMES) == set()


@pytest.mark.parametrize("name", [name for name in _NAMES if not name.startswith(_FOR_MAIL)])
def test_holds_no_inline_script_or_style(name: str) -> None:
    assert _INLINE.search((paths.TEMPLATES / name).read_text()) is None
