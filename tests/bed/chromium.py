"""
Find the browser for tests.

`python -m tests.bed.chromium` exits 0 when there is one, and tries to fetch one when there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "browser tests need Chromium: install it (Debian: `apt-get install chromium`), run "
    "`.venv/bin/playwright install chromium`, or set CHROMIUM_PATH"
)


def find() -> str | None:
    """Return the program of an installed Chromium, or None."""
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return named if Path(named).exists() else None
    installed = next(filter(None, map(shutil.which, _NAMES)), None)
    return installed or _of_playwright()


def _of_playwright() -> str | None:
    with sync_playwright() as playwright:
        program = playwright.chromium.executable_path
    return program if Path(program).exists() else None


def _fetch() -> bool:
    fetched = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return fetched.returncode == 0 and find() is not None


def main() -> None:
    """Tell by exit status whether browser tests can run."""
    if find() is None and not _fetch():
        sys.stderr.write(f"NOTICE: leaving the browser tests out. {MISSING}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
