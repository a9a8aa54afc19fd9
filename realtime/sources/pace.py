"""Playing a file at its own speed."""

import time
from collections.abc import Callable
from typing import Final

_SLICE: Final = 0.1  # seconds after which a sleeper looks whether it should stop


class Pacer:
    """Holds frames back until they are due.

    The first frame is due at once, every other one as long after it as its time says. A frame that
    comes late is passed on at once, and nothing is left out: after a delay the rest catches up.

    Args:
        stopped: asked while waiting; waiting ends when it says True.
    """

    def __init__(self, stopped: Callable[[], bool] = lambda: False) -> None:
        self._stopped = stopped
        self._start: float | None = None

    def wait(self, moment: float) -> None:
        """Return when the frame of that moment (seconds on the stream's clock) is due."""
        if self._start is None:
            self._start = time.monotonic() - moment
        while not self._stopped():
            left = self._start + moment - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _SLICE))
