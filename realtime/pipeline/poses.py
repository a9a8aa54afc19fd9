"""The second stage: from pictures to bodies, with a pose model that may fail."""

import contextlib
from collections.abc import Callable
from typing import Any

from realtime.frames import BodyFrame, VideoFrame

Estimator = Callable[[VideoFrame], BodyFrame]


class PoseWork:
    """Calls an estimator, and builds another when the present one keeps failing.

    Args:
        make: builds an estimator; one that has ``close`` is closed in the end.
    """

    def __init__(self, make: Callable[[], Estimator]) -> None:
        self._make = make
        self._estimate = make()

    def __call__(self, frame: VideoFrame) -> BodyFrame:
        """The bodies of one picture."""
        return self._estimate(frame)

    def repair(self) -> None:
        """Put a new estimator in place of the present one."""
        self.close()
        self._estimate = self._make()

    def close(self) -> None:
        """Let go of the estimator."""
        close: Any = getattr(self._estimate, "close", None)
        if close is not None:
            with contextlib.suppress(Exception):  # it is going anyway, and may be broken
                close()
