"""What every source is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal, Self

from realtime.frames import BodyFrame, VideoFrame
from realtime.publishing.wire import check_stream


class Source(ABC):
    """Something to iterate over, once: video frames, or bodies where they are known already.

    Args:
        name: the stream's name in topics.
        gives: ``frames`` (:class:`VideoFrame`) or ``bodies`` (:class:`BodyFrame`).
        live: whether it goes on by itself. A live source leaves out frames that nobody took in
            time; any other one waits and leaves out nothing.
        fps: nominal frames per second; None when not known.
        aspect: width of the picture over its height, also where bodies come without a picture;
            None when not known.

    Attributes:
        dropped: frames left out so far.
        notes: what the user should know afterwards, e.g. that a file was cut short.
        state: ``reconnecting`` while a live source has nothing to give and is trying to get it
            back; else ``running``.
        attempts: how often it has tried in the present outage; 0 while running.
        reason: why the latest outage began, one line without credentials; empty if none was yet.
        reconnects: outages overcome so far.

    Raises:
        InputError: the name cannot stand in a topic.
    """

    def __init__(
        self,
        name: str,
        gives: Literal["frames", "bodies"],
        live: bool,
        fps: float | None,
        aspect: float | None,
    ) -> None:
        self.name = check_stream(name)
        self.gives = gives
        self.live = live
        self.fps = fps
        self.aspect = aspect
        self.dropped = 0
        self.notes: list[str] = []
        self.state: Literal["running", "reconnecting"] = "running"
        self.attempts = 0
        self.reason = ""
        self.reconnects = 0
        self._stopped = False

    @abstractmethod
    def __iter__(self) -> Iterator[VideoFrame | BodyFrame]:
        """Frames in order of time.

        Raises:
            InputError: the file is damaged, the camera was unplugged, the stream went silent.
        """

    def stop(self) -> None:
        """End the iteration soon, also while it waits.

        May be called from any thread and from a signal handler: it only sets a flag.
        """
        self._stopped = True

    def close(self) -> None:
        """Let go of the device or file; the iteration is over."""
        self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
