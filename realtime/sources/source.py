"""What every source is."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import ClassVar, Literal, Self

from realtime.frames import BodyFrame, VideoFrame


class Source(ABC):
    """Frames, or bodies, in the order of time.

    Attributes:
        gives: ``frames`` (:class:`VideoFrame`) or ``bodies`` (:class:`BodyFrame`).
        live: whether it goes on by itself, so that what is not taken in time is dropped.
        name: the stream's name in topics.
        fps: nominal frames per second; None where unknown.
        dropped: frames left out so far.
        notes: what the user should know about it at the end.
    """

    gives: ClassVar[Literal["frames", "bodies"]]
    live: ClassVar[bool]

    def __init__(self, name: str, fps: float | None) -> None:
        self.name = name
        self.fps = fps
        self.dropped = 0
        self.notes: list[str] = []

    @abstractmethod
    def __iter__(self) -> Iterator[VideoFrame | BodyFrame]:
        """The frames, once."""

    def close(self) -> None:
        """Give the device or file back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Pace:
    """Holds a file back to its own speed.

    Args:
        realtime: False lets it go as fast as it can.
    """

    def __init__(self, realtime: bool) -> None:
        self._realtime = realtime
        self._offset: float | None = None

    def wait(self, at: float) -> None:
        """Return when a frame of this stream time (seconds) is due."""
        if not self._realtime:
            return
        now = time.monotonic()
        if self._offset is None:
            self._offset = now - at
        time.sleep(max(0.0, self._offset + at - now))


def stream_name(text: str) -> str:
    """A stream name out of anything: other characters than letters, digits, - and _ become -."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "stream"
