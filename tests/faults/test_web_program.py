"""The web server ends when it is told to, even before it has quite begun."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from marketplace.cli.serve import web_program
from marketplace.core.settings import Settings
from marketplace.demo.launcher.processes import free_port
from tests.faults import crew

_ROOT = Path(__file__).resolve().parents[2]


def test_ends_when_told_while_it_is_starting(settings: Settings, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    here = replace(settings, data_dir=tmp_path)
    program = web_program(here, host="127.0.0.1", port=free_port(), processes=2)
    command = [*program.command[:-1], "tests.faults.slow_app:create"]
    process = subprocess.Popen(  # noqa: S603
        command, cwd=_ROOT, env={**os.environ, **program.env, "MARKS": str(marks)}
    )
    try:
        crew.wait_until(lambda: len(list(marks.iterdir())) == 2)
        process.terminate()

        assert process.wait(timeout=program.patience) is not None
    finally:
        process.kill()
        process.wait()
        for mark in marks.iterdir():
            # Otherwise what the server left behind would outlive the test.
            crew.end(int(mark.name))
