from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import click
import pytest
from flask import Flask

from marketplace.cli import assets as build
from marketplace.core import paths
from marketplace.web import assets


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    monkeypatch.setattr(paths, "STATIC", folder)
    return folder


class TestAssetUrl:
    def test_changes_with_the_content(self, static: Path) -> None:
        sheet = static / "a.css"
        sheet.write_text("a {}")
        with Flask("marketplace", static_folder=str(static)).test_request_context():
            first = assets.asset_url("a.css")
            sheet.write_text("b {}")
            os.utime(sheet, ns=(1, 1))
            second = assets.asset_url("a.css")

        assert first.startswith("/static/a.css?v=")
        assert second.startswith("/static/a.css?v=")
        assert first != second

    def test_refuses_a_file_that_is_not_there(self, static: Path) -> None:
        app = Flask("marketplace", static_folder=str(static))

        with app.test_request_context(), pytest.raises(FileNotFoundError):
            assets.asset_url("gone.css")


class TestBundle:
    def test_declares_the_layers_first_and_keeps_scripts_apart(self, static: Path) -> None:
        (static / "css").mkdir()
        (static / "css" / "b.css").write_text("@layer pages { b {} }\n")
        (static / "css" / "a.css").write_text("@layer reset { a {} }\n")
        (static / "js" / "site").mkdir(parents=True)
        (static / "js" / "site" / "one.js").write_text("const start = 1;\n")
        (static / "js" / "site" / "two.js").write_text("const start = 2;\n")

        build.bundle()

        sheet = (static / "vendor" / "senaru.css").read_text()
        script = (static / "vendor" / "senaru.js").read_text()
        assert sheet.startswith("@layer reset, tokens, base, layout, components, pages;\n")
        assert sheet.index("a {}") < sheet.index("b {}")
        assert script == "{\nconst start = 1;\n}\n{\nconst start = 2;\n}\n"


class TestSprite:
    def test_leaves_colour_and_strokes_to_the_stylesheet(self, static: Path) -> None:
        drawing = '<path fill="none" stroke="currentColor" stroke-width="2" d="M1 1"/>'
        source = static / "icons.json"
        source.write_text(json.dumps({"icons": {"dot": {"body": drawing}}}))
        (static / "icons.txt").write_text("dot\n")

        sprite = build._sprite(source)

        assert '<symbol id="dot" viewBox="0 0 24 24"><path d="M1 1"/></symbol>' in sprite

    def test_names_the_icon_that_the_library_lacks(self, static: Path) -> None:
        source = static / "icons.json"
        source.write_text(json.dumps({"icons": {}}))
        (static / "icons.txt").write_text("unicorn\n")

        with pytest.raises(click.ClickException, match="unicorn"):
            build._sprite(source)


class TestFindNpm:
    def test_falls_back_on_the_wheel_where_the_machine_has_no_node(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")

        npm, path = build._find_npm()

        said = subprocess.run(  # noqa: S603
            [*npm, "--version"], env={"PATH": path}, capture_output=True, text=True, check=True
        )
        assert int(said.stdout.split(".")[0]) >= 9
