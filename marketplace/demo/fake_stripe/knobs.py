"""What a test may make go wrong, set through POST /_test/knobs."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True)
class Knobs:
    """Every fault at rest. Counters (`*_next`) go down by one with each use."""

    webhook_delay_seconds: float = 0.0
    webhook_duplicates: int = 0
    webhook_reorder: bool = False
    webhook_loss: float = 0.0
    webhook_attempts: int = 6
    webhook_retry_seconds: float = 1.0
    drop_response_next: int = 0
    drop_response_share: float = 0.0
    fail_next: int = 0
    fail_status: int = 500
    hang_seconds: float = 0.0
    hang_next: int = 0
    refund_delay_seconds: float = 1.0


class Panel:
    """The knobs as they stand, safe to read and turn from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._knobs = Knobs()
        self._random = random.Random(20_261_001)  # noqa: S311

    def read(self) -> Knobs:
        """Return the present setting."""
        return self._knobs

    def turn(self, changes: Mapping[str, object]) -> dict[str, object]:
        """
        Change the named knobs.

        :raises ValueError: for an unknown name or a value of another type.
        """
        kinds = {knob.name: type(knob.default) for knob in fields(Knobs)}
        checked: dict[str, object] = {}
        for name, value in changes.items():
            if name not in kinds:
                raise ValueError(f"unknown knob: {name}")
            kind = kinds[name]
            if kind is float and type(value) is int:
                value = float(value)
            if type(value) is not kind:
                raise ValueError(f"{name} must be {kind.__name__}")
            checked[name] = value
        with self._lock:
            self._knobs = replace(self._knobs, **checked)  # type: ignore[arg-type]
            return asdict(self._knobs)

    def reset(self) -> dict[str, object]:
        """Put every knob at rest."""
        with self._lock:
            self._knobs = Knobs()
            return asdict(self._knobs)

    def use(self, counter: str) -> bool:
        """Take one from a counter; say whether one was left."""
        with self._lock:
            left = int(getattr(self._knobs, counter))
            if left < 1:
                return False
            changed: dict[str, int] = {counter: left - 1}
            self._knobs = replace(self._knobs, **changed)  # type: ignore[arg-type]
            return True

    def chance(self, share: float) -> bool:
        """Draw: true in this share of the calls."""
        if share <= 0:
            return False
        with self._lock:
            return self._random.random() < share

    def shuffle(self, ids: list[str]) -> None:
        """Put a list in another order."""
        with self._lock:
            self._random.shuffle(ids)
