"""What a user can tell a run by keys."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

_PATIENCE: Final = 5.0  # seconds between `e` and its digit

Action = Literal["freeze", "reset", "save", "enroll"]
_KEYS: Final[dict[str, Action]] = {"f": "freeze", "r": "reset", "s": "save"}


@dataclass(frozen=True)
class Command:
    """One thing to do.

    Attributes:
        action: ``freeze`` (learn no more, or again), ``reset`` (forget what was learned), ``save``
            (the bank, now), ``enroll`` (the last window as an exemplar).
        k: the class to enroll as.
    """

    action: Action
    k: int = 0


class KeyReader:
    """From keys to commands: ``f``, ``r``, ``s``, and ``e`` with the digit of a class.

    Digits count from 1 in the order of the label file; ``0`` is the tenth class.

    Args:
        classes: names, in that order.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self._enrolling_until = 0.0

    @property
    def prompt(self) -> str:
        """What to press next, for people; empty when nothing is begun."""
        if time.monotonic() >= self._enrolling_until:
            return ""
        named = (f"{(k + 1) % 10} {name}" for k, name in enumerate(self._classes[:10]))
        return f"enroll the last window as {'  '.join(named)}"

    def press(self, key: str) -> Command | None:
        """Take a key; the command it completes, if any."""
        enrolling = time.monotonic() < self._enrolling_until
        self._enrolling_until = 0.0
        if enrolling and key.isdecimal():
            k = (int(key) - 1) % 10
            return Command("enroll", k) if k < len(self._classes) else None
        if key == "e":
            self._enrolling_until = time.monotonic() + _PATIENCE
            return None
        action = _KEYS.get(key)
        return None if action is None else Command(action)
