"""One connection to something that goes on by itself: a camera, a stream, a sensor, a sender."""

import itertools
import random
from collections.abc import Iterator
from typing import Final, Protocol

from realtime.frames import BodyFrame, VideoFrame

_FIRST: Final = 0.5  # seconds before the first try
_MOST: Final = 30.0  # seconds between tries at most
_JITTER: Final = 0.2  # so that many readers of one camera do not come back all at once


class LostError(Exception):
    """The connection gives nothing more; says why in a few words, without credentials."""


class Feed(Protocol):
    """What :class:`realtime.sources.live.LiveSource` reads, opens again and closes.

    Attributes:
        fps: nominal frames per second, as far as it is known yet.
        aspect: width over height of the picture that ``Body.pixels`` refer to, likewise.
        hint: what to look at when nothing comes.
        patient: whether it finds its other end again by itself, so that it need not be reopened.
    """

    fps: float | None
    aspect: float | None
    hint: str
    patient: bool

    def read(self) -> VideoFrame | BodyFrame | None:
        """The next frame; index and time are set by whoever reads.

        Returns:
            None when there is nothing yet: after a fraction of a second, where the device lets
            itself be asked, so that silence and the wish to stop are noticed.

        Raises:
            LostError: there will be nothing more.
        """

    def close(self) -> None:
        """Let go of it."""


def backoff() -> Iterator[float]:
    """Seconds to wait before each try: 0.5, 1, 2, ... to 30, each up to a fifth more or less."""
    for attempt in itertools.count():
        delay = min(_MOST, _FIRST * 2 ** min(attempt, 30))
        yield delay * random.uniform(1 - _JITTER, 1 + _JITTER)
