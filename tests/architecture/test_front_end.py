"""Pages load only our own files, icons come from the sprite, packages are locked by content."""

from __future__ import annotations

import json
import re

import pytest

from marketplace.core import paths

_PAGES = sorted(str(path.relative_to(paths.TEMPLATES)) for path in paths.TEMPLATES.rglob("*.html"))
_FOREIGN = re.compile(r'<(?:script|link|img|source|iframe)\b[^>]*\b(?:src|href)="(?:https?:)?//')
_ICON = re.compile(r'\bicon\("([a-z0-9-]+)"|\bglyph="([a-z0-9-]+)"')
_PACKAGES = json.loads((paths.ROOT / "package-lock.json").read_text())["packages"]


def test_there_are_pages() -> None:
    assert len(_PAGES) > 20


@pytest.mark.parametrize("name", _PAGES)
def test_loads_nothing_from_elsewhere(name: str) -> None:
    assert _FOREIGN.search((paths.TEMPLATES / name).read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("name", _PAGES)
def test_uses_only_listed_icons(name: str) -> None:
    listed = set((paths.STATIC / "icons.txt").read_text().split())

    used = {
        first or second
        for first, second in _ICON.findall((paths.TEMPLATES / name).read_text(encoding="utf-8"))
    }

    assert used - listed == set()


def test_lock_names_no_package_index() -> None:
    assert [name for name, package in _PACKAGES.items() if "resolved" in package] == []


def test_every_package_is_locked_by_content() -> None:
    unlocked = [
        name
        for name, package in _PACKAGES.items()
        if name and not package.get("integrity", "").startswith("sha512-")
    ]

    assert unlocked == []


def test_every_stylesheet_stays_in_its_layer() -> None:
    loose = [
        sheet.name
        for sheet in (paths.STATIC / "css").glob("*.css")
        if not re.match(r"(?:/\*.*?\*/\s*)?@layer \w+ \{", sheet.read_text(), re.DOTALL)
    ]

    assert loose == []
