"""
Become another program that ends when its parent does.

Run as a script: `python -I -S tether.py SIGNAL PARENT UID GID PROGRAM ARGUMENT…` (UID "-" keeps the
account). A program of its own, because running Python between fork and exec in a process with
threads may deadlock.
"""

from __future__ import annotations

# Before the change of account, which may not be able to read the standard library.
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _follow(parent: int, last_signal: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, last_signal, 0, 0, 0)
    # The parent may have gone between the fork and the line above.
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    """Drop privileges, tie our life to the parent's and become the program."""
    last_signal, parent, uid, gid = sys.argv[1:5]
    program = sys.argv[5:]
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    # After the change of account: the kernel forgets the signal when credentials change.
    _follow(int(parent), int(last_signal))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
