"""An application that takes its time to start, and says when it has begun to."""

from __future__ import annotations

import os
import time
from pathlib import Path

from flask import Flask


def create() -> Flask:
    """Leave a mark, then take longer than a request to end takes to arrive."""
    (Path(os.environ["MARKS"]) / str(os.getpid())).touch()
    time.sleep(2)
    return Flask(__name__)
