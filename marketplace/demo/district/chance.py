"""Chance that always falls the same way."""

from __future__ import annotations

import random


def dice(*scope: object) -> random.Random:
    """Return a generator that depends on nothing but its scope."""
    return random.Random("/".join(map(str, scope)))  # noqa: S311
