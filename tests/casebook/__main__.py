"""Read requests from standard input and answer each on standard output, one JSON line each."""

from __future__ import annotations

import sys

from tests.casebook.answer import answer_line


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin.buffer:
        if line.strip():
            sys.stdout.buffer.write(answer_line(line.decode()).encode() + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
